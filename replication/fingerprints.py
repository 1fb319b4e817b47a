"""Fingerprints of what a number depends on: source, environment and arrays.

A run is found again by its key, and its key is made of these. The source
fingerprint covers the transitive closure of the *functions and classes* that a
function can reach inside this package, less what cannot change a number:
comments, docstrings, annotations and declarations. A change anywhere it can
matter changes the key, and a new helper beside it does not
(docs/decisions/0003).
"""

import ast
import functools
import hashlib
import importlib.metadata
import inspect
import json
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_PACKAGE = __name__.split(".")[0]
_ROOT = Path(__file__).parent
_BOOKKEEPING = (f"{_PACKAGE}.fingerprints", f"{_PACKAGE}.store")  # carry numbers, make none


def digest(value) -> str:
    """SHA-256 of a JSON-serialisable value, as 16 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def array_digest(*arrays: np.ndarray) -> str:
    """SHA-256 of the shapes, types and bytes of arrays, as 16 hexadecimal digits."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.shape}{array.dtype.str}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()[:16]


@functools.cache
def source_closure(function) -> dict[str, str]:
    """Digest of every definition of this package that `function` can reach.

    Args:
        function: A module-level function or class of this package.

    Returns:
        Mapping from `module.name` to a digest of its syntax tree, sorted.
        Names are followed through imports of this package; a module that is
        handed about as a value counts whole.

    Raises:
        ValueError: If `function` is not defined at the top level of a module
            of this package, where the closure could not be followed.
    """
    module, name = function.__module__, function.__qualname__
    if module.split(".")[0] != _PACKAGE or "." in name or name not in _definitions(module):
        raise ValueError(
            f"{module}.{name} cannot be fingerprinted: expected a function or class at the top "
            f"level of a module of {_PACKAGE!r}. Move it there and pass its parameters apart."
        )
    digests: dict[str, str] = {}
    pending = [(module, name)]
    while pending:
        module, name = pending.pop()
        label = f"{module}.{name}"
        if label in digests or module in _BOOKKEEPING:
            continue
        node = _definitions(module)[name]
        digests[label] = hashlib.sha256(_dump(node).encode()).hexdigest()[:16]
        pending.extend(_references(module, node))
    return dict(sorted(digests.items()))


@functools.cache
def environment() -> dict[str, str]:
    """What a number may depend on beside the source: versions and device.

    Returns:
        Flat mapping, for people: what two machines compute alike is told by
        `numerics`. `key_environment` is the part that belongs in a key.
    """
    import keras

    backend = keras.backend.backend()
    facts = {"backend": backend, "python": platform.python_version()}
    for name in (backend, "keras", "numpy", "scikit-learn", "scipy"):
        facts[name] = importlib.metadata.version(name)
    facts["device"] = "-".join(_accelerators()) or f"cpu-{platform.machine()}"
    facts["processor"] = _processor()
    return facts


def key_environment() -> dict[str, str]:
    """The part of `environment()` that belongs in a key.

    Processor and Python version do not: another machine may carry on with a
    run, and then has another *fingerprint*, not another run.
    """
    left_out = ("processor", "python")
    return {name: value for name, value in environment().items() if name not in left_out}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Installed versions of distributions, such as `umap-learn`, by name.

    One that is not installed is `missing`: a run that needs it can be named,
    and told from one that had it, where it cannot be made.
    """
    installed = {}
    for name in packages:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed[name] = "missing"
    return installed


def _accelerators() -> list[str]:
    """Kinds of device that this backend computes on, the CPU aside, sorted."""
    import keras

    if keras.backend.backend() == "torch":  # of which `keras.distribution` knows nothing
        devices = [keras.ops.zeros(1).device.type.replace("cuda", "gpu")]
    else:
        devices = keras.distribution.list_devices()  # such as "cpu:0"
    return sorted({name.split(":")[0] for name in devices} - {"cpu"})


@functools.cache
def _processor() -> str:
    """Processor model and the vector instructions that pick the kernels."""
    model, flags = platform.processor() or platform.machine(), ""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return model
    for line in text.splitlines():
        field, _, value = line.partition(":")
        if field.strip() == "model name":
            model = value.strip()
        if field.strip() in ("flags", "Features"):
            wanted = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "sve")
            flags = "+".join(flag for flag in wanted if flag in value.split())
    return f"{model} {flags}".strip()


class _Strip(ast.NodeTransformer):
    """Removes docstrings, annotations, and `@experiment` declarations."""

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        node.decorator_list = [each for each in node.decorator_list if not _declares(each)]
        return self.visit_ClassDef(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node


def _dump(node: ast.AST) -> str:
    """A syntax tree as text: the same text on every supported Python, that of 3.11."""
    for each in ast.walk(node):
        if not getattr(each, "type_params", True):  # a field since 3.12
            del each.type_params
        if isinstance(each, ast.JoinedStr):  # 3.12 ends `{x:{width}}` with an empty text
            each.values = [part for part in each.values if getattr(part, "value", None) != ""]
    return ast.dump(node, **{"show_empty": True} if sys.version_info >= (3, 13) else {})


def _declares(decorator: ast.AST) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id == "experiment"


@functools.cache
def _tree(module: str) -> ast.Module:
    spec = sys.modules.get(module) or importlib.import_module(module)
    return _Strip().visit(ast.parse(inspect.getsource(spec)))


@functools.cache
def _definitions(module: str) -> dict[str, ast.AST]:
    """Top-level definitions and assignments of a module, by name."""
    definitions: dict[str, ast.AST] = {}
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        definitions[name.id] = node
    return definitions


@functools.cache
def _imports(module: str) -> dict[str, tuple[str, str | None]]:
    """Local name -> (module, name in it); name is None for a module itself."""
    imports = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _require_followable(module, node)
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module):
            for alias in node.names:
                target = (node.module, alias.name)
                if _is_module(f"{node.module}.{alias.name}"):
                    target = (f"{node.module}.{alias.name}", None)
                imports[alias.asname or alias.name] = target
    return imports


def _require_followable(module: str, node: ast.Import | ast.ImportFrom) -> None:
    """Refuses the forms of import whose names the closure would lose in silence."""
    if isinstance(node, ast.Import):
        lost = any(_is_ours(alias.name) for alias in node.names)
    else:
        star = node.names[0].name == "*"
        lost = node.level > 0 or (_is_ours(node.module) and star)
    if lost:
        raise ValueError(
            f"{module}, line {node.lineno}: `{ast.unparse(node)}` cannot be followed; expected "
            f"`from {_PACKAGE} import ...` or `from {_PACKAGE}.module import ...`."
        )


def _is_ours(module: str | None) -> bool:
    return (module or "").split(".")[0] == _PACKAGE


def _is_module(name: str) -> bool:
    path = _ROOT.joinpath(*name.split(".")[1:])
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _resolve(module: str, name: str | None) -> list[tuple[str, str]]:
    """Where a module's name is defined, through re-exports; empty outside this package."""
    if name is None:
        return [(module, each) for each in _definitions(module)]
    if name in _definitions(module):
        return [(module, name)]
    return _resolve(*_imports(module)[name]) if name in _imports(module) else []


def _references(module: str, node: ast.AST) -> list[tuple[str, str]]:
    """Definitions of this package that `node` names, one step away."""
    imports = _imports(module)
    modules = {name: target for name, (target, part) in imports.items() if part is None}
    references, qualified = [], set()
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name):
            known = child.value.id in modules and _resolve(modules[child.value.id], child.attr)
            if known:
                references.extend(known)
                qualified.add(id(child.value))
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and id(child) not in qualified:
            references.extend(_resolve(module, child.id))
    return references

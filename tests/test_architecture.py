"""The import rules of the package, and the few limits that keep it readable.

Measuring code cannot see what an article reports, judging code cannot train: see
docs/decisions/0001-two-halves-one-table.md. A new module needs a line in `MAY_IMPORT`.
"""

import ast
import io
import subprocess
import sys
import tokenize
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "replication"

BUILDING = {"models", "layers", "losses"}
LEAVES = {"store", "fingerprints"}
DESCRIBING = {"training", "datasets", "metrics"} | BUILDING
# From what is read to what is printed; each part may import those before it.
CLAIMS = [
    "claims.numbers",
    "claims.schema",
    "claims.intervals",
    "claims.exact_tests",
    "claims.differences",
    "claims.selection",
    "claims.prose",
    "claims.devices",
    "claims.kinds.judgement",
    "claims.kinds.claim",
    "claims.kinds",
    "claims",
    "claims.verdicts",
    "claims.noise",
    "claims.collective",
    "claims.regression",
    "claims.stability",
    "claims.tables",
    "claims.overview",
    "claims.backends",
    "claims.ledger",
    "claims.staleness",
    "claims.check",
    "claims.report",
    "claims.diff",
    "claims.as_json",
]
KINDS = {  # a file each, none of which sees another
    f"claims.kinds.{path.stem}"
    for path in (PACKAGE / "claims" / "kinds").glob("*.py")
    if path.stem not in ("__init__", "claim", "judgement")
}
JUDGING = {*CLAIMS, *KINDS}
MEASURING = {"runner", "experiments", "experiments.*"} | DESCRIBING | LEAVES


def before(part):
    """What a part of `claims` may import of it."""
    found = CLAIMS[: CLAIMS.index(part)]
    return {*found, *(KINDS if part == "claims.kinds" or "claims.kinds" in found else ())}


# What each module may import from this package. A module may become a package of the same name
# without a new line here; a part of it may then import whatever the whole may. `claims` is
# listed part by part, and `experiments.*` is any file but the registry itself.
MAY_IMPORT = {
    "": {"environment"},  # replication/__init__.py: the map, light to import
    "environment": {"errors"},
    "git": {"environment", "errors"},
    "layers": set(),
    "losses": set(),
    "metrics": set(),
    "figures": set(),
    "files": set(),
    "streams": set(),
    "errors": set(),
    "events": set(),
    "terminal": {"events"},
    "store": {"errors", "files"},
    "fingerprints": set(),
    "numerics": set(),
    "results": {"errors", "files", "git"},
    "models": {"layers", "losses"},
    "datasets": LEAVES | {"errors"},
    "training": BUILDING | LEAVES,
    # The registry; a single experiment needs no leaf.
    "experiments": {"environment", "errors"} | DESCRIBING | LEAVES,
    "experiments.*": DESCRIBING | {"experiments", "few_labels"},
    "few_labels": DESCRIBING | {"experiments"},  # what experiments of two articles share
    "runner": {"environment", "errors", "events", "experiments", "git", "numerics", "results"}
    | DESCRIBING
    | LEAVES,
    **{part: {"errors", "results", "terminal", *before(part)} for part in CLAIMS},
    **{kind: {"results", *before("claims.kinds")} - KINDS for kind in KINDS},
    "machines": {"results", "runner"},
    "kernel": {"environment"},
    "notebooks": {"environment", "errors", "events", "figures", "kernel", "results", "store"},
    "cards": JUDGING | {"results"},
    "study": JUDGING | {"cards", "experiments", "figures", "results", "runner"},
    "site": {"cards", "environment", "errors", "files", "results"} | JUDGING,
    "publish": JUDGING | {"results", "runner", "site"},
    "listing": JUDGING | {"errors", "experiments", "publish", "results", "runner"},
    "reproduce": {"events", "notebooks", "publish", "runner", "terminal"},
    "__main__": {"environment", "errors", "listing", "machines", "notebooks", "publish"}
    | {"reproduce", "results", "streams", "terminal"}
    | MEASURING
    | JUDGING,
}

LISTED_EACH = {"claims"}
TENSORFLOW = {"tensorflow", "tensorflow_datasets"}
TRAINERS = {"keras", "jax", "jaxlib", "torch", "tf_keras"} | TENSORFLOW
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc"}


@cache
def files(*folders):
    """Python files below folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path):
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def dotted(path):
    """Module name of a file within the package: `""`, `"runner"`, `"claims.check"`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit(name):
    """Line of `MAY_IMPORT` that a module falls under, or None."""
    head, _, rest = name.partition(".")
    if head == "experiments" and rest:
        return "experiments.*"
    if name in MAY_IMPORT:
        return name
    return head if head in MAY_IMPORT and head not in LISTED_EACH else None


def exists(name):
    """Whether a dotted name is a module of the package."""
    path = PACKAGE.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imported(path):
    """Absolute names of all modules that a file imports, at any depth of its code."""
    package = list(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                within = f"{base}.{alias.name}".removeprefix("replication.")
                is_module = base.split(".")[0] == "replication" and exists(within)
                yield f"{base}.{alias.name}" if is_module else base


def imported_units(path):
    """Lines of `MAY_IMPORT` that a file imports, its own excepted."""
    names = (n for n in imported(path) if n.split(".")[0] == "replication")
    units = {unit(n.removeprefix("replication").removeprefix(".")) for n in names}
    return {u for u in units if u} - {unit(dotted(path))}


def circle(imports):
    """The first circle among modules, as a chain of names; None where there is none.

    `imports` has, by its name, what each module imports.
    """
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return None


def libraries(path):
    """Top-level names of the libraries that a file imports."""
    return {name.split(".")[0] for name in imported(path)} - {"replication"}


def functions(path):
    """Functions and methods of a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def code_lines(path, node):
    """Number of lines of a function that hold code: no docstring, comment or blank line."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    text = path.read_text(encoding="utf-8")
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            lines.update(range(token.start[0], token.end[0] + 1))
    if ast.get_docstring(node) is not None:
        lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines & set(range(node.lineno, node.end_lineno + 1)))


def strings(path):
    """String constants of a file, docstrings excepted."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value


def loaded_after(statement):
    """Top-level names of the modules that a fresh interpreter holds after a statement."""
    script = f"{statement}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"`{statement}` fails:\n{done.stderr}"
    return set(done.stdout.split())


def each(*folders):
    """Parametrises a test by the files of folders."""
    paths = files(*folders)
    return pytest.mark.parametrize("path", paths, ids=[str(p.relative_to(ROOT)) for p in paths])


def test_the_table_keeps_the_halves_apart():
    def reachable(start):
        found, pending = set(), [start]
        while pending:
            new = MAY_IMPORT[pending.pop()] - found
            found |= new
            pending.extend(new)
        return found

    for module in MAY_IMPORT:
        assert module not in reachable(module), f"{module} may import itself in a circle"
    for module in MEASURING:
        assert not reachable(module) & JUDGING, f"{module} may see what the articles report"
    for module in JUDGING:
        assert not reachable(module) & MEASURING, f"{module} may see how we measure"
    assert reachable("results") == {"environment", "errors", "files", "git"}
    assert not reachable("figures") | reachable("files")
    both = {m for m in MAY_IMPORT if reachable(m) & JUDGING and reachable(m) & MEASURING}
    assert both == {"__main__", "listing", "publish", "reproduce", "study"}


def test_every_line_of_the_table_is_a_module():
    """One that was renamed would allow what nobody imports, and what is tested by its name pass."""
    missing = {name for name in MAY_IMPORT if not exists(name)}

    assert missing == {"experiments.*"}  # any file of that folder


@each("replication")
def test_modules_import_only_what_the_table_allows(path):
    name = dotted(path)
    line = unit(name)

    assert line is not None, (
        f"{path.relative_to(ROOT)} is not in the table of tests/test_architecture.py: "
        f'add "{name}" to MAY_IMPORT with what it may import, and say why in the commit'
    )
    forbidden = imported_units(path) - MAY_IMPORT[line]
    assert not forbidden, f"{name} may import {sorted(MAY_IMPORT[line])}, not {sorted(forbidden)}"


def test_no_files_import_each_other_in_a_circle():
    """In one package or across several, within a function or not: six files of the site did."""
    graph = {}
    for path in files("replication"):
        ours = {name for name in imported(path) if name.split(".")[0] == "replication"}
        names = {name.removeprefix("replication").removeprefix(".") for name in ours}
        graph[dotted(path)] = names - {dotted(path)}
    found = circle(graph)

    assert found is None, " imports ".join(found)
    assert " ".join(circle({"a": {"b"}, "b": {"a"}})) in ("a b a", "b a b")  # one is found


@each("replication/experiments")
def test_articles_do_not_import_each_other(path):
    """The files of one article may share; what two articles share is no experiment."""
    others = {n.split(".")[2] for n in imported(path) if n.startswith("replication.experiments.")}

    assert not others - set(dotted(path).split(".")[1:2])


@each("replication")
def test_only_claims_reads_claims(path):
    if unit(dotted(path)) in MEASURING:
        reached = [s for s in strings(path) if "replication.claims" in s or s.endswith(".toml")]

        assert not reached, "measuring code must not find its way to the expected values"
        assert "tomllib" not in libraries(path)


@each("replication")
def test_only_datasets_imports_tensorflow(path):
    if unit(dotted(path)) != "datasets":
        assert not libraries(path) & TENSORFLOW, "use keras and keras.ops"


@each("replication")
def test_judging_code_names_no_training_library(path):
    if unit(dotted(path)) in JUDGING | {"results", "figures", "site", ""}:
        assert not libraries(path) & TRAINERS


@each("replication")
def test_only_environment_and_the_runner_know_environment_variables(path):
    names = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            names |= {alias.name for alias in node.names}

    if unit(dotted(path)) not in ("environment", "runner"):
        assert not names & {"environ", "environb", "getenv", "getenvb", "putenv"}, (
            "take it as an argument; environment.py or the runner reads the variable"
        )


@each("tests")
def test_no_test_rests_on_a_benchmark(path):
    assert "benchmarks" not in {name.split(".")[0] for name in imported(path)}


@each("replication", "benchmarks")
def test_nothing_is_pickled(path):
    calls = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call)]
    called = {(ast.unparse(c.func), tuple(sorted(k.arg or "" for k in c.keywords))) for c in calls}
    allowed = [k.value for c in calls for k in c.keywords if k.arg == "allow_pickle"]

    assert not libraries(path) & PICKLES
    assert not [f for f, _ in called if f in {"joblib.load", "joblib.dump"} or "_pickle" in f]
    assert all(isinstance(v, ast.Constant) and v.value is False for v in allowed)
    for function, keywords in called:
        if function in {"np.load", "numpy.load", "np.save", "numpy.save"}:
            assert "allow_pickle" in keywords, f"{function}(..., allow_pickle=False)"


@each("replication", "benchmarks", "tests")
def test_files_are_short_and_well_named(path):
    num_lines = len(path.read_text(encoding="utf-8").splitlines())

    assert num_lines <= 400, "make it a package of the same name"
    assert path.stem not in VAGUE, "name a module by what is in it"


@each("replication", "benchmarks")
def test_functions_fit_a_screen(path):
    for function in functions(path):
        where = f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        total = function.end_lineno - function.lineno + 1
        code = code_lines(path, function)

        assert total <= 60, f"{where} has {total} lines, docstring included; at most 60"
        assert code <= 40, f"{where} has {code} lines of code; at most 40"


def test_the_package_is_light_to_import():
    assert not loaded_after("import replication") & (TRAINERS | {"numpy", "pandas", "matplotlib"})


def test_judging_never_loads_a_training_library():
    """Whichever of its modules is imported first: what is ours is forgotten before the next."""
    names = sorted(JUDGING | {"results", "site", "__main__"})
    script = (
        "import importlib, sys\n"
        f"for name in {names}:\n"
        "    for each in [each for each in sys.modules if each.split('.')[0] == 'replication']:\n"
        "        del sys.modules[each]\n"
        "    importlib.import_module(f'replication.{name}')\n"
        "    loaded = {each.split('.')[0] for each in sys.modules}\n"
        f"    loaded &= {TRAINERS | {'sklearn', 'matplotlib'}}\n"
        "    assert not loaded, f'replication.{name} loads {sorted(loaded)}'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr

"""Mutants of metrics, losses and verdicts: one small fault each, and who notices.

    python tests/trust/mutants.py                      run all, write who survived and the counts
    python tests/trust/mutants.py --only claims/differences  run one module
    python tests/trust/mutants.py --sample 40          run a sample, write nothing

A mutant is made on the syntax tree and lives in the memory of a child process: the file of the
checkout is never touched. The parent loads the libraries once (TensorFlow takes seconds) and forks
a child for each mutant, which imports the mutated module and runs its tests up to the first
failure. Why no tool: docs/decisions/0010.
"""

import argparse
import ast
import copy
import csv
import gc
import importlib
import importlib.machinery
import importlib.util
import os
import random
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_suffix(".csv")
COUNTS = SURVIVORS.with_name("mutant_counts.csv")
CPU_SECONDS = 60  # of one child; an unchanged module needs less than a quarter
LONGEST = 60  # characters of code in a description
EXAMPLES = 12  # of a hypothesis test, the same ones each time

_JUDGING = ("tests/test_verdicts.py", "tests/test_verdict_edges.py")
TESTS = {  # which tests a module must be caught by
    "metrics/clusters": ("tests/test_metrics.py",),
    "metrics/codes": ("tests/test_codes.py",),
    "metrics/detectors": ("tests/test_detectors.py",),
    "metrics/directions": ("tests/test_directions.py",),
    "metrics/jacobians": ("tests/test_jacobians.py",),
    "metrics/paired": ("tests/test_paired.py",),
    "metrics/probes": ("tests/test_probes.py",),
    "metrics/signals": ("tests/test_signals.py",),
    "losses": ("tests/test_losses.py", "tests/test_penalties.py"),
    "claims/intervals": (*_JUDGING, "tests/test_kinds_value.py"),
    "claims/exact_tests": ("tests/test_exact_tests.py",),
    "claims/differences": ("tests/test_differences.py", "tests/test_kinds_order.py", *_JUDGING),
    "claims/kinds/value": ("tests/test_kinds_value.py", "tests/test_cards.py", *_JUDGING),
    "claims/kinds/order": (
        "tests/test_kinds_order.py",
        "tests/test_kinds_order_rivals.py",
        "tests/test_cards.py",
        *_JUDGING,
    ),
    "claims/kinds/exact": ("tests/test_kinds_exact.py", "tests/test_cards.py", *_JUDGING),
    "claims/verdicts": _JUDGING,
    "claims/noise": ("tests/test_noise.py",),
    "claims/regression": ("tests/test_regression.py", *_JUDGING),
    "claims/check": ("tests/test_check.py", "tests/test_report.py"),
}
_LIBRARIES = (
    "pytest", "hypothesis", "hypothesis.strategies", "pydantic", "numpy", "pandas", "scipy.stats",
    "scipy.ndimage", "scipy.integrate", "scipy.optimize", "sklearn.metrics", "sklearn.pipeline",
    "sklearn.linear_model", "sklearn.neighbors", "sklearn.decomposition", "rich.console",
)  # fmt: skip
_SLOW = (  # seconds of simulation each, for every mutant
    "tests/test_report.py::test_judging_loads_nothing_heavy",
    "tests/test_exact_tests.py::test_holm_keeps_the_false_alarms_of_a_family_at_one_in_twenty",
)

_SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_COMPARED = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
_TRUTHS = (ast.Name, ast.Call, ast.Attribute, ast.BoolOp, ast.NamedExpr)
_LEFT_ALONE = (ast.Import, ast.ImportFrom, ast.Raise, ast.JoinedStr)


@dataclass(frozen=True)
class Mutant:
    """One change of one line; a survivor has an explanation."""

    module: str
    function: str
    line: str
    change: str
    explanation: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.module, self.function, self.line, self.change


def path_of(module: str) -> Path:
    return ROOT / "replication" / f"{module}.py"


def mutants(module: str) -> Iterator[tuple[Mutant, ast.Module]]:
    """Every mutant of a module with its tree, which holds until the next one is asked for."""
    text = path_of(module).read_text(encoding="utf-8")
    lines, tree, seen = text.splitlines(), ast.parse(text), {}
    for scope, parent, field, index, old, new in list(_sites(tree, "")):
        whole = getattr(parent, field)
        if index is None:
            setattr(parent, field, new)
        else:
            setattr(parent, field, [*whole[:index], *([new] if new else []), *whole[index + 1 :]])
        after = _words(new) if new else "nothing"
        mutant = Mutant(module, scope, lines[old.lineno - 1].strip(), f"{_words(old)} -> {after}")
        seen[mutant.key] = seen.get(mutant.key, 0) + 1
        if seen[mutant.key] > 1:
            mutant = replace(mutant, change=f"{mutant.change} ({seen[mutant.key]})")
        yield mutant, ast.fix_missing_locations(tree)
        setattr(parent, field, whole)


def _words(node: ast.AST) -> str:
    words = " ".join(ast.unparse(node).split()) if not isinstance(node, ast.Pass) else "nothing"
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."


def _sites(parent: ast.AST, scope: str, *, quiet=False) -> Iterator[tuple]:
    """(function, parent, field, index, old node, new node); `quiet` leaves texts alone."""
    for field, value in ast.iter_fields(parent):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_left_alone(child, parent):
                continue
            for new in _variants(child, parent, field, quiet):
                yield scope, parent, field, index, child, new
            named = isinstance(child, ast.FunctionDef | ast.ClassDef)
            inner = f"{scope}.{child.name}".strip(".") if named else scope
            words = isinstance(child, ast.Call) and ast.unparse(child.func) in ("Problem", "Answer")
            if not (isinstance(child, ast.keyword) and child.arg == "axis"):
                yield from _sites(child, inner, quiet=quiet or words)


def _is_left_alone(node: ast.AST, parent: ast.AST) -> bool:
    documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    exports = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    listed = isinstance(parent, ast.UnaryOp) and isinstance(node, ast.Constant)
    return isinstance(node, _LEFT_ALONE) or documents or exports or listed


def _variants(node: ast.AST, parent: ast.AST, field: str, quiet: bool) -> Iterator[ast.AST | None]:
    kind = type(getattr(node, "op", None))
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and kind in _SWAPS:
        yield _with(node, op=_SWAPS[kind]())
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from (_with(node, ops=[each()]) for each in _COMPARED[type(node.ops[0])])
    elif isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            for each in _COMPARED[type(op)]:
                yield _with(node, ops=[*node.ops[:place], each(), *node.ops[place + 1 :]])
    elif isinstance(node, ast.UnaryOp) and kind in (ast.Not, ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node, quiet)
    elif isinstance(node, ast.Return) and ast.unparse(node) not in ("return", "return None"):
        yield _with(node, value=ast.Constant(None))
    elif isinstance(node, ast.Expr):
        yield ast.copy_location(ast.Pass(), node)
    elif isinstance(node, ast.keyword) and node.arg == "axis":
        yield _with(node, value=ast.Constant(int(ast.unparse(node.value) == "0")))
    elif isinstance(node, ast.keyword) and isinstance(parent, ast.Call) and node.arg:
        yield None
    if field in ("test", "ifs") and isinstance(node, _TRUTHS):
        yield ast.copy_location(ast.UnaryOp(ast.Not(), node), node)


def _constants(node: ast.Constant, quiet: bool) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield _with(node, value=not value)
    elif isinstance(value, int):
        yield _with(node, value=value + 1)
    elif isinstance(value, float):
        yield _with(node, value=value * 2 or 1.0)
    elif isinstance(value, str) and not quiet:
        yield _with(node, value=f"{value}?")


def _with(node: ast.AST, **fields) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from a syntax tree in place of its file; finds no other module."""

    def __init__(self, module: str, tree: ast.Module):
        super().__init__(f"replication.{module.replace('/', '.')}", str(path_of(module)))
        self.code = compile(tree, self.path, "exec")

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            return importlib.util.spec_from_file_location(name, self.path, loader=self)
        return None

    def get_code(self, fullname):
        return self.code


def survives(module: str, tree: ast.Module) -> bool:
    """Whether the tests of a module pass with this tree, within the limit of CPU time."""
    child = os.fork()
    if child == 0:
        os._exit(_in_child(module, tree))
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT:
        raise KeyboardInterrupt
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def _in_child(module: str, tree: ast.Module) -> int:
    import pytest

    used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, used + CPU_SECONDS))
    nothing = os.open(os.devnull, os.O_WRONLY)
    if not os.environ.get("SHOW"):
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
    try:
        sys.meta_path.insert(0, _Loader(module, tree))
    except (SyntaxError, ValueError):
        return 1  # what cannot be compiled is killed by Python
    options = ["-x", "-q", "--noconftest", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    options += ["-o", "addopts=", *(f"--deselect={each}" for each in _SLOW)]
    return int(pytest.main([*options, *TESTS[module]]))


def load_libraries(modules: list[str]) -> None:
    """Imports what the tests need and no module of the package; hypothesis repeats itself."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_NUM_INTRAOP_THREADS="1", OMP_NUM_THREADS="1")
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT)]
    for name in (*_LIBRARIES, *(["keras"] if "losses" in modules else [])):
        importlib.import_module(name)
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
    settings.load_profile("mutants")
    few = property(lambda self: min(EXAMPLES, self._max_examples))
    type.__setattr__(settings, "max_examples", few)  # it refuses the plain way
    gc.freeze()  # or each child would copy all of this when it collects garbage


def read_survivors() -> list[Mutant]:
    with open(SURVIVORS, encoding="utf-8", newline="") as file:
        return [Mutant(**row) for row in csv.DictReader(file)]


def read_counts() -> dict[str, tuple[int, int]]:
    """How many mutants a module had when they were last run, and how many of them were killed."""
    with open(COUNTS, encoding="utf-8", newline="") as file:
        return {
            row["module"]: (int(row["mutants"]), int(row["killed"])) for row in csv.DictReader(file)
        }


def write_tables(survivors: list[Mutant], counts: dict[str, tuple[int, int]]) -> None:
    """Writes both tables for the modules there are, in the order of `TESTS`."""
    names = [each.name for each in fields(Mutant)]
    rows = [astuple(each) for module in TESTS for each in survivors if each.module == module]
    numbers = [(module, *counts[module]) for module in TESTS if module in counts]
    for path, header, content in (
        (SURVIVORS, names, rows),
        (COUNTS, ("module", "mutants", "killed"), numbers),
    ):
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *content])


def main() -> None:
    """Runs mutants, prints what became of them, and writes the tables unless it was a sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=TESTS, help="a module")
    parser.add_argument("--sample", type=int, help="how many, drawn at random; writes no table")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    options = parser.parse_args()
    modules = options.only or list(TESTS)
    wanted = {mutant.key for module in modules for mutant, _ in mutants(module)}
    if options.sample:
        wanted = set(random.Random(options.seed).sample(sorted(wanted), options.sample))
    load_libraries(modules)
    found: dict[Mutant, bool] = {}
    for module in modules:
        if not survives(module, ast.parse(path_of(module).read_text(encoding="utf-8"))):
            sys.exit(f"the tests of {module} fail as it is; run {' '.join(TESTS[module])}")
        for mutant, tree in mutants(module):
            if mutant.key in wanted:
                found[mutant] = survives(module, tree)
                print("survived" if found[mutant] else "killed", *mutant.key, sep="\t", flush=True)
    if not options.sample:
        _update_tables(modules, found)


def _update_tables(modules: list[str], found: dict[Mutant, bool]) -> None:
    """Puts the modules that were run in place of what was known; survivors keep explanations."""
    before = {each.key: each for each in read_survivors()}
    kept = [each for each in before.values() if each.module not in modules]
    survivors = [before.get(each.key, each) for each, lives in found.items() if lives]
    counts = read_counts()
    for module in modules:
        lives = [alive for each, alive in found.items() if each.module == module]
        counts[module] = len(lives), lives.count(False)
    write_tables([*kept, *survivors], counts)


if __name__ == "__main__":
    main()

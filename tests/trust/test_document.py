"""docs/trust.md names tests that exist, and runs them when it says so."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "trust.md"
SECTIONS = [
    "Ten promises",
    "Nothing is lost when a run is killed",
    "The same seed gives the same numbers",
    "What `make check` sees on another machine",
    "Damaged files and full disks",
    "In a stranger's environment",
    "Bad input gets a sentence",
    "A notebook that fails",
    "What gets installed and loaded",
    "Every metric and loss has an oracle",
    "Wrong results are caught",
]
HEADER = ["Promise", "Test", "When"]
GENERATED = re.compile(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", re.DOTALL)
NODE = re.compile(r"`(tests/(?:trust/)?test_\w+\.py)::(test_\w+)(?:\[[^`]*\])?`")


def sections(text):
    """The text below each heading of level two."""
    _, *parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def tables(text):
    """The cells of every table row, without its line of dashes."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
    return [row for row in cells if not all(set(cell) <= set("-: ") for cell in row)]


@cache
def runs_of(path):
    """The test functions of a file, each with when it runs: "push", "trust" or "both"."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole = any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "pytestmark"
        and "mark.long" in ast.unparse(node.value)
        for node in tree.body
    )
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = [ast.unparse(each) for each in node.decorator_list]
            long = whole or "pytest.mark.long" in marks
            some = any("mark.long" in each for each in marks)  # of the parametrised cases
            found[node.name] = "trust" if long else "both" if some else "push"
    return found


def mistakes(text, root=ROOT):
    """What is wrong with the document, a line each; generated tables are none of promises."""
    text = GENERATED.sub("", text)
    found = [f"no section {name!r}" for name in SECTIONS if name not in sections(text)]
    for name, body in sections(text).items():
        header, *rows = tables(body) or [[]]
        if header != HEADER or not rows:
            found.append(f"{name}: no table {' | '.join(HEADER)}")
        if not re.match(r"\s*[^|#\s]", body):
            found.append(f"{name}: no sentence before its table")
        for row in rows:
            found += [f"{name}: {what}" for what in _wrong_row(row, root)]
    named = {path for path, _ in NODE.findall(text)}
    for path in sorted((root / "tests" / "trust").glob("test_*.py")):
        if path.relative_to(root).as_posix() not in named:
            found.append(f"{path.name} is named nowhere")
    return found


def _wrong_row(row, root):
    if len(row) != 3 or not row[0]:
        return [f"a row of {len(row)} cells: {row}"]
    promise, cell, when = row
    nodes, found = NODE.findall(cell), []
    if not nodes or NODE.sub("", cell).strip(" ,"):
        found.append(f"{promise!r}: expected tests in backticks, received {cell!r}")
    if when not in ("push", "trust"):
        found.append(f"{promise!r}: expected push or trust, received {when!r}")
    for path, test in nodes:
        runs = runs_of(root / path).get(test) if (root / path).is_file() else None
        if runs is None:
            found.append(f"{path}::{test} does not exist")
        elif runs not in ("both", when):
            found.append(f"{path}::{test} runs on {runs}, not {when}")
        elif when == "trust" and not path.startswith("tests/trust/"):
            found.append(f"{path}::{test} is not in tests/trust, so `make trust` does not run it")
    return found


def test_every_promise_names_a_test_that_exists_and_runs_then():
    """Every section has its table, and every file of tests/trust a promise."""
    assert mistakes(DOCUMENT.read_text(encoding="utf-8")) == []


def test_readme_leads_to_the_promises():
    assert "](docs/trust.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


GOOD = "# Trust\n" + "".join(
    f"\n## {name}\n\nWords.\n\n| Promise | Test | When |\n|---|---|---|\n"
    "| It holds. | `tests/trust/test_a.py::test_quick[x]` | push |\n"
    "| It lasts. | `tests/trust/test_a.py::test_slow`, `tests/trust/test_a.py::test_both` "
    "| trust |\n| It is. | `tests/test_b.py::test_other` | push |\n"
    for name in SECTIONS
)


@pytest.fixture
def checkout(tmp_path):
    """A checkout with three promises that hold."""
    (tmp_path / "tests" / "trust").mkdir(parents=True)
    (tmp_path / "tests" / "trust" / "test_a.py").write_text(
        "import pytest\n\n\ndef test_quick(x): ...\n\n\n"
        "@pytest.mark.long\ndef test_slow(): ...\n\n\n"
        "@pytest.mark.parametrize('x', [1, pytest.param(2, marks=pytest.mark.long)])\n"
        "def test_both(x): ...\n"
    )
    (tmp_path / "tests" / "test_b.py").write_text("def test_other(): ...\n")
    return tmp_path


def test_a_document_that_is_right_has_no_mistakes(checkout):
    assert mistakes(GOOD, checkout) == []


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ("::test_quick[x]", "::test_gone", "test_gone does not exist"),
        ("tests/trust/test_a.py::test_quick", "tests/trust/test_c.py::test_q", "does not exist"),
        (
            "`tests/test_b.py::test_other` | push",
            "`tests/test_b.py::test_other` | trust",
            "runs on",
        ),
        ("::test_quick[x]` | push", "::test_slow` | push", "runs on trust, not push"),
        ("::test_both` | trust", "::test_quick` | trust", "runs on push, not trust"),
        ("`tests/test_b.py::test_other`", "tests/test_b.py::test_other", "expected tests in back"),
        ("`tests/test_b.py::test_other`", "", "expected tests in backticks"),
        ("test_other` | push", "test_other` | nightly", "expected push or trust"),
        ("| It holds. |", "| |", "a row of"),
        ("Words.\n", "", "no sentence before its table"),
        ("| Promise |", "| Claim |", "no table Promise"),
        (f"## {SECTIONS[1]}\n", "## Something else\n", "no section 'Nothing is lost"),
    ],
)
def test_a_mistake_in_the_document_is_found(checkout, before, after, mistake):
    assert before in GOOD
    assert any(mistake in each for each in mistakes(GOOD.replace(before, after, 1), checkout))


def test_a_file_that_no_promise_names_is_found(checkout):
    (checkout / "tests" / "trust" / "test_c.py").write_text("def test_it(): ...\n")

    assert mistakes(GOOD, checkout) == ["test_c.py is named nowhere"]


def test_a_whole_file_can_be_long(checkout):
    path = checkout / "tests" / "trust" / "test_d.py"
    path.write_text("import pytest\n\npytestmark = pytest.mark.long\n\n\ndef test_it(): ...\n")

    assert runs_of(path) == {"test_it": "trust"}

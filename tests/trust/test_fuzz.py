"""Whatever stands in a file or on the command line: no traceback, exit code 2 and a sentence.

Each property has a few dozen examples on every push and thousands in `make trust`, the same ones
each time. The files are those of a small project of its own; the five real claim files and real
tables are damaged as well.
"""

import json
import tomllib
from pathlib import Path

import pytest
import typer
from demo import make_demo, parameters, run_main
from hostile import WORDS, damaged, mutated, table_text, to_toml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replication import __main__ as entry
from replication import claims, results
from replication.claims import ClaimError
from replication.results import ResultsError
from tests import table_files

PACKAGE = Path(claims.__file__).parent
REAL = sorted(PACKAGE.glob("*.toml"))
CLAIMS = "claims/demo.toml"
TABLES = [
    *(f"results/demo/{name}.csv" for name in ("measurements", "metrics", "history")),
    *(f"results/{name}.csv" for name in ("verdicts", "ledger", "backends")),
]
MADE = ["results/demo/provenance.json", "results/backends.json"]
DOCUMENTS = ["README.md", "docs/open-details.md", "docs/backends.md"]
NOTEBOOK = "results/demo/notebook.ipynb"
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.just("\ud800")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def sizes(push, trust):
    """Parametrises a test by the number of its examples."""
    long = pytest.param(trust, marks=pytest.mark.long, id="trust")
    return pytest.mark.parametrize("count", [pytest.param(push, id="push"), long])


def for_all(count, strategy, holds):
    """Tries `holds` on that many examples, the same ones each time."""

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,  # a busy machine is no failure
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def every(example):
        holds(example)

    every()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The small project; every example leaves it as it found it."""
    found = make_demo(tmp_path_factory.mktemp("demo"))
    assert found.command("check").code == 0, found.command("check")
    return found


def survives(demo, name, *commands):
    """Puts a text in place of a file, runs the commands, puts the file back."""
    path = demo.root / name
    intact = path.read_bytes()

    def holds(content):
        before = {**demo.committed, name: content}
        path.write_bytes(content)
        try:
            for command in commands:
                demo.command(*command).assert_sentence()
            assert demo.committed == before, "nothing committed is touched"
        finally:
            path.write_bytes(intact)

    return holds


CHECK = ("check",)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """What is written to a relative path lands beside the tests."""
    monkeypatch.chdir(tmp_path)


@sizes(30, 2_000)
def test_claims_of_any_structure_are_judged_or_refused(demo, count):
    """Keys lost, renamed, of another type; numbers without end, texts that mean harm."""
    content = tomllib.loads((demo.root / CLAIMS).read_text(encoding="utf-8"))
    texts = mutated(content).map(lambda each: to_toml(each).encode())

    for_all(count, texts, survives(demo, CLAIMS, CHECK))


@sizes(25, 1_000)
def test_claims_of_damaged_bytes_are_judged_or_refused(demo, count):
    """Bits flipped, parts lost, doubled and put in anywhere."""
    content = (demo.root / CLAIMS).read_bytes()

    for_all(count, damaged(content), survives(demo, CLAIMS, CHECK))


@sizes(25, 1_000)
@pytest.mark.parametrize("path", REAL, ids=[path.stem for path in REAL])
def test_the_real_claims_damaged_load_or_are_refused(tmp_path, path, count):
    """The five files of the project: either articles or one ClaimError that names the file."""
    content = path.read_bytes()
    structures = mutated(tomllib.loads(content.decode())).map(lambda each: to_toml(each).encode())

    def holds(damage):
        (tmp_path / path.name).write_bytes(damage)
        try:
            found = claims.load(tmp_path)
        except ClaimError as error:
            assert path.name in str(error)
        else:
            assert list(found) == [path.stem]

    for_all(count, st.one_of(damaged(content), structures), holds)


@sizes(10, 300)
@pytest.mark.parametrize("name", TABLES)
def test_tables_of_any_structure_are_judged_or_refused(demo, name, count):
    """Columns shuffled or lost, rows doubled, cells of another type, other encodings."""
    content = (demo.root / name).read_bytes()

    for_all(count, table_text(content), survives(demo, name, CHECK))


@sizes(12, 500)
@pytest.mark.parametrize("name", MADE)
def test_provenance_of_any_structure_is_judged_or_refused(demo, name, count):
    """How runs were made, with anything in the place of anything."""
    content = json.loads((demo.root / name).read_bytes())
    texts = mutated(content, JSON_VALUES).map(lambda each: json.dumps(each).encode())

    for_all(count, texts, survives(demo, name, CHECK))


@sizes(6, 200)
@pytest.mark.parametrize("name", [*TABLES, *MADE, *DOCUMENTS])
def test_committed_files_of_damaged_bytes_are_judged_or_refused(demo, name, count):
    """Tables, provenance and documents with bytes flipped, lost, doubled and put in."""
    content = (demo.root / name).read_bytes()

    for_all(count, damaged(content), survives(demo, name, CHECK))


@sizes(2, 40)
@pytest.mark.parametrize("name", [CLAIMS, *TABLES, *MADE, *DOCUMENTS, NOTEBOOK])
def test_the_site_is_built_of_damaged_files_or_refused(demo, name, count):
    """Whatever `check` lets pass, the pages can be made of."""
    content = (demo.root / name).read_bytes()
    out = ("site", "--out", str(demo.root / "build" / "site"))

    for_all(count, damaged(content), survives(demo, name, out))


@sizes(12, 500)
def test_todays_tables_are_compared_or_refused(demo, tmp_path, count):
    """Tables under build/results are held against the committed ones, whatever they hold."""
    today = demo.root / "build" / "results" / "demo"
    today.mkdir(parents=True, exist_ok=True)
    names = ("measurements.csv", "metrics.csv", "provenance.json")
    contents = {name: (demo.root / "results" / "demo" / name).read_bytes() for name in names}
    texts = {
        name: damaged(each) | table_text(each) if name.endswith("csv") else damaged(each)
        for name, each in contents.items()
    }

    def holds(example):
        for name, content in example.items():
            (today / name).write_bytes(content)
        demo.command(*CHECK).assert_sentence()

    try:
        for_all(count, st.fixed_dictionaries(texts), holds)
    finally:
        for path in today.iterdir():
            path.unlink()


SEEDS = st.one_of(
    st.text("0123456789-, ", max_size=12),
    st.text(max_size=6),
    st.builds("{}-{}".format, st.integers(), st.integers()),
    st.lists(st.integers(0, 10**20).map(str), max_size=5).map(",".join),
    st.sampled_from(["0-999999999999", "9" * 5_000, "0-9999," * 1_000, "²", "٣", "1_0"]),
)


@sizes(300, 20_000)
def test_seeds_are_some_thousand_numbers_or_refused(count):
    """No list fills the memory: "0-999999999999" is refused before it is made."""

    def holds(text):
        try:
            found = entry._seeds(text)
        except typer.BadParameter as error:
            assert "names no seeds; expected a count such as 5" in str(error)
            return
        assert found == sorted(set(found))
        assert 0 < len(found) <= 10_000
        assert 0 <= found[0] and found[-1] < 2**32

    for_all(count, SEEDS, holds)


OPTIONS = {option for options in parameters().values() for option in options}
ARGUMENTS = st.one_of(
    st.sampled_from(sorted(OPTIONS)),
    st.sampled_from(["--help", "--", "-", "full", "smoke", "auto", "3", "-1", "1e3", "9" * 50]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.sampled_from(["\udcff", "x" * 100_000, "\x1b[2J", "*", "[" * 500]),
    SEEDS.filter(lambda text: "\0" not in text),
)


@sizes(150, 5_000)
def test_any_arguments_end_with_0_or_2_and_a_sentence(demo, monkeypatch, count):
    """Every command with any options: what is asked for is refused or goes to the command.

    The commands themselves are left out; texts that they parse are parsed.
    """
    for command in entry.app.registered_commands:
        monkeypatch.setattr(command, "callback", _parsing(command.callback))
    commands = st.sampled_from([*parameters(), "frobnicate"])
    calls = st.tuples(commands, st.lists(ARGUMENTS, max_size=5))

    def holds(call):
        ended = run_main(call[0], *call[1])

        assert ended.code in (0, 2), ended
        assert "Traceback" not in ended.err
        assert (ended.code == 2) == ("Error" in ended.err or "Usage" in ended.err), ended

    for_all(count, calls, holds)


def _parsing(callback):
    """A command that only parses what the callback would."""
    import functools

    parsers = {"seeds": entry._seeds, "budget": getattr(entry, "_minutes", None)}

    @functools.wraps(callback)
    def parse(**values):
        for name, parser in parsers.items():
            if parser and name in values:
                parser(values[name])

    return parse


@sizes(12, 300)
@pytest.mark.parametrize(
    "command",
    [["why"], ["diff"], ["backends"], ["list", "--article"], ["sweep", "--experiments"]],
    ids=" ".join,
)
def test_names_that_nothing_has_end_with_2_and_a_sentence(demo, command, count):
    """Experiments, articles, revisions, folders and patterns of any text."""
    words = st.one_of(WORDS, st.sampled_from(["\udcff", "[", "HEAD:", "@{-1}", ":/x", "--"]))
    texts = words.filter(lambda text: "\0" not in text and not text.startswith(("-", "*")))
    before = demo.committed

    def holds(text):
        ended = demo.command(*command, text)

        assert ended.code == 2, ended
        assert "Traceback" not in ended.err
        assert demo.committed == before

    for_all(count, texts.filter(bool), holds)


@sizes(200, 10_000)
def test_a_table_that_is_read_can_be_written_again_unchanged(demo, tmp_path, count):
    """What passes the reader is text that the writer gives back: nothing is read two ways."""
    name = "results/demo/measurements.csv"
    content = (demo.root / name).read_bytes()
    folder = tmp_path / "results" / "demo"
    folder.mkdir(parents=True)

    def holds(damage):
        (folder / "measurements.csv").write_bytes(damage)
        try:
            frame = results.read_measurements(tmp_path / "results", "demo")
        except ResultsError:
            return
        table_files.write_measurements(tmp_path / "results", "demo", frame)
        again = results.read_measurements(tmp_path / "results", "demo")
        key = ["experiment", "profile", "seed", "metric"]
        assert again.equals(
            frame.assign(value=frame["value"].map(results.format_value).astype(float)).sort_values(
                key, ignore_index=True
            )
        )

    for_all(count, st.one_of(damaged(content), table_text(content)), holds)

"""What changed in results/ since a git revision: which numbers, which verdicts, what matters."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from replication import results
from replication.claims import diff, load
from replication.results import revisions
from tests import claim_files, table_files

ROOT = Path(__file__).parent.parent
CLAIMS = claim_files.article("""[[claims]]
id = "high"
says = "It is high."
locator = "section 1"
kind = "value"
voice = "article"
because = "printed so"
measures = "demo-run/purity"
reported = 0.845
controls = []
""")
COLUMNS = ["experiment", "profile", "seed", "metric", "value", "num_examples"]
BEFORE = (0.83, 0.84, 0.86)


def frame(*values, experiment="demo-run", profile="full", metric="purity"):
    """Measurements of one metric, seeds counted from 0; None leaves a seed out."""
    rows = [
        (experiment, profile, seed, metric, value, 10)
        for seed, value in enumerate(values)
        if value is not None
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def articles(tmp_path):
    """One article with one claim."""
    (tmp_path / "demo.toml").write_text(CLAIMS)
    return load(tmp_path)


HERE = {"fingerprint": "here", "numerics": {"matmul": "1"}}
EPOCHS = ["experiment", "profile", "seed", "epoch", "quantity", "value"]


def epochs(*values, experiment="demo-run", seed=0):
    """The history of one run, epochs counted from 1."""
    rows = [(experiment, "full", seed, n, "loss", each) for n, each in enumerate(values, start=1)]
    return pd.DataFrame(rows, columns=EPOCHS)


def state(measurements, history=None, made=None):
    """A state of results/ whose runs were all made alike, or as nobody knows."""
    runs = measurements[["experiment", "profile", "seed"]].astype(str).agg("/".join, axis=1)
    provenance = {run: made for run in runs} if made else {}
    return diff.State(measurements, epochs() if history is None else history, provenance)


@pytest.fixture
def compared(articles):
    """Compares two lists of values of the claim's metric, made in one environment or in two."""

    def compare(before, after, *, same=False):
        made = HERE if same else None
        sides = (frame(*v) if isinstance(v, tuple) else v for v in (before, after))
        return diff.compare(*(state(each, made=made) for each in sides), articles)

    return compare


def statuses(found):
    """The status of each changed number, by seed."""
    return {number.cell.split("/")[2]: number.status for number in found.numbers}


def printed(found, **options):
    """What is printed of changes, on a wide console."""
    console = Console(file=io.StringIO(), width=200)
    diff.print_changes(found, "HEAD (abc)", console=console, **options)
    return console.file.getvalue()


def test_seeds_that_stand_apart_change_no_verdict(articles):
    """As in `check`: the same numbers from a device that makes a difference are not pooled."""
    ours, theirs = (0.83, 0.84, 0.86, 0.85, 0.84, 0.85), (0.41, 0.42, 0.43, 0.42, 0.41, 0.43)
    places = dict.fromkeys(range(6), "cpu") | dict.fromkeys(range(6, 12), "gpu")
    environments = {
        f"demo-run/full/{seed}": {**HERE, "environment": {"backend": "jax", "device": place}}
        for seed, place in places.items()
    }
    before, after = (
        diff.State(frame(*values), epochs(), environments) for values in (ours, ours + theirs)
    )

    found = diff.compare(before, after, articles)

    assert len(found.numbers) == 6 and found.claims == ()


def test_equal_tables_have_no_changes(compared):
    """Nor have numbers that differ beyond the digits that tables keep."""
    for after in (BEFORE, (0.83, 0.84, 0.8600000001)):
        found = compared(BEFORE, after)
        assert (found.claims, found.numbers) == ((), ())
    assert printed(found) == (
        "No number of measurements.csv or history.csv in results/ changed since HEAD (abc).\n"
    )


def test_in_one_environment_every_other_digit_matters(compared):
    found = compared(BEFORE, (0.83, 0.8401, 0.86), same=True)

    assert statuses(found) == {"1": "drifted"}
    assert found.numbers[0].matters


def test_elsewhere_a_number_within_the_noise_over_seeds_does_not(compared):
    within = compared((0.83, 0.84, 0.86, 0.85, 0.82), (0.83, 0.842, 0.86, 0.85, 0.82))
    outside = compared((0.83, 0.84, 0.86, 0.85, 0.82), (0.83, 0.2, 0.86, 0.85, 0.82))

    assert statuses(within) == {"1": "stable"} and not within.numbers[0].matters
    assert statuses(outside) == {"1": "drifted"}


def test_what_is_gone_matters_and_what_is_new_does_not(compared):
    """No seed is dropped in silence; a further one is no alarm."""
    gone, new = compared(BEFORE, BEFORE[:2]), compared(BEFORE, (*BEFORE, 0.84))

    assert statuses(gone) == {"2": "gone"} and gone.numbers[0].matters
    assert (gone.numbers[0].before, gone.numbers[0].after) == ("0.86", "")
    assert statuses(new) == {"3": "new"} and not new.numbers[0].matters


def test_both_states_are_judged_by_the_same_claims(compared):
    """A verdict that turned is named before and after; an interval that moved is told apart."""
    five = (0.83, 0.84, 0.86, 0.85, 0.83)
    turned, moved = compared(five, tuple(v - 0.4 for v in five)), compared(five, (*five, 0.84))

    [(old, new)] = turned.verdicts
    assert (old.judgement.verdict, new.judgement.verdict) == ("reproduced", "not reproduced")
    assert moved.verdicts == [] and len(moved.claims) == 1
    text = printed(turned)
    assert text.index("Other verdicts (1)") < text.index("Numbers that matter (5)")
    assert "0.83 -> 0.43" in text


def test_harmless_numbers_are_counted_and_listed_on_demand(compared):
    found = compared((0.83, 0.84, 0.86, 0.85, 0.82), (0.83, 0.842, 0.86, 0.85, 0.82))

    assert "0.84 -> 0.842" not in printed(found)
    assert "changed numbers: 1 stable" in printed(found)
    assert "0.84 -> 0.842" in printed(found, everything=True)


def test_what_no_claim_is_judged_by_is_counted(articles):
    """Numbers of examples, and epochs that changed, came or went; a forger had them for free."""
    before = frame(*BEFORE)
    after = before.assign(num_examples=[70_000_000, 10, 10])
    old, new = epochs(3.0, 2.0, 1.0), pd.concat([epochs(3.0, 2.5), epochs(4.0, seed=1)])
    found = diff.compare(state(before, old), state(after, new), articles)

    assert found.details == {"num_examples": 1, "history": 3}
    assert "rows of history.csv: 3, numbers of examples: 1" in printed(found)


def test_json_holds_every_number_and_no_other_format(compared):
    """Harmless numbers included."""
    found = compared((0.83, 0.84, 0.86, 0.85, 0.82), (0.83, 0.842, 0.86, 0.85))
    told = json.loads(diff.as_json(found, "HEAD", "abc"))

    assert (told["revision"], told["commit"]) == ("HEAD", "abc")
    assert {each["status"]: each["matters"] for each in told["numbers"]} == {
        "stable": False, "gone": True,
    }  # fmt: skip
    assert told["claims"][0]["before"]["n"] == 5 and told["claims"][0]["after"]["n"] == 4


def git(folder, *arguments):
    """Runs git with an author, and returns what it prints."""
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *author, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of a project: first no results, then three seeds."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)  # set where tests run in a hook
    project = tmp_path / "work" / "project"
    project.mkdir(parents=True)
    git(project, "init", "-q", "-b", "main")
    (project / "README.md").write_text("Demo.\n")
    commit(project, "first")
    table_files.write_measurements(project / "results", "demo", frame(*BEFORE))
    (project / "results" / "verdicts.csv").write_text("columns,of,another,day\n")
    (project / "results" / "measurements.csv").write_text("not a table of an article\n")
    commit(project, "second")
    return project


def commit(project, message):
    """Commits everything."""
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)


def test_measurements_are_read_as_committed(repository):
    """Changes of the working tree are not seen."""
    root = repository / "results"
    table_files.write_measurements(root, "demo", frame(0.1))
    commit_id = revisions.resolve(root, "HEAD")

    assert commit_id == git(repository, "rev-parse", "HEAD")
    assert revisions.read(root, commit_id)[0]["value"].tolist() == list(BEFORE)


def test_the_history_is_read_as_committed(repository):
    """None before it was there; a malformed one is named."""
    root = repository / "results"
    table_files.write_history(root, "demo", epochs(2.0, 1.0))
    commit(repository, "third")
    table_files.write_history(root, "demo", epochs(9.0))

    assert revisions.read(root, revisions.resolve(root, "HEAD"))[1]["value"].tolist() == [2, 1]
    empty = revisions.read(root, revisions.resolve(root, "HEAD~1"))[1]
    assert empty.empty and list(empty.columns) == EPOCHS
    (root / "demo" / "history.csv").write_text("a,b\n1,2\n")
    commit(repository, "fourth")
    with pytest.raises(results.ResultsError, match=":results/demo/history.csv:1"):
        revisions.read(root, revisions.resolve(root, "HEAD"))


def test_a_revision_without_results_has_no_numbers(repository):
    """So that everything is new since then."""
    root = repository / "results"
    before = revisions.read(root, revisions.resolve(root, "main~1"))[0]

    assert before.empty and list(before.columns) == COLUMNS


def test_a_malformed_table_of_a_revision_is_named(repository):
    """With commit, path and line."""
    (repository / "results" / "demo" / "measurements.csv").write_text("a,b\n1,2\n")
    commit(repository, "third")
    root = repository / "results"
    found = revisions.resolve(root, "HEAD")

    with pytest.raises(results.ResultsError, match=f"{found[:12]}:results/demo/measurements.csv:1"):
        revisions.read(root, found)


@pytest.mark.parametrize("revision", ["nothing", "HEAD~7", "", "--all", "-h", "HEAD:README.md"])
def test_an_unknown_revision_is_named(repository, revision):
    """A file is none, and an option never reaches git."""
    with pytest.raises(results.ResultsError, match="expected a revision such as HEAD~1"):
        revisions.resolve(repository / "results", revision)


def test_no_repository_and_no_git_are_errors(tmp_path, monkeypatch):
    """Each with a sentence."""
    with pytest.raises(results.ResultsError, match="expected a git repository"):
        revisions.resolve(tmp_path / "results", "HEAD")
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(results.ResultsError, match="expected the program git"):
        revisions.resolve(tmp_path / "results", "HEAD")


def replicate(cwd, *arguments):
    """Runs `python -m replication` in a checkout."""
    return subprocess.run(
        [sys.executable, "-m", "replication", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != "REPLICATION_BUILD"},
        timeout=120,
    )


def test_the_command_compares_the_working_tree_with_a_revision(repository):
    """It informs, whatever changed: 0; an unknown revision is wrong use: 2."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "replication", repository / "replication", ignore=ignored)
    table_files.write_measurements(repository / "results", "demo", frame(0.83, 0.84, 0.99))
    table_files.write_history(repository / "results", "demo", epochs(1.0))
    by_default = replicate(repository, "diff", "--all")
    unknown = replicate(repository, "diff", "nothing")
    found = json.loads(replicate(repository, "diff", "main~1", "--json").stdout)

    assert by_default.returncode == 0, by_default.stderr
    assert "Changes of results/ since HEAD (" in by_default.stdout
    assert "0.86 -> 0.99" in by_default.stdout
    assert "rows of history.csv: 1" in by_default.stdout
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("error: expected a revision") and "Trace" not in unknown.stderr
    assert [(n["before"], n["after"]) for n in found["numbers"]] == [
        ("", "0.83"), ("", "0.84"), ("", "0.99"),
    ]  # fmt: skip

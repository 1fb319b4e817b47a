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
import scipy.stats
from rich.console import Console

from replication import results
from replication.claims import changes, diff, load
from replication.results import revisions
from tests import table_files

ROOT = Path(__file__).parent.parent
CLAIMS = """slug = "demo"
number = 1
title = "Demo"
author = "Nobody"
year = 2018
url = "https://example.org"
language = "en"

[[claims]]
id = "high"
says = "It is high."
locator = "section 1"
kind = "value"
because = "printed so"
measures = "demo-run/purity"
reported = 0.845
controls = []
"""
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


@pytest.fixture
def compared(articles):
    """Compares two lists of values of the claim's metric."""
    return lambda before, after: changes.compare(frame(*before), frame(*after), articles)


def reasons(found):
    """Why each changed number matters, by seed."""
    return {number.seed: number.why for number in found.numbers}


def test_equal_tables_have_no_changes(compared):
    """Nor have numbers that differ beyond the digits that tables keep."""
    assert compared(BEFORE, BEFORE) == changes.Changes((), ())
    assert compared(BEFORE, (0.83, 0.84, 0.8600000001)).numbers == ()


def test_a_number_within_the_interval_before_does_not_matter(compared):
    """The interval is the prediction interval of the seeds before, here by scipy."""
    found = compared(BEFORE, (0.83, 0.85, 0.86))
    [number] = found.numbers
    series = pd.Series(BEFORE)
    half = scipy.stats.t.ppf(0.975, 2) * series.std() * (4 / 3) ** 0.5

    assert (number.before, number.after, number.n, number.why) == (0.84, 0.85, 3, "")
    assert number.interval.low == pytest.approx(series.mean() - half, rel=1e-7)  # round-off of t
    assert number.interval.high == pytest.approx(series.mean() + half, rel=1e-7)
    assert found.verdicts == [] and found.harmless == [number]
    assert [each.claim for each in found.intervals] == ["demo/high"]


def test_a_number_outside_matters(compared):
    """And the verdict that it turns is named with every number the claim rests on."""
    found = compared(BEFORE, (0.83, 0.84, 0.99))

    assert reasons(found) == {2: "outside the interval"}
    turned = compared(BEFORE, (0.5, 0.51, 0.52))
    [claim] = turned.verdicts
    assert (claim.before.verdict, claim.after.verdict) == ("reproduced", "not reproduced")
    assert set(reasons(turned).values()) == {"verdict of demo/high; outside the interval"}


def test_a_verdict_makes_a_number_within_the_interval_matter(compared):
    """As when a fourth seed, no surprise itself, narrows the interval past the printed number."""
    kept = compared((0.81, 0.82, 0.83), (0.81, 0.82, 0.83, 0.82))
    turned = compared((0.8, 0.81, 0.82), (0.8, 0.81, 0.82, 0.81))

    assert (kept.verdicts, reasons(kept)) == ([], {3: ""})
    assert [claim.after.verdict for claim in turned.verdicts] == ["not reproduced"]
    assert reasons(turned) == {3: "verdict of demo/high"}


def test_a_number_that_is_gone_matters(compared):
    """No seed is dropped in silence, however near it was."""
    assert reasons(compared(BEFORE, (0.83, 0.84))) == {
        2: "verdict of demo/high; gone",
    }
    assert reasons(compared((*BEFORE, 0.84), BEFORE)) == {3: "gone"}


def test_too_few_seeds_before_leave_it_open(compared):
    """With two seeds there is no interval to lie in, so a change is shown."""
    [number] = compared((0.83, 0.84), (0.83, 0.8401)).numbers

    assert (number.interval, number.n) == (None, 2)
    assert number.why == "2 seeds before tell no interval"


def test_numbers_where_there_were_none_matter_with_a_verdict_only(articles):
    """A new experiment is no alarm; nor is a further seed that fits in."""
    other = frame(0.1, 0.2, 0.3, experiment="demo-other")
    before, after = frame(*BEFORE), pd.concat([frame(*BEFORE, 0.84), other])
    found = changes.compare(before, after, articles)

    assert len(found.numbers) == 4 and found.mattering == []
    assert changes.compare(before, frame(*BEFORE, 0.99), articles).mattering[0].seed == 3


def test_only_full_runs_move_a_claim(articles):
    """A number of the digits is judged by its own seeds, and names no claim."""
    before, after = ([frame(*v, profile="embedded")] for v in (BEFORE, (0.5, 0.84, 0.86)))
    both = [pd.concat([frame(*BEFORE), *side]) for side in (before, after)]
    found = changes.compare(*both, articles)
    [number] = found.numbers

    assert found.claims == ()
    assert (number.profile, number.claims, number.why) == ("embedded", (), "outside the interval")


EPOCHS = ["experiment", "profile", "seed", "epoch", "quantity", "value"]


def epochs(*values, experiment="demo-run", seed=0):
    """The history of one run, epochs counted from 1."""
    rows = [(experiment, "full", seed, n, "loss", each) for n, each in enumerate(values, start=1)]
    return pd.DataFrame(rows, columns=EPOCHS)


def test_what_no_claim_is_judged_by_is_compared_too(articles):
    """Numbers of examples, and epochs that changed, came or went; a forger had them for free."""
    before = frame(*BEFORE)
    after = before.assign(num_examples=[70_000_000, 10, 10])
    after = pd.concat([after, frame(None, None, None, 0.85)])
    histories = epochs(3.0, 2.0, 1.0), pd.concat([epochs(3.0, 2.5), epochs(4.0, seed=1)])
    found = changes.compare(before, after, articles, histories=histories).details

    assert [(each.table, each.article) for each in found] == [
        ("measurements.csv", "demo"), *[("history.csv", "demo")] * 3,
    ]  # fmt: skip
    assert [(each.run, each.name, each.before, each.after) for each in found] == [
        ("demo-run/full/0", "num_examples of purity", 10, 70_000_000),
        ("demo-run/full/0", "loss of epoch 2", 2.0, 2.5),
        ("demo-run/full/0", "loss of epoch 3", 1.0, None),
        ("demo-run/full/1", "loss of epoch 1", None, 4.0),
    ]


def test_details_are_counted_by_table_and_article_and_the_first_are_named(articles):
    """What changed or is gone before what is new; machines get each of them."""
    new = epochs(*[0.5] * 9, experiment="demo-other")
    histories = epochs(2.0, 1.0), pd.concat([new, epochs(2.5)])
    found = changes.compare(frame(*BEFORE), frame(*BEFORE), articles, histories=histories)
    text, told = printed(found), json.loads(diff.as_json(found, "HEAD", "abc"))

    assert "No number" not in text and (told["numbers"], told["verdicts"]) == ([], [])
    assert "1 changed, 9 new, 1 gone" in text and "and 8 more" in text
    assert "demo-run/full/0, loss of epoch 1: 2 -> 2.5" in text
    assert "demo-run/full/0, loss of epoch 2: 1 -> none" in text
    assert text.strip().endswith("what no claim is judged by: 1 changed, 9 new, 1 gone")
    assert len(told["details"]) == 11
    assert {**told["details"][0], "before": 0} == {
        "table": "history.csv", "article": "demo", "run": "demo-other/full/0",
        "name": "loss of epoch 1", "before": 0, "after": 0.5,
    }  # fmt: skip


def test_an_article_is_told_by_its_slug(articles):
    """The longest that fits; the first word where no claims of it are left."""
    both = {"demo": articles["demo"], "demo-two": articles["demo"]}
    names = ("demo-run", "demo-two-run", "other-run")
    before, after = (
        pd.concat([epochs(value, experiment=name) for name in names]) for value in (1.0, 2.0)
    )
    nothing = frame()
    found = changes.compare(nothing, nothing, both, histories=(before, after)).details

    assert [each.article for each in found] == ["demo", "demo-two", "other"]


def printed(found, **options):
    """What is printed of changes, on a wide console."""
    console = Console(file=io.StringIO(), width=200)
    diff.print_changes(found, "HEAD (abc)", console=console, **options)
    return console.file.getvalue()


def test_verdicts_come_first_and_harmless_numbers_are_counted(articles):
    """Unless all are asked for."""
    harmless = [frame(*v, experiment="demo-other") for v in (BEFORE, (0.83, 0.841, 0.86))]
    sides = [
        pd.concat([frame(*values), other])
        for values, other in zip((BEFORE, (0.5, 0.51, 0.52)), harmless, strict=True)
    ]
    found = changes.compare(*sides, articles)
    text, everything = printed(found), printed(found, everything=True)

    assert text.index("Other verdicts (1)") < text.index("Numbers that matter (3)")
    assert "reproduced: 0.8433 [0.7674, 0.9192], n = 3" in text
    assert "0.83 -> 0.5" in text and "0.84 -> 0.841" not in text
    assert text.strip().endswith("that do not: 1 (1 within the interval); --all lists them")
    assert "Numbers that do not (1)" in everything and "0.84 -> 0.841" in everything


def test_no_change_is_said_in_a_line(compared):
    """With the revision."""
    assert printed(compared(BEFORE, BEFORE)) == (
        "No number of measurements.csv or history.csv in results/ changed since HEAD (abc).\n"
    )


def test_json_holds_every_number_and_no_other_format(compared):
    """Harmless numbers included, with numbers as numbers and nothing as null."""
    found = json.loads(diff.as_json(compared(BEFORE, (0.83, None, 0.85)), "HEAD", "abc"))
    gone, within = found["numbers"]

    assert (found["revision"], found["commit"], found["intervals"]) == ("HEAD", "abc", [])
    assert found["verdicts"][0]["before"]["verdict"] == "reproduced"
    assert (gone["seed"], gone["before"], gone["after"]) == (1, 0.84, None)
    assert gone["matters"] and gone["claims"] == ["demo/high"]
    assert within["low"] < within["after"] < within["high"] and within["n"] == 3


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
    """A project below the top of a repository: first no results, then three seeds."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)  # set where tests run in a hook
    project = tmp_path / "work" / "project"
    project.mkdir(parents=True)
    git(project.parent, "init", "-q", "-b", "main")
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
    """From a folder below the top; changes of the working tree are not seen."""
    root = repository / "results"
    table_files.write_measurements(root, "demo", frame(0.1))
    commit_id = revisions.resolve(root, "HEAD")

    assert commit_id == git(repository, "rev-parse", "HEAD")
    assert revisions.read_measurements(root, commit_id)["value"].tolist() == list(BEFORE)


def test_the_history_is_read_as_committed(repository):
    """None before it was there; a malformed one is named."""
    root = repository / "results"
    table_files.write_history(root, "demo", epochs(2.0, 1.0))
    commit(repository, "third")
    table_files.write_history(root, "demo", epochs(9.0))

    assert revisions.read_history(root, revisions.resolve(root, "HEAD"))["value"].tolist() == [2, 1]
    empty = revisions.read_history(root, revisions.resolve(root, "HEAD~1"))
    assert empty.empty and list(empty.columns) == EPOCHS
    (root / "demo" / "history.csv").write_text("a,b\n1,2\n")
    commit(repository, "fourth")
    with pytest.raises(results.ResultsError, match=":results/demo/history.csv:1"):
        revisions.read_history(root, revisions.resolve(root, "HEAD"))


def test_a_revision_without_results_has_no_numbers(repository):
    """So that everything is new since then."""
    root = repository / "results"
    before = revisions.read_measurements(root, revisions.resolve(root, "main~1"))

    assert before.empty and list(before.columns) == COLUMNS


def test_a_malformed_table_of_a_revision_is_named(repository):
    """With commit, path and line."""
    (repository / "results" / "demo" / "measurements.csv").write_text("a,b\n1,2\n")
    commit(repository, "third")
    root = repository / "results"
    found = revisions.resolve(root, "HEAD")

    with pytest.raises(results.ResultsError, match=f"{found[:12]}:results/demo/measurements.csv:1"):
        revisions.read_measurements(root, found)


@pytest.mark.parametrize("revision", ["nothing", "HEAD~7", "", "--all", "-h", "HEAD:README.md"])
def test_an_unknown_revision_is_named(repository, revision):
    """A file is none, and an option never reaches git."""
    with pytest.raises(revisions.RevisionError, match="expected a revision such as HEAD~1"):
        revisions.resolve(repository / "results", revision)


def test_no_repository_and_no_git_are_errors(tmp_path, monkeypatch):
    """Each with a sentence."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(revisions.RevisionError, match="expected a git repository"):
        revisions.resolve(tmp_path / "results", "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(revisions.RevisionError, match="expected the program git"):
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
    by_default, unknown = replicate(repository, "diff"), replicate(repository, "diff", "nothing")
    found = json.loads(replicate(repository, "diff", "main~1", "--json").stdout)

    assert by_default.returncode == 0, by_default.stderr
    assert "Changes of results/ since HEAD (" in by_default.stdout
    assert "0.86 -> 0.99" in by_default.stdout
    assert "loss of epoch 1: none -> 1" in by_default.stdout
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("error: expected a revision") and "Trace" not in unknown.stderr
    assert [(n["before"], n["after"]) for n in found["numbers"]] == [
        (None, 0.83), (None, 0.84), (None, 0.99),
    ]  # fmt: skip

"""`accept`: committed numbers change for a reason, which is kept."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from replication import __main__ as command
from replication import results, runner
from replication.experiments import ExperimentError
from replication.runner import settings, upkeep

ROOT = Path(__file__).parent.parent
NAME = "clustering-stand-in"


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """A build folder and results of the test's own."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "build" / "results")
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    return tmp_path


def record(root, seed=0, *, loss=2.0, minutes=1.0, profile="full", **values):
    """Records a run with its metrics and one epoch of history."""
    values = values or {"answer": 42.0}
    results.record(
        root,
        "clustering",
        experiment=NAME,
        profile=profile,
        seed=seed,
        metrics=[(name, "points", "higher") for name in values],
        tier="core",
        measurements={name: (value, 7) for name, value in values.items()},
        history=pd.DataFrame([(1, "loss", loss)], columns=["epoch", "quantity", "value"]),
        provenance={"fingerprint": "here", "minutes": minutes},
    )


def committed(what="accepted_because", seed=0):
    """What provenance says of a committed run."""
    return results.read_provenance(settings.RESULTS)[f"{NAME}/full/{seed}"].get(what)


def test_new_runs_need_no_reason():
    """Nothing that was committed changes; a further metric of a run is no change of others."""
    record(settings.RESULTS, 0)
    record(settings.TODAY, 1)

    assert upkeep.at_stake() == []
    assert runner.promote() == [f"{NAME}/full/1"]

    record(settings.TODAY, 0, answer=42.0, more=1.0)
    record(settings.TODAY, 1, answer=42.0, more=1.0)
    assert upkeep.at_stake() == []
    assert len(runner.promote()) == 2


@pytest.mark.parametrize(
    "changed",
    [{"answer": 42.5}, {"other": 42.0}, {"answer": 42.0, "loss": 1.5}],
    ids=["changed", "gone", "history"],
)
def test_a_committed_number_changes_for_a_reason_only(changed):
    """A number that changed, one that is gone, one of the history; nothing is half accepted."""
    record(settings.RESULTS, 0)
    record(settings.TODAY, 0, **changed)
    record(settings.TODAY, 1, **changed)
    before = {path: path.read_bytes() for path in settings.RESULTS.rglob("*.*")}

    for reason in ("", "  \n"):
        with pytest.raises(ExperimentError, match=f"{NAME}/full/0, and no reason .* REASON="):
            runner.promote(reason=reason)
    assert {path: path.read_bytes() for path in before} == before

    assert runner.promote(reason=" a new library ") == [f"{NAME}/full/0", f"{NAME}/full/1"]
    assert committed() == committed(seed=1) == "a new library"


def test_smoke_runs_are_never_at_stake():
    """They are not promoted."""
    record(settings.RESULTS, 0, profile="smoke")
    record(settings.TODAY, 0, profile="smoke", answer=1.0)

    assert upkeep.at_stake() == [] == runner.promote()


def test_a_reason_stays_with_its_number():
    """A run that comes back with the same numbers keeps why they were accepted."""
    record(settings.RESULTS, 0)
    record(settings.TODAY, 0, answer=43.0)
    runner.promote(reason="a mended metric")
    record(settings.TODAY, 0, answer=43.0, minutes=2.0)

    assert runner.promote() == [f"{NAME}/full/0"]
    assert (committed(), committed("minutes")) == ("a mended metric", 2.0)
    record(settings.TODAY, 0, answer=44.0)
    runner.promote(reason="a new library")
    assert committed() == "a new library"


def test_many_runs_are_counted_in_the_message():
    """Ten by name, the others by number."""
    for seed in range(13):
        record(settings.RESULTS, seed)
        record(settings.TODAY, seed, answer=1.0)

    with pytest.raises(ExperimentError, match=f"{NAME}/full/9 and 3 more, and no reason"):
        runner.promote()


def test_nobody_is_asked_without_a_terminal_or_without_need(monkeypatch):
    """A script gets an error instead of a question that waits for ever."""
    monkeypatch.setattr("builtins.input", lambda text: pytest.fail("asked"))

    assert command._ask_why([f"{NAME}/full/0"]) == ""  # pytest has no terminal
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert command._ask_why([]) == ""


@pytest.fixture
def checkout(tmp_path):
    """A checkout of its own in which one committed number would change."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "replication", tmp_path / "replication", ignore=ignored)
    for name, path in settings.DOCUMENTS.items():  # some hold several tables
        copy = tmp_path / path.relative_to(settings.ROOT)
        copy.parent.mkdir(exist_ok=True)
        with copy.open("a", encoding="utf-8") as text:
            text.write(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n")
    record(tmp_path / "results", 0)
    record(tmp_path / "build" / "results", 0, answer=42.5)
    return tmp_path


def accept(checkout, *arguments, **streams):
    """Starts `python -m replication accept` there."""
    return subprocess.Popen(
        [sys.executable, "-m", "replication", "accept", *arguments],
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if name != "REPLICATION_BUILD"},
        **streams,
    )


def test_without_a_reason_the_command_exits_2_and_says_how_to_give_one(checkout):
    """With one, it accepts."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    refused = accept(checkout, text=True, **pipes)
    _, message = refused.communicate(timeout=120)

    assert refused.returncode == 2
    assert message.startswith("error: committed numbers would change") and "Trace" not in message
    assert "make accept REASON='...'" in message and committed() is None

    done = accept(checkout, "--reason", "a new library", text=True, **pipes)
    printed, message = done.communicate(timeout=120)
    assert (done.returncode, message) == (0, "")
    assert f"accepted {NAME}/full/0" in printed
    assert committed() == "a new library"


def test_that_some_runs_are_unchanged_is_no_reason_for_others_to_change(checkout):
    """The reason of --unchanged vouches for numbers that stand."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    options = ("--unchanged", "survey-*", "--reason", "a comment")
    refused = accept(checkout, *options, text=True, **pipes)
    _, message = refused.communicate(timeout=120)

    assert refused.returncode == 2
    assert "--unchanged is none for numbers that change" in message
    assert committed() is None


def test_on_a_terminal_the_command_asks(checkout):
    """The answer is the reason."""
    ours, theirs = pty.openpty()
    asking = accept(checkout, stdin=theirs, stdout=theirs, stderr=theirs)
    os.write(ours, b"a mended metric\n")

    assert asking.wait(timeout=120) == 0
    assert b"Why may they?" in os.read(ours, 65536)
    assert committed() == "a mended metric"
    os.close(ours)
    os.close(theirs)

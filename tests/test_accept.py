"""`accept`: committed numbers change for a reason, which is kept; what is not ours stays out."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from replication import __main__ as command
from replication import experiments, fingerprints, publish, results, runner
from replication.experiments import ExperimentError
from replication.results.backends import add_backend
from replication.runner import settings, upkeep
from tests import stand_ins

ROOT = Path(__file__).parent.parent
NAME, REAL = "clustering-stand-in", "clustering-identities"


@pytest.fixture(scope="module")
def real_key():
    """The key of a real run, which a checkout of its own computes as well."""
    return key_of(REAL)


@pytest.fixture(autouse=True)
def inputs(real_key, tmp_path, monkeypatch):
    """A build folder and results of the test's own, and what the keys are made of."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "build" / "results")
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    return stand_ins.register(monkeypatch, lambda seed, profile: None)[1]


def key_of(name, seed=0):
    """The key of a full run of today's code."""
    return fingerprints.digest(experiments.registry()[name].inputs(seed, "full"))


def record(root, seed=0, *, name=NAME, loss=2.0, profile="full", about=None, **values):
    """Records a run of today's code with its metrics and one epoch of history."""
    values = values or {"answer": 42.0}
    results.record(
        root,
        "clustering",
        experiment=name,
        profile=profile,
        seed=seed,
        metrics=[(name, "points", "higher") for name in values],
        tier="core",
        measurements={name: (value, 7) for name, value in values.items()},
        history=pd.DataFrame([(1, "loss", loss)], columns=["epoch", "quantity", "value"]),
        provenance={"fingerprint": "here", **(about or {"key": key_of(name, seed)})},
    )


def committed(what="accepted_because", seed=0, *, name=NAME):
    """What provenance says of a committed run."""
    return results.read_provenance(settings.RESULTS)[f"{name}/full/{seed}"].get(what)


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
    record(settings.TODAY, 0, answer=43.0, about={"key": key_of(NAME), "minutes": 2.0})

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


def promoted():
    """What is promoted, and what is said of runs that are dropped."""
    said = []
    return runner.promote(announce=said.append), "\n".join(said)


def test_rows_of_other_code_are_dropped_and_named(inputs):
    """A metric that was ten times as large yesterday; `accept` had taken it over as today's."""
    record(settings.TODAY, 5, answer=420.0)
    inputs["source"] = {"f": "2"}
    record(settings.TODAY, 1)

    names, said = promoted()

    assert names == [f"{NAME}/full/1"]
    assert "made with other code" in said and said.endswith(f": {NAME}/full/5")
    assert set(results.read_measurements(settings.TODAY)["seed"]) == {1}
    assert set(results.read_measurements(settings.RESULTS)["seed"]) == {1}


def test_an_old_build_folder_overwrites_no_newer_results(inputs):
    """Not even with a reason: `check` calls it drift, and to accept it would undo the newer."""
    record(settings.TODAY, 0, answer=420.0)
    inputs["source"] = {"f": "2"}
    record(settings.RESULTS, 0)
    before = results.read_measurements(settings.RESULTS)

    assert runner.promote(reason="drift", announce=lambda line: None) == []

    pd.testing.assert_frame_equal(results.read_measurements(settings.RESULTS), before)


def test_rows_of_another_backend_are_no_numbers_of_ours(inputs):
    """They are dropped, and the command that takes them is named; it took them before."""
    inputs["environment"] = {"backend": "tensorflow", "device": "cpu"}
    elsewhere = {"environment": {"backend": "jax", "device": "cpu"}, "key": "of jax"}
    record(settings.TODAY, 0, about=elsewhere)
    taken = add_backend(settings.RESULTS, settings.BUILD)
    record(settings.TODAY, 1)

    names, said = promoted()

    assert (taken, names) == ([f"jax/cpu/{NAME}/full/0"], [f"{NAME}/full/1"])
    assert "computed with jax on cpu" in said and said.endswith(f": {NAME}/full/0")
    assert f"`python -m replication backends {settings.BUILD}` takes them" in said


def test_under_another_backend_nothing_is_accepted_or_dropped(monkeypatch):
    """Its keys would fit its rows, and ours would look stale."""
    record(settings.TODAY, 0)
    monkeypatch.setattr(fingerprints, "environment", lambda: {"backend": "jax"})

    for call in (runner.promote, lambda: command.accept("", None)):
        with pytest.raises(ExperimentError, match="the backend jax; .* replication backends "):
            call()

    assert len(results.read_measurements(settings.TODAY)) == 1
    assert not settings.RESULTS.exists()


@pytest.mark.parametrize(
    ("about", "cause"),
    [
        ({"key": "old", "environment": {"numpy": "1.0"}}, "made with numpy 1.0 "),
        ({}, "made with other code"),
        (None, "as nothing says how they were made"),
    ],
)
def test_the_cause_is_named(inputs, about, cause):
    """A library, a run that says nothing of its key, rows without any provenance."""
    inputs["environment"] = {"numpy": "2.0"}
    record(settings.TODAY, 0, about=about or {"minutes": 1.0})
    if about is None:
        (settings.TODAY / "clustering" / "provenance.json").unlink()

    names, said = promoted()

    assert names == [] and cause in said and said.endswith(f": {NAME}/full/0")
    assert results.read_measurements(settings.TODAY).empty


def test_the_reason_of_unchanged_is_no_reason_of_other_runs(monkeypatch, capsys):
    """It stands in the runs that are kept; here there is none, which is said."""
    for name in ("judge", "write_documents"):
        monkeypatch.setattr(publish, name, lambda *_: None)
    record(settings.TODAY, 0)
    command.accept("a renamed variable", NAME)

    assert f"no run of '{NAME}' is stored under an older key" in capsys.readouterr().out
    assert committed("key") == key_of(NAME)
    assert committed() is None


def test_nobody_is_asked_without_a_terminal_or_without_need(monkeypatch):
    """A script gets an error instead of a question that waits for ever."""
    monkeypatch.setattr("builtins.input", lambda text: pytest.fail("asked"))

    assert command._ask_why([f"{NAME}/full/0"]) == ""  # pytest has no terminal
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert command._ask_why([]) == ""


@pytest.fixture
def checkout(tmp_path, real_key):
    """A checkout of its own in which one committed number would change."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "replication", tmp_path / "replication", ignore=ignored)
    for name, path in settings.DOCUMENTS.items():  # some hold several tables
        copy = tmp_path / path.relative_to(settings.ROOT)
        copy.parent.mkdir(exist_ok=True)
        with copy.open("a", encoding="utf-8") as text:
            text.write(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n")
    for folder, answer in (("results", 42.0), ("build/results", 42.5)):
        record(tmp_path / folder, 0, name=REAL, about={"key": real_key}, answer=answer)
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
    assert "make accept REASON='...'" in message and committed(name=REAL) is None

    done = accept(checkout, "--reason", "a new library", text=True, **pipes)
    printed, message = done.communicate(timeout=120)
    assert (done.returncode, message) == (0, "")
    assert f"accepted {REAL}/full/0" in printed
    assert committed(name=REAL) == "a new library"


def test_the_command_drops_what_other_code_measured(checkout):
    """Nothing is at stake then, so that no reason is asked for."""
    record(checkout / "build" / "results", 0, name=REAL, about={"key": "old"}, answer=420.0)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = accept(checkout, text=True, **pipes)
    printed, message = done.communicate(timeout=120)

    assert (done.returncode, message) == (0, "")
    assert "made with other code" in printed and f": {REAL}/full/0" in printed
    assert "accepted" not in printed
    assert results.read_measurements(settings.RESULTS)["value"].tolist() == [42.0]


def test_that_some_runs_are_unchanged_is_no_reason_for_others_to_change(checkout):
    """The reason of --unchanged vouches for numbers that stand."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    options = ("--unchanged", "survey-*", "--reason", "a comment")
    refused = accept(checkout, *options, text=True, **pipes)
    _, message = refused.communicate(timeout=120)

    assert refused.returncode == 2
    assert "--unchanged is none for numbers that change" in message
    assert committed(name=REAL) is None


def test_on_a_terminal_the_command_asks(checkout):
    """The answer is the reason."""
    ours, theirs = pty.openpty()
    asking = accept(checkout, stdin=theirs, stdout=theirs, stderr=theirs)
    os.write(ours, b"a mended metric\n")

    assert asking.wait(timeout=120) == 0
    assert b"Why may they?" in os.read(ours, 65536)
    assert committed(name=REAL) == "a mended metric"
    os.close(ours)
    os.close(theirs)

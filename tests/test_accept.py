"""`accept`: committed numbers change for a reason, which is kept; what is not ours stays out."""

import dataclasses
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication import __main__ as command
from replication import experiments, fingerprints, publish, results, runner, store
from replication.experiments import ExperimentError, Metric
from replication.results.backends import add_backend
from replication.runner import Job, settings
from tests import command_line, stand_ins, table_files

ROOT = Path(__file__).parent.parent
NAME, REAL = "clustering-stand-in", "clustering-identities"
REGISTRY = experiments.registry()


@pytest.fixture(scope="module")
def real():
    """A real experiment, whose keys a checkout of its own computes as well."""
    job = Job(REGISTRY[REAL], "full", 0)
    return job.experiment, job.inputs


@pytest.fixture(autouse=True)
def inputs(real, tmp_path, monkeypatch):
    """A build folder and results of the test's own, and what the keys are made of."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "build" / "results")
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    return stand_ins.register(monkeypatch, lambda seed, profile: None)[1]


def commit(seed=0, *, name=NAME, loss=2.0, profile="full", **values):
    """Puts a run into the committed tables, or a number into all metrics of a real one."""
    values = values or {"answer": 42.0}
    table_files.record(
        settings.RESULTS,
        "clustering",
        experiment=name,
        profile=profile,
        seed=seed,
        metrics=[(name, "points", "higher") for name in values],
        tier="core",
        measurements={name: (value, 7) for name, value in values.items()},
        history=pd.DataFrame([(1, "loss", loss)], columns=["epoch", "quantity", "value"]),
        provenance={"fingerprint": "here"},
    )


def store_run(seed=0, *, loss=2.0, profile="full", minutes=1.0, **values):
    """Stores the outcome of a run as today's code would, with these metrics declared."""
    values, known = values or {"answer": 42.0}, experiments.registry()
    metrics = tuple(Metric(metric, "points", "higher") for metric in values)
    known[NAME] = dataclasses.replace(known[NAME], metrics=metrics)
    return store_job(Job(known[NAME], profile, seed), values, loss=loss, minutes=minutes)


def store_job(job, values, *, loss=2.0, minutes=1.0):
    """Stores an outcome of a job."""
    about = {
        "inputs": job.inputs,
        "metrics": {metric: (value, 7) for metric, value in values.items()},
        "history": [{"loss": loss}],
        "provenance": {
            "fingerprint": "here",
            "key": fingerprints.digest(job.inputs),
            "environment": job.inputs["environment"],
            "minutes": minutes,
        },
    }
    store.save_arrays(job.path, {"about": np.array(json.dumps(about))})
    return job


def committed(what="accepted_because", seed=0, *, name=NAME):
    """What provenance says of a committed run."""
    return results.read_provenance(settings.RESULTS)[f"{name}/full/{seed}"].get(what)


def test_new_runs_need_no_reason():
    """Nothing that was committed changes; a further metric of a run is no change of others."""
    commit(0)
    store_run(1)

    assert runner.promote(ask=refuse) == [f"{NAME}/full/1"]

    store_run(0, answer=42.0, more=1.0)
    store_run(1, answer=42.0, more=1.0)
    assert len(runner.promote(ask=refuse)) == 2


def refuse(runs):
    """Nobody is to be asked."""
    pytest.fail(f"asked for {runs}")


@pytest.mark.parametrize(
    "changed",
    [{"answer": 42.5}, {"other": 42.0}, {"answer": 42.0, "loss": 1.5}],
    ids=["changed", "gone", "history"],
)
def test_a_committed_number_changes_for_a_reason_only(changed):
    """A number that changed, one that is gone, one of the history; nothing is half accepted."""
    commit(0)
    store_run(0, **changed)
    store_run(1, **changed)
    before = {path: path.read_bytes() for path in settings.RESULTS.rglob("*.*")}
    asked = []

    for reason in ("", "  \n"):
        with pytest.raises(ExperimentError, match=f"{NAME}/full/0, and no reason .* REASON="):
            runner.promote(reason=reason, ask=lambda runs: asked.append(runs) or " ")
    assert asked == [[f"{NAME}/full/0"]] * 2
    assert {path: path.read_bytes() for path in before} == before

    assert runner.promote(reason=" a new library ") == [f"{NAME}/full/0", f"{NAME}/full/1"]
    assert (committed(), committed(seed=1)) == ("a new library", None)


def test_numbers_that_another_call_accepted_meanwhile_are_not_overwritten():
    """While a person thought about the reason; what would change was looked at before the lock."""
    commit(0)
    for seed in (0, 1):
        store_run(seed, answer=42.5)

    def answer(runs):
        commit(1, answer=43.0)
        return "for seed 0 alone"

    with pytest.raises(results.ResultsError, match=f"others of {NAME}/full/1, written meanwhile"):
        runner.promote(ask=answer)

    values = results.read_measurements(settings.RESULTS).set_index("seed")["value"]
    assert values.to_dict() == {0: 42.0, 1: 43.0}
    assert len(runner.promote(reason="for both")) == 2


def test_smoke_runs_are_never_at_stake():
    """They are not promoted."""
    commit(0, profile="smoke")
    store_run(0, profile="smoke", answer=1.0)

    assert runner.promote(ask=refuse) == []


def test_a_reason_stays_with_its_number_and_covers_no_other():
    """One sentence about one run stood on 215 runs of five articles."""
    for seed in range(3):
        commit(seed)
    store_run(0, answer=43.0)
    store_run(1)
    assert len(runner.promote(reason="a corrected metric")) == 2  # the other for its provenance
    store_run(0, answer=43.0, minutes=2.0)
    store_run(2, answer=44.0)

    assert runner.promote(reason="another one") == [f"{NAME}/full/0", f"{NAME}/full/2"]
    reasons = [committed(seed=seed) for seed in range(3)]
    assert reasons == ["a corrected metric", None, "another one"]
    assert committed("minutes") == 2.0
    store_run(0, answer=44.0)
    runner.promote(reason="a new library")
    assert committed() == "a new library"


def test_many_runs_are_counted_in_the_message():
    """Ten by name, the others by number."""
    for seed in range(13):
        commit(seed)
        store_run(seed, answer=1.0)

    with pytest.raises(ExperimentError, match=f"{NAME}/full/9 and 3 more, and no reason"):
        runner.promote()


def promoted(**options):
    """What is promoted, and what is said."""
    said = []
    return runner.promote(announce=said.append, **options), "\n".join(said)


def test_runs_of_other_code_are_left_out_and_named(inputs):
    """A metric that was ten times as large yesterday; `accept` had taken it over as today's."""
    store_run(5, answer=420.0)
    runner.today.rebuild()
    inputs["source"] = {"f": "2"}
    store_run(1)

    names, said = promoted()

    assert names == [f"{NAME}/full/1"]
    assert said.startswith(f"left out, stored by other code, libraries or devices: {NAME}/full/5 (")
    assert set(results.read_measurements(settings.TODAY)["seed"]) == {1}
    assert set(results.read_measurements(settings.RESULTS)["seed"]) == {1}


def test_an_old_build_folder_overwrites_no_newer_results(inputs):
    """Not even with a reason: `check` calls it drift, and to accept it would undo the newer."""
    store_run(0, answer=420.0)
    inputs["source"] = {"f": "2"}
    commit(0)
    before = results.read_measurements(settings.RESULTS)

    assert promoted(reason="drift")[0] == []

    pd.testing.assert_frame_equal(results.read_measurements(settings.RESULTS), before)


def test_runs_on_another_backend_are_no_numbers_of_ours(inputs):
    """They have other keys, and are named; the command that takes them took them before."""
    inputs["environment"] = {"backend": "jax", "device": "cpu"}
    store_run(0)
    runner.today.rebuild()
    taken = add_backend(settings.RESULTS, settings.BUILD)
    inputs["environment"] = {"backend": "tensorflow", "device": "cpu"}
    store_run(1)

    names, said = promoted()

    assert (taken, names) == ([f"jax/cpu/{NAME}/full/0"], [f"{NAME}/full/1"])
    assert f"devices: {NAME}/full/0 (" in said


def test_under_another_backend_nothing_is_accepted(monkeypatch):
    """Its keys would fit its rows, and ours would look out of date."""
    store_run(0)
    runner.today.rebuild()
    monkeypatch.setattr(fingerprints, "environment", lambda: {"backend": "jax"})

    for call in (runner.promote, lambda: command.accept("", NAME)):
        with pytest.raises(ExperimentError, match="the backend jax; .* replication backends "):
            call()

    assert len(results.read_measurements(settings.TODAY)) == 1
    assert not settings.RESULTS.exists()


def test_the_reason_of_unchanged_is_no_reason_of_other_runs(monkeypatch, capsys):
    """It stands in the runs that are kept; here there is none, which is said."""
    for name in ("judge", "write_documents"):
        monkeypatch.setattr(publish, name, lambda *_: None)
    job = store_run(0)
    command.accept("a renamed variable", NAME)

    assert f"no run of '{NAME}' is stored under an older key" in capsys.readouterr().out
    assert committed("key") == fingerprints.digest(job.inputs)
    assert committed() is None


def test_nobody_is_asked_without_a_terminal_or_without_need(monkeypatch):
    """A script gets an error instead of a question that waits for ever."""
    monkeypatch.setattr("builtins.input", lambda text: pytest.fail("asked"))

    assert command._ask_why([f"{NAME}/full/0"]) == ""  # pytest has no terminal
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert command._ask_why([]) == ""


@pytest.fixture
def checkout(tmp_path, real):
    """A checkout of its own in which one committed number would change."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "replication", tmp_path / "replication", ignore=ignored)
    for name, path in settings.DOCUMENTS.items():  # some hold several tables
        copy = tmp_path / path.relative_to(settings.ROOT)
        copy.parent.mkdir(exist_ok=True)
        with copy.open("a", encoding="utf-8") as text:
            text.write(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n")
    experiment, made_of = real
    metrics = [metric.name for metric in experiment.metrics]
    commit(0, name=REAL, **dict.fromkeys(metrics, 42.0))
    job = Job(experiment, "full", 0)
    vars(job)["inputs"] = made_of  # the stand-in's are in its place
    store_job(job, {**dict.fromkeys(metrics, 42.0), metrics[0]: 42.5})
    return tmp_path


def accept(checkout, *arguments, **streams):
    """Starts `python -m replication accept` there."""
    return subprocess.Popen(
        [sys.executable, "-m", "replication", "accept", *arguments],
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if name != "REPLICATION_BUILD"},
        **streams,
    )


@pytest.fixture
def as_real(checkout, real, monkeypatch):
    """The command in this process takes the checkout's run for what it is."""
    experiment, made_of = real
    monkeypatch.setattr(experiments, "registry", lambda: REGISTRY)
    monkeypatch.setattr(type(experiment), "inputs", lambda *_: made_of)


def test_without_a_reason_the_command_exits_2_and_says_how_to_give_one(
    checkout, as_real, monkeypatch, capsys
):
    """With one, it accepts: in a process of its own."""
    assert command_line.call(monkeypatch, "accept") == 2

    message = capsys.readouterr().err
    assert message.startswith("error: committed numbers would change") and "Trace" not in message
    assert "make accept REASON='...'" in message and committed(name=REAL) is None

    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = accept(checkout, "--reason", "a new library", text=True, **pipes)
    printed, message = done.communicate(timeout=120)
    assert (done.returncode, message) == (0, "")
    assert f"accepted {REAL}/full/0" in printed
    assert committed(name=REAL) == "a new library"


def test_that_some_runs_are_unchanged_is_no_reason_for_others_to_change(
    as_real, monkeypatch, capsys
):
    """The reason of --unchanged vouches for numbers that stand."""
    options = ("--unchanged", "survey-*", "--reason", "a comment")

    assert command_line.call(monkeypatch, "accept", *options) == 2

    message = capsys.readouterr().err
    assert "that of --unchanged is none for numbers that change" in message
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

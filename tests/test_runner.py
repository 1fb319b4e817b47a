"""The runner: what is planned, stored, found again, moved aside, kept and promoted."""

import dataclasses
import importlib.metadata
import os

import numpy as np
import pandas as pd
import pytest

from replication import experiments, fingerprints, numerics, results, runner, store
from replication.experiments import ExperimentError, Metric, Outcome
from replication.runner import Job, execution, pool, settings, today
from tests import stand_ins, table_files

QUICK = "clustering-identities"


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    """A build folder and results of the test's own."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "build" / "results")
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    return tmp_path


@pytest.fixture
def counted(monkeypatch):
    """A stand-in experiment in the registry that counts its runs."""
    calls = []

    def function(seed, profile):
        calls.append(seed)
        if seed == 13:
            raise ArithmeticError("thirteen")
        history = [{"loss": 2.0}, {"loss": 1.0}]
        return Outcome({"answer": (42.0 + seed, 7)}, history, {"grid": np.arange(3)})

    stand_in, inputs = stand_ins.register(monkeypatch, function)
    return stand_in, calls, inputs


@pytest.fixture
def here(monkeypatch):
    """Jobs run in this process."""
    monkeypatch.setattr(pool, "Worker", stand_ins.Here)


def test_a_job_runs_once_and_is_found_again(counted):
    """The second execution returns the stored metrics, history and arrays."""
    experiment, calls, _ = counted
    job = Job(experiment, "full", 0)

    first, second = runner.execute(job), runner.execute(job)

    assert calls == [0]
    assert second.metrics == first.metrics == {"answer": (42.0, 7)}
    assert second.history == first.history
    np.testing.assert_array_equal(second.arrays["grid"], first.arrays["grid"])


def test_a_finished_job_is_in_the_tables_of_today(counted):
    """Measurements, history and provenance of a job lie under build/results."""
    runner.execute(Job(counted[0], "full", 1))

    rows = results.read_measurements(settings.TODAY, "clustering")
    about = results.read_provenance(settings.TODAY)["clustering-stand-in/full/1"]

    assert rows[["experiment", "seed", "value"]].to_numpy().tolist() == [
        ["clustering-stand-in", 1, 43.0]
    ]
    assert len(results.read_history(settings.TODAY, "clustering")) == 2
    assert {"key", "source", "commit", "fingerprint", "environment", "minutes"} <= set(about)
    assert about["numerics"] == numerics.probe()


def test_an_experiments_own_packages_are_in_its_environment(counted, monkeypatch):
    """Beside the versions that every run notes, and in the fingerprint made of them."""
    both = [
        dataclasses.replace(counted[0], name=f"clustering-{name}", packages=packages)
        for name, packages in (("plain", ()), ("needy", ("umap-learn",)))
    ]
    monkeypatch.setattr(experiments, "registry", lambda: {each.name: each for each in both})
    for experiment in both:
        runner.execute(Job(experiment, "full", 0))

    recorded = results.read_provenance(settings.TODAY)
    without, found = (recorded[f"clustering-{name}/full/0"] for name in ("plain", "needy"))
    added = {"umap-learn": importlib.metadata.version("umap-learn")}
    assert found["environment"] == {**without["environment"], **added}
    assert found["fingerprint"] != without["fingerprint"]


def test_a_job_that_fails_leaves_nothing_and_stops_nobody(counted, here):
    """An exception is reported with its job; other jobs run, and no row of it is written."""
    experiment, calls, _ = counted
    jobs = [Job(experiment, "full", 13), Job(experiment, "full", 1)]
    lines = []

    [(job, why)] = runner.run_jobs(jobs, announce=lines.append).failed

    assert job.seed == 13
    assert why.startswith("ArithmeticError: thirteen (traceback in ")
    assert "Traceback" in next((settings.BUILD / "failures").iterdir()).read_text()
    assert calls == [13, 1]
    assert set(results.read_measurements(settings.TODAY)["seed"]) == {1}
    assert not jobs[0].path.exists()


def test_fresh_moves_what_was_stored_aside(counted, here):
    """The jobs of the call start over; others stay, and so does what was moved."""
    experiment, calls, _ = counted
    job, other = (Job(experiment, "full", seed) for seed in (0, 1))
    for each in (job, other):
        runner.execute(each)
    before, epochs = job.path.read_bytes(), settings.BUILD / "checkpoints" / "key.npz"
    store.write_atomically(epochs, b"half a training")
    heard = []

    runner.run_jobs([job], fresh=True, announce=heard.append)

    assert calls == [0, 1, 0]
    assert other.path.exists() and not epochs.exists()
    assert set(results.read_measurements(settings.TODAY)["seed"]) == {0, 1}
    [aside] = (settings.BUILD / "aside").iterdir()
    assert heard[0] == f"starting over: 1 stored runs and 1 trainings were moved to {aside}"
    assert (aside / "runs" / job.path.name).read_bytes() == before
    assert (aside / "checkpoints" / "key.npz").read_bytes() == b"half a training"


def test_a_damaged_outcome_is_named_moved_aside_and_run_again(counted, capsys):
    """A flipped byte in a run file never reaches a table."""
    experiment, calls, _ = counted
    job = Job(experiment, "full", 0)
    runner.execute(job)
    content = bytearray(job.path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    job.path.write_bytes(content)

    outcome = runner.execute(job)

    assert outcome.metrics == {"answer": (42.0, 7)}
    assert calls == [0, 0]
    assert str(job.path) in capsys.readouterr().err
    assert len(list(job.path.parent.glob("*.damaged-*"))) == 1


def test_why_names_what_changed(counted):
    """`explain` tells never run, stored, and the definitions that changed since."""
    experiment, _, inputs = counted

    assert "never run" in runner.explain(experiment.name)[0]

    runner.execute(Job(experiment, "full", 0))

    assert "is stored" in runner.explain(experiment.name)[0]

    inputs["source"] = {"f": "2", "g": "1"}

    assert runner.explain(experiment.name)[1:] == ["  source: f changed", "  source: g added"]


def test_rows_of_other_code_are_dropped_before_a_run(counted, here):
    """What an older version of the code measured is not taken for today's."""
    experiment, _, inputs = counted
    runner.execute(Job(experiment, "full", 0))
    inputs["source"] = {"f": "2"}

    runner.run_jobs([Job(experiment, "full", 1)], announce=lambda line: None)

    assert set(results.read_measurements(settings.TODAY)["seed"]) == {1}


def test_unchanged_needs_a_reason_and_keeps_the_run(counted):
    """A run kept on a human's word is found under the new key, with the reason."""
    experiment, calls, inputs = counted
    runner.execute(Job(experiment, "full", 0))
    inputs["source"] = {"f": "2"}

    with pytest.raises(ExperimentError, match="--reason"):
        runner.keep_unchanged("clustering-*", reason="")
    kept = runner.keep_unchanged("clustering-*", reason="renamed a variable")
    runner.execute(Job(experiment, "full", 0))

    assert len(kept) == 1 and "source: f changed" in kept[0]
    assert calls == [0]
    about = results.read_provenance(settings.TODAY)["clustering-stand-in/full/0"]
    assert about["unchanged_because"] == "renamed a variable"


def keep():
    """Keeps what is stored, and returns the names of the runs."""
    lines = runner.keep_unchanged("clustering-*", reason="renamed a variable")
    return [line.split(":")[0].removeprefix("kept clustering-stand-in/") for line in lines]


def test_every_stored_run_is_kept_with_its_rows_and_promoted_with_the_word(counted):
    """Seeds beyond those declared, too; the committed rows had kept the old key and no word."""
    experiment, calls, inputs = counted
    jobs = [Job(experiment, profile, 7) for profile in ("embedded", "full")]
    jobs.append(Job(experiment, "full", 0))
    for job in jobs:
        runner.execute(job)
    runner.promote()
    before = results.read_measurements(settings.RESULTS)
    inputs["source"] = {"f": "2"}

    assert sorted(keep()) == ["embedded/7", "full/0", "full/7"]
    assert len(runner.promote()) == 3

    assert results.read_measurements(settings.RESULTS).equals(before)
    for name, about in results.read_provenance(settings.RESULTS).items():
        seed = int(name.rpartition("/")[2])
        assert about["key"] == fingerprints.digest(experiment.inputs(seed, "full"))
        assert about["unchanged_because"] == "renamed a variable"
    assert len(calls) == 3
    assert keep() == ["nothing to keep"]


@pytest.mark.parametrize("other", ["seed", "profile", "experiment"])
def test_a_run_under_the_name_of_another_is_refused(counted, monkeypatch, capsys, other):
    """`cp` of a run file gave another seed the numbers of this one."""
    experiment, calls, inputs = counted
    twin = dataclasses.replace(experiment, name="clustering-twin")
    monkeypatch.setattr(
        experiments, "registry", lambda: {each.name: each for each in (experiment, twin)}
    )
    monkeypatch.setattr(
        type(experiment),
        "inputs",
        lambda self, seed, profile: {
            **inputs,
            "parameters": {"experiment": self.name, "seed": seed, "profile": profile},
        },
    )
    job = Job(experiment, "full", 0)
    runner.execute(job)
    copied = {
        "seed": Job(experiment, "full", 1),
        "profile": Job(experiment, "embedded", 0),
        "experiment": Job(twin, "full", 0),
    }[other]
    copied.path.write_bytes(job.path.read_bytes())

    runner.today.rebuild()
    outcome = runner.execute(copied)

    said = capsys.readouterr().err
    assert f"{copied.path} is the outcome of another job" in said and "moved aside to" in said
    assert len(calls) == 2 and outcome.metrics == {"answer": (42.0 + copied.seed, 7)}
    [aside] = copied.path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == job.path.read_bytes()
    assert len(results.read_measurements(settings.TODAY)) == 2


def test_a_run_on_another_backend_is_not_kept_as_ours(counted):
    """The newest file was taken, whoever had computed it."""
    experiment, _, inputs = counted
    for backend in ("tensorflow", "jax"):
        inputs["environment"] = {"backend": backend, "device": "cpu"}
        job = Job(experiment, "full", 0)
        runner.execute(job)
        os.utime(job.path, (len(backend), 2e9 - len(backend)))  # that of jax is newer
    inputs["environment"] = {"backend": "torch", "device": "cpu"}
    assert keep() == ["nothing to keep"]

    inputs |= {"source": {"f": "2"}, "environment": {"backend": "tensorflow", "device": "cpu"}}
    [line] = runner.keep_unchanged("clustering-*", reason="renamed a variable")
    assert "source: f changed" in line and "backend" not in line


def test_a_run_with_other_metrics_is_not_kept(counted, monkeypatch):
    """Nobody's word makes the number that it lacks."""
    experiment, _, inputs = counted
    runner.execute(Job(experiment, "full", 0))
    inputs["source"] = {"f": "2"}
    more = dataclasses.replace(experiment, metrics=(*experiment.metrics, Metric("more", "points")))
    monkeypatch.setattr(experiments, "registry", lambda: {more.name: more})

    assert keep() == ["not kept clustering-stand-in/full/0"]
    assert not Job(more, "full", 0).path.exists()


def test_a_job_that_was_killed_names_no_traceback(counted):
    """As for want of memory: it left none, and an empty file was named."""
    heard = []
    job = Job(counted[0], "full", 0)

    assert (
        execution.note_failure(job, "ended by SIGKILL", "", heard.append)[1] == "ended by SIGKILL"
    )

    assert heard == ["clustering-stand-in/full/0: FAILED, ended by SIGKILL"]
    assert not (settings.BUILD / "failures").exists()


def test_promote_leaves_smoke_out(counted):
    """Only full and embedded runs are committed evidence; a first run needs no reason."""
    experiment = counted[0]
    runner.execute(Job(experiment, "full", 0))
    runner.execute(Job(experiment, "smoke", 0))

    names = runner.promote(reason="first run")

    assert names == ["clustering-stand-in/full/0"]
    committed = results.read_provenance(settings.RESULTS)
    assert list(committed) == names
    assert "accepted_because" not in committed[names[0]]
    assert runner.promote(reason="again") == []


def test_measurements_overlay_this_checkout_on_the_committed(counted):
    """A run made here replaces the committed rows of the same seed, others stay."""
    experiment = counted[0]
    runner.execute(Job(experiment, "full", 0))
    runner.execute(Job(experiment, "full", 1))
    runner.promote()
    committed = results.read_measurements(settings.RESULTS, "clustering")
    committed["value"] = -1.0
    table_files.write_measurements(settings.RESULTS, "clustering", committed)
    Job(experiment, "full", 1).path.unlink()

    found = runner.measurements("clustering", "full")

    assert found["value"].tolist() == [42.0, -1.0]


def test_both_tables_come_from_one_look_at_the_run_store(counted, monkeypatch):
    """A notebook looked three times when it was opened, locking the tables each time."""
    runner.execute(Job(counted[0], "full", 0))
    rebuild, looks = today.rebuild, []
    monkeypatch.setattr(today, "rebuild", lambda slugs: looks.append(slugs) or rebuild(slugs))
    measured, epochs = runner.tables("clustering", "full")

    assert looks == [["clustering"]]
    pd.testing.assert_frame_equal(measured, runner.measurements("clustering", "full"))
    pd.testing.assert_frame_equal(epochs, runner.history("clustering", "full"))
    assert len(measured) and len(epochs)


def test_jobs_side_by_side_give_the_numbers_of_jobs_in_turn(monkeypatch):
    """Two worker processes store the same outcomes as one process does."""
    monkeypatch.setenv("REPLICATION_BUILD", str(settings.BUILD))  # what the workers go by
    jobs = [Job(experiments.find(QUICK), "smoke", seed) for seed in (0, 1)]
    in_turn = [runner.execute(job, announce=lambda line: None).metrics for job in jobs]
    for job in jobs:
        job.path.unlink()

    ended = runner.run_jobs(jobs, num_jobs=2, announce=lambda line: None)

    assert ended == ([], [])
    assert [execution.load(job)[0].metrics for job in jobs] == in_turn


def test_an_unwritable_build_folder_is_named(counted, tmp_path, monkeypatch):
    """A build path below a regular file is an error of the store, not a traceback."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(settings, "BUILD", tmp_path / "file" / "build")

    with pytest.raises(store.StoreError, match="file/build"):
        runner.execute(Job(counted[0], "full", 0))

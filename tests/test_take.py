"""`accept --from`: runs made elsewhere are further seeds of the same experiment."""

import pytest

from replication import __main__ as command
from replication import publish, results, runner, store
from replication.experiments import ExperimentError, Outcome
from replication.results import seals
from replication.runner import Job, settings
from tests import stand_ins

NAME = "clustering-stand-in"
HERE = {"backend": "tensorflow", "tensorflow": "2.21.0", "device": "cpu"}
THERE = {"backend": "jax", "jax": "0.10.2", "device": "gpu"}


@pytest.fixture
def made_of(tmp_path, monkeypatch):
    """Results and build folder of the test's own, and what keys are made of."""
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    stand_in, inputs = stand_ins.register(
        monkeypatch, lambda seed, profile: Outcome({"answer": (40.0 + seed, 7)}, [{"loss": 1.0}])
    )
    monkeypatch.setattr(runner.execution.fingerprints, "environment", lambda: inputs["environment"])

    def run(place, *seeds, profile="full"):
        """Runs seeds with a build folder of their own."""
        inputs["environment"] = place
        build = tmp_path / place["backend"]
        monkeypatch.setattr(settings, "BUILD", build)
        monkeypatch.setattr(settings, "TODAY", build / "results")
        for seed in seeds:
            runner.execute(Job(stand_in, profile, seed), announce=lambda line: None)
        return build

    return run, inputs


def test_runs_of_a_gpu_are_further_seeds_and_say_where_they_were_made(made_of):
    """A seed that is there stays; what was taken is sealed and is not taken twice."""
    run, inputs = made_of
    run(HERE, 0, 1)
    runner.promote()
    folder = run(THERE, 1, 2, 3)
    inputs["environment"] = HERE

    lines = runner.take(folder)

    assert lines == [
        f"left {NAME}/full/1: results/ has that seed already; run another one there",
        f"took {NAME}/full/2, made with jax 0.10.2 on gpu",
        f"took {NAME}/full/3, made with jax 0.10.2 on gpu",
    ]
    rows, provenance = (
        read(settings.RESULTS) for read in (results.read_measurements, results.read_provenance)
    )
    assert rows["value"].tolist() == [40.0, 41.0, 42.0, 43.0]
    backends = [provenance[f"{NAME}/full/{seed}"]["environment"]["backend"] for seed in range(4)]
    assert backends == ["tensorflow", "tensorflow", "jax", "jax"]
    texts = seals.rows_by_run(rows, results.read_history(settings.RESULTS))
    assert seals.broken(provenance, texts) == {}
    assert all(line.startswith("left ") for line in runner.take(folder / "runs"))


def test_runs_of_other_code_or_data_are_left(made_of):
    """Only the environment may differ; what else does is named."""
    run, inputs = made_of
    folder = run(THERE, 4)
    inputs |= {"source": {"f": "2"}, "environment": HERE}

    assert "made by other code: source: f changed" in runner.take(folder)[0]
    assert not settings.RESULTS.exists()


def test_smoke_runs_and_unknown_names_are_left(made_of):
    """They are no evidence."""
    run, _ = made_of
    folder = run(THERE, 4, profile="smoke")
    [path] = (folder / "runs").iterdir()
    key = path.name.rpartition("-")[2]
    (path.parent / f"gone-full-0-{key}").write_bytes(path.read_bytes())

    lines = runner.take(folder)

    assert "profile smoke are no evidence" in lines[0]
    assert "no experiment has that name" in lines[1]
    assert not settings.RESULTS.exists()


def test_a_folder_without_runs_is_an_error_and_so_is_a_damaged_run(made_of, tmp_path):
    """Nothing is taken then."""
    run, _ = made_of
    with pytest.raises(ExperimentError, match="expected the run store of another checkout"):
        runner.take(tmp_path)

    folder = run(THERE, 4, 5)
    next((folder / "runs").iterdir()).write_bytes(b"no zip")
    with pytest.raises(store.StoreError, match="is damaged"):
        runner.take(folder)
    assert not settings.RESULTS.exists()


def test_the_command_takes_and_accepts_nothing_else(made_of, monkeypatch, capsys):
    """Documents are written, as after every change of results/."""
    run, inputs = made_of
    run(HERE, 0)
    folder = run(THERE, 2)
    run(HERE)
    written = []
    monkeypatch.setattr(publish, "judge", lambda: "found")
    monkeypatch.setattr(publish, "write_documents", written.append)

    command.accept(source=folder)

    assert "took clustering-stand-in/full/2" in capsys.readouterr().out
    assert set(results.read_measurements(settings.RESULTS)["seed"]) == {2}
    assert written == ["found"]


@pytest.mark.parametrize("seed", [-1, 1000, 2**32 - 1, 0.5, "0"])
def test_seeds_that_would_share_a_start_with_others_are_refused(made_of, seed):
    """Seeds 0 and 1000 shared one, and those near 2**32 failed: wherever a seed enters."""
    with pytest.raises(ExperimentError, match="a seed from 0 to 999, received"):
        runner.run(NAME, seed, "full")
    with pytest.raises(ExperimentError, match="share one"):
        runner.plan(pattern=NAME, seeds=[seed], profile="full")


def test_a_stored_run_with_such_a_seed_is_ignored(made_of):
    """An earlier release took it."""
    run, _ = made_of
    folder = run(HERE, 0)
    [path] = (folder / "runs").iterdir()
    (path.parent / path.name.replace("-0-", "-1000-")).write_bytes(path.read_bytes())

    runner.today.rebuild()

    assert results.read_measurements(settings.TODAY)["seed"].tolist() == [0]

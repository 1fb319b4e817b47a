"""Runs are killed, wherever they are, and nothing is lost: the same call ends as an unbroken one.

The long test kills what `make reproduce PROFILE=smoke` calls 30 times. The quick ones put one kill
each where random moments hardly ever fall: half-way through a file, and between two of them.
"""

import contextlib
import os
import subprocess
import sys

import killing
import numpy as np
import pytest

from replication import experiments, files, models, runner, training
from replication.experiments import Outcome
from replication.runner import Job, settings, today
from tests import stand_ins

KILLS = {"training": 24, "notebooks": 4, "site": 2}
SEED = 7
RECIPE = training.Recipe(epochs=5, batch_size=8, loss="mean_squared_error")
# A process that trains with the recipe above and kills itself at the moment it is told.
TRAIN = """
import os, signal, sys
from pathlib import Path
import keras
import numpy as np
from replication import files, models, store, training

folder, moment = Path(sys.argv[1]), sys.argv[2]
x = np.load(folder / "x.npy", allow_pickle=False)
fit = keras.Model.fit

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after_epoch(epoch, epochs, logs, seconds):
    print(epoch, flush=True)
    if moment == "in the middle of an epoch" and epoch == 2:
        halfway = keras.callbacks.LambdaCallback(on_train_batch_end=kill)  # after 50 of 100 steps
        keras.Model.fit = lambda *args, **options: fit(*args, callbacks=[halfway], **options)
    elif moment == "half-way through a checkpoint" and epoch == 3:
        files.os.fsync = lambda number: (os.ftruncate(number, 100), kill())
    elif moment == "before a checkpoint has its name" and epoch == 4:
        files.os.replace = kill

done = training.train(
    models.DenseAutoencoder, {"units": [4]}, x, x.reshape(len(x), -1),
    recipe=training.Recipe(epochs=5, batch_size=8, loss="mean_squared_error"),
    seed=3,
    checkpoints=store.Checkpoints(folder / "checkpoints", on_epoch=after_epoch),
)
np.savez(folder / "weights.npz", *done.model.get_weights())
"""
MOMENTS = {  # when it is killed -> the epochs it has done by then, in this order one after another
    "in the middle of an epoch": ["1", "2"],
    "half-way through a checkpoint": ["3"],
    "before a checkpoint has its name": ["4"],
    "never": ["5"],
}


@pytest.fixture
def digits(library):
    """A hundred steps an epoch."""
    return library.load("digits").x_train[: 100 * RECIPE.batch_size]


def test_a_training_run_killed_in_and_between_epochs_ends_with_the_same_weights(digits, tmp_path):
    """Killed in an epoch, in a checkpoint's content and before its renaming: not a bit differs."""
    np.save(tmp_path / "x.npy", digits, allow_pickle=False)
    for moment, epochs in MOMENTS.items():
        ended = subprocess.run(
            [sys.executable, "-c", TRAIN, tmp_path, moment],
            capture_output=True,
            text=True,
            cwd=killing.ROOT,
        )

        assert ended.stdout.split() == epochs, f"{moment}: {ended.stderr}"
        assert ended.returncode == (0 if moment == "never" else -9)

    targets = digits.reshape(len(digits), -1)
    unbroken = training.train(
        models.DenseAutoencoder, {"units": [4]}, digits, targets, recipe=RECIPE, seed=3
    )
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as found:
        for ours, theirs in zip(unbroken.model.get_weights(), found.values(), strict=True):
            np.testing.assert_array_equal(theirs, ours)
    assert len(list((tmp_path / "checkpoints").glob("*.npz"))) == 1


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that measures next to nothing, and a build folder of its own."""
    stand_in, _ = stand_ins.register(
        monkeypatch, lambda seed, profile: Outcome({"answer": (42.0, 7)}, [{"loss": 0.5}])
    )
    monkeypatch.setattr(settings, "BUILD", tmp_path)
    monkeypatch.setattr(settings, "TODAY", tmp_path / "results")
    return Job(stand_in, "smoke", 0)


@pytest.mark.parametrize("renamed", range(4))
@pytest.mark.parametrize("stale", [False, True], ids=["added", "dropped"])
def test_tables_cut_off_while_they_are_written_are_whole_next_time(
    job, tmp_path, monkeypatch, renamed, stale
):
    """Ended with none, one, two or three of four in place, as rows come or go with their code."""
    other = Job(job.experiment, "smoke", 1)
    for each in (job, other):
        runner.execute(each)
    whole = killing.tables(tmp_path)
    other.path.rename(tmp_path / "elsewhere")
    today.rebuild()
    fewer, expected = killing.tables(tmp_path), whole
    if stale:
        (tmp_path / "elsewhere").rename(other.path)
        today.rebuild()
        other.path.unlink()
        expected = fewer
    else:
        (tmp_path / "elsewhere").rename(other.path)
    replace, left = os.replace, iter(range(renamed))

    def replace_or_stop(*paths):
        if next(left, None) is None:
            raise KeyboardInterrupt
        replace(*paths)

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(files.os, "replace", replace_or_stop)
        today.rebuild()
    today.rebuild()

    assert fewer != whole
    assert killing.tables(tmp_path) == expected


@pytest.mark.long
def test_reproduce_killed_at_thirty_random_moments_ends_with_the_same_tables(tmp_path):
    """Killed while it trains, executes notebooks and writes the site: every byte as unbroken."""
    moments = killed_like_unbroken(tmp_path, "run", "--profile", "smoke", kills=KILLS)

    assert len(moments) == 30
    assert len(killing.tables(tmp_path / "killed")) == 3 * len(experiments.slugs())


@pytest.mark.long
def test_jobs_side_by_side_may_be_killed_too(tmp_path):
    """Two workers and their parent, together or the parent alone, on the cheapest article."""
    few = {"training": 5, "notebooks": 2, "site": 1}
    arguments = ("--profile", "smoke", "--article", "contractive", "--jobs", "2")
    killed_like_unbroken(tmp_path, "run", *arguments, kills=few)


@pytest.mark.long
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_a_call_soon_and_the_next_one_goes_on(tmp_path, jobs):
    """While it trains, and while a notebook runs: a sentence, 130, and nothing computes on."""
    arguments = ("run", "--profile", "smoke", "--article", "contractive", "--jobs", jobs)
    unbroken = killing.run_unbroken(tmp_path / "unbroken", *arguments)
    assert unbroken.code == 0, unbroken.said

    for reached in (killing.outcomes, killing.kernels):  # there is one
        call = killing.Call(tmp_path / "killed", *arguments)
        assert call.wait_until(reached), call.said()
        seconds = call.interrupt()
        print(f"{seconds:.1f} s after SIGINT: {call.process.returncode}\n{call.said()}")

        assert call.process.returncode == 130
        assert seconds < 30  # 5 s are promised; six times as much for a machine under load
        assert "finished epochs and runs are stored; the same call goes on" in call.said()
        assert "Traceback" not in call.said()
        assert not killing.still_running(tmp_path / "killed")
    assert killing.Call(tmp_path / "killed", *arguments).finish() == 0
    assert killing.tables(tmp_path / "killed") == killing.tables(tmp_path / "unbroken")
    assert killing.visible(tmp_path / "killed") == killing.visible(tmp_path / "unbroken")


def killed_like_unbroken(folder, *arguments, kills):
    """Asserts that a call killed at random moments ends as an unbroken one; the moments."""
    unbroken = killing.run_unbroken(folder / "unbroken", *arguments)
    assert unbroken.code == 0, unbroken.said

    moments, code = killing.run_killed(
        folder / "killed", *arguments, unbroken=unbroken, kills=kills, seed=SEED
    )
    print(*moments, sep="\n")  # shown if anything below fails

    assert code == 0
    assert killing.tables(folder / "killed") == killing.tables(folder / "unbroken")
    assert killing.provenance(folder / "killed") == killing.provenance(folder / "unbroken")
    assert killing.visible(folder / "killed") == killing.visible(folder / "unbroken")
    assert not killing.still_running(folder / "killed")
    return moments

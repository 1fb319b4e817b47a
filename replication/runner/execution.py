"""Running a job: from its last stored epoch on, into the run store.

A finished job is a file in the run store; one that was cut off leaves the
epochs it finished, and no such file.
"""

import functools
import json
import sys
import time
from pathlib import Path

import numpy as np

from replication import fingerprints, git, numerics, store
from replication.events import Announce, Event
from replication.experiments import Outcome, Profile
from replication.runner import settings
from replication.runner.jobs import Job


def load(job: Job) -> tuple[Outcome, dict] | None:
    """The stored outcome of a job with what is known about it, or None.

    A file that is damaged, or the outcome of another job, is named, moved aside, and counts as
    none.
    """
    stored = read_or_move_aside(job.path)
    if stored is None:
        return None
    about, arrays = stored
    measured = {name: (value, count) for name, (value, count) in about["metrics"].items()}
    return Outcome(measured, about["history"], arrays), about


def read_or_move_aside(path: Path, *names: str) -> tuple[dict, dict[str, np.ndarray]] | None:
    """What `read` finds; None where nothing is, or nothing that can be used."""
    try:
        return read(path, *names)
    except store.MISSING:
        return None
    except store.StoreError as error:
        aside = store.move_aside(path)
        print(f"{error} It was moved aside to {aside}; the job counts as not run.", file=sys.stderr)
        return None


def read(path: Path, *names: str) -> tuple[dict, dict[str, np.ndarray]]:
    """What a stored outcome says of itself, and its arrays.

    Args:
        path: A file of a run store.
        *names: The arrays to read; none for all of them.

    Raises:
        StoreError: If the file is damaged, or is the outcome of another job
            than its name says.
        FileNotFoundError, NotADirectoryError: If there is no such file.
    """
    arrays = store.load_arrays(path, *names)
    try:
        about = json.loads(str(arrays.pop("about")))
        [(float(value), int(count)) for value, count in about["metrics"].values()]
        key, ran = fingerprints.digest(about["inputs"]), about["inputs"]["parameters"]
        _ = about["history"], about["provenance"]["minutes"]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise store.StoreError(
            f"{path} is damaged: expected what was run under 'about', received {error!r}. Delete "
            "it and run again."
        ) from error
    if not path.name.endswith(f"-{key}.npz"):
        raise store.StoreError(
            f"{path} is the outcome of another job: expected the key in its name, received {key}, "
            f"of {ran}."
        )
    return about, arrays


def done(job: Job, minutes: float, where: str = "") -> Event:
    """A job ended well, after that many minutes, on another host or here."""
    line = f"{job.name}: done{where and f' on {where}'}, "
    line += f"{minutes:.1f} min with the training it rests on"
    return Event(line, kind="done", job=job.name, minutes=minutes, host=where)


def run_and_store(
    job: Job, *, announce: Announce = print, every: float = 5.0
) -> tuple[Outcome, dict]:
    """Runs one job from its last stored epoch on and stores what it found, and what is known of it.

    Epochs are announced `every` so many seconds, and the last of each training.
    """
    import keras

    computed = numerics.probe()
    keras.backend.clear_session()
    needed = fingerprints.versions(job.experiment.packages)
    environment = {**fingerprints.environment(), **needed, "threads": settings.threads()}
    checkpoints = store.Checkpoints(
        settings.BUILD / "checkpoints",
        fingerprint=fingerprints.digest({**environment, "numerics": computed}),
        on_epoch=_Epochs(job, announce, every),
    )
    started = time.perf_counter()
    outcome = job.experiment.run(job.seed, Profile(job.profile, settings.library(), checkpoints))
    minutes = (time.perf_counter() - started + checkpoints.seconds) / 60
    inputs = job.inputs
    about = {
        "inputs": inputs,
        "metrics": dict(outcome.metrics),
        "history": outcome.history,
        "provenance": {
            "key": fingerprints.digest(inputs),
            "source": fingerprints.digest(inputs["source"]),
            "data": inputs["data"],
            "commit": _commit(),
            "fingerprint": "+".join(sorted(checkpoints.fingerprints | {checkpoints.fingerprint})),
            "environment": environment,
            "numerics": computed,
            "minutes": float(f"{minutes:.3g}"),
        },
    }
    store.save_arrays(job.path, {**outcome.arrays, "about": np.array(json.dumps(about))})
    return outcome, about


def _commit() -> str:
    """The commit of this checkout, `+` if files differ from it; empty where git tells none."""
    listed = ("status", "--porcelain", "--untracked-files=normal", "replication")
    try:
        head = git.ask(settings.ROOT, "rev-parse", "HEAD").decode().strip()
        changed = git.ask(settings.ROOT, *listed)
    except git.GitError as error:
        if not error.foreign:
            _say_once(f"no commit is kept with the numbers. {error}")
        return ""
    return head[:12] + ("+" if changed else "")


@functools.cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Epochs:
    """Announces epochs with the time left, at most one every few seconds."""

    def __init__(self, job: Job, announce: Announce, every: float):
        self.job, self.announce, self.every = job, announce, every
        self.last = 0.0

    def __call__(self, epoch: int, epochs: int, logs: dict, seconds: float) -> None:
        now = time.perf_counter()
        if now - self.last < self.every and epoch < epochs:
            return
        self.last = now
        pace = seconds / epoch
        left = pace * (epochs - epoch)
        line = (
            f"{self.job.name}: epoch {epoch}/{epochs}, loss {logs['loss']:.4g}, "
            f"{pace:.3g} s an epoch, {left / 60:.1f} min left"
        )
        facts = {"epoch": epoch, "epochs": epochs, "loss": logs["loss"]}
        facts |= {"seconds": seconds, "seconds_per_epoch": pace, "seconds_left": left}
        self.announce(Event(line, kind="epoch", job=self.job.name, **facts))


def set_aside(jobs: list[Job], announce: Announce) -> None:
    """Moves what is stored out of the way, so that these jobs start over, and says where to.

    Nobody can tell whose epochs a checkpoint holds, as experiments share trained models: all go.
    """
    aside = settings.BUILD / "aside" / time.strftime("%Y%m%dT%H%M%S")
    outcomes = [job.path for job in jobs if job.path.exists()]
    moved = outcomes + sorted((settings.BUILD / "checkpoints").glob("*.npz"))
    for path in moved:
        store.make_folder(aside / path.parent.name)
        path.rename(aside / path.parent.name / path.name)
    if moved:
        counts = f"{len(outcomes)} stored runs and {len(moved) - len(outcomes)} trainings"
        announce(Event(f"starting over: {counts} were moved to {aside}"))


def note_failure(job: Job, what: str, trace: str, announce) -> tuple[Job, str]:
    """Announces that a job failed; its traceback, if it left one, goes to a file of its own.

    Returns:
        The job and what went wrong, with the traceback's file.
    """
    why = what
    if trace:  # a process that was killed left none
        log = settings.BUILD / "failures" / f"{job.name.replace('/', '-')}.txt"
        store.write_atomically(log, trace.encode())
        why = f"{what} (traceback in {log})"
    announce(Event(f"{job.name}: FAILED, {why}", kind="failed", job=job.name, why=why))
    return job, why

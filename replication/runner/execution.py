"""Running jobs, one after the other or side by side, each stored when it is done.

A finished job is a file in the run store and rows in `build/results`; one that
was cut off leaves the epochs it finished, and neither file nor rows.
"""

import functools
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable

import numpy as np
import pandas as pd

from replication import datasets, experiments, fingerprints, results, store
from replication.experiments import Outcome, Profile
from replication.runner import settings
from replication.runner.jobs import Job
from replication.runner.upkeep import forget_stale_rows


def execute(job: Job, *, since: float = 0.0, announce: Callable[[str], None] = print) -> Outcome:
    """Runs one job, or finds it done, and puts its rows into `build/results`.

    Args:
        job: What to run.
        since: Outcomes and epochs stored before this time (seconds since the
            epoch) are ignored; 0 ignores none.
        announce: Receives one line per event worth a line.

    Returns:
        The outcome.
    """
    stored = load(job, since=since)
    outcome, about = stored or run_and_store(job, since=since, announce=announce)
    recorded = results.read_provenance(settings.TODAY, job.experiment.slug).get(job.name)
    if stored and recorded == about["provenance"]:
        return outcome
    if not stored:
        minutes = about["provenance"]["minutes"]
        announce(f"{job.name}: done, {minutes:.1f} min with the training it rests on")
    record(job, outcome, about)
    return outcome


def record(job: Job, outcome: Outcome, about: dict) -> None:
    """Puts the rows of a finished job into `build/results`, in place of former ones.

    Args:
        job: What was run.
        outcome: What it found.
        about: What is known about the run, as `load` returns it.
    """
    experiment = job.experiment
    results.record(
        settings.TODAY,
        experiment.slug,
        experiment=experiment.name,
        profile=job.profile,
        seed=job.seed,
        metrics=[(each.name, each.unit, each.better) for each in experiment.metrics],
        tier=experiment.tier,
        measurements=outcome.metrics,
        history=_long_history(outcome.history),
        provenance=about["provenance"],
    )


def load(job: Job, *, since: float = 0.0) -> tuple[Outcome, dict] | None:
    """The stored outcome of a job with what is known about it, or None.

    A damaged file is named, moved aside, and counts as none.
    """
    if not job.path.exists() or job.path.stat().st_mtime < since:
        return None
    try:
        arrays = store.load_arrays(job.path)
        about = json.loads(str(arrays.pop("about")))
        measured = {name: (value, count) for name, (value, count) in about["metrics"].items()}
        return Outcome(measured, about["history"], arrays), about
    except (store.StoreError, KeyError, ValueError) as error:
        aside = store.move_aside(job.path)
        print(f"{error} It was moved aside to {aside}; the job runs anew.", file=sys.stderr)
        return None


def run_and_store(job: Job, *, since: float = 0.0, announce=print) -> tuple[Outcome, dict]:
    """Runs one job from its last stored epoch on and stores what it found; writes no rows.

    Returns:
        The outcome, and what is known about the run.
    """
    import keras

    keras.backend.clear_session()
    needed = fingerprints.versions(job.experiment.packages)
    environment = {**fingerprints.environment(), **needed, "threads": settings.threads()}
    checkpoints = store.Checkpoints(
        settings.BUILD / "checkpoints",
        fingerprint=fingerprints.digest(environment),
        on_epoch=_EpochLines(job, announce),
        since=since,
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
            "minutes": float(f"{minutes:.3g}"),
        },
    }
    store.save_arrays(job.path, {**outcome.arrays, "about": np.array(json.dumps(about))})
    return outcome, about


def _commit() -> str:
    """The commit of this checkout, `+` if files differ from it; empty outside of git."""
    try:
        git = ["git", "-C", str(settings.ROOT)]
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "replication"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip()[:12] + ("+" if changed.stdout else "")


class _EpochLines:
    """Prints a line per epoch, at most one every few seconds, with the time left."""

    def __init__(self, job: Job, announce: Callable[[str], None], every: float = 5.0):
        self.job, self.announce, self.every = job, announce, every
        self.last = 0.0

    def __call__(self, epoch: int, epochs: int, logs: dict, seconds: float) -> None:
        now = time.perf_counter()
        if now - self.last < self.every and epoch < epochs:
            return
        self.last = now
        left = seconds / epoch * (epochs - epoch)
        self.announce(
            f"{self.job.name}: epoch {epoch}/{epochs}, loss {logs['loss']:.4g}, "
            f"{seconds / epoch:.3g} s an epoch, {left / 60:.1f} min left"
        )


def _long_history(history: list[dict[str, float]]):
    rows = [
        (epoch, quantity, value)
        for epoch, means in enumerate(history, start=1)
        for quantity, value in means.items()
    ]
    return pd.DataFrame(rows, columns=["epoch", "quantity", "value"])


def run_jobs(
    jobs: list[Job], *, num_jobs: int = 1, since: float = 0.0, announce=print
) -> list[tuple[Job, str]]:
    """Runs jobs, `num_jobs` side by side; one that fails does not stop the others.

    Returns:
        The jobs that failed, each with what went wrong.
    """
    from joblib import Parallel, delayed

    forget_stale_rows()
    todo = missing(jobs, since=since)
    minutes = sum(job.experiment.minutes for job in todo if job.profile == "full") / num_jobs
    announce(
        f"{len(jobs)} jobs, {len(jobs) - len(todo)} stored already, {len(todo)} to run"
        + (f": at most {minutes:.0f} min on two cores" if minutes else "")
    )
    if num_jobs == 1 or len(todo) < 2:
        failed = [failure for job in jobs for failure in _attempt(job, since, announce)]
    else:
        share = max(1, (os.cpu_count() or 1) // num_jobs)
        before = settings.threads()
        settings.set_threads(share)
        calls = (delayed(_attempt_by_name)(job.name, since) for job in jobs)
        failures = Parallel(n_jobs=num_jobs, backend="loky", batch_size=1)(calls)
        settings.set_threads(before)
        names = {job.name: job for job in jobs}
        failed = [(names[name], why) for found in failures for name, why in found]
    return failed


def missing(jobs: list[Job], *, since: float = 0.0) -> list[Job]:
    """The jobs that have no stored outcome."""
    return [job for job in jobs if load(job, since=since) is None]


def _attempt(job: Job, since: float, announce) -> list[tuple[Job, str]]:
    try:
        execute(job, since=since, announce=announce)
    except (datasets.DatasetError, store.StoreError, results.ResultsError):
        raise  # the next job would meet the same
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        return [note_failure(job, what, traceback.format_exc(), announce)]
    return []


def note_failure(job: Job, what: str, trace: str, announce) -> tuple[Job, str]:
    """Writes the traceback of a failed job to a file of its own, and announces the failure.

    Returns:
        The job and what went wrong, with the traceback's file.
    """
    log = settings.BUILD / "failures" / f"{job.name.replace('/', '-')}.txt"
    store.write_atomically(log, trace.encode())
    why = f"{what} (traceback in {log})"
    announce(f"{job.name}: FAILED, {why}")
    return job, why


def _attempt_by_name(name: str, since: float) -> list[tuple[str, str]]:
    announce = functools.partial(print, flush=True)
    return [(failed.name, why) for failed, why in _attempt(job_named(name), since, announce)]


def job_named(name: str) -> Job:
    """The job of that name, `experiment/profile/seed`, in this process."""
    experiment, profile, seed = name.split("/")
    return Job(experiments.find(experiment), profile, int(seed))

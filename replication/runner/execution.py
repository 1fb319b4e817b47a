"""Running a job: from its last stored epoch on, into the run store and the tables.

A finished job is a file in the run store and rows in `build/results`; one that
was cut off leaves the epochs it finished, and neither file nor rows.
"""

import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from replication import experiments, fingerprints, numerics, results, store
from replication.events import Announce, Event
from replication.experiments import Outcome, Profile
from replication.results.schema import HISTORY, MEASUREMENTS, METRICS, Table, render_table
from replication.runner import settings
from replication.runner.jobs import Job


def execute(job: Job, *, since: float = 0.0, announce: Announce = print) -> Outcome:
    """Runs one job, or finds it done, and puts its rows into `build/results`.

    Args:
        job: What to run.
        since: Outcomes and epochs stored before this time (seconds since the
            epoch) are ignored; 0 ignores none.
        announce: Receives an event per event.

    Returns:
        The outcome.
    """
    stored = load(job, since=since)
    outcome, about = stored or run_and_store(job, since=since, announce=announce)
    if not stored:
        announce(done(job, about["provenance"]["minutes"]))
    if not stored or not _recorded(job, outcome, about):
        record(job, outcome, about)
    return outcome


def _recorded(job: Job, outcome: Outcome, about: dict) -> bool:
    """Whether `build/results` has the run, every row of it: a table may be gone, or its end."""
    slug = job.experiment.slug
    if results.read_provenance(settings.TODAY, slug).get(job.name) != about["provenance"]:
        return False
    for table, rows in _tables(job, outcome):
        path = settings.TODAY / slug / table.file_name
        there = results.read_text(path).splitlines() if path.is_file() else []
        if not set(there).issuperset(render_table(table, rows, str(path)).splitlines()):
            return False
    return True


def _tables(job: Job, outcome: Outcome) -> list[tuple[Table, pd.DataFrame]]:
    """The rows of a run in the tables that hold numbers, and the metrics it declares."""
    experiment = job.experiment
    run = {"experiment": experiment.name, "profile": job.profile, "seed": job.seed}
    values = [(*run.values(), name, *each) for name, each in outcome.metrics.items()]
    metrics = [
        (experiment.name, each.name, each.unit, each.better, experiment.tier)
        for each in experiment.metrics
    ]
    return [
        (MEASUREMENTS, pd.DataFrame(values, columns=list(MEASUREMENTS.columns))),
        (METRICS, pd.DataFrame(metrics, columns=list(METRICS.columns))),
        (HISTORY, _long_history(outcome.history).assign(**run)),
    ]


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
    except (store.StoreError, AttributeError, KeyError, TypeError, ValueError) as error:
        aside = store.move_aside(job.path)
        print(f"{error} It was moved aside to {aside}; the job runs anew.", file=sys.stderr)
        return None


def done(job: Job, minutes: float, where: str = "") -> Event:
    """A job ended well, after that many minutes, on another host or here."""
    line = f"{job.name}: done{where and f' on {where}'}, "
    line += f"{minutes:.1f} min with the training it rests on"
    return Event(line, kind="done", job=job.name, minutes=minutes, host=where)


def run_and_store(
    job: Job, *, since: float = 0.0, announce: Announce = print, every: float = 5.0
) -> tuple[Outcome, dict]:
    """Runs one job from its last stored epoch on and stores what it found; writes no rows.

    Args:
        job: What to run.
        since: Epochs stored before this time are ignored.
        announce: Receives an event per epoch, and the last of each training.
        every: Seconds between two of them.

    Returns:
        The outcome, and what is known about the run.
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
            "numerics": computed,
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


def _long_history(history: list[dict[str, float]]):
    rows = [
        (epoch, quantity, value)
        for epoch, means in enumerate(history, start=1)
        for quantity, value in means.items()
    ]
    return pd.DataFrame(rows, columns=["epoch", "quantity", "value"])


def missing(jobs: list[Job], *, since: float = 0.0) -> list[Job]:
    """The jobs that have no stored outcome."""
    return [job for job in jobs if load(job, since=since) is None]


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


def job_named(name: str) -> Job:
    """The job of that name, `experiment/profile/seed`, in this process."""
    experiment, profile, seed = name.split("/")
    return Job(experiments.find(experiment), profile, int(seed))

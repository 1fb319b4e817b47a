"""Jobs on this machine, each in the process of a worker, several side by side."""

import queue
import threading
from collections.abc import Iterator
from typing import NamedTuple

from replication.events import Announce, Event
from replication.runner import settings, today
from replication.runner.execution import done, load, note_failure
from replication.runner.expected import Budget, Expected
from replication.runner.jobs import Job
from replication.runner.one_job import STOPPING, Worker

_EVERY = 1.0  # seconds between two epochs that a worker tells of


class Ended(NamedTuple):
    """What came of a call.

    Attributes:
        failed: Jobs that failed, each with what went wrong.
        left: Jobs that did not fit the budget.
    """

    failed: list[tuple[Job, str]]
    left: list[Job]


def run_jobs(
    jobs: list[Job],
    *,
    num_jobs: int = 1,
    fresh: bool = False,
    budget_minutes: float | None = None,
    announce: Announce = print,
) -> Ended:
    """Runs what is not stored; a job that fails does not stop the others.

    The cores are shared out among the workers, or each has `$OMP_NUM_THREADS`. Everything is
    announced, and every row written, by the thread that calls.

    Args:
        jobs: What to run, in this order; with a budget, the shortest first.
        num_jobs: How many side by side.
        fresh: Whether to start over: what is stored is moved aside.
        budget_minutes: Wall time to start jobs in that are expected to end in
            it; None for no limit.
        announce: Receives an event per event.

    Raises:
        DatasetError, ResultsError, StoreError: If an error would meet every job.
        ExperimentError: If `$OMP_NUM_THREADS` holds no number.
    """
    threads = settings.threads(num_jobs)
    todo = today.prepare(jobs, fresh=fresh, announce=announce)
    expected = Expected(threads)
    budget = None if budget_minutes is None else Budget(budget_minutes, expected)
    announce(planned(jobs, todo, expected, num_jobs=num_jobs, budget_minutes=budget_minutes))
    waiting = _Waiting(budget.in_order(todo) if budget else todo, budget)
    failed = []
    with _Pool(waiting, min(num_jobs, len(todo)), threads) as pool:
        for item in pool.items():
            if isinstance(item, Event):
                announce(item)
            else:
                failed += _settle(*item, announce)
    left = budget.left if budget else []
    for job in left:
        announce(_left(job, expected.minutes(job)))
    return Ended(failed, left)


def _left(job: Job, minutes: float | None) -> Event:
    """A job did not fit the budget, by the minutes it takes or because the time was over."""
    why = "the time was over" if minutes is None else f"it takes {_about(minutes)} here"
    return Event(f"{job.name}: left, {why}", kind="left", job=job.name, minutes=minutes)


def _about(minutes: float) -> str:
    """`about 0.5 min`, `about 12 min`, `about 480 min`."""
    return f"about {minutes:.2g} min" if minutes < 10 else f"about {minutes:.0f} min"


def planned(
    jobs: list[Job],
    todo: list[Job],
    expected: Expected | None = None,
    *,
    num_jobs: int = 1,
    budget_minutes: float | None = None,
) -> Event:
    """What will run, what is stored already, and, where that is known, the minutes it takes."""
    minutes = expected and expected.total(todo, side_by_side=num_jobs)
    line = f"{len(jobs)} jobs, {len(jobs) - len(todo)} stored already, {len(todo)} to run"
    if minutes is not None:
        line += f": {_about(minutes)} on this machine"
    if budget_minutes is not None:
        line += f"; started only if they end within {round(budget_minutes, 2):g} min"
    return Event(
        line,
        kind="planned",
        jobs=len(jobs),
        stored=len(jobs) - len(todo),
        missing=len(todo),
        minutes=minutes,
        budget=budget_minutes,
        by_job={job.name: expected and expected.minutes(job) for job in todo},
        side_by_side=num_jobs,
    )


class _Waiting:
    """Jobs to start, handed out one by one; those that do not fit the budget are passed over."""

    def __init__(self, jobs: list[Job], budget: Budget | None):
        self._jobs, self._budget, self._lock = list(jobs), budget, threading.Lock()

    def next(self) -> Job | None:
        with self._lock:
            while self._jobs:
                job = self._jobs.pop(0)
                if self._budget is None or self._budget.allows(job):
                    return job
        return None


class _Pool:
    """Threads that each lead one worker, and what they have to say, in one queue."""

    def __init__(self, waiting: _Waiting, size: int, threads: int):
        self._items: queue.SimpleQueue = queue.SimpleQueue()
        self._waiting, self._ending = waiting, False
        self._workers = [Worker(threads, self._items.put, alone=size == 1) for _ in range(size)]
        self._threads = [
            threading.Thread(target=self._lead, args=(worker,), daemon=True)
            for worker in self._workers
        ]

    def __enter__(self) -> "_Pool":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ending = True
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            thread.join()

    def items(self) -> Iterator:
        """Events, and `(job, answer)` for each job that ended, until all threads are done.

        What a thread did not expect is raised here, or its job would be lost unseen.
        """
        at_work = len(self._threads)
        while at_work:
            item = self._items.get()
            if item is None:
                at_work -= 1
            elif isinstance(item, Exception):
                raise item
            else:
                yield item

    def _lead(self, worker: Worker) -> None:
        say = self._items.put
        try:
            while not self._ending and (job := self._waiting.next()):
                say(Event(f"{job.name}: started", kind="started", job=job.name))
                say((job, worker.run(job.name, job.inputs, say, every=_EVERY)))
        except Exception as error:
            say(error)
        finally:
            worker.close()
            say(None)


def _settle(job: Job, answer: dict, announce: Announce) -> list[tuple[Job, str]]:
    """Takes note of a job that ended, well or not."""
    if "error" in answer:
        for kind in STOPPING:
            if answer.get("stop") == kind.__name__:
                raise kind(answer["error"])
        return [note_failure(job, answer["error"], answer["trace"], announce)]
    lost = f"its outcome is gone from {settings.BUILD} or damaged; run the same command again"
    return finish(job, lost, announce)


def finish(job: Job, lost: str, announce: Announce, *, where: str = "") -> list[tuple[Job, str]]:
    """Puts the rows of a job that ended well into the tables.

    Args:
        job: What was run.
        lost: What to say if there is no outcome of it.
        announce: Receives the event.
        where: On which host, if not this one.

    Returns:
        The failure, if it is one.
    """
    stored = load(job)
    if stored is None:
        return [note_failure(job, lost, "", announce)]
    today.rebuild([job.experiment.slug])
    announce(done(job, stored[1]["provenance"]["minutes"], where))
    return []

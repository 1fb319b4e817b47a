"""How long a job takes on this machine, by the runs it made before; and what fits a budget."""

import contextlib
import itertools
import math
import os
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from replication import environment, experiments, fingerprints, results
from replication.runner import settings
from replication.runner.jobs import Job

_SAME = ("backend", "device", "processor", "threads")  # what wall times can be compared under
_MEMORY = 2.5 * 2**30  # bytes of a job: the deep ones had 2.1 to 2.3 GiB resident
_MEMORY_INFO = Path("/proc/meminfo")
_LIMITS = (  # of a cgroup of version 2 or 1, and how much of it is used
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def jobs_that_fit() -> int:
    """How many jobs to run side by side: one for each core, as far as memory goes.

    Two small models side by side, on a thread each, are done before two in turn on two threads
    (`benchmarks/side_by_side.py`). One job on a GPU, and where `$OMP_NUM_THREADS` says how many
    threads a job has.
    """
    on_cpu = fingerprints.environment()["device"].startswith("cpu")
    if settings.threads(2) == settings.threads() or not on_cpu:
        return 1
    return max(1, min(settings.threads(), int(_free_memory() / _MEMORY)))


def _free_memory() -> float:
    """Bytes that can be had without paging: of the machine, or of the containers around us."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    available = [pages if pages > 0 else math.inf]
    with contextlib.suppress(OSError, KeyError):  # not Linux, or not all of it
        known = dict(line.split(":") for line in _MEMORY_INFO.read_text().splitlines())
        available.append(1024 * int(known["MemAvailable"].split()[0]))
    for group, files in itertools.product(environment.cgroups("memory"), _LIMITS):
        with contextlib.suppress(OSError, ValueError):  # no such limit, or none at all: `max`
            limit, used = (int((group / name).read_text()) for name in files)
            available.append(limit - used)
    return min(available)


class Expected:
    """Minutes that jobs take, the training they share included, from past wall times.

    The median over earlier seeds on this machine, with as many threads; else what the experiment
    declares for the full profile, at the pace of this machine; else what it took elsewhere on a
    device of this kind; None for a job that nothing is known about. What is declared is for CPUs.
    """

    def __init__(self, threads: int | None = None):
        here = {**fingerprints.environment(), "threads": threads or settings.threads()}
        past, elsewhere = defaultdict(list), defaultdict(list)
        for root in (settings.RESULTS, settings.TODAY):
            for name, about in results.read_provenance(root).items():
                environment, minutes = about.get("environment", {}), about.get("minutes")
                same = all(environment.get(part) == here[part] for part in _SAME)
                if minutes is not None and environment.get("device") == here["device"]:
                    (past if same else elsewhere)[tuple(name.split("/")[:2])].append(minutes)
        self._past = {run: statistics.median(minutes) for run, minutes in past.items()}
        self._elsewhere = {run: statistics.median(minutes) for run, minutes in elsewhere.items()}
        self._declared = bool(self._past) or here["device"].startswith("cpu")
        self._pace = self._pace_of_this_machine()

    def minutes(self, job: Job) -> float | None:
        """Expected minutes of one job, or None."""
        run = job.experiment.name, job.profile
        if run not in self._past and job.profile == "full" and self._declared:
            return job.experiment.minutes * self._pace
        return self._past.get(run, self._elsewhere.get(run))

    def total(self, jobs: Iterable[Job], *, side_by_side: int = 1) -> float | None:
        """Minutes until all jobs are done; None if nothing is known of any of them.

        No order of them takes less than the longest one, nor less than an equal share.
        """
        known = [minutes for minutes in map(self.minutes, jobs) if minutes is not None]
        return max(max(known), sum(known) / side_by_side) if known else None

    def _pace_of_this_machine(self) -> float:
        """Measured over declared minutes, the median over experiments; 1 before any run."""
        known = experiments.registry()
        ratios = [
            minutes / known[name].minutes
            for (name, profile), minutes in self._past.items()
            if profile == "full" and name in known and known[name].minutes
        ]
        return statistics.median(ratios) if ratios else 1.0


class Budget:
    """Wall time that jobs may be started in; notes the jobs that do not fit any more.

    Args:
        minutes: How long from now.
        expected: What a job is expected to take.
    """

    def __init__(self, minutes: float, expected: Expected):
        self.minutes = minutes
        self.expected = expected
        self.left: list[Job] = []
        self._ends = time.monotonic() + 60 * minutes

    def allows(self, job: Job) -> bool:
        """Whether the job is expected to end in time; one that nothing is known about is."""
        needed = 60 * (self.expected.minutes(job) or 0.0)
        fits = time.monotonic() + needed <= self._ends
        if not fits:
            self.left.append(job)
        return fits

    def in_order(self, jobs: Iterable[Job]) -> list[Job]:
        """The jobs shortest first, so that most of them fit."""
        return sorted(jobs, key=lambda job: (self.expected.minutes(job) or 0.0, job.name))


def parse_minutes(text: str) -> float:
    """Minutes from `20m`, `1h30m`, `1.5h` or `90s`.

    Raises:
        ValueError: If the text is no such duration, or none at all.

    >>> parse_minutes("1h30m")
    90.0
    """
    match = _DURATION.fullmatch(text.strip().lower())
    hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = 60 * hours + minutes + seconds / 60
    if not total:
        raise ValueError(f"{text!r} is no time; expected one such as 20m, 1h30m, 1.5h or 90s.")
    return total

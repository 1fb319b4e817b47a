"""Jobs: which experiment, under which profile, with which seed, and where it is stored."""

import fnmatch
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replication import experiments, fingerprints
from replication.experiments import Experiment
from replication.runner import settings

_FILE = re.compile(r"(.+)-(full|embedded|smoke)-(\d+)-[0-9a-f]{16}\.npz")


LARGEST_SEED = 999  # experiments derive a second seed by adding 1,000


@dataclass(frozen=True)
class Job:
    """One experiment with one seed, under one profile.

    Raises:
        ExperimentError: If the seed is none that an experiment may have.
    """

    experiment: Experiment
    profile: str
    seed: int

    def __post_init__(self):
        if not isinstance(self.seed, int | np.integer) or not 0 <= self.seed <= LARGEST_SEED:
            raise experiments.ExperimentError(
                f"expected a seed from 0 to {LARGEST_SEED}, received {self.seed!r}: experiments "
                "add 1,000 to it where a run needs another start, so that seeds 0 and 1000 would "
                "share one. Choose a smaller seed."
            )

    @property
    def name(self) -> str:
        """`experiment/profile/seed`, as in `provenance.json`."""
        return f"{self.experiment.name}/{self.profile}/{self.seed}"

    @functools.cached_property
    def inputs(self) -> dict:
        """Everything the job's key is made of."""
        return self.experiment.inputs(self.seed, self.profile)

    @functools.cached_property
    def path(self) -> Path:
        """The file of its outcome in the run store."""
        label = self.name.replace("/", "-")
        return settings.BUILD / "runs" / f"{label}-{fingerprints.digest(self.inputs)}.npz"


def named(path: Path) -> Job | None:
    """The job that a file of a run store is named after, if this code knows one of that name."""
    match, known = _FILE.fullmatch(path.name), experiments.registry()
    if match is None or match[1] not in known or int(match[3]) > LARGEST_SEED:
        return None
    return Job(known[match[1]], match[2], int(match[3]))


def in_store(slug: str) -> list[Job]:
    """The jobs of an article with an outcome in the run store, of today's key or another."""
    jobs = {
        job.name: job for path in (settings.BUILD / "runs").glob("*.npz") if (job := named(path))
    }
    return [jobs[name] for name in sorted(jobs) if jobs[name].experiment.slug == slug]


def plan(
    *,
    article: str | None = None,
    pattern: str | None = None,
    seeds: Iterable[int],
    profile: str,
    extended: bool = False,
) -> list[Job]:
    """The jobs of a call, longest first, so that side by side they end together."""
    wanted = select(article=article, pattern=pattern, extended=extended)
    jobs = [Job(experiment, profile, seed) for experiment in wanted for seed in seeds]
    return sorted(jobs, key=lambda job: (-job.experiment.minutes, job.name))


def select(
    *, article: str | None = None, pattern: str | None = None, extended: bool = False
) -> list[Experiment]:
    """Experiments of an article, or whose name matches a pattern such as `*-mnist`.

    Extended ones are added where they are asked for, or where a pattern is.

    Raises:
        ExperimentError: If nothing is called that; names what there is.
    """
    if article is not None and article not in experiments.slugs():
        raise experiments.ExperimentError(
            f"unknown article {article!r}; expected one of {', '.join(experiments.slugs())}."
        )
    selected = [
        each
        for each in experiments.registry().values()
        if article in (None, each.slug)
        and (extended or pattern is not None or each.tier == "core")
        and (pattern is None or fnmatch.fnmatchcase(each.name, pattern))
    ]
    if not selected:
        raise experiments.ExperimentError(
            f"no experiment matches {pattern!r}; expected a pattern for some of "
            f"{', '.join(experiments.registry())}."
        )
    return selected

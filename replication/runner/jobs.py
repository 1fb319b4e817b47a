"""Jobs: which experiment, under which profile, with which seed, and where it is stored."""

import difflib
import fnmatch
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replication import experiments, fingerprints
from replication.experiments import LARGEST_SEED, Experiment
from replication.runner import settings

_FILE = re.compile(r"(.+)-(full|embedded|smoke)-(\d+)-[0-9a-f]{16}\.npz")


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
        object.__setattr__(self, "seed", int(self.seed))  # of NumPy's, JSON writes none

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


def changes(before: Mapping, after: Mapping) -> list[tuple[str, str, object, object]]:
    """What two keys are made of differently: part, name, and both values, None where it lacks."""
    found = []
    for part in dict.fromkeys([*after, *before]):
        old, new = before.get(part, {}), after.get(part, {})
        names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        found += [(part, name, old.get(name), new.get(name)) for name in names]
    return found


def named(path: Path) -> Job | None:
    """The job that a file of a run store is named after, if this code knows one of that name."""
    match, known = _FILE.fullmatch(path.name), experiments.registry()
    if match is None or match[1] not in known or int(match[3]) > LARGEST_SEED:
        return None
    return Job(known[match[1]], match[2], int(match[3]))


def parse_seeds(text: str) -> list[int]:
    """Seeds from `5` (the first five), `0-4` or `0,2,7`.

    Raises:
        ValueError: If the text is none of these, or a part of it names no seed.

    >>> parse_seeds("0-2,7")
    [0, 1, 2, 7]
    """
    text, parts = text.strip(), []
    try:
        for part in [f"0-{int(text) - 1}"] if text.isdigit() else text.split(","):
            first, dash, last = part.partition("-")
            parts.append((int(first), int(last if dash else first) + 1))
    except ValueError:
        parts = []
    if not parts or not all(first < end <= LARGEST_SEED + 1 for first, end in parts):
        raise ValueError(
            f"{text!r} names no seeds; expected a count such as 5, a range such as 0-4 (2-2 "
            f"is one seed) or a list such as 0,2,7, of seeds from 0 to {LARGEST_SEED}: where a run "
            "needs a second start, experiments add 1,000. A count of 0 is no seed; seed 0 alone is "
            "0-0."
        )
    return sorted({seed for first, end in parts for seed in range(first, end)})


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
        raise _nothing(article, pattern)
    return selected


def _nothing(article: str | None, pattern: str | None) -> experiments.ExperimentError:
    """That nothing was selected, and what may have been meant."""
    known = {each.name: each.slug for each in experiments.registry().values()}
    names = [name for name, slug in known.items() if article in (None, slug)]
    of = "" if article is None else f" of {article}"
    if pattern is None:
        return experiments.ExperimentError(
            f"no experiment{of} is in tier core; ask for extended ones with --all (make: ALL=1)."
        )
    near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "Names begin with their article: "
    hint += "" if near else f"{', '.join(dict.fromkeys(known.values()))}."
    return experiments.ExperimentError(
        f"no experiment{of} matches {pattern!r}. {hint} `list` prints all."
    )

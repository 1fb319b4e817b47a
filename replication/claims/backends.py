"""Runs on other backends and devices, held against our own seeds.

The rule is that of `regression` for another environment: a number is `stable`
inside the 95 % prediction interval of the committed seeds of profile full,
`drifted` outside, `undecided` with fewer than 3 seeds. One number in twenty
lies outside by chance. How far that goes for numbers which are not independent
is measured beside it: each of our own seeds against the others.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from replication.claims import slug_of
from replication.claims.differences import ValuesOf
from replication.claims.intervals import MIN_SEEDS, Interval, moments, prediction_interval
from replication.claims.tables import markdown
from replication.results import format_value

HELD_OUT = ("our own seeds", "each held against the others")
_PACKAGES = ("keras", "numpy", "scikit-learn", "scipy", "python")


@dataclass(frozen=True)
class Agreement:
    """One number of another backend or device, and where it lies among our seeds.

    `deviation` is its distance from our mean in units of our seeds' standard
    deviation, infinite where they do not differ and this one does. `equal`
    says that our number of the same seed is the same to 6 digits.
    """

    where: tuple[str, str]
    experiment: str
    metric: str
    seed: int
    value: float
    interval: Interval
    deviation: float
    status: str
    equal: bool


def tables(
    slugs: Collection[str], values_of: ValuesOf, rows: pd.DataFrame, runs: Mapping[str, dict]
) -> dict[str, str]:
    """The Markdown tables about other backends, by the name of their markers.

    Args:
        slugs: Of all articles.
        values_of: Our values by seed of an "experiment/metric".
        rows: Columns as in `backends.csv`.
        runs: How these were made, by "backend/device/experiment/profile/seed".
    """
    theirs = agreements(values_of, rows)
    return {
        "backends": summary_table(slugs, theirs, held_out(values_of, rows)),
        "backends-outside": outside_table(theirs),
        "backends-environments": environments_table(runs),
    }


def agreements(values_of: ValuesOf, rows: pd.DataFrame) -> list[Agreement]:
    """Every number of `backends.csv` that we have measured as well, in its order."""
    theirs = []
    for row in rows.itertuples(index=False):
        seeds = values_of(f"{row.experiment}/{row.metric}")
        if seeds:
            name = ((row.backend, row.device), row.experiment, row.metric, int(row.seed))
            theirs.append(_agreement(name, row.value, list(seeds.values()), seeds.get(row.seed)))
    return theirs


def held_out(values_of: ValuesOf, rows: pd.DataFrame) -> list[Agreement]:
    """The same test for the same numbers, with each of our seeds in the place of the other run."""
    ours = []
    for experiment, metric in sorted(set(zip(rows["experiment"], rows["metric"], strict=True))):
        seeds = values_of(f"{experiment}/{metric}")
        for seed, value in seeds.items():
            others = [each for other, each in seeds.items() if other != seed]
            if others:
                ours.append(_agreement((HELD_OUT, experiment, metric, seed), value, others, None))
    return ours


def unmatched(values_of: ValuesOf, rows: pd.DataFrame) -> list[str]:
    """The runs of `backends.csv` with a number that `results/` does not have."""
    return sorted(
        {
            f"{row.backend}/{row.device}/{row.experiment}"
            for row in rows.itertuples(index=False)
            if not values_of(f"{row.experiment}/{row.metric}")
        }
    )


def summary_table(
    slugs: Collection[str], theirs: Iterable[Agreement], ours: Iterable[Agreement]
) -> str:
    """Markdown: by backend, device and article, how many numbers lie inside our intervals."""
    names = (
        "backend", "device", "article", "runs", "numbers", "equal to ours", "inside", "outside",
        "farthest, in standard deviations",
    )  # fmt: skip
    everything = [each for each in (*theirs, *ours) if each.status != "undecided"]
    rows = []
    for where, group in _grouped(everything, lambda each: each.where).items():
        articles = _grouped(group, lambda each: slug_of(each.experiment, slugs) or "none")
        rows += [(*where, slug, *_counts(some)) for slug, some in articles.items()]
        rows += [(*where, "all", *_counts(group))] if len(articles) > 1 else []
    return markdown(names, rows)


def outside_table(theirs: Iterable[Agreement]) -> str:
    """Markdown: every number outside of our interval, the farthest first."""
    drifted = [each for each in theirs if each.status == "drifted"]
    drifted.sort(key=lambda each: (each.where, -abs(each.deviation), each.experiment, each.metric))
    rows = [
        (
            *each.where,
            f"`{each.experiment}/{each.metric}`",
            str(each.seed),
            f"{each.interval.mean:.4g} [{each.interval.low:.4g}, {each.interval.high:.4g}]",
            f"{each.value:.4g}",
            _deviation(each.deviation),
        )
        for each in drifted
    ]
    ours = "ours: mean [95 % interval]"
    names = ("backend", "device", "number", "seed", ours, "there", "standard deviations")
    return markdown(names, rows)


def environments_table(runs: Mapping[str, dict]) -> str:
    """Markdown: what the runs of `backends.json` were made with."""
    groups = _grouped(sorted(runs.items()), lambda item: _environment(*item))
    rows = [(*environment, str(len(group))) for environment, group in groups.items()]
    names = ("backend", "device", "processor", "threads", "with", "commit", "runs")
    return markdown(names, rows)


def _agreement(name: tuple, value: float, seeds: list[float], same: float | None) -> Agreement:
    interval = prediction_interval(seeds)
    mean, std = moments(seeds)
    differs = format_value(value) != format_value(mean)
    deviation = (value - mean) / std if std else (math.inf if differs else 0.0)
    status = "stable" if interval.holds(value) else "drifted"
    if len(seeds) < MIN_SEEDS:
        status = "undecided"
    equal = same is not None and format_value(same) == format_value(value)
    return Agreement(*name, value, interval, deviation, status, equal)


def _grouped(items: Iterable, key: Callable) -> dict:
    """Items by key, keys in the order in which they come first."""
    groups: dict = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _counts(group: Sequence[Agreement]) -> tuple[str, ...]:
    """Runs, numbers, how many are equal, inside and outside, and which is farthest."""
    outside = [each for each in group if each.status == "drifted"]
    compared = group[0].where != HELD_OUT
    return (
        str(len({(each.experiment, each.seed) for each in group})),
        str(len(group)),
        str(sum(each.equal for each in group)) if compared else "",
        str(len(group) - len(outside)),
        f"{len(outside)} ({_shares(group)})",
        _farthest(group),
    )


def _shares(group: Sequence[Agreement]) -> str:
    """The share of numbers outside, and where there are several seeds, each seed's range."""

    def share(some: Sequence[Agreement]) -> float:
        return 100 * sum(each.status == "drifted" for each in some) / len(some)

    by_seed = [share(some) for some in _grouped(group, lambda each: each.seed).values()]
    spread = f"; by seed {min(by_seed):.1f} to {max(by_seed):.1f} %" if len(by_seed) > 1 else ""
    return f"{share(group):.1f} %{spread}"


def _farthest(group: Sequence[Agreement]) -> str:
    far = max(group, key=lambda each: abs(each.deviation))
    return f"{_deviation(far.deviation)}, `{far.experiment}/{far.metric}`"


def _deviation(deviation: float) -> str:
    return f"{deviation:+.1f}" if math.isfinite(deviation) else "our seeds do not differ"


def _environment(run: str, about: dict) -> tuple[str, ...]:
    """Backend with its version, device, processor, threads, libraries and commit of a run."""
    backend, device, *_ = run.split("/")
    environment = about["environment"]
    packages = ", ".join(f"{name} {environment[name]}" for name in _PACKAGES if name in environment)
    version = f"{backend} {environment.get(backend, '')}".strip()
    processor, threads = environment.get("processor", ""), str(environment.get("threads", ""))
    return version, device, processor, threads, packages, about.get("commit", "")

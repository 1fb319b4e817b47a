"""Today's numbers against the committed ones: `stable | drifted | new | not run`.

In the same environment (equal probes, see `replication.numerics`) a number must come back to 6
significant digits. In another one it must lie inside the 95 % prediction
interval of the committed seeds; with fewer than 3 of them that is `undecided`.
Profile `smoke` is never judged. This axis says nothing about the article.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from replication.claims import Claim
from replication.claims.intervals import MIN_SEEDS, prediction_interval
from replication.results import format_value

STATUSES = ("drifted", "undecided", "new", "stable", "not run")  # the most alarming first


@dataclass(frozen=True)
class Regression:
    """One number against its committed self. `expected` says what would have been stable."""

    experiment: str
    profile: str
    seed: int
    metric: str
    status: str
    expected: str
    found: str


def compare(
    committed: pd.DataFrame,
    today: pd.DataFrame,
    *,
    committed_provenance: Mapping[str, dict],
    today_provenance: Mapping[str, dict],
) -> list[Regression]:
    """Every number of either table, smoke aside, with its status.

    Args:
        committed: Measurements as committed in `results/`.
        today: Measurements of this machine, normally from `build/results`.
        committed_provenance: With the `fingerprint` of each committed run.
        today_provenance: With the `fingerprint` of each run of today.
    """
    before, after = _cells(committed), _cells(today)
    seeds: dict[tuple, dict[int, float]] = {}
    for (experiment, profile, seed, metric), value in before.items():
        seeds.setdefault((experiment, profile, metric), {})[seed] = value
    found = []
    for cell in sorted(before | after):
        experiment, profile, seed, metric = cell
        if cell not in after:
            status = ("not run", format_value(before[cell]), "nothing today")
        elif cell not in before:
            status = ("new", "nothing committed", format_value(after[cell]))
        else:
            run = f"{experiment}/{profile}/{seed}"
            same = same_environment(committed_provenance.get(run), today_provenance.get(run))
            others = list(seeds[experiment, profile, metric].values())
            status = _status(before[cell], after[cell], others, same)
        found.append(Regression(*cell, *status))
    return found


def roll_up(statuses: Collection[str]) -> str:
    """The status of a group: the most alarming one; `not run` only where nothing was run."""
    return next((status for status in STATUSES if status in statuses), "not run")


def status_of_claim(claim: Claim, regressions: Collection[Regression], profile="full") -> str:
    """The status of everything a claim refers to.

    `not run` as soon as one measurement the verdict rests on was not run
    today at any seed, unless another has drifted.
    """
    statuses: dict[str, set[str]] = {}
    for row in regressions:
        if row.profile == profile:
            statuses.setdefault(f"{row.experiment}/{row.metric}", set()).add(row.status)
    groups = {name: roll_up(statuses.get(name, ())) for name in claim.references}
    everything = roll_up([group for group in groups.values() if group != "not run"])
    if everything != "drifted" and "not run" in [groups[name] for name in claim.judged]:
        return "not run"
    return everything


def status_by_experiment(regressions: Collection[Regression]) -> dict[tuple[str, str], str]:
    """The status of each (experiment, profile)."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in regressions:
        groups.setdefault((row.experiment, row.profile), []).append(row.status)
    return {group: roll_up(statuses) for group, statuses in groups.items()}


def _cells(measurements: pd.DataFrame) -> dict[tuple[str, str, int, str], float]:
    columns = (measurements[name] for name in ("experiment", "profile", "seed", "metric", "value"))
    return {
        (experiment, profile, int(seed), metric): float(value)
        for experiment, profile, seed, metric, value in zip(*columns, strict=True)
        if profile != "smoke"
    }


def same_environment(before: Mapping | None, after: Mapping | None) -> bool:
    """Whether two runs were computed alike to the last bit, as far as a probe can tell.

    Names of processors and versions do not count. A run without a probe is of another
    environment, and so is one whose probe failed or whose epochs several environments share.
    """
    if before is None or after is None or any("+" in run["fingerprint"] for run in (before, after)):
        return False
    ours, theirs = before.get("numerics", {}), after.get("numerics", {})
    return bool(ours) and ours == theirs and "unknown" not in ours.values()


def _status(before: float, after: float, seeds: list[float], same: bool) -> tuple[str, str, str]:
    """Status, what was expected and what was found of a number that was measured twice."""
    expected, found = format_value(before), format_value(after)
    if expected == found:
        return "stable", expected, found
    if same:
        return "drifted", f"{expected}, as in the same environment", found
    if len(seeds) < MIN_SEEDS:
        return "undecided", f"near {expected}; {len(seeds)} committed seeds are too few", found
    interval = prediction_interval(seeds)
    expected = f"in [{format_value(interval.low)}, {format_value(interval.high)}]"
    return ("stable" if interval.holds(after) else "drifted"), expected, found

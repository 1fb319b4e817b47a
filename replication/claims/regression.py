"""Today's numbers against the committed ones: `stable | drifted | new | not run`.

In the same environment (equal probes, see `replication.numerics`) a number
must come back to 6 significant digits. In another one it must lie inside the
noise over machines, over seeds and of rounding (`noise`), at a level that
keeps the whole check to one false alarm in a hundred; and the numbers of
another environment must not be further off together than our own seeds and
machines are from each other (`collective`). Where neither noise is known, a
number that differs is `undecided`. Profile `smoke` is never judged. This axis
says nothing about the article.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from replication.claims import Claim
from replication.claims.collective import Number, findings
from replication.claims.noise import Noise, limit, noises
from replication.results import format_value

STATUSES = ("drifted", "undecided", "new", "stable", "not run")  # the most alarming first
ALARMS = 0.01  # chance of any alarm of a whole check on a healthy machine
_LABELS = ("python", "processor", "device", "threads")  # do not decide what a seed draws


@dataclass(frozen=True)
class Regression:
    """One number against its committed self.

    `expected` says what would have been stable. `elsewhere` is whether another environment
    found it; `deviation` then says how far off it is, in standard deviations, `together` that it
    drifted with others, not alone, `upgrades` which versions differ, and `kernels` which parts
    of the probe.
    """

    experiment: str
    profile: str
    seed: int
    metric: str
    status: str
    expected: str
    found: str
    elsewhere: bool = False
    deviation: float | None = None
    together: bool = False
    upgrades: str = ""
    kernels: tuple[str, ...] = ()


def compare(
    committed: pd.DataFrame,
    today: pd.DataFrame,
    *,
    committed_provenance: Mapping[str, dict],
    today_provenance: Mapping[str, dict],
    machines: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
) -> list[Regression]:
    """Every number of either table, smoke aside, with its status.

    Args:
        committed: Measurements as committed in `results/`, which holds no smoke runs.
        today: Measurements of this machine, normally from `build/results`.
        committed_provenance: With the `numerics` of each committed run.
        today_provenance: With the `numerics` of each run of today.
        machines: The rows of `noise.csv`; None where no machine noise is known.
        metrics: The rows of `metrics.csv`, for units and directions.
    """
    before, after = _cells(committed), _cells(today)
    regressions, others = [], {}
    for cell in sorted(before | after):
        if cell not in after:
            status = ("not run", format_value(before[cell]), "nothing today")
        elif cell not in before:
            status = ("new", "nothing committed", format_value(after[cell]))
        else:
            run = "/".join(map(str, cell[:3]))
            made = committed_provenance.get(run), today_provenance.get(run)
            expected, value = format_value(before[cell]), format_value(after[cell])
            if not same_environment(*made):
                others[cell] = upgrades(*made), kernels(*made)
            right = "stable" if expected == value else "drifted"
            status = (right, f"{expected}, as in the same environment", value)
        regressions.append(Regression(*cell, *status))
    if not others:
        return regressions
    tables = (pd.DataFrame() if table is None else table for table in (machines, metrics))
    known = noises(committed, *tables)
    return _judged(regressions, before, after, others, known)


def _judged(
    rows: list[Regression],
    before: Mapping[tuple, float],
    after: Mapping[tuple, float],
    others: Mapping[tuple, tuple[str, tuple[str, ...]]],
    known: Mapping[tuple, Noise],
) -> list[Regression]:
    """The rows, those of other environments held against noise, each and then together."""
    numbers: dict[tuple, Number] = {}
    for cell, (changed, _) in others.items():
        experiment, profile, seed, metric = cell
        noise = known[experiment, profile, metric]
        if noise.is_known(same_draws=not changed) or _equal(before[cell], after[cell]):
            far = noise.deviation(seed, after[cell])
            where = (experiment, profile, metric)
            numbers[cell] = Number(where, seed, after[cell], far, not changed)
    most = limit(len(numbers), ALARMS / 2)
    together = {
        (*number.cell[:2], number.seed, number.cell[2]): finding.words
        for finding in findings(list(numbers.values()), known, alarms=ALARMS / 2)
        for number in finding.numbers
    }
    judged = []
    for row in rows:
        cell = row.experiment, row.profile, row.seed, row.metric
        if cell in others:
            row = replace(row, elsewhere=True, upgrades=others[cell][0], kernels=others[cell][1])
            row = _elsewhere(row, before[cell], numbers.get(cell), most, together.get(cell))
        judged.append(row)
    return judged


def _elsewhere(
    row: Regression, committed: float, number: Number | None, most: float, together: str | None
) -> Regression:
    """A row of another environment with its status."""
    expected = format_value(committed)
    if number is None:
        words = f"near {expected}; too few seeds, or machines that draw alike, to know its noise"
        return replace(row, status="undecided", expected=words)
    far = number.deviation
    alone = abs(far) > most
    words = f"{expected}, at most {most:.1f} sd off; it is {abs(far):.1f} sd off"
    if together and not alone:
        words = f"{expected}; it is {abs(far):.1f} sd off, and with others: {together}"
    return replace(
        row,
        status="drifted" if alone or together else "stable",
        expected=words,
        deviation=far,
        together=bool(together) and not alone,
    )


def roll_up(statuses: Collection[str]) -> str:
    """The status of a group: the most alarming one; `not run` only where nothing was run."""
    return next((status for status in STATUSES if status in statuses), "not run")


def status_of_claim(claim: Claim, regressions: Collection[Regression]) -> str:
    """The status of everything a claim refers to, in profile full.

    `not run` as soon as one measurement the verdict rests on was not run
    today at any seed, unless another has drifted.
    """
    experiments = {name.split("/")[0] for name in claim.references}
    statuses: dict[str, set[str]] = {}
    for row in regressions:
        if row.experiment in experiments and row.profile == "full":
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


def upgrades(before: Mapping | None, after: Mapping | None) -> str:
    """Backends and versions that differ, as text; where none does, equal seeds draw alike."""
    ours, theirs = ((run or {}).get("environment", {}) for run in (before, after))
    names = sorted((ours.keys() | theirs.keys()) - set(_LABELS))
    changes = [
        f"{name} {ours.get(name, 'unknown')} -> {theirs.get(name, 'unknown')}"
        for name in names
        if ours.get(name) != theirs.get(name)
    ]
    return ", ".join(changes)


def kernels(before: Mapping | None, after: Mapping | None) -> tuple[str, ...]:
    """The parts of the probe that come out otherwise; none where a run has no probe."""
    ours, theirs = ((run or {}).get("numerics", {}) for run in (before, after))
    if not ours or not theirs:
        return ()
    return tuple(name for name in theirs if ours.get(name) != theirs[name])


def _equal(before: float, after: float) -> bool:
    return format_value(before) == format_value(after)

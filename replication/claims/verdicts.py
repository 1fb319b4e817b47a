"""Verdicts of claims against their article, from the numbers of all seeds.

Only runs of profile `full` are judged. With n seeds, mean m and sample
standard deviation s, at 95 %:

    value   m ± t(n-1) s sqrt(1 + 1/n)   the published number is one more draw
    order   m ± t(n-1) s sqrt(1/n)       of the paired per-seed differences
    exact   |value - expected| <= tolerance for every seed
    reader  shown, never counted
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from replication.claims import Claim, Comparison, power, prose
from replication.claims.intervals import MIN_SEEDS, Interval, mean_interval, prediction_interval
from replication.claims.prose import ValuesOf
from replication.results import format_value


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    `values` are the numbers by seed: of `measures`, or for an order claim the
    differences `measures` minus the one of `compared_with` that decides. `low` and
    `high` bound the interval; None, like `mean`, where there is no number.
    `seeds_needed` is how many seeds would decide the claim, as `power` has it:
    None where the spread is not known. `explanation` is the claim's, with its
    numbers in place.
    """

    verdict: str
    reason: str
    n: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    values: Mapping[int, float] = field(default_factory=dict)
    seeds_needed: float | None = None
    explanation: str = ""


def judge(claim: Claim, measurements: pd.DataFrame) -> Judgement:
    """The verdict of a claim.

    Args:
        claim: The claim; its own signed verdict is not looked at.
        measurements: Columns as in `measurements.csv`; only rows of profile
            `full` count.

    Returns:
        The judgement; `inconclusive` with n = 0 where nothing was measured.
    """
    return judge_by(claim, values_by_seed(measurements))


def judge_by(claim: Claim, values_of: ValuesOf) -> Judgement:
    """The verdict of a claim, as `judge`; quicker where many claims share `values_of`."""
    rules = {"value": _judge_value, "order": _judge_order, "exact": _judge_exact}
    explanation = prose.fill(claim.explanation, values_of)
    if claim.kind == "reader":
        shown = f"a picture, never counted: {claim.figure}"
        return Judgement("shown", shown, explanation=explanation)
    found = rules[claim.kind](claim, values_of)
    return replace(found, seeds_needed=_seeds_needed(claim, values_of), explanation=explanation)


def values_by_seed(measurements: pd.DataFrame) -> ValuesOf:
    """Finds the values of an "experiment/metric" by seed, seeds ascending, none if unmeasured.

    Args:
        measurements: Columns as in `measurements.csv`; only rows of profile
            `full` count.
    """
    full = measurements[measurements["profile"] == "full"].sort_values("seed")
    columns = (full[name] for name in ("experiment", "metric", "seed", "value"))
    found: dict[str, dict[int, float]] = {}
    for experiment, metric, seed, value in zip(*columns, strict=True):
        found.setdefault(f"{experiment}/{metric}", {})[int(seed)] = float(value)
    return lambda reference: found.get(reference, {})


def _judgement(verdict: str, reason: str, interval: Interval, values: dict) -> Judgement:
    return Judgement(
        verdict, reason, interval.n, interval.mean, interval.low, interval.high, values
    )


def _nothing(reference: str) -> Judgement:
    return Judgement("inconclusive", f"{reference} has no run of profile full")


def _too_few(n: int) -> str:
    return f"{n} seed{'s' * (n != 1)}, at least {MIN_SEEDS} are needed to know seed noise"


def _judge_value(claim: Claim, values_of: ValuesOf) -> Judgement:
    values = values_of(claim.measures)
    if not values:
        return _nothing(claim.measures)
    interval = prediction_interval(list(values.values()))
    reported = f"reported {format_value(claim.reported)}"
    if interval.n < MIN_SEEDS:
        return _judgement("inconclusive", _too_few(interval.n), interval, values)
    if not interval.holds(claim.reported):
        return _judgement("not reproduced", f"{reported} lies outside", interval, values)

    means = _control_means(claim, values_of)
    passes = {name: interval.holds(mean) for name, mean in means.items()}
    verdict, reason = _with_controls(
        f"{reported} lies inside", [(name, passes.get(name)) for name in claim.controls]
    )
    return _judgement(verdict, reason, interval, values)


def _control_means(claim: Claim, values_of: ValuesOf) -> dict[str, float]:
    """By its name, the mean over the seeds of each control that was run."""
    found = {name: list(values_of(name).values()) for name in claim.controls}
    return {name: math.fsum(each) / len(each) for name, each in found.items() if each}


def _judge_exact(claim: Claim, values_of: ValuesOf) -> Judgement:
    def outside(values: dict[int, float]) -> list[int]:
        return [s for s, value in values.items() if abs(value - claim.expected) > claim.tolerance]

    def passes(control: str) -> bool | None:
        found = values_of(control)
        return not outside(found) if found else None

    values = values_of(claim.measures)
    if not values:
        return _nothing(claim.measures)
    interval = prediction_interval(list(values.values()))
    expected = f"{format_value(claim.expected)} ± {format_value(claim.tolerance)}"
    if outside(values):
        reason = f"outside {expected} for seeds {outside(values)}"
        return _judgement("not reproduced", reason, interval, values)
    verdict, reason = _with_controls(
        f"within {expected} for every seed", [(name, passes(name)) for name in claim.controls]
    )
    return _judgement(verdict, reason, interval, values)


def _judge_order(claim: Claim, values_of: ValuesOf) -> Judgement:
    own = Comparison(claim.measures, claim.compared_with)
    side, reason, differences = _compare(own, claim.direction, values_of)
    if not differences:
        return Judgement("inconclusive", reason)
    interval = mean_interval(list(differences.values()))
    if side != "claimed":
        verdict = "contradicted" if side == "other" else "inconclusive"
        return _judgement(verdict, reason, interval, differences)

    def passes(control: Comparison) -> bool | None:
        other_side = _compare(control, claim.direction, values_of)[0]
        return None if other_side == "unknown" else other_side == "claimed"

    controls = [(control.measures, passes(control)) for control in claim.controls]
    verdict, reason = _with_controls(reason, controls)
    return _judgement(verdict, reason, interval, differences)


def _compare(
    comparison: Comparison, direction: str, values_of: ValuesOf
) -> tuple[str, str, dict[int, float]]:
    """Which side of zero the paired differences lie on.

    Returns:
        `claimed` (of all that are compared), `other` (of any), `across` or
        `unknown`; the reason; and by seed the differences from the one of
        `compared_with` that decides: its interval refutes the claim, or comes
        closest to it.
    """
    sign, found = _sign(direction), _differences(comparison, values_of)
    for reference, differences in found.items():
        if not differences:
            reason = f"{comparison.measures} and {reference} have no seed of profile full in common"
            return "unknown", reason, {}
    intervals = {name: mean_interval(list(values.values())) for name, values in found.items()}
    fewest = min(interval.n for interval in intervals.values())
    if fewest < MIN_SEEDS:
        closest = min(found, key=lambda name: sign * intervals[name].mean)
        return "unknown", _too_few(fewest), found[closest]
    worst = {name: min(sign * i.low, sign * i.high) for name, i in intervals.items()}
    best = {name: max(sign * i.low, sign * i.high) for name, i in intervals.items()}
    refuting, closest = min(best, key=best.get), min(worst, key=worst.get)
    if best[refuting] < 0:
        return "other", "the interval of the difference lies on the other side", found[refuting]
    if worst[closest] > 0:
        return "claimed", "the interval of the difference lies on that side", found[closest]
    return "across", "the interval of the difference reaches across zero", found[closest]


def _differences(comparison: Comparison, values_of: ValuesOf) -> dict[str, dict[int, float]]:
    """By what is compared with, and by seed: what is measured minus what is compared with."""
    measured = values_of(comparison.measures)
    found = {}
    for reference in comparison.compared_with:
        others = values_of(reference)
        found[reference] = {s: value - others[s] for s, value in measured.items() if s in others}
    return found


def _sign(direction: str) -> int:
    return 1 if direction == "greater" else -1


def _seeds_needed(claim: Claim, values_of: ValuesOf) -> float | None:
    """How many seeds would decide the claim; of an order, controls aside. See `power`."""
    if claim.kind == "exact":
        return 1
    if claim.kind == "value":
        values, means = list(values_of(claim.measures).values()), _control_means(claim, values_of)
        return power.seeds_for_value(values, claim.reported, list(means.values()))
    own = Comparison(claim.measures, claim.compared_with)
    differences = [list(each.values()) for each in _differences(own, values_of).values()]
    if min(map(len, differences)) < MIN_SEEDS - 1:
        return None
    needed = [power.seeds_for_mean(each) for each in differences]
    sign = _sign(claim.direction)
    lost = [n for n, each in zip(needed, differences, strict=True) if sign * math.fsum(each) < 0]
    return min(lost) if lost else max(needed)  # one rival that wins is enough to contradict


def _with_controls(reason: str, controls: list[tuple[str, bool | None]]) -> tuple[str, str]:
    """`reproduced`, unless a control passes the same test or is unknown (None)."""
    passing = [name for name, passes in controls if passes]
    missing = [name for name, passes in controls if passes is None]
    if passing:
        return "vacuous", f"{reason}, but so does the control {', '.join(passing)}"
    if missing:
        return "inconclusive", f"{reason}, but too few runs of the control {', '.join(missing)}"
    return "reproduced", f"{reason}; no control does" if controls else reason

"""An identity: the same number on every seed, within a stated tolerance."""

from collections.abc import Mapping

from replication.claims.intervals import prediction_interval
from replication.claims.kinds.judgement import ControlOutcome, Judgement, join
from replication.results import format_value

WORDS = ("reproduced", "not reproduced", "vacuous", "inconclusive")


def judge(
    values: Mapping[int, float],
    expected: float,
    tolerance: float,
    controls: Mapping[str, Mapping[int, float]],
) -> Judgement:
    """The verdict on an identity; a control is whatever must not satisfy it.

    Args:
        values: Ours, by seed.
        expected: What every one of them should be.
        tolerance: How far from it is still the same.
        controls: The values of each control by seed, by its name.
    """
    if not values:
        return Judgement("inconclusive", "nothing was run with profile full")
    outside = [s for s, value in values.items() if abs(value - expected) > tolerance]
    outcomes = tuple(_control(name, each, expected, tolerance) for name, each in controls.items())
    interval = prediction_interval(list(values.values()))
    wanted = f"{format_value(expected)} ± {format_value(tolerance)}"
    if outside:
        verdict, reason = "not reproduced", f"outside {wanted} for seeds {outside}"
    elif passing := [each.name for each in outcomes if each.passes]:
        verdict, reason = "vacuous", f"within {wanted}, but so is the control {join(passing)}"
    elif unknown := [each.name for each in outcomes if each.passes is None]:
        verdict, reason = "inconclusive", f"the control {join(unknown)} was not run"
    else:
        verdict, reason = "reproduced", f"within {wanted} for every seed"
    return Judgement(
        verdict, reason, interval.n, interval.mean, interval.low, interval.high, values, outcomes
    )


def _control(
    name: str, values: Mapping[int, float], expected: float, tolerance: float
) -> ControlOutcome:
    if not values:
        return ControlOutcome(name, None, "was not run")
    passes = all(abs(value - expected) <= tolerance for value in values.values())
    mean = prediction_interval(list(values.values())).mean
    reason = "satisfies it as well" if passes else "does not satisfy it"
    return ControlOutcome(name, passes, reason, mean)

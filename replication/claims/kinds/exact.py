"""An identity: the same number on every seed, within a stated tolerance."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from replication.claims.intervals import MIN_SEEDS, prediction_interval
from replication.claims.kinds.claim import (
    FAILS,
    HOLDS,
    OPEN,
    Answer,
    Claim,
    Measure,
    Measures,
    Number,
    Positive,
)
from replication.claims.kinds.judgement import ControlOutcome, Evidence, Judgement, join, too_few
from replication.claims.numbers import to_tolerance
from replication.results import format_value


class Exact(Claim):
    """A claim that holds on every seed or not at all. `controls` are what must not satisfy it."""

    kind: ClassVar[str] = "exact"
    has_interval: ClassVar[bool] = False
    answers: ClassVar[dict[str, Answer]] = {
        "reproduced": Answer(HOLDS, "Yes. It holds on every seed."),
        "not reproduced": Answer(FAILS, "No. It comes out differently."),
        "vacuous": Answer(OPEN, "The test is too weak: a control satisfies it as well."),
        "inconclusive": Answer(OPEN, "We cannot tell yet."),
    }

    measures: Measure
    expected: Number
    tolerance: Positive
    controls: Measures = ()

    @property
    def target(self) -> float:
        """What every seed should give."""
        return self.expected

    @property
    def band(self) -> tuple[float, float]:
        """What the tolerance allows."""
        return self.expected - self.tolerance, self.expected + self.tolerance

    @property
    def expectation(self) -> str:
        """The number with its tolerance."""
        return f"{format_value(self.expected)} ± {format_value(self.tolerance)}"

    def judge(self, evidence: Evidence) -> Judgement:
        """The verdict by the evidence alone."""
        controls = {name: evidence.values_of(name) for name in self.controls}
        return judge(evidence.values_of(self.measures), self.expected, self.tolerance, controls)

    def doubts(self, judgement: Judgement) -> Iterator[tuple[str, str, str]]:
        """As of every claim; and a tolerance narrower than the noise between seeds."""
        yield from super().doubts(judgement)
        if judgement.n < MIN_SEEDS:
            return
        if (half_width := (judgement.high - judgement.low) / 2) > self.tolerance:
            yield (
                f"a tolerance of at least the seed noise, {format_value(half_width)}",
                format_value(self.tolerance),
                "measure it with less noise, or widen `tolerance` and say so in `because`",
            )

    def ours(self, judgement: Judgement) -> str:
        """Our mean, at the digits of the tables: an identity is judged seed by seed."""
        mean, n = judgement.mean, judgement.n
        return "no run yet, n = 0" if mean is None else f"{mean:.6g}, n = {n}"

    def told(self, value: float, unit: str) -> str:
        """With as many digits as the tolerance tells apart."""
        return to_tolerance(value, self.tolerance, unit)

    def in_words(self, unit: str) -> str:
        """The number with its tolerance."""
        tolerance = to_tolerance(self.tolerance, 0, unit, fewest=1)
        return f"{self.told(self.expected, unit)} ± {tolerance}"


def judge(
    values: Mapping[int, float],
    expected: float,
    tolerance: float,
    controls: Mapping[str, Mapping[int, float]],
) -> Judgement:
    """The verdict on an identity, by the values of ours and of each control by seed."""
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
        return ControlOutcome(name, None, too_few(0, 1), too_few=True)
    passes = all(abs(value - expected) <= tolerance for value in values.values())
    mean = prediction_interval(list(values.values())).mean
    reason = "satisfies it as well" if passes else "does not satisfy it"
    return ControlOutcome(name, passes, reason, len(values), mean)

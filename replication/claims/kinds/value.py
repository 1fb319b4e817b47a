"""A number that the article prints: one draw of a run whose seed nobody noted.

The questions are asked in this order, with n runs of ours, mean m and sample standard deviation s:

1. Could a control print this number? It lies in the *control's* own 95 % prediction interval,
   m_c ± t s_c sqrt(1 + 1/n_c), no narrower than the resolution: `vacuous`.
2. Is our own prediction interval wider, to either side, than the number is away from the nearest
   control's mean? Such a test cannot tell the model from no model: `inconclusive`.
3. What share p of our runs lies at least as far out, on that side? p is the tail of t(n - 1)
   beyond |number - m| / (s sqrt(1 + 1/n)): one more draw, never our mean, whose interval shrinks
   to nothing. Below 2.5 %: `not reproduced`; below 10 %: `optimistic` where the number is better
   than a typical run of ours, `pessimistic` where it is worse: possible, not typical; else
   `reproduced`. An honest single run gets these words in 5, 15 and 80 % of cases, at any n.

Why so: docs/decisions/0011-verdicts-fair-to-the-article.md.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from statistics import fmean
from typing import Annotated, ClassVar

from pydantic import WrapValidator

from replication.claims.exact_tests import expected_best, share_bounds
from replication.claims.intervals import (
    Interval,
    moments,
    prediction_interval,
    seeds_until,
    t_quantile,
    tail,
)
from replication.claims.kinds.claim import (
    FAILS,
    HOLDS,
    OPEN,
    Answer,
    Claim,
    Measure,
    Measures,
    Number,
    Sides,
)
from replication.claims.kinds.judgement import (
    ControlOutcome,
    Evidence,
    Judgement,
    Scale,
    join,
    too_few,
)
from replication.claims.numbers import count, in_digits, per_cent
from replication.results import format_value

MIN_RUNS = 5
OUTSIDE = 0.025  # of our runs at least as far out: both sides together, one honest run in twenty
UNUSUAL = 0.10


def _as_written(value: object, check: Callable[[object], float]) -> object:
    """The number itself where it is one: as a float it forgets with how many digits it came."""
    check(value)
    return value


class Value(Claim):
    """A claim that a number comes out. `controls` are what must not come to it."""

    kind: ClassVar[str] = "value"
    least: ClassVar[int] = MIN_RUNS
    answers: ClassVar[dict[str, Answer]] = {
        "reproduced": Answer(HOLDS, "Yes. A run of ours could well give it."),
        "optimistic": Answer(OPEN, "Possible, but better than a typical run of ours."),
        "pessimistic": Answer(OPEN, "Possible, but worse than a typical run of ours."),
        "not reproduced": Answer(FAILS, "No. Hardly any run of ours would come out so."),
        "vacuous": Answer(OPEN, "The test is too weak: a control could give the number as well."),
        "inconclusive": Answer(OPEN, "We cannot tell yet."),
    }

    measures: Measure
    reported: Annotated[Number, WrapValidator(_as_written)]
    controls: Measures

    @property
    def target(self) -> float:
        """The printed number."""
        return self.reported

    @property
    def printed(self) -> float:
        """The printed number."""
        return self.reported

    @property
    def expectation(self) -> str:
        """The printed number, at its own digits."""
        return format_value(self.reported)

    def judge(self, evidence: Evidence) -> Judgement:
        """The verdict by the evidence alone."""
        controls = {name: list(evidence.values_of(name).values()) for name in self.controls}
        scale = evidence.scale_of(self.measures)
        return judge(evidence.values_of(self.measures), self.reported, controls, scale)

    def headline(self, judgement: Judgement, sides: Sides) -> str:
        """The printed number, our mean, and how many of our runs reach the number."""
        values, unit = list(sides.ours.values()), sides.unit
        text = f"The article has {in_digits(self.reported, unit)} {sides.quantity}; ours is "
        text += in_digits(fmean(values), unit)
        if len(values) > 1:
            text += (
                f" in the mean of {count(len(values), 'seed')}, {in_digits(min(values), unit)} to "
                f"{in_digits(max(values), unit)}; {judgement.num_reached} of {judgement.n} reach "
                "the printed number"
            )
        return f"{text}."


def resolution(reported: float, num_examples: int | None) -> float:
    """One image of the test set, or half a unit of the last digit written, if that is coarser.

    >>> resolution(0.845, 10_000)
    0.0005
    """
    unit = 10.0 ** Decimal(str(reported)).as_tuple().exponent
    return max(0.5 * unit, 1 / num_examples if num_examples else 0.0)


def judge(
    values: Mapping[int, float],
    reported: float,
    controls: Mapping[str, Sequence[float]],
    scale: Scale = Scale(),  # noqa: B008  frozen
) -> Judgement:
    """The verdict on a printed number, by our values by seed and those of each control."""
    n, numbers = len(values), list(values.values())
    if not n:
        return Judgement("inconclusive", "nothing was run with profile full")
    interval = prediction_interval(numbers)
    outcomes = tuple(_control(name, each, reported, scale) for name, each in controls.items())
    share = share_beyond(numbers, reported, scale) if n >= MIN_RUNS else None
    verdict, reason = _verdict(interval, reported, outcomes, share, scale)
    undecided = verdict == "inconclusive"
    return Judgement(
        verdict,
        reason,
        n,
        interval.mean,
        scale.clip(interval.low),
        scale.clip(interval.high),
        values,
        outcomes,
        p=share,
        seeds_needed=runs_needed(numbers, reported, outcomes) if undecided else None,
        num_reached=num_reached(numbers, reported, scale),
        facts=facts(numbers, reported, scale),
    )


def share_beyond(values: Sequence[float], reported: float, scale: Scale) -> float:
    """The predicted share of our runs that lie at least as far out as the number, on its side."""
    interval = prediction_interval(values)
    distance = abs(reported - interval.mean)
    half_width = interval.high - interval.mean
    if distance <= resolution(reported, scale.num_examples) or format_value(
        reported
    ) == format_value(interval.mean):
        return 0.5
    freedom = len(values) - 1
    return tail(distance / half_width * t_quantile(freedom), freedom) if half_width else 0.0


def runs_needed(
    values: Sequence[float], reported: float, controls: Sequence[ControlOutcome]
) -> float | None:
    """Runs after which the interval is narrow enough to tell model and controls apart.

    With spread and means as they are: at least 5; infinity where even 1,000 would not do; None
    where fewer than two values leave the spread unknown.
    """
    if len(values) < 2:
        return None
    return seeds_until(
        _nearest(reported, controls)[1], moments(values)[1], draw=True, least=MIN_RUNS
    )


def num_reached(values: Sequence[float], reported: float, scale: Scale) -> int:
    """How many runs come out at least as good as the number."""
    return sum(v >= reported if scale.higher_is_better else v <= reported for v in values)


def facts(values: Sequence[float], reported: float, scale: Scale) -> tuple[str, ...]:
    """What anybody can check by counting: how many runs reach the number, its rank, the best."""
    n, higher = len(values), scale.higher_is_better
    sign = 1 if higher else -1
    num_better = sum(sign * (v - reported) > 0 for v in values)
    reached = num_reached(values, reported, scale)
    low, high = share_bounds(reached, n)
    bound = f"fewer than {high:.0%}" if reached < n else f"more than {low:.0%}"
    clauses = [
        f"{reached} of {n} runs reach {format_value(reported)}; with 95 % confidence "
        f"{bound.replace('%', ' %')} of runs do",
        f"among our runs it would rank {num_better + 1} of {n + 1}",
    ]
    best = {of: expected_best(values, of, higher=higher) for of in (5, 10) if of <= n}
    known = [f"the best of {of} runs is {each:.4g}" for of, each in best.items()]
    return tuple([*clauses, *([f"on average, {join(known)}"] if known else [])])


def _control(name: str, values: Sequence[float], reported: float, scale: Scale) -> ControlOutcome:
    """Whether the control could print the number."""
    if not values:
        return ControlOutcome(name, None, too_few(0, MIN_RUNS), too_few=True)
    interval = prediction_interval(values)
    half_width = max(interval.high - interval.mean, resolution(reported, scale.num_examples))
    low, high = interval.mean - half_width, interval.mean + half_width
    passes = Interval(interval.mean, low, high, interval.n).holds(reported)
    reason = "could print it as well" if passes else "could not print it"
    lacking = len(values) < MIN_RUNS
    if lacking:
        passes, reason = None, too_few(len(values), MIN_RUNS)
    bounds = scale.clip(low), scale.clip(high)
    return ControlOutcome(name, passes, reason, interval.n, interval.mean, *bounds, too_few=lacking)


def _verdict(
    interval: Interval,
    reported: float,
    controls: Sequence[ControlOutcome],
    share: float | None,
    scale: Scale,
) -> tuple[str, str]:
    printed = f"the printed {format_value(reported)}"
    if share is None:
        return "inconclusive", too_few(interval.n, MIN_RUNS)
    if passing := [each.name for each in controls if each.passes]:
        return "vacuous", f"{join(passing)} could print {format_value(reported)} as well"
    if unknown := [each.name for each in controls if each.passes is None]:
        return "inconclusive", f"too few runs of the control {join(unknown)}"
    nearest, distance = _nearest(reported, controls)
    half_width = interval.high - interval.mean
    if half_width > distance:
        return "inconclusive", (
            f"our runs spread wider (± {format_value(half_width)}) than {printed} is away from "
            f"{nearest} ({format_value(distance)})"
        )
    shown = per_cent(share) if share >= 0.001 else "fewer than 0.1 %"
    reason = f"{shown} of runs like ours are predicted at least as far out as {printed}"
    if share < OUTSIDE:
        return "not reproduced", reason
    if share < UNUSUAL:
        is_better = (reported > interval.mean) == scale.higher_is_better
        return "optimistic" if is_better else "pessimistic", reason
    return "reproduced", reason


def _nearest(reported: float, controls: Sequence[ControlOutcome]) -> tuple[str, float]:
    """The control whose mean is nearest to the number, and how far that is."""
    distances = {c.name: abs(c.mean - reported) for c in controls if c.mean is not None}
    name = min(distances, key=distances.get, default="")
    return name, distances.get(name, math.inf)

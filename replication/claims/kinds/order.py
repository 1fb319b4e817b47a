"""A comparison: one measurement lies on the claimed side of others.

The difference of the means has a 95 % interval: of the differences by seed where a seed pairs them
(at least 6 pairs: five cannot reach 5 % without assuming a normal distribution, 2/2^5), else of two
groups after Welch (at least 4 against 4). The exact signed-rank or rank-sum test stands beside it,
and has to agree. A rival that is a fixed number is subtracted.

- the interval lies within ± the smallest difference that matters: `no difference`;
- it lies on the claimed side of zero, for every rival: `reproduced`; on the other, for any:
  `contradicted`, or `does not hold` where the claim is our reading of the article;
- else `inconclusive`.

A control has to be told apart, whatever it shows by itself: the effect of the model less that of
the control must lie clearly on the claimed side. Where it does not, a control that shows the effect
makes the claim `vacuous`, and any other `inconclusive`.

The claims that an article makes share one chance of a false alarm, after Holm: see `adjust`.

Why so: docs/decisions/0011-verdicts-fair-to-the-article.md.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from replication.claims.exact_tests import holm, rank_sum_p, signed_rank_p
from replication.claims.intervals import CONFIDENCE, moments, seeds_until, t_quantile, tail
from replication.claims.kinds.judgement import ControlOutcome, Judgement, ValuesOf, join, too_few
from replication.results import format_value

WORDS = (
    "reproduced", "contradicted", "does not hold", "no difference", "vacuous", "inconclusive",
)  # fmt: skip
MIN_PAIRS, MIN_GROUP = 6, 4
_NORMAL = 1e9  # degrees of freedom of an error known from thousands of images
Weights = Mapping[str, int]  # of each "experiment/metric" in a sum such as ours - other


@dataclass(frozen=True)
class Comparison:
    """One measurement against one or more others, all of which it must differ from."""

    measures: str
    compared_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is compared, and how: the part of an order claim that decides its verdict.

    `matters` is the smallest difference worth a word. Instead of `compared_with` there may be a
    `benchmark`, a fixed number. `unpaired` says that a seed pairs nothing, as with networks that
    share no weights and no data. `image_error` names a metric that is the standard error, over the
    test images, of the difference: for differences so small that other images could undo them.
    """

    measures: str
    compared_with: tuple[str, ...]
    direction: str
    matters: float
    controls: tuple[Comparison, ...] = ()
    benchmark: float | None = None
    unpaired: bool = False
    image_error: str | None = None
    is_reading: bool = False


@dataclass(frozen=True)
class Difference:
    """A difference of means with its 95 % interval, on the side where positive is as claimed.

    `n` is the number of pairs, or the size of the smaller group; `is_enough` whether that is as
    many as are needed. `p` is two-sided, by Student's t.
    """

    n: int
    is_enough: bool
    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = 1.0
    exact_p: float | None = None
    values: Mapping[int, float] = field(default_factory=dict)

    def side(self, matters: float = 0.0) -> str:
        """`claimed`, `other`, `same` (within what matters) or `across`."""
        if not self.is_enough:
            return "unknown"
        if -matters < self.low and self.high < matters:
            return "same"
        agrees = self.exact_p is None or self.exact_p <= 1 - CONFIDENCE
        if self.low > 0 and agrees:
            return "claimed"
        return "other" if self.high < 0 and agrees else "across"


def judge(test: Question, values_of: ValuesOf) -> Judgement:
    """The verdict on a comparison, before `adjust`."""
    effects = _effects(Comparison(test.measures, test.compared_with), test, values_of)
    sides = {rival: each.side(test.matters) for rival, each in effects.items()}
    decides = _deciding(effects, sides)
    found, side = effects[decides], sides[decides]
    verdict, reason = _verdict(test, found, side, decides)
    outcomes = ()
    if side == "claimed":
        outcomes = tuple(_control(each, test, values_of) for each in test.controls)
        verdict, reason = _with_controls(reason, outcomes)
    sign = _sign(test)
    low, high = sorted((sign * found.low, sign * found.high))
    known = found.n > 0
    return Judgement(
        verdict, reason, found.n, sign * found.mean if known else None, low if known else None,
        high if known else None, {seed: sign * value for seed, value in found.values.items()},
        outcomes, _p_of_claim(effects, sides, side) if found.is_enough else None, found.exact_p,
        _seeds_needed(found) if verdict == "inconclusive" else None, _facts(test, found),
    )  # fmt: skip


def adjust(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The verdicts on all comparisons that one article makes, after Holm.

    One that is decided alone, but not among so many, is `inconclusive`.
    """
    decided = [i for i, each in enumerate(judgements) if each.p is not None]
    adjusted, found = holm([judgements[i].p for i in decided]), list(judgements)
    for i, p in zip(decided, adjusted, strict=True):
        if judgements[i].verdict in ("reproduced", "contradicted") and p > 1 - CONFIDENCE:
            found[i] = replace(
                judgements[i],
                verdict="inconclusive",
                reason=f"clear alone (p = {judgements[i].p:.2g}), but not as one of the "
                f"{len(decided)} comparisons that the article makes (after Holm {p:.2g})",
            )
    return found


def difference(weights: Weights, values_of: ValuesOf, test: Question) -> Difference:
    """A weighted sum of measurements, such as ours - other, with its interval and exact test."""
    groups = {name: values_of(name) for name, weight in weights.items() if weight}
    if not groups:  # a thing less itself: no difference, however few the runs
        return Difference(MIN_PAIRS, True, 0.0, 0.0, 0.0, 1.0, 1.0)
    errors = list(values_of(test.image_error).values()) if test.image_error else []
    error = math.fsum(errors) / len(errors) if errors else 0.0
    if test.unpaired:
        return _of_groups(weights, groups, test, error)
    seeds = sorted(set.intersection(*map(set, groups.values())))
    constant = _constant(weights, test)
    values = {s: constant + math.fsum(weights[g] * groups[g][s] for g in groups) for s in seeds}
    if not values:
        return Difference(0, False)
    if len(values) == 1:
        (mean,) = values.values()
        return Difference(1, False, mean, mean, mean, values=values)
    mean, std = moments(list(values.values()))
    parts = [(std**2 / len(values), len(values) - 1), (error**2, _NORMAL)]
    exact = signed_rank_p(list(values.values()))
    return _interval(len(values), len(values) >= MIN_PAIRS, mean, parts, exact, values)


def _of_groups(weights: Weights, groups: Mapping, test: Question, error: float) -> Difference:
    n = min(map(len, groups.values()))
    values = {name: list(each.values()) for name, each in groups.items()}
    if n == 0:
        return Difference(0, False)
    mean = _constant(weights, test)
    parts = [(error**2, _NORMAL)]
    for name, each in values.items():
        group_mean, std = moments(each) if len(each) > 1 else (each[0], 0.0)
        mean += weights[name] * group_mean
        parts.append((weights[name] ** 2 * std**2 / len(each), max(len(each) - 1, 1)))
    exact = None
    if sorted(weights[name] for name in values) == [-1, 1]:
        ours, others = sorted(values, key=lambda name: -weights[name])
        exact = rank_sum_p(values[ours], values[others])
    if n == 1:
        return Difference(1, False, mean, mean, mean)
    return _interval(n, n >= MIN_GROUP, mean, parts, exact, {})


def _interval(n, is_enough, mean, parts, exact, values) -> Difference:
    """The interval of a sum whose independent parts have these variances and degrees of freedom."""
    variance = math.fsum(each for each, _ in parts)
    if not variance:
        return Difference(n, is_enough, mean, mean, mean, float(mean == 0), exact, values)
    shares = [(each / variance, df) for each, df in parts]
    freedom = 1 / math.fsum(share**2 / df for share, df in shares)  # Welch-Satterthwaite
    half_width = t_quantile(freedom) * math.sqrt(variance)
    p = 2 * tail(abs(mean) / math.sqrt(variance), freedom)
    return Difference(n, is_enough, mean, mean - half_width, mean + half_width, p, exact, values)


def _sign(test: Question) -> int:
    return 1 if test.direction == "greater" else -1


def _weights(comparison: Comparison, rival: str, test: Question) -> Counter:
    weights = Counter({comparison.measures: _sign(test)})
    if rival:
        weights[rival] -= _sign(test)
    return weights


def _constant(weights: Weights, test: Question) -> float:
    """What a fixed number adds: nothing to a difference of differences, where it cancels."""
    return 0.0 if test.benchmark is None or sum(weights.values()) == 0 else (
        -_sign(test) * test.benchmark
    )  # fmt: skip


def _effects(comparison: Comparison, test: Question, values_of: ValuesOf) -> dict[str, Difference]:
    """By rival, by how much the measurement lies on the claimed side of it."""
    rivals = comparison.compared_with or ("",)
    weights = {rival: _weights(comparison, rival, test) for rival in rivals}
    return {rival: difference(each, values_of, test) for rival, each in weights.items()}


def _deciding(effects: Mapping[str, Difference], sides: Mapping[str, str]) -> str:
    """The rival that decides: one that refutes the claim, else the one that comes closest to it."""
    for side in ("unknown", "other", "same", "across"):
        there = [rival for rival in effects if sides[rival] == side]
        if there and side == "unknown":
            return min(there, key=lambda rival: effects[rival].n)
        if there:
            return min(there, key=lambda rival: effects[rival].high)
    return min(effects, key=lambda rival: effects[rival].low)


def _verdict(test: Question, found: Difference, side: str, rival: str) -> tuple[str, str]:
    matters = format_value(test.matters)
    if side == "unknown":
        what, needed = ("run of a side", MIN_GROUP) if test.unpaired else ("pair", MIN_PAIRS)
        against = f" of {test.measures} and {rival}" if rival else f" of {test.measures}"
        return "inconclusive", f"{too_few(found.n, needed, what)}{against}"
    if side == "same":
        return "no difference", f"the interval lies within ± {matters}, the least that matters"
    if side == "claimed":
        return "reproduced", "the interval of the difference lies on that side"
    if side == "other":
        word = "does not hold" if test.is_reading else "contradicted"
        return word, "the interval of the difference lies on the other side"
    if found.low > 0 or found.high < 0:
        return "inconclusive", f"the exact test does not agree (p = {found.exact_p:.2g})"
    return "inconclusive", "the interval of the difference reaches across zero"


def _control(control: Comparison, test: Question, values_of: ValuesOf) -> ControlOutcome:
    """Whether a control shows the effect, and is told apart from the model."""
    shown = _effects(control, test, values_of)
    own = Comparison(test.measures, test.compared_with)
    pairs = _rivals_of_both(own.compared_with or ("",), tuple(shown))
    between = []
    for ours, others in pairs:
        weights = _weights(own, ours, test)
        weights.subtract(_weights(control, others, test))
        between.append(difference(weights, values_of, test))
    least = min(between, key=lambda each: (each.is_enough, each.low))
    effect = min(shown.values(), key=lambda each: (each.is_enough, each.low))
    seen = dict(mean=least.mean, low=least.low, high=least.high) if least.n else {}
    if not least.is_enough:
        needed = MIN_GROUP if test.unpaired else MIN_PAIRS
        return ControlOutcome(control.measures, None, too_few(least.n, needed), **seen)
    shows = effect.side() == "claimed"
    if least.side() == "claimed":
        reason = "shows it too, but clearly less" if shows else "does not show it"
        return ControlOutcome(control.measures, False, reason, **seen)
    if shows:
        return ControlOutcome(control.measures, True, "shows it as well", **seen)
    reason = "does not show it, but cannot be told apart either"
    return ControlOutcome(control.measures, None, reason, **seen)


def _rivals_of_both(ours: tuple[str, ...], others: tuple[str, ...]) -> list[tuple[str, str]]:
    """Which rival of ours goes with which of the control: in order, else each with each."""
    if len(ours) == len(others):
        return list(zip(ours, others, strict=True))
    return [(one, other) for one in ours for other in others]


def _with_controls(reason: str, outcomes: Sequence[ControlOutcome]) -> tuple[str, str]:
    """`reproduced`, unless a control shows the same effect or cannot be told apart."""
    if passing := [each.name for each in outcomes if each.passes]:
        return "vacuous", f"{reason}, but {join(passing)} shows as much"
    if unknown := [f"{each.name} ({each.reason})" for each in outcomes if each.passes is None]:
        return "inconclusive", f"{reason}, but the control {join(unknown)} decides nothing"
    return "reproduced", f"{reason}; no control shows as much" if outcomes else reason


def _p_of_claim(effects: Mapping[str, Difference], sides: Mapping[str, str], side: str) -> float:
    """Of every rival where all must be beaten; of the worst of them, times their number, else."""
    if side == "other":
        lost = [each.p for rival, each in effects.items() if sides[rival] == "other"]
        return min(1.0, len(effects) * min(lost))
    return max(each.p for each in effects.values())


def _seeds_needed(found: Difference) -> float | None:
    """Pairs after which the interval would leave zero, with mean and spread as they are.

    Infinity where even 1,000 would not do; None where the spread is not known.
    """
    if found.n < 2:
        return None
    std = (found.high - found.mean) / t_quantile(found.n - 1) * math.sqrt(found.n)
    return seeds_until(abs(found.mean), std, draw=False, least=MIN_PAIRS)


def _facts(test: Question, found: Difference) -> tuple[str, ...]:
    """How many seeds lie on the claimed side, which needs no statistics, and the exact test."""
    if not found.n:
        return ()
    facts = []
    if found.values:
        there = sum(value > 0 for value in found.values.values())
        facts.append(f"{there} of {found.n} seeds lie on the claimed side")
    if found.exact_p is not None:
        name = "rank-sum" if test.unpaired else "signed-rank"
        facts.append(f"exact {name} test: p = {found.exact_p:.2g}")
    return tuple(facts)

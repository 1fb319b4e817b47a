"""Differences between measurements, by seed where a seed pairs them, each with its interval."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from replication.claims.exact_tests import rank_sum_p, signed_rank_p
from replication.claims.intervals import CONFIDENCE, moments, seeds_until, t_quantile, tail

MIN_PAIRS, MIN_GROUP = 6, 4  # the fewest with which an exact test can reach 5 %
ValuesOf = Callable[[str], Mapping[int, float]]  # values by seed of an "experiment/metric"
Weights = Mapping[str, int]  # of each "experiment/metric" in a sum such as ours - other
NORMAL = 1e9  # degrees of freedom of an error that is known from thousands of images


@dataclass(frozen=True)
class Difference:
    """A difference of means with its 95 % interval.

    `n` is the number of pairs, or the size of the smallest group; `is_enough` whether that is as
    many as are needed. `p` is two-sided, by Student's t; `exact_p` that of the exact test, if there
    is one. `values` are by seed, empty where a seed pairs nothing. `error` is the part of its
    standard error that comes from another source, and that more seeds do not lessen.
    """

    n: int
    is_enough: bool
    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = 1.0
    exact_p: float | None = None
    values: Mapping[int, float] = field(default_factory=dict)
    error: float = 0.0

    def bounds(self, sign: int) -> tuple[float, float]:
        """The interval, turned so that the claimed side (1 above, -1 below zero) is positive."""
        return (self.low, self.high) if sign > 0 else (-self.high, -self.low)

    def side(self, sign: int, matters: float = 0.0) -> str:
        """`claimed`, `other`, `same` (within ± what matters), `across` or `unknown`."""
        if not self.is_enough:
            return "unknown"
        if -matters < self.low and self.high < matters:
            return "same"
        low, high = self.bounds(sign)
        if self.exact_p is not None and self.exact_p > 1 - CONFIDENCE:
            return "across"
        return "claimed" if low > 0 else "other" if high < 0 else "across"


def by_seed(weights: Weights, values_of: ValuesOf) -> dict[int, float]:
    """The weighted sum of measurements under each seed that all of them have."""
    groups = {name: values_of(name) for name in weights}
    seeds = sorted(set.intersection(*map(set, groups.values())))
    return {seed: math.fsum(weights[g] * groups[g][seed] for g in groups) for seed in seeds}


def difference(
    weights: Weights,
    values_of: ValuesOf,
    *,
    unpaired: bool = False,
    constant: float = 0.0,
    error: float = 0.0,
) -> Difference:
    """A weighted sum of measurements, such as ours - other, with its interval.

    Args:
        weights: 1 or -1 of each "experiment/metric"; what has 0 cancels.
        values_of: The values by seed.
        unpaired: Whether the groups are compared after Welch, not by seed.
        constant: Added to the sum.
        error: Standard error of the sum from another source than the seeds.
    """
    weights = {name: weight for name, weight in weights.items() if weight}
    if not weights:  # a thing less itself: no difference, however few the runs
        return Difference(MIN_PAIRS, True, 0.0, 0.0, 0.0, 1.0, 1.0)
    if unpaired:
        return _of_groups(weights, values_of, constant, error)
    values = {seed: constant + value for seed, value in by_seed(weights, values_of).items()}
    n, numbers = len(values), list(values.values())
    if n < 2:
        return Difference(n, False, *numbers * 3, values=values)
    mean, std = moments(numbers)
    parts = [(std**2 / n, n - 1), (error**2, NORMAL)]
    interval = _interval(mean, parts)
    return Difference(n, n >= MIN_PAIRS, *interval, signed_rank_p(numbers), values, error)


def seeds_needed(effect: Difference, least: int) -> float | None:
    """Seeds after which the interval would leave zero, with mean and spread as they are.

    Infinite where even 1,000 would not do; None where the spread is not known. More seeds do not
    make the error over test images less: they have to do with what it leaves of the difference.
    """
    if effect.n < 2:
        return None
    std = (effect.high - effect.mean) / t_quantile(effect.n - 1) * math.sqrt(effect.n)
    away = abs(effect.mean)
    if effect.error:
        std = moments([*effect.values.values()])[1] if effect.values else std
        away = math.sqrt(max(0.0, away**2 - (t_quantile(NORMAL) * effect.error) ** 2))
    least = max(least, effect.n + 1)  # where the interval excludes zero, the exact test waits
    return seeds_until(away, std, draw=False, least=least)


def _of_groups(weights: Weights, values_of: ValuesOf, mean: float, error: float) -> Difference:
    groups = {name: list(values_of(name).values()) for name in weights}
    n = min(map(len, groups.values()))
    if n == 0:
        return Difference(0, False)
    parts = [(error**2, NORMAL)]
    for name, each in groups.items():
        group_mean, std = moments(each)
        mean += weights[name] * group_mean
        parts.append((weights[name] ** 2 * std**2 / len(each), len(each) - 1))
    if n == 1:
        return Difference(1, False, mean, mean, mean)
    exact = rank_sum_p(*groups.values()) if sorted(weights.values()) == [-1, 1] else None
    return Difference(n, n >= MIN_GROUP, *_interval(mean, parts), exact, error=error)


def _interval(mean: float, parts: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Mean, bounds and p of a sum, from the variances of its parts and their degrees of freedom."""
    variance = math.fsum(each for each, _ in parts)
    if not variance:
        return mean, mean, mean, float(mean == 0)
    shares = [(each / variance, df) for each, df in parts]
    freedom = 1 / math.fsum(share**2 / df for share, df in shares)  # Welch-Satterthwaite
    half_width = t_quantile(freedom) * math.sqrt(variance)
    p = 2 * tail(abs(mean) / math.sqrt(variance), freedom)
    return mean, mean - half_width, mean + half_width, p

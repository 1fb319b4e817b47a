"""How many seeds would decide a claim, if mean and spread were as we found them.

A verdict comes from a t interval. Its power is the chance that a fresh
experiment with n seeds comes to the verdict that many seeds come to; here it
is computed from the noncentral t distribution with the observed mean and
standard deviation in place of the unknown ones. It is a plan, not evidence:
no verdict looks at it.

Source: Cohen (1988), chapter 2, for the test of one mean; the interval of one
more draw has the same statistic with another threshold.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from replication.claims.intervals import CONFIDENCE, MIN_SEEDS, moments

POWER = 0.8  # Cohen's convention
MAX_SEEDS = 1000  # nobody runs more; above it we say so
_ESTIMABLE = 2  # seeds that a standard deviation needs


def seeds_for_mean(values: Sequence[float]) -> float | None:
    """Seeds after which the interval of the mean leaves zero, with a chance of 80 %.

    Args:
        values: Paired differences, one for each seed.

    Returns:
        At least 3; infinity above 1,000; None where fewer than two values
        leave the spread unknown.
    """
    if len(values) < _ESTIMABLE:
        return None
    mean, std = moments(values)
    if std == 0:
        return MIN_SEEDS if mean else math.inf
    return _first(lambda n: _chance_outside(abs(mean) / std, n, np.ones(len(n))))


def seeds_for_draw(values: Sequence[float], reported: float) -> float | None:
    """Seeds from which on a printed number is in or out as it will be, with a chance of 80 %.

    It is out for good where it lies beyond 1.96 standard deviations of the
    mean: there even the prediction interval of many seeds would end.

    Args:
        values: Measurements, one for each seed.
        reported: The printed number.

    Returns:
        As `seeds_for_mean`.
    """
    if len(values) < _ESTIMABLE:
        return None
    mean, std = moments(values)
    if std == 0:
        return MIN_SEEDS
    effect = abs(reported - mean) / std

    def chance(n: np.ndarray) -> np.ndarray:
        out = _chance_outside(effect, n, np.sqrt(n + 1))
        return out if is_out_for_good(values, reported) else 1 - out

    return _first(chance)


def seeds_for_value(
    values: Sequence[float], reported: float, controls: Sequence[float]
) -> float | None:
    """Seeds after which a printed number and its controls are in or out for good.

    A number that is out decides by itself. One that is in says something once
    every control is out; where one is in for good as well, as soon as both are.

    Args:
        values: Measurements, one for each seed.
        reported: The printed number.
        controls: Means of what should lie outside.

    Returns:
        As `seeds_for_mean`.
    """
    needed = seeds_for_draw(values, reported)
    if needed is None or is_out_for_good(values, reported):
        return needed
    inside = [each for each in controls if not is_out_for_good(values, each)]
    seeds = [seeds_for_draw(values, each) for each in inside or controls]
    return max(needed, min(seeds) if inside else max(seeds, default=needed))


def is_out_for_good(values: Sequence[float], reported: float) -> bool:
    """Whether the prediction interval of very many seeds like these excludes the number."""
    from scipy.special import ndtri

    mean, std = moments(values)
    return abs(reported - mean) > float(ndtri((1 + CONFIDENCE) / 2)) * std


def format_seeds(needed: float | None) -> str:
    """The number as tables show it.

    >>> format_seeds(None), format_seeds(12), format_seeds(math.inf)
    ('at least 3', '12', 'over 1000')
    """
    if needed is None:
        return f"at least {MIN_SEEDS}"
    return f"over {MAX_SEEDS}" if math.isinf(needed) else str(int(needed))


def _chance_outside(effect: float, n: np.ndarray, widening: np.ndarray) -> np.ndarray:
    """Chance that |mean| > t(n-1) * widening * std / sqrt(n) in n draws of N(effect, 1)."""
    from scipy.special import nctdtr, stdtrit

    threshold = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * widening
    shift = effect * np.sqrt(n)
    above, below = 1 - nctdtr(n - 1, shift, threshold), nctdtr(n - 1, shift, -threshold)
    # Dozens of standard errors away the series gives up; there the chance is all or nothing.
    above = np.where(np.isfinite(above), above, shift > threshold)
    return above + np.where(np.isfinite(below), below, 0.0)


def _first(chance: Callable[[np.ndarray], np.ndarray]) -> float:
    """The first number of seeds from which on the chance is enough.

    Few seeds make a wide interval that nearly everything lies in, so that a chance to be inside
    may be high at first, fall, and rise again.
    """
    n = np.arange(MIN_SEEDS, MAX_SEEDS + 1, dtype=float)
    short = np.flatnonzero(chance(n) < POWER)
    first = short[-1] + 1 if len(short) else 0
    return int(n[first]) if first < len(n) else math.inf

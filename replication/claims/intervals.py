"""Intervals at 95 % from the numbers of a few seeds, by Student's t distribution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replication.results import format_value

CONFIDENCE = 0.95
MAX_SEEDS = 1000  # nobody runs more; above it we say so
MIN_SEEDS = 3


@dataclass(frozen=True)
class Interval:
    """Mean of n numbers and an interval around it; without width where n < 2."""

    mean: float
    low: float
    high: float
    n: int

    def holds(self, value: float) -> bool:
        """Whether the value lies inside, compared at the 6 digits that tables keep."""
        at_edge = format_value(value) in (format_value(self.low), format_value(self.high))
        return self.low <= value <= self.high or at_edge


def t_quantile(degrees_of_freedom: float) -> float:
    """The two-sided 95 % quantile of Student's t distribution."""
    from scipy.special import stdtrit  # scipy.stats would cost half a second

    return float(stdtrit(degrees_of_freedom, (1 + CONFIDENCE) / 2))


def tail(t: float, degrees_of_freedom: float) -> float:
    """The chance that Student's t is at least this large."""
    from scipy.special import stdtr

    return float(stdtr(degrees_of_freedom, -t))


def prediction_interval(values: Sequence[float]) -> Interval:
    """Where one more draw like these lies, at 95 %: mean ± t s sqrt(1 + 1/n).

    Raises:
        ValueError: If there is no value.
    """
    n = len(values)
    if n == 0:
        raise ValueError("an interval needs at least one value, received none; check n first")
    mean, std = moments(values)
    half_width = t_quantile(n - 1) * std * math.sqrt(1 + 1 / n) if std else 0.0
    return Interval(mean, mean - half_width, mean + half_width, n)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; equal values have exactly none."""
    if min(values) == max(values):  # where summing would leave round-off
        return values[0], 0.0
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))


def seeds_until(half_width: float, std: float, *, draw: bool, least: int) -> float:
    """The first number of seeds whose interval has at most this half-width; infinity over 1,000.

    Args:
        half_width: What it has to come down to.
        std: The sample standard deviation, taken to stay as it is.
        draw: Whether it is the interval of one more draw, else that of the mean.
        least: Fewer seeds are not considered.
    """
    from scipy.special import stdtrit

    n = np.arange(least, MAX_SEEDS + 1, dtype=float)
    widths = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * std * np.sqrt(1 / n + draw)
    enough = np.flatnonzero(widths <= half_width)
    return int(n[enough[0]]) if len(enough) else math.inf

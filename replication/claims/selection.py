"""Whether a number that needs no labels tells a good run from a bad one.

A user without labels has many runs of one model and may keep one: that of the lowest loss, or of
the clearest assignment. Over the seeds the number is held against the quality that only labels
show: by rank, and by what it would have picked.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from replication.claims.differences import ValuesOf

MIN_RUNS = 5  # the fewest with which a correlation of ranks can reach 5 %: 2/5!
MAX_COUNTED = 8  # runs whose orders are counted one by one; beyond, they are drawn
NUM_DRAWN = 20_000


@dataclass(frozen=True)
class Selection:
    """What one signal says of the runs.

    `rank_correlation` is Spearman's, of signal and quality; `p` its two-sided p by permutation, 1
    where fewer than `MIN_RUNS` runs leave it open. `picked` is the quality of the run that the
    signal would choose, `mean` and `best` are those of all runs.
    """

    signal: str
    n: int
    rank_correlation: float = math.nan
    p: float = 1.0
    picked: float = math.nan
    mean: float = math.nan
    best: float = math.nan

    @property
    def is_decided(self) -> bool:
        """Whether there are runs enough for the correlation to be told from chance."""
        return self.n >= MIN_RUNS

    def in_words(self) -> list[str]:
        """Signal, n, correlation, p, and the quality picked, on average and at best."""
        decided = (
            [f"{self.rank_correlation:+.2f}", f"{self.p:.2g}"] if self.is_decided else ["–"] * 2
        )
        shares = [f"{100 * each:.1f} %" for each in (self.picked, self.mean, self.best)]
        return [self.signal, str(self.n), *decided, *shares]


def select_by(
    values_of: ValuesOf, quality: str, signals: Mapping[str, Sequence[str]]
) -> list[Selection]:
    """Each signal against the quality, over the seeds that have both.

    Args:
        values_of: Values by seed of an "experiment/metric".
        quality: The "experiment/metric" that only labels show; higher is better.
        signals: By name, the metrics whose sum is the signal; the lowest is picked.
    """
    return [_select(name, parts, quality, values_of) for name, parts in signals.items()]


def _select(name: str, parts: Sequence[str], quality: str, values_of: ValuesOf) -> Selection:
    known = values_of(quality)
    groups = [values_of(part) for part in parts]
    seeds = sorted(set(known).intersection(*groups))
    if not seeds:
        return Selection(name, 0)
    signal = [math.fsum(group[seed] for group in groups) for seed in seeds]
    scored = [known[seed] for seed in seeds]
    picked = scored[int(np.argmin(signal))]
    summary = picked, sum(scored) / len(scored), max(scored)
    if len(seeds) < 2:
        return Selection(name, len(seeds), math.nan, 1.0, *summary)
    return Selection(name, len(seeds), *rank_correlation(signal, scored), *summary)


def rank_correlation(ours: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """Spearman's correlation of ranks, and the chance of one as large if order means nothing.

    Ties have the mean of their ranks. All orders are counted up to `MAX_COUNTED` pairs, and drawn
    beyond, always the same.

    Returns:
        The correlation, NaN where either side is constant, and a two-sided p.

    >>> rank_correlation([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    (1.0, 0.016666666666666666)
    """
    first, second = (_centred_ranks(each) for each in (ours, others))
    scale = math.sqrt((first**2).sum() * (second**2).sum())
    if not scale:
        return math.nan, 1.0
    observed = float(first @ second)
    sums = second[_orders(len(ours))] @ first
    as_large = np.abs(sums) >= abs(observed) - 1e-9 * scale
    return observed / scale, float(as_large.mean())


def _centred_ranks(values: Sequence[float]) -> np.ndarray:
    values = np.asarray(values, np.float64)
    below = (values[:, np.newaxis] > values).sum(axis=1)
    equal = (values[:, np.newaxis] == values).sum(axis=1)
    ranks = below + (equal + 1) / 2
    return ranks - ranks.mean()


def _orders(n: int) -> np.ndarray:
    """All orders of n things, or many drawn ones; the identity is among them."""
    if n <= MAX_COUNTED:
        return np.array(list(itertools.permutations(range(n))))
    rng = np.random.default_rng(0)
    drawn = [rng.permutation(n) for _ in range(NUM_DRAWN)]
    return np.array([np.arange(n), *drawn])

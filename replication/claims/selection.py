"""Whether a number that needs no labels tells a good run from a bad one.

A user without labels has many runs of one model and may keep one: that of the lowest loss, or of
the clearest assignment. Over the seeds the number is held against the quality that only labels
show: by rank, and by what it would have picked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from replication.claims.differences import ValuesOf
from replication.claims.numbers import per_cent

MIN_RUNS = 5  # the fewest with which a correlation of ranks can reach 5 %: 2/5!
ORDERS = math.factorial(8)  # as many are counted one by one; of more, as many are drawn


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
        shares = map(per_cent, (self.picked, self.mean, self.best))
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

    All orders are counted up to eight pairs, and drawn beyond, always the same.

    Returns:
        The correlation, NaN where either side is constant, and a two-sided p.

    >>> correlation, p = rank_correlation([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    >>> round(correlation, 6), round(p, 6)
    (1.0, 0.016667)
    """
    from scipy import stats

    if min(len(set(ours)), len(set(others))) < 2:
        return math.nan, 1.0
    first, second = (stats.zscore(stats.rankdata(each)) for each in (ours, others))

    def size(ranks: np.ndarray, axis: int) -> np.ndarray:
        return np.abs((ranks * second).mean(axis=axis)).round(9)  # or rounding parts equal ones

    test = stats.permutation_test(
        (first,),
        size,
        permutation_type="pairings",
        vectorized=True,
        n_resamples=ORDERS,
        alternative="greater",
        rng=0,
    )
    return float((first * second).mean()), float(test.pvalue)

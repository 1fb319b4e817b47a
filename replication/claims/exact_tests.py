"""What can be said of a few numbers without assuming how they are distributed.

Every probability here is counted, not approximated.
"""

import math
from collections.abc import Sequence

import numpy as np

from replication.claims.intervals import CONFIDENCE

_SAME = 1e-9  # of the largest: differences of six-digit numbers that differ by round-off are equal


def signed_rank_p(differences: Sequence[float]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, over all 2^n signs; zeros are left out.

    With five differences it is at least 2/32: six are the fewest that can reach 5 %.

    Source: Wilcoxon (1945); ties have the mean of their ranks.

    >>> signed_rank_p([1, 2, 3, 4, 5]), signed_rank_p([1, 2, 3, 4, 5, 6])
    (0.0625, 0.03125)
    """
    sizes = [abs(each) for each in differences]
    kept = [each for each in differences if abs(each) > _SAME * max(sizes)]
    ranks = _doubled_ranks([abs(each) for each in kept])
    positive = sum(rank for rank, each in zip(ranks, kept, strict=True) if each > 0)
    ways = np.zeros(sum(ranks) + 1)  # by the sum of the ranks with a plus, how many signs give it
    ways[0] = 1
    for rank in ranks:
        ways[rank:] += ways[:-rank].copy()
    return _two_sided(ways, positive)


def rank_sum_p(ours: Sequence[float], others: Sequence[float]) -> float:
    """Two-sided p of the rank-sum test of two groups, over all ways to share out their ranks.

    With four against four it is at least 2/70; with three against three, 2/20.

    Source: Wilcoxon (1945), Mann & Whitney (1947); ties have the mean of their ranks.

    >>> round(rank_sum_p([5, 6, 7, 8], [1, 2, 3, 4]), 6)
    0.028571
    """
    ranks = _doubled_ranks([*ours, *others])
    ways = np.zeros((len(ours) + 1, sum(ranks) + 1))  # by how many ranks are ours, and their sum
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, :-rank].copy()
    return _two_sided(ways[-1], sum(ranks[: len(ours)]))


def share_bounds(num_reached: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson bounds of a share, each exceeded with a chance of at most 5 %.

    Source: Clopper & Pearson (1934).

    >>> [round(each, 3) for each in share_bounds(0, 10)]
    [0.0, 0.259]
    """
    from scipy.special import betaincinv

    low = betaincinv(num_reached, n - num_reached + 1, 1 - CONFIDENCE) if num_reached else 0.0
    high = betaincinv(num_reached + 1, n - num_reached, CONFIDENCE) if num_reached < n else 1.0
    return float(low), float(high)


def expected_best(values: Sequence[float], of: int, *, higher: bool) -> float:
    """The mean, over all ways to choose `of` of the values, of the best one chosen.

    >>> expected_best([1.0, 2.0, 3.0], 2, higher=True)  # of 1 2, 1 3 and 2 3
    2.6666666666666665
    """
    n = len(values)
    ordered = sorted(values, reverse=not higher)
    weights = [math.comb(worse, of - 1) for worse in range(n)]  # the others are all worse
    total = math.fsum(w * value for w, value in zip(weights, ordered, strict=True))
    return total / math.comb(n, of)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, raised so that all of them together have one false alarm in twenty at 5 %.

    Source: Holm (1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, reached = [0.0] * len(p_values), 0.0
    for passed, i in enumerate(order):
        reached = max(reached, min(1.0, p_values[i] * (len(order) - passed)))
        adjusted[i] = reached
    return adjusted


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value, whole numbers even where ties share their mean rank."""
    same = _SAME * max(map(abs, values), default=0.0)
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks, start = [0] * len(values), 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] - values[order[end - 1]] > same:
            for i in order[start:end]:
                ranks[i] = start + 1 + end  # ranks start+1 .. end: their mean, doubled
            start = end
    return ranks


def _two_sided(ways: np.ndarray, observed: int) -> float:
    tail = min(ways[: observed + 1].sum(), ways[observed:].sum())
    return float(min(1.0, 2 * tail / ways.sum()))

"""Selection without labels: ranks against scipy, picks by hand."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.claims.selection import MIN_RUNS, rank_correlation, select_by

WHOLE = st.lists(st.integers(-3, 3).map(float), min_size=3, max_size=5)  # ties are common


@settings(max_examples=40, deadline=None)
@given(WHOLE, st.randoms(use_true_random=False))
def test_the_correlation_is_scipys_and_its_p_is_counted(ours, random):
    others = [random.choice([0.0, 1.0, 2.0]) for _ in ours]
    found, p = rank_correlation(ours, others)

    if len(set(ours)) == 1 or len(set(others)) == 1:
        assert math.isnan(found)
        assert p == 1
        return
    assert found == pytest.approx(scipy.stats.spearmanr(ours, others).statistic)
    orders = itertools.permutations(others)
    counted = [
        abs(scipy.stats.spearmanr(ours, each).statistic) >= abs(found) - 1e-9 for each in orders
    ]
    assert p == pytest.approx(np.mean(counted))


def test_many_runs_are_judged_by_drawn_orders():
    """Of twelve runs: clear where the order is the same, not where there is none."""
    rng = np.random.default_rng(0)
    ours = rng.normal(size=12)

    assert rank_correlation(ours, 2 * ours)[1] < 0.001
    assert rank_correlation(ours, rng.permutation(12))[1] > 0.05
    assert rank_correlation(ours, 2 * ours) == rank_correlation(ours, 2 * ours)


def test_a_signal_picks_the_run_where_it_is_lowest():
    """Two terms of a loss add up; seeds that lack one are left out."""
    values = {
        "m/purity": {0: 0.5, 1: 0.9, 2: 0.6, 3: 1.0},
        "d/one": {0: 3.0, 1: 1.0, 2: 2.0},
        "d/two": {0: 0.0, 1: 1.0, 2: 0.5, 3: 9.0},
    }

    (found,) = select_by(values.__getitem__, "m/purity", {"loss": ["d/one", "d/two"]})

    assert (found.n, found.picked, found.best) == (3, 0.9, 0.9)
    assert found.mean == pytest.approx(2 / 3)
    assert found.rank_correlation == pytest.approx(-1)
    assert not found.is_decided
    assert MIN_RUNS == 5
    assert found.in_words() == ["loss", "3", "–", "–", "90.0 %", "66.7 %", "90.0 %"]


def test_fewer_runs_than_five_cannot_reach_five_per_cent():
    """The smallest p is 2/n!, and of four it is above 5 %: so five are asked for."""
    smallest = {n: rank_correlation(range(n), range(n))[1] for n in (4, 5)}

    assert smallest[4] > 0.05 > smallest[5]


def test_nothing_is_said_of_runs_that_are_not_there():
    (found,) = select_by(lambda name: {}, "m/purity", {"loss": ["d/one"]})

    assert found.n == 0
    assert math.isnan(found.picked)

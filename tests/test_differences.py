"""Differences between measurements: which side they lie on, and what is known of few runs."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from replication.claims.differences import (
    MIN_GROUP,
    MIN_PAIRS,
    Difference,
    difference,
    seeds_needed,
)
from replication.claims.intervals import CONFIDENCE
from tests.test_kinds_order import lookup

AGAINST = {"ours/m": 1, "other/m": -1}


@pytest.mark.parametrize(
    ("low", "high", "matters", "exact_p", "side"),
    [
        (0.5, 1.0, 0.0, None, "claimed"),
        (0.5, 1.0, 0.0, 1 - CONFIDENCE, "claimed"),  # 5 % is not too much
        (0.5, 1.0, 0.0, 0.06, "across"),
        (-1.0, -0.5, 0.0, None, "other"),
        (-1.0, -0.5, 0.0, 0.06, "across"),
        (-0.5, 0.5, 0.0, None, "across"),
        (0.0, 1.0, 0.0, None, "across"),  # zero is on neither side
        (-1.0, 0.0, 0.0, None, "across"),
        (-0.5, 0.5, 1.0, 0.06, "same"),
        (-1.0, 0.5, 1.0, None, "across"),  # what matters is a difference
        (0.5, 1.0, 1.0, None, "claimed"),
    ],
)
def test_the_side_that_an_interval_lies_on(low, high, matters, exact_p, side):
    turned = {"claimed": "other", "other": "claimed"}
    found = Difference(9, True, 0.0, low, high, exact_p=exact_p)

    assert found.side(1, matters) == side
    assert found.side(-1, matters) == turned.get(side, side)
    assert Difference(9, False, 0.0, low, high).side(1, matters) == "unknown"
    assert found.p == 1.0


def test_a_thing_less_itself_is_no_difference():
    found = difference({"ours/m": 0}, lookup())

    assert found == Difference(MIN_PAIRS, True, 0.0, 0.0, 0.0, 1.0, 1.0)


def test_what_is_known_of_no_run_and_of_one():
    one = lookup(ours=[3.0], other=[1.0, 5.0])

    assert difference(AGAINST, one) == Difference(1, False, 2.0, 2.0, 2.0, values={0: 2.0})
    assert difference(AGAINST, one, unpaired=True) == Difference(1, False, 0.0, 0.0, 0.0)
    assert difference(AGAINST, lookup(), unpaired=True) == Difference(0, False)
    two = difference(AGAINST, lookup(ours=[3.0, 4.0], other=[1.0, 5.0]), unpaired=True)
    assert two.n == 2 and not two.is_enough and two.low < two.mean < two.high


@pytest.mark.parametrize("unpaired", [False, True])
def test_without_spread_only_zero_is_zero(unpaired):
    runs = lookup(ours=[3.0] * 6, other=[1.0] * 6)

    found = difference(AGAINST, runs, unpaired=unpaired)
    assert (found.mean, found.low, found.high, found.p) == (2.0, 2.0, 2.0, 0.0)
    assert difference(AGAINST, runs, unpaired=unpaired, constant=-2.0).p == 1.0
    assert found.is_enough and found.n >= MIN_GROUP


def test_another_error_is_added_to_that_of_two_groups():
    """Its square, and as one that is known well."""
    ours, other, error = [3.0, 3.5, 4.0, 4.5], [1.0, 1.5, 2.0, 2.5], 0.7
    found = difference(AGAINST, lookup(ours=ours, other=other), unpaired=True, error=error)
    parts = [(scipy.stats.tvar(each) / 4, 3) for each in (ours, other)]
    variance = sum(each for each, _ in parts) + error**2
    freedom = variance**2 / sum(each**2 / df for each, df in parts)
    half_width = scipy.stats.t.ppf(0.975, freedom) * math.sqrt(variance)

    assert found.high - found.mean == pytest.approx(half_width, rel=1e-6)  # 1e9 for infinity


def test_more_seeds_have_to_do_with_what_the_error_over_images_leaves():
    """By a loop: the error stays, and the rest of the interval shrinks with the seeds."""
    values = {i: 0.01 + 0.012 * (-1) ** i for i in range(8)}
    found = difference({"a/m": 1}, {"a/m": values}.__getitem__, error=0.004)
    left = math.sqrt(found.mean**2 - (1.959964 * 0.004) ** 2)
    std = np.std(list(values.values()), ddof=1)
    enough = [n for n in range(9, 1001) if scipy.stats.t.ppf(0.975, n - 1) * std / n**0.5 <= left]

    assert seeds_needed(found, 6) == enough[0]
    assert seeds_needed(replace(found, error=0.0), 6) < enough[0]

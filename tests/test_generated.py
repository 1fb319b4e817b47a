"""Sets of made-up pictures against real ones: closed forms, by hand, and invariances."""

import numpy as np
import pytest
from scipy import linalg

from replication import metrics

EXACT = 1e-9  # float64 sums of a few hundred products


@pytest.fixture
def sets():
    """Two clouds of points with correlations of their own."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(200, 4)) + 1


def test_frechet_distance_in_one_dimension():
    """Squared differences of the means and of the standard deviations."""
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(50, 1)), 3 + 2 * rng.normal(size=(80, 1))

    found = metrics.frechet_distance(one, other)

    spread = one.std(ddof=1) - other.std(ddof=1)
    assert metrics.frechet_distance(one, other) == found
    assert found == pytest.approx((one.mean() - other.mean()) ** 2 + spread**2, abs=EXACT)


def test_frechet_distance_by_the_root_of_the_product(sets):
    """Against the formula of the paper, with a matrix root."""
    first, second = (np.cov(each.T) for each in sets)
    means = np.square(sets[0].mean(axis=0) - sets[1].mean(axis=0)).sum()
    expected = means + np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)

    assert metrics.frechet_distance(*sets) == pytest.approx(expected, rel=1e-6)  # a matrix root
    swapped = metrics.frechet_distance(sets[1], sets[0])
    assert swapped == pytest.approx(expected, rel=1e-6)  # a matrix root


def test_frechet_distance_of_a_set_to_itself_and_moved(sets):
    """Zero; and the squared length of the shift, whatever the covariance."""
    one, _ = sets

    assert metrics.frechet_distance(one, one) == pytest.approx(0, abs=EXACT * 100)  # roots of sums
    moved = metrics.frechet_distance(one, one + [3, 0, 4, 0])
    assert moved == pytest.approx(25, abs=EXACT * 100)  # roots of sums


def test_frechet_distance_to_one_point_repeated(sets):
    """The mean, a thousand times: no shift, and all of the spread is missing."""
    one, _ = sets
    point = np.tile(one.mean(axis=0), (1000, 1))

    found = metrics.frechet_distance(one, point)

    assert found == pytest.approx(np.trace(np.cov(one.T)), rel=1e-6)  # round-off of zero spread


def test_covered_share_by_hand():
    """Members one apart reach three steps: a point counts if it is no further from a member."""
    support = np.arange(10.0)[:, np.newaxis]  # ends reach 3, the next 2, and so do all others

    def share(*points):
        return metrics.covered_share(np.array(points, float)[:, np.newaxis], support)

    assert share(4.5, 0, 9) == 1
    assert share(-3, 12) == 1
    assert share(-3.1, 12.1) == 0
    assert share(4, 100, -100, 200) == 0.25


def test_covered_share_of_copies_and_of_strangers(sets):
    """A set covers itself; far away nothing is covered; an axis may be turned."""
    one, other = sets

    assert metrics.covered_share(one, one) == 1
    assert metrics.covered_share(one + 100, one) == 0
    turn = linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    assert metrics.covered_share(other @ turn, one @ turn) == metrics.covered_share(other, one)


def test_the_mean_alone_is_precise_and_recalls_nothing(sets):
    """Blur: within the real set, and the real set is not within it."""
    one, _ = sets
    blur = np.tile(one.mean(axis=0), (50, 1))

    assert metrics.covered_share(blur, one) == 1
    assert metrics.covered_share(one, blur) == 0

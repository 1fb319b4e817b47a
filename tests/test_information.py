"""What numbers tell about classes: closed forms, bounds and invariances, in bits."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from replication import metrics
from replication.metrics import information

EXACT = 1e-12  # float64 sums of a few terms
ONE_IN_TEN = -(0.1 * np.log2(0.1) + 0.9 * np.log2(0.9))  # bits of "is it this one of ten"


def test_information_of_equal_and_of_independent_variables():
    """Two fair coins: one bit if they are one coin, none if they know nothing of each other."""
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])

    assert metrics.mutual_information(one, one) == pytest.approx(1, abs=EXACT)
    assert metrics.mutual_information(one, 1 - one) == pytest.approx(1, abs=EXACT)
    assert metrics.mutual_information(one, other) == pytest.approx(0, abs=EXACT)


def test_information_against_scikit_learn():
    """Nats there, bits here; and it does not matter which variable comes first."""
    rng = np.random.default_rng(0)
    one = rng.integers(5, size=400)
    other = (one + rng.integers(3, size=400)) % 5

    found = metrics.mutual_information(one, other)

    assert found == pytest.approx(mutual_info_score(one, other) / np.log(2), abs=EXACT)
    assert metrics.mutual_information(other, one) == pytest.approx(found, abs=EXACT)


def test_information_needs_pairs():
    """The message names both shapes."""
    with pytest.raises(ValueError, match=r"same length; received shapes \(3,\) and \(4,\)"):
        metrics.mutual_information(np.zeros(3), np.zeros(4))


@pytest.fixture
def labels():
    return np.tile(np.arange(10), 100), np.tile(np.arange(10), 50)


def test_a_unit_for_every_class_tells_all(labels):
    """One-hot codes: what there is to know about each class, in its own unit."""
    codes = [np.eye(10)[each] for each in labels]

    found = metrics.best_unit_information(*codes, labels)

    assert found == pytest.approx(ONE_IN_TEN, abs=EXACT)


def test_units_of_noise_tell_nothing(labels):
    """The unit is chosen on training examples, so that the best of many shows no luck in test."""
    rng = np.random.default_rng(0)
    codes = [rng.normal(size=(len(each), 30)) for each in labels]

    found = metrics.best_unit_information(*codes, labels)

    bias = (16 - 1) / (2 * 500 * np.log(2))  # of 16 bins and 500 examples, Miller and Madow
    assert found == pytest.approx(bias, abs=0.01)  # ten such estimates differ by a third


def test_a_code_of_two_signs_is_read_as_a_whole_only(labels):
    """Exclusive or: each unit alone tells nothing of a class that both together give away."""
    rng = np.random.default_rng(0)
    hidden = [rng.integers(2, size=len(each)) for each in labels]
    parity = [each % 2 for each in labels]
    codes = [
        np.stack([a, a ^ b], axis=1).astype(float) for a, b in zip(hidden, parity, strict=True)
    ]

    assert metrics.best_unit_information(*codes, parity) < 0.01  # sampling noise of 1,000 pairs


def test_information_of_units_does_not_depend_on_their_scale(labels):
    """Bins are those of ranks."""
    rng = np.random.default_rng(0)
    codes = [each[:, np.newaxis] + rng.normal(size=(len(each), 3)) for each in labels]

    found = metrics.best_unit_information(*codes, labels)

    scaled = metrics.best_unit_information(*(7 * each - 2 for each in codes), labels)
    assert scaled == pytest.approx(found, abs=EXACT)
    assert 0 < found < ONE_IN_TEN


def test_information_of_guesses(labels):
    """Right ones tell all, one and the same tells nothing."""
    truth = labels[0]

    assert metrics.guess_information(truth, truth) == pytest.approx(ONE_IN_TEN, abs=EXACT)
    assert metrics.guess_information(np.zeros_like(truth), truth) == pytest.approx(0, abs=EXACT)


def test_bins_hold_equal_shares_by_hand():
    """Of the numbers 0 to 99 in both units, one of them turned round."""
    codes = np.stack([np.arange(100.0), np.arange(100.0)[::-1]], axis=1)
    edges = information.bin_edges(codes)
    bins = information.unit_bins(codes, edges)

    assert edges.shape == (information.BINS - 1, 2)
    counts = np.bincount(bins[:, 0], minlength=information.BINS)
    assert np.ptp(counts) <= 1 and counts.sum() == 100
    assert (bins[:, 0] == bins[::-1, 1]).all()

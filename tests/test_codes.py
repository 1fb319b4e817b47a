"""Statistics of codes: against closed forms, loops and invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import metrics
from replication.metrics.codes import ACTIVE

EXACT = 1e-12  # double precision: sums of few terms


def activations(shape=(200, 12), seed=0):
    """Non-negative codes, a third of them zero."""
    rng = np.random.default_rng(seed)
    return rng.exponential(size=shape) * (rng.random(shape) < 2 / 3)


def classes(size=200, num_classes=4):
    return np.random.default_rng(1).integers(num_classes, size=size)


@pytest.mark.parametrize("num_units", [2, 10, 64])
def test_hoyer_sparsity_is_one_for_one_unit_and_zero_for_all_alike(num_units):
    """One-hot codes are as sparse as can be, uniform ones not at all."""
    one_hot, uniform = np.eye(num_units), np.full((3, num_units), 0.2)

    assert metrics.hoyer_sparsity(one_hot) == pytest.approx(1, abs=EXACT)
    assert metrics.hoyer_sparsity(uniform) == pytest.approx(0, abs=EXACT)


def test_hoyer_sparsity_of_k_equal_units():
    """With k of M units equal it is (sqrt(M) - sqrt(k)) / (sqrt(M) - 1)."""
    for k in (1, 4, 9, 16):
        code = np.where(np.arange(16) < k, 3.0, 0.0)[np.newaxis]

        assert metrics.hoyer_sparsity(code) == pytest.approx((4 - np.sqrt(k)) / 3, abs=EXACT)


def test_hoyer_sparsity_against_norms_of_numpy():
    """The mean over examples of Hoyer's formula, written with NumPy's norms."""
    codes = np.random.default_rng(0).normal(size=(50, 9))

    found = metrics.hoyer_sparsity(codes)

    values = [(3 - np.linalg.norm(z, 1) / np.linalg.norm(z)) / (3 - 1) for z in codes]
    assert found == pytest.approx(np.mean(values), abs=EXACT)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-3, 1e3))
def test_hoyer_sparsity_is_bounded_and_blind_to_scale_sign_and_order(seed, scale):
    """It lies in [0, 1]; scaling each code, negating it or renaming units changes nothing."""
    rng = np.random.default_rng(seed)
    codes = activations((8, 5), seed)
    scales = scale * rng.choice([-1, 1], (8, 1)) * rng.uniform(0.5, 2, (8, 1))
    found = metrics.hoyer_sparsity(codes)

    changed = metrics.hoyer_sparsity((scales * codes)[:, rng.permutation(5)])

    assert 0 <= found <= 1
    assert changed == pytest.approx(found, abs=EXACT)


def test_hoyer_sparsity_leaves_out_codes_that_are_zero():
    """A code of zeros says nothing; zeros alone have sparsity 0."""
    codes = activations((20, 6))

    found = metrics.hoyer_sparsity(np.concatenate([codes, np.zeros((5, 6))]))

    assert found == pytest.approx(metrics.hoyer_sparsity(codes[codes.any(axis=1)]), abs=EXACT)
    assert metrics.hoyer_sparsity(np.zeros((5, 6))) == 0


def test_active_share_against_a_loop():
    """Counts activations above `ACTIVE` times the largest of their own unit."""
    codes = activations() ** 4  # many are small beside the largest
    codes[:, 3] = 0.0

    found = metrics.active_share(codes)

    count = sum(codes[i, m] > ACTIVE * max(codes[:, m]) for i, m in np.ndindex(codes.shape))
    assert 0 < count < np.count_nonzero(codes)
    assert found == pytest.approx(count / codes.size, abs=EXACT)


def test_active_share_by_hand():
    """A silent unit is inactive, a constant one always active, and scale does not matter."""
    codes = np.array([[0.0, 2.0, 1.0, 100.0], [0.0, 2.0, 0.0, 0.5]])

    found = metrics.active_share(codes)

    assert found == 4 / 8
    assert metrics.active_share(codes * [1, 7, 0.1, 1e6]) == found
    assert metrics.active_share(np.zeros((3, 4))) == 0


def test_class_selectivity_is_one_for_units_of_one_class_and_zero_for_indifferent_ones():
    """A unit that fires for one class has 1, one that fires for all alike has 0."""
    labels = np.repeat(np.arange(5), 4)
    selective, indifferent = np.eye(5)[labels], np.tile([1.0, 3.0], (20, 1))

    assert metrics.class_selectivity(selective, labels) == 1
    assert metrics.class_selectivity(indifferent, labels) == pytest.approx(0, abs=EXACT)
    both = np.hstack([selective, indifferent])
    assert metrics.class_selectivity(both, labels) == pytest.approx(5 / 7, abs=EXACT)


def test_class_selectivity_of_a_unit_that_fires_for_some_classes():
    """Alike for k of K classes, it is (1 - r) / (1 + r) with r = (k - 1) / (K - 1)."""
    labels = np.repeat(np.arange(10), 3)
    for k in (1, 2, 5, 10):
        rest = (k - 1) / 9

        found = metrics.class_selectivity((labels < k)[:, np.newaxis] * 2.0, labels)

        assert found == pytest.approx((1 - rest) / (1 + rest), abs=EXACT)


def test_class_selectivity_against_a_loop():
    """The formula of Morcos et al., unit by unit, for classes of unequal sizes."""
    codes, labels = activations(), classes()

    found = metrics.class_selectivity(codes, labels)

    values = []
    for unit in codes.T:
        means = sorted(unit[labels == each].mean() for each in set(labels))
        largest, rest = means[-1], np.mean(means[:-1])
        values.append((largest - rest) / (largest + rest))
    assert found == pytest.approx(np.mean(values), abs=EXACT)


def test_class_selectivity_leaves_out_silent_units():
    """Units that never fire are not counted as indifferent; with no others it is 0."""
    codes, labels = activations(), classes()

    found = metrics.class_selectivity(np.hstack([codes, np.zeros((200, 5))]), labels)

    assert found == pytest.approx(metrics.class_selectivity(codes, labels), abs=EXACT)
    assert metrics.class_selectivity(np.zeros((200, 5)), labels) == 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31))
def test_class_selectivity_is_bounded_and_blind_to_names_and_scales(seed):
    """It lies in [0, 1]; renaming classes or units, or scaling a unit, changes nothing."""
    rng = np.random.default_rng(seed)
    codes, labels = activations((40, 5), seed), rng.permutation(np.arange(40) % 4)
    found = metrics.class_selectivity(codes, labels)

    changed = codes[:, rng.permutation(5)] * rng.uniform(0.1, 10, 5)
    renamed = rng.permutation(4)[labels] + 3

    assert 0 <= found <= 1
    assert metrics.class_selectivity(changed, renamed) == pytest.approx(found, abs=EXACT)


def test_most_active_units_have_the_largest_means():
    """Their numbers, ascending; the mean decides, not the largest activation; first of equals."""
    codes = np.array([[9.0, 4.0, 0.0, 5.0, 4.0], [0.0, 4.0, 1.0, 5.0, 4.0]])

    np.testing.assert_array_equal(metrics.most_active_units(codes, 1), [3])
    np.testing.assert_array_equal(metrics.most_active_units(codes, 2), [0, 3])
    np.testing.assert_array_equal(metrics.most_active_units(codes, 3), [0, 1, 3])
    np.testing.assert_array_equal(metrics.most_active_units(codes, 5), np.arange(5))


def test_most_active_units_against_a_sorted_list():
    """The same units as Python's sort by mean."""
    codes = activations((30, 20))

    found = metrics.most_active_units(codes, 7)

    ranked = sorted(range(20), key=lambda unit: codes[:, unit].mean(), reverse=True)
    assert found.tolist() == sorted(ranked[:7])


def test_sparsity_of_one_unit_and_selectivity_of_one_class_are_refused():
    """Both would divide by zero; the message says what is needed."""
    with pytest.raises(ValueError, match="two units or more"):
        metrics.hoyer_sparsity(np.ones((3, 1)))
    with pytest.raises(ValueError, match="two classes or more"):
        metrics.class_selectivity(np.ones((3, 2)), np.zeros(3))


def test_thresholds_of_ours_are_written_out():
    """An activation counts above a hundredth of its unit's largest: 0.015 does, 0.005 does not."""
    codes = np.array([[1.0, 1.0], [0.015, 0.005]])

    assert metrics.active_share(codes) == 3 / 4


def test_two_classes_are_enough_for_selectivity():
    """With two, the rest is the other one: (m_max - m_min) / (m_max + m_min)."""
    codes = np.array([[3.0, 0.0], [1.0, 2.0]])

    found = metrics.class_selectivity(codes, np.array([4, 7]))

    assert found == pytest.approx(((3 - 1) / (3 + 1) + 1) / 2, abs=EXACT)


def test_selectivity_of_float32_codes_is_averaged_in_double_precision():
    """A float32 mean of many activations would lose digits."""
    rng = np.random.default_rng(0)
    codes, labels = rng.random((60_000, 2)).astype("float32"), rng.integers(2, size=60_000)

    found = metrics.class_selectivity(codes, labels)

    assert found == metrics.class_selectivity(codes.astype(float), labels)


def test_equal_units_are_taken_in_order_also_when_they_are_many():
    """The sort is a stable one; the default is not, beyond sixteen numbers."""
    codes = np.tile(np.arange(300) % 2, (3, 1)).astype(float)

    found = metrics.most_active_units(codes, 40)

    np.testing.assert_array_equal(found, np.arange(1, 81, 2))


def test_sparsity_never_leaves_the_unit_interval_by_rounding():
    """One unit of three: root and ratio are rounded, and still it is one at most."""
    for num_units in range(2, 60):
        assert 0 <= metrics.hoyer_sparsity(np.full((1, num_units), 0.1)) <= 1
        assert metrics.hoyer_sparsity(0.1 * np.eye(num_units)) <= 1


def test_most_active_units_of_each_example_stay():
    """The largest of every row, wherever they are; of equal ones the first."""
    codes = np.array([[3.0, 1, 2, 0], [0, 5, 5, 5], [0, 0, 0, 0]])

    found = metrics.most_active_only(codes, 2)

    np.testing.assert_array_equal(found, [[3, 0, 2, 0], [0, 5, 5, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(metrics.most_active_only(codes, 4), codes)


def test_a_threshold_for_every_unit_leaves_the_share_asked_for():
    """The largest of each column stay, less the threshold; scale does not matter to which."""
    rng = np.random.default_rng(0)
    codes = rng.random((1_000, 3)) * [1, 10, 100]

    found = metrics.thresholded(codes, 0.2)

    np.testing.assert_allclose((found > 0).mean(axis=0), 0.2, atol=1e-9)  # 200 of 1,000
    for unit in range(3):
        kept = np.argsort(-codes[:, unit])[:200]
        assert set(kept) == set(np.flatnonzero(found[:, unit]))
    np.testing.assert_allclose(metrics.thresholded(codes, 1.0), codes - codes.min(axis=0))


def test_code_shift_by_hand():
    """Two codes a distance of 2 apart lie 1 from their mean; each moves by 0.5."""
    codes, moved = np.array([[0.0, 0], [2, 0]]), np.array([[0.0, 0.5], [2, -0.5]])

    assert metrics.code_shift(codes, moved) == pytest.approx(0.5, abs=EXACT)
    assert metrics.code_shift(7 * codes, 7 * moved) == pytest.approx(0.5, abs=EXACT)
    assert metrics.code_shift(codes + 3, moved + 3) == pytest.approx(0.5, abs=EXACT)
    assert metrics.code_shift(codes, codes) == 0
    assert metrics.code_shift(np.ones((3, 2)), np.ones((3, 2))) == 0

"""Penalties among the losses: on weights, on activity and on Jacobians.

Against SciPy, NumPy, loops and automatic differentiation.
"""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from scipy import stats

from replication import losses, models

RNG_SEED = 0


def as_numpy(tensor):
    return ops.convert_to_numpy(tensor).astype(np.float64)


def test_binary_cross_entropy_against_a_formula_in_double_precision():
    """Minus the log-likelihood of coins, summed over every axis but the first."""
    rng = np.random.default_rng(RNG_SEED)
    x, r = rng.random((2, 5, 3, 4, 1))

    found = as_numpy(losses.binary_cross_entropy(x.astype("float32"), r.astype("float32")))

    expected = -(x * np.log(r) + (1 - x) * np.log(1 - r)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # float32 logarithms, sums of twelve


def test_binary_cross_entropy_is_least_where_the_reconstruction_is_the_input():
    """There it is the entropy of the input; anywhere else more, and at 0 and 1 still a number."""
    x = np.float32([[0.2, 0.9]])
    grid = np.float32([[a, b] for a in (0, 0.1, 0.2, 0.9, 1) for b in (0, 0.5, 0.9, 1)])

    found = as_numpy(losses.binary_cross_entropy(np.repeat(x, len(grid), axis=0), grid))

    assert np.isfinite(found).all()
    assert list(grid[found.argmin()]) == list(x[0])
    entropy = sum(stats.bernoulli(float(p)).entropy() for p in x[0])
    assert found.min() == pytest.approx(entropy, rel=1e-5)  # float32 logarithms


def test_squared_norm_is_that_of_frobenius_added_over_matrices():
    """NumPy's Frobenius norm, squared; the sum of squared singular values; no factor 1/2."""
    rng = np.random.default_rng(RNG_SEED)
    first, second = rng.normal(size=(7, 4)), rng.normal(size=(4, 3))

    found = float(losses.squared_norm(ops.array(first), ops.array(second)))

    expected = np.linalg.norm(first) ** 2 + np.linalg.norm(second) ** 2
    singular = [np.linalg.svd(each, compute_uv=False) for each in (first, second)]
    assert found == pytest.approx(expected, rel=1e-6)  # float32 sum of 40 squares
    assert found == pytest.approx(np.square(np.concatenate(singular)).sum(), rel=1e-6)  # same


def test_l1_activity_is_the_l1_norm_of_each_code():
    """NumPy's norm of order one, per example; the sign of an activation does not matter."""
    code = np.random.default_rng(RNG_SEED).normal(size=(6, 10)).astype("float32")

    found = as_numpy(losses.l1_activity(code))

    assert found.shape == (6,)
    np.testing.assert_allclose(found, np.linalg.norm(code, 1, axis=1), rtol=1e-6)  # float32 sums
    np.testing.assert_array_equal(losses.l1_activity(-code), losses.l1_activity(code))


@pytest.mark.parametrize("target", [0.05, 0.5, 0.9])
def test_bernoulli_kl_against_scipy(target):
    """The sum over units of SciPy's relative entropy of two coins."""
    means = np.random.default_rng(RNG_SEED).uniform(0.01, 0.99, 12).astype("float32")

    found = float(losses.bernoulli_kl(target, means))

    expected = sum(stats.entropy([target, 1 - target], [m, 1 - m]) for m in means.astype(float))
    assert found == pytest.approx(expected, rel=1e-5)  # float32 logarithms, sum of twelve


@settings(max_examples=50, deadline=None)
@given(target=st.floats(0.01, 0.99), mean=st.floats(2**-10, 1 - 2**-10, width=32))
def test_bernoulli_kl_is_never_negative_and_symmetric_in_on_and_off(target, mean):
    """KL >= 0, and swapping what counts as active does not matter."""
    found = float(losses.bernoulli_kl(target, np.float32([mean])))
    swapped = float(losses.bernoulli_kl(1 - target, 1 - np.float32([mean])))

    assert found >= -2e-6  # float32 logarithms cancel near the target
    assert swapped == pytest.approx(found, abs=1e-4)  # 1 - mean >= 1e-3 is rounded by 6e-8


def test_bernoulli_kl_is_zero_only_on_target():
    """Every unit on target costs nothing; one unit beside it costs."""
    on_target = np.full(8, 0.05, "float32")
    beside = np.where(np.arange(8) == 3, np.float32(0.06), on_target)

    assert float(losses.bernoulli_kl(0.05, on_target)) == pytest.approx(0, abs=1e-6)  # float32 log
    assert float(losses.bernoulli_kl(0.05, beside)) > 5e-4  # 0.01**2 / (2 * 0.05 * 0.95), to 2nd


def test_bernoulli_kl_is_finite_where_a_unit_never_or_always_fires():
    """Means are kept EPSILON away from 0 and 1: the value there is that at EPSILON."""
    never, always = (float(losses.bernoulli_kl(0.2, np.float32([m]))) for m in (0, 1))

    eps = losses.EPSILON
    expected = stats.entropy([0.2, 0.8], [eps, 1 - eps])
    assert never == pytest.approx(expected, rel=1e-6)  # float32 logarithm
    expected = stats.entropy([0.2, 0.8], [1 - eps, eps])
    assert always == pytest.approx(expected, abs=0.2)  # 1 - EPSILON is 1 - 1.2e-7 in float32


@pytest.mark.parametrize("target", [0, 1, -0.1, 1.5])
def test_a_target_that_no_coin_has_is_refused(target):
    """A target of 0 or 1 has no finite divergence; the message says what came."""
    with pytest.raises(ValueError, match=rf"inside \(0, 1\); received {target}"):
        losses.bernoulli_kl(target, np.float32([0.5]))


def sigmoid_layer(num_inputs=6, units=4):
    """A sigmoid layer with random weights and a batch of five, in float32."""
    rng = np.random.default_rng(RNG_SEED)
    layer = keras.layers.Dense(units, "sigmoid")
    layer.build((None, num_inputs))
    layer.set_weights([rng.normal(size=(num_inputs, units)), rng.normal(size=units)])
    return layer, rng.normal(size=(5, num_inputs)).astype("float32")


def test_contractive_penalty_is_the_jacobian_norm_of_automatic_differentiation():
    """Rifai's closed form is the squared Frobenius norm of the layer's true Jacobian."""
    layer, x = sigmoid_layer()

    found = as_numpy(losses.contractive_penalty(layer(x), layer.kernel))

    truth = np.square(models.autodiff_jacobian(layer, x)).sum(axis=(1, 2))
    assert found.shape == (5,)
    np.testing.assert_allclose(found, truth, rtol=1e-5)  # float32 sums of 24 products


def test_contractive_penalty_against_a_loop():
    """sum_j (h_j (1 - h_j))^2 sum_i W_ij^2, written out."""
    layer, x = sigmoid_layer()
    code, kernel = as_numpy(layer(x)), as_numpy(layer.kernel)

    found = as_numpy(losses.contractive_penalty(layer(x), layer.kernel))

    expected = np.zeros(5)
    for n, j, i in np.ndindex(5, 4, 6):
        expected[n] += (code[n, j] * (1 - code[n, j]) * kernel[i, j]) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # float32 sums of 24 products


def test_contractive_penalty_vanishes_where_units_are_saturated():
    """A unit at 0 or 1 has no slope; one at 1/2 the steepest, 1/16 of its squared kernel."""
    kernel = np.float32([[2.0], [-1.0]])

    found = losses.contractive_penalty(np.float32([[0], [1], [0.5]]), kernel)

    np.testing.assert_array_equal(found, [0, 0, 5 / 16])


@pytest.mark.parametrize("guard", [1e-9, 1e-4, 0.1])
def test_guarded_bernoulli_kl_against_a_loop(guard):
    """Python's logarithms, each guarded apart, summed over units from never to always active."""
    means = np.float32([0, 1e-6, 0.03, 0.3, 0.5, 0.97, 1])

    found = float(losses.guarded_bernoulli_kl(0.2, means, guard=guard))

    expected = 0.0
    for mean in means.tolist():
        expected += 0.2 * math.log(0.2 / max(mean, guard))
        expected += 0.8 * math.log(0.8 / max(1 - mean, guard))
    assert found == pytest.approx(expected, rel=1e-5)  # float32 logarithms, sum of seven


@pytest.mark.parametrize(
    ("target", "guard", "message"),
    [
        (0, 0.1, r"target must lie inside \(0, 1\); received 0\."),
        (1, 0.1, r"target must lie inside \(0, 1\); received 1\."),
        (0.2, 0, r"guard must lie inside \(0, 0\.5\); received 0\."),
        (0.2, 0.5, r"guard must lie inside \(0, 0\.5\); received 0\.5\."),
    ],
)
def test_a_guard_that_guards_nothing_or_all_is_refused(target, guard, message):
    """Both ends are outside."""
    with pytest.raises(ValueError, match=message):
        losses.guarded_bernoulli_kl(target, np.float32([0.5]), guard=guard)

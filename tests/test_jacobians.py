"""The Jacobian of a sigmoid layer: against explicit matrices of NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import metrics

EXACT = {"rtol": 1e-10, "atol": 1e-12}  # double precision, by another route

NUM, INPUTS, UNITS = 6, 15, 4


@pytest.fixture(scope="module")
def layer():
    """Codes of a random sigmoid layer and its kernel."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(INPUTS, UNITS))
    return 1 / (1 + np.exp(-rng.normal(size=(NUM, INPUTS)) @ kernel)), kernel


@pytest.fixture(scope="module")
def jacobians(layer):
    """J = diag(h * (1 - h)) W^T of every example, shape `(n, units, inputs)`."""
    codes, kernel = layer
    return np.stack([np.diag(h * (1 - h)) @ kernel.T for h in codes])


def unit_vectors(size, dim, seed=1):
    vectors = np.random.default_rng(seed).normal(size=(size, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_explicit_matrix_is_the_derivative_of_the_layer():
    """Central differences of sigmoid(x W + b) give the matrix that the other tests rely on."""
    rng = np.random.default_rng(0)
    kernel, bias, x = rng.normal(size=(INPUTS, UNITS)), rng.normal(size=UNITS), rng.random(INPUTS)
    step = 1e-5

    def sigmoid(inputs):
        return 1 / (1 + np.exp(-(inputs @ kernel + bias)))

    differences = (sigmoid(x + step * np.eye(INPUTS)) - sigmoid(x - step * np.eye(INPUTS))) / step

    expected = np.diag(metrics.sigmoid_slopes(sigmoid(x))) @ kernel.T
    np.testing.assert_allclose(differences.T / 2, expected, atol=1e-8)  # step**2, and 1e-16 / step


def test_sigmoid_slopes_are_steepest_at_a_half_and_flat_at_the_ends():
    """h (1 - h): 0 at 0 and 1, 1/4 at 1/2, and the same on both sides of it."""
    codes = np.linspace(0, 1, 101)

    slopes = metrics.sigmoid_slopes(codes)

    np.testing.assert_array_equal(slopes[[0, 50, 100]], [0, 0.25, 0])
    np.testing.assert_allclose(slopes, slopes[::-1], **EXACT)
    assert slopes.max() == 0.25


def test_squared_norms_are_those_of_the_explicit_matrices(layer, jacobians):
    """NumPy's Frobenius norm of each J, squared."""
    found = metrics.jacobian_squared_norms(*layer)

    np.testing.assert_allclose(found, np.linalg.norm(jacobians, axis=(1, 2)) ** 2, **EXACT)


def test_singular_values_are_those_of_the_explicit_matrices(layer, jacobians):
    """NumPy's singular values of each J, descending; their squares sum to the squared norm."""
    found = metrics.jacobian_singular_values(*layer)

    assert found.shape == (NUM, UNITS)
    np.testing.assert_allclose(found, np.linalg.svd(jacobians, compute_uv=False), **EXACT)
    norms = metrics.jacobian_squared_norms(*layer)
    np.testing.assert_allclose((found**2).sum(axis=1), norms, **EXACT)


def test_singular_vectors_are_orthonormal_and_stretched_by_their_values(layer, jacobians):
    """Rows v_k are orthonormal, |J v_k| = s_k, and J^T J v_k = s_k^2 v_k."""
    values, vectors = metrics.jacobian_svd(*layer)

    assert vectors.shape == (NUM, UNITS, INPUTS)
    np.testing.assert_array_equal(values, -np.sort(-values, axis=1))
    for s, v, jacobian in zip(values, vectors, jacobians, strict=True):
        np.testing.assert_allclose(v @ v.T, np.eye(UNITS), **EXACT)
        np.testing.assert_allclose(np.linalg.norm(jacobian @ v.T, axis=0), s, **EXACT)
        np.testing.assert_allclose(jacobian.T @ jacobian @ v.T, v.T * s**2, **EXACT)


def test_singular_values_come_the_same_with_and_without_directions(layer):
    """`jacobian_singular_values` is `jacobian_svd` without the vectors."""
    values, _ = metrics.jacobian_svd(*layer)

    np.testing.assert_allclose(metrics.jacobian_singular_values(*layer), values, **EXACT)


def test_singular_values_of_orthogonal_features_are_the_slopes():
    """With orthonormal columns in W they are h (1 - h), sorted."""
    kernel, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(INPUTS, UNITS)))
    codes = np.random.default_rng(1).random((NUM, UNITS))

    found = metrics.jacobian_singular_values(codes, kernel)

    np.testing.assert_allclose(found, -np.sort(-codes * (1 - codes), axis=1), **EXACT)


def test_a_saturated_unit_is_a_direction_less(layer):
    """A unit at exactly 1 has no slope: the smallest singular value is zero."""
    codes, kernel = layer[0].copy(), layer[1]
    codes[:, 2] = 1.0

    values = metrics.jacobian_singular_values(codes, kernel)

    assert (values[:, -1] < 1e-12).all()  # zero in double precision
    assert (values[:, -2] > 1e-3).all()  # the other units of this seed are not saturated


def test_float32_codes_are_measured_in_double_precision(layer):
    """What Keras returns is widened first: nothing is lost but its own rounding."""
    codes, kernel = (each.astype("float32") for each in layer)
    wide = codes.astype(float), kernel.astype(float)

    for measure in (metrics.jacobian_squared_norms, metrics.jacobian_singular_values):
        found = measure(codes, kernel)

        assert found.dtype == np.float64
        np.testing.assert_allclose(found, measure(*wide), **EXACT)


@pytest.mark.parametrize("k", [1, 2, 10])
def test_effective_rank_counts_equal_singular_values(k):
    """k equal values among zeros use k directions: the identity all of them, rank one a single."""
    values = np.where(np.arange(10) < k, 0.3, 0.0)[np.newaxis]

    found = metrics.effective_rank(values)

    np.testing.assert_allclose(found, [k], rtol=1e-12)  # double precision


def test_effective_rank_against_its_formula():
    """exp of the entropy of p = s / sum s: for shares 1/2, 1/4, 1/4 it is 2 ** 1.5."""
    found = metrics.effective_rank(np.array([[4.0, 2.0, 2.0]]))

    np.testing.assert_allclose(found, [2**1.5], rtol=1e-12)  # double precision


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1e3), min_size=2, max_size=8).filter(lambda row: sum(row) > 1e-3),
    st.floats(1e-3, 1e3),
)
def test_effective_rank_is_bounded_and_blind_to_scale(row, scale):
    """It lies in [1, k], and scaling a matrix does not change it."""
    values = np.array([row])

    found = metrics.effective_rank(values)

    assert 1 - 1e-9 <= found[0] <= len(row) + 1e-9  # double precision
    np.testing.assert_allclose(metrics.effective_rank(scale * values), found, rtol=1e-9)  # same


def test_gains_are_lengths_under_the_explicit_matrices(layer, jacobians):
    """|J v| with each example's own J and its own direction."""
    directions = unit_vectors(NUM, INPUTS)

    found = metrics.gains(*layer, directions)

    expected = [np.linalg.norm(j @ v) for j, v in zip(jacobians, directions, strict=True)]
    np.testing.assert_allclose(found, expected, **EXACT)


def test_gains_lie_between_zero_and_the_largest_singular_value(layer):
    """Along singular vectors they are the singular values; across all of them nothing."""
    values, vectors = metrics.jacobian_svd(*layer)
    outside = unit_vectors(NUM, INPUTS)
    outside -= np.einsum("nk,nki->ni", np.einsum("ni,nki->nk", outside, vectors), vectors)

    for k in range(UNITS):
        np.testing.assert_allclose(metrics.gains(*layer, vectors[:, k]), values[:, k], **EXACT)
    np.testing.assert_allclose(metrics.gains(*layer, outside), 0, atol=1e-12)  # double precision
    assert (metrics.gains(*layer, unit_vectors(NUM, INPUTS, 2)) <= values[:, 0]).all()


def test_mean_squared_gain_of_random_directions_is_the_norm_over_inputs(layer):
    """E |J v|^2 = |J|_F^2 / inputs for a direction drawn evenly from the sphere."""
    codes, kernel = layer[0][:1], layer[1]
    directions = unit_vectors(40_000, INPUTS)

    squared = metrics.gains(np.repeat(codes, 40_000, axis=0), kernel, directions) ** 2

    expected = metrics.jacobian_squared_norms(codes, kernel)[0] / INPUTS
    standard_error = squared.std() / np.sqrt(len(squared))
    assert abs(squared.mean() - expected) < 4 * standard_error  # four standard errors


def test_effective_ranks_of_several_matrices_do_not_mix():
    """Each row has its own sum: three matrices of two values, by hand."""
    values = np.array([[1.0, 1.0], [5.0, 0.0], [3.0, 1.0]])

    found = metrics.effective_rank(values)

    uneven = np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    np.testing.assert_allclose(found, [2, 1, uneven], rtol=1e-12)  # double precision


def test_effective_ranks_of_as_many_matrices_as_values():
    """Where rows and columns could be taken for each other."""
    found = metrics.effective_rank(np.array([[1.0, 1.0], [9.0, 0.0]]))

    np.testing.assert_allclose(found, [2, 1], rtol=1e-12)  # double precision

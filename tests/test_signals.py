"""Signals: closed forms of decibels, and of the share of variance that is missed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from replication import metrics


@pytest.fixture(scope="module")
def x():
    """Correlated numbers with a mean and a variance of their own in every feature."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)


@pytest.mark.parametrize(("error", "decibels"), [(1.0, 0.0), (0.1, 10.0), (0.01, 20.0)])
def test_psnr_of_powers_of_ten(error, decibels):
    """The peak is one: ten times less error is ten decibels more."""
    found = metrics.psnr(np.array([error]))

    np.testing.assert_allclose(found, [decibels], atol=1e-12)  # a logarithm in double precision


def test_psnr_is_of_each_image():
    """One number an image, so that their mean is not that of the mean error."""
    errors = np.array([0.25, 0.04])

    found = metrics.psnr(errors)

    assert found.shape == (2,)
    np.testing.assert_allclose(found, -20 * np.log10([0.5, 0.2]), rtol=1e-12)  # double precision
    assert found.mean() > metrics.psnr(errors.mean()) + 0.5  # 10.0 dB against 8.4


def test_psnr_of_a_perfect_image_is_finite():
    """It counts as an error of 1e-12: 120 decibels, and no more for less."""
    found = metrics.psnr(np.array([0.0, 1e-20, 1e-12, 2e-12]))

    np.testing.assert_allclose(found[:3], 120, rtol=1e-12)  # double precision
    assert found[3] < 120


@given(st.lists(st.floats(1e-11, 1), min_size=2, unique=True))
def test_psnr_falls_where_the_error_rises(errors):
    """The order of errors, turned around."""
    found = metrics.psnr(np.sort(errors))

    assert (np.diff(found) <= 0).all()
    assert found[0] > found[-1] or np.ptp(errors) < 1e-12  # so close that the logarithm rounds


def test_nothing_is_unexplained_by_a_perfect_reconstruction(x):
    """Zero, without round-off."""
    assert metrics.unexplained_variance(x, x) == 0


def test_everything_is_unexplained_by_the_mean_of_all_examples(x):
    """One; what is all zeros misses the means of the features as well."""
    mean = np.tile(x.mean(axis=0), (len(x), 1))

    expected = 1 + np.square(mean).sum() / np.square(x - mean).sum()
    assert metrics.unexplained_variance(x, mean) == pytest.approx(1, rel=1e-12)  # the same sums
    assert metrics.unexplained_variance(x, 0 * x) == pytest.approx(expected, rel=1e-12)  # double


@pytest.mark.parametrize("scale", [-1.0, 0.0, 0.5, 3.0])
def test_unexplained_variance_of_a_scaled_reconstruction(x, scale):
    """Deviations from the mean that come back `scale` times as large miss (1 - scale)**2."""
    mean = x.mean(axis=0)

    found = metrics.unexplained_variance(x, mean + scale * (x - mean))

    assert found == pytest.approx((1 - scale) ** 2, rel=1e-12)  # double precision


def test_unexplained_variance_of_principal_components_is_what_they_leave(x):
    """The small eigenvalues' share of the sum of all."""
    mean = x.mean(axis=0)
    _, values, directions = np.linalg.svd(x - mean)
    kept = directions[:2]

    found = metrics.unexplained_variance(x, mean + (x - mean) @ kept.T @ kept)

    expected = np.square(values[2:]).sum() / np.square(values).sum()
    assert found == pytest.approx(expected, rel=1e-10)  # double precision, squared values


def test_unexplained_variance_against_sklearn(x):
    """One less the coefficient of determination, features weighted by their variance."""
    x_decoded = x + np.random.default_rng(1).normal(size=x.shape)

    found = metrics.unexplained_variance(x, x_decoded)

    expected = 1 - r2_score(x, x_decoded, multioutput="variance_weighted")
    assert found == pytest.approx(expected, rel=1e-10)  # double precision, a difference from one


@given(st.floats(0.01, 100), st.floats(-100, 100), st.integers(0, 99))
def test_unexplained_variance_is_blind_to_scale_shift_and_order(scale, shift, seed):
    """The unit, the origin and the order of examples and features do not matter."""
    rng = np.random.default_rng(seed)
    x, x_decoded = rng.normal(size=(2, 9, 4))
    rows, columns = rng.permutation(9), rng.permutation(4)

    found = metrics.unexplained_variance(
        *((scale * each + shift)[rows][:, columns] for each in (x, x_decoded))
    )

    expected = metrics.unexplained_variance(x, x_decoded)
    assert found == pytest.approx(expected, rel=1e-8)  # a shift 1e4 times the scale costs digits


def test_unexplained_variance_of_float32_far_from_zero():
    """Measured in double precision: a mean of a thousand costs no digits."""
    x = (1_000 + np.random.default_rng(0).integers(0, 16, (200, 3)) / 16).astype("float32")
    x_decoded = x + np.float32(0.125)  # exact in float32

    found = metrics.unexplained_variance(x, x_decoded)

    expected = 0.125**2 / x.astype(float).var(axis=0).mean()
    assert found == pytest.approx(expected, rel=1e-9)  # double precision

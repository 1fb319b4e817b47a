"""Losses: against closed forms, densities of SciPy, loops and Monte Carlo."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from scipy import integrate, stats

from replication import losses

LATENT_DIM = 20
RNG_SEED = 0


def gaussians(shape=(6, 4), seed=RNG_SEED):
    """Float32 means and log-variances of this shape."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype("float32"), rng.normal(size=shape).astype("float32")


def simplex(shape=(6, 10), seed=RNG_SEED):
    """Float32 rows that sum to one."""
    return np.random.default_rng(seed).dirichlet(np.ones(shape[1]), shape[0]).astype("float32")


def as_numpy(tensor):
    return ops.convert_to_numpy(tensor).astype(np.float64)


def reconstruction_constant(num_pixels, precision):
    """What the reconstruction loss leaves out of -log N, in nats."""
    return 0.5 * num_pixels * math.log(2 * math.pi / precision)


def test_reconstruction_loss_is_a_gaussian_log_density_less_its_constant():
    """Loss plus constant is -log N(x; x_decoded, I / precision) of SciPy, per example."""
    rng = np.random.default_rng(RNG_SEED)
    x, x_decoded = rng.random((2, 5, 28, 28, 1)).astype("float32")

    found = as_numpy(losses.gaussian_reconstruction_loss(x, x_decoded, 2.5))

    density = stats.norm.logpdf(x.astype(float), x_decoded.astype(float), 2.5**-0.5)
    expected = -density.reshape(5, -1).sum(axis=1)
    constant = reconstruction_constant(784, 2.5)
    assert found.shape == (5,)
    np.testing.assert_allclose(found + constant, expected, rtol=1e-5)  # float32 sum of 784 terms


def test_reconstruction_loss_is_summed_over_pixels_not_averaged():
    """A picture of ones against zeros costs precision / 2 for each pixel."""
    found = losses.gaussian_reconstruction_loss(
        ops.ones((2, 28, 28, 1)), ops.zeros((2, 28, 28, 1)), 5.0
    )

    np.testing.assert_array_equal(found, [0.5 * 5.0 * 784] * 2)


def test_reconstruction_loss_is_zero_only_at_the_image():
    """Zero at the optimum, positive beside it."""
    x = np.random.default_rng(RNG_SEED).random((3, 4)).astype("float32")

    np.testing.assert_array_equal(losses.gaussian_reconstruction_loss(x, x, 5.0), np.zeros(3))
    assert (as_numpy(losses.gaussian_reconstruction_loss(x, x + 0.01, 5.0)) > 0).all()


@pytest.mark.parametrize(
    ("precision", "one_sample", "expected"), [(2.5, True, 353.56), (5.0, False, 91.85)]
)
def test_constants_between_loss_and_negative_elbo(precision, one_sample, expected):
    """-ELBO less loss is 353.56 at precision 2.5, one sample, and 91.85 at 5, closed form."""
    constant = reconstruction_constant(784, precision) + math.log(10)
    constant -= LATENT_DIM / 2 if one_sample else 0

    assert constant == pytest.approx(
        expected, abs=0.01
    )  # printed to two decimals (353.566, 91.853)


def test_gaussian_kl_against_quadrature():
    """The closed form is the integral of p log(p / q), computed by SciPy in one dimension."""
    for mean, log_var in ((0.0, 0.0), (1.3, -1.0), (-0.4, 0.9)):
        p, q = stats.norm(mean, math.exp(log_var / 2)), stats.norm()
        integral, _ = integrate.quad(lambda z: p.pdf(z) * (p.logpdf(z) - q.logpdf(z)), -15, 15)  # noqa: B023

        found = losses.gaussian_kl(ops.array([[mean]]), ops.array([[log_var]]))

        assert float(found[0]) == pytest.approx(integral, abs=1e-5)  # float32 near 1


def test_gaussian_kl_against_monte_carlo():
    """The closed form is the mean of log p - log q over draws from p."""
    mean, log_var = gaussians((1, LATENT_DIM))
    std = np.exp(log_var / 2)
    z = np.random.default_rng(1).normal(mean, std, size=(100_000, LATENT_DIM))
    ratios = (stats.norm.logpdf(z, mean, std) - stats.norm.logpdf(z)).sum(axis=1)

    found = float(losses.gaussian_kl(mean, log_var)[0])

    standard_error = ratios.std() / math.sqrt(len(ratios))
    assert abs(found - ratios.mean()) < 4 * standard_error  # four standard errors


def test_gaussian_kl_is_summed_over_latents():
    """Doubling the latents doubles the divergence; the batch axis stays."""
    mean, log_var = gaussians()

    once = as_numpy(losses.gaussian_kl(mean, log_var))
    twice = as_numpy(losses.gaussian_kl(np.tile(mean, 2), np.tile(log_var, 2)))

    assert once.shape == (6,)
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)  # float32 sums in another order


def test_gaussian_kl_is_zero_at_the_prior():
    """N(0, I) diverges from itself by nothing."""
    np.testing.assert_array_equal(losses.gaussian_kl(np.zeros((2, 3)), np.zeros((2, 3))), [0, 0])


@settings(max_examples=50, deadline=None)
@given(
    mean=st.floats(-10, 10, width=32),
    log_var=st.floats(-10, 10, width=32),
)
def test_gaussian_kl_is_never_negative_and_even_in_the_mean(mean, log_var):
    """KL >= 0, and the sign of the mean does not matter."""
    both = np.float32([[mean], [-mean]])

    found = as_numpy(losses.gaussian_kl(both, np.full((2, 1), log_var, "float32")))

    assert found[0] == found[1]
    assert found[0] >= -1e-6  # exp(v) - v - 1 cancels in float32 near v = 0


def test_gaussian_kl_of_differences_is_the_divergence_from_each_cluster():
    """With differences per cluster it is KL(p || N(mu_y, I)) for every example and cluster."""
    mean, log_var = gaussians()
    means = np.random.default_rng(2).normal(size=(3, 4)).astype("float32")

    found = as_numpy(losses.gaussian_kl(mean[:, None] - means, log_var[:, None]))

    assert found.shape == (6, 3)
    for i, k in np.ndindex(6, 3):
        one = losses.gaussian_kl((mean[i] - means[k])[None], log_var[i][None])
        assert found[i, k] == pytest.approx(float(one[0]), rel=1e-5)  # float32 sum of four


def test_one_sample_kl_is_unbiased_up_to_its_constant():
    """Its mean over draws is the closed form plus latent_dim / 2, for every cluster."""
    mean, log_var = gaussians((1, LATENT_DIM))
    means = np.random.default_rng(2).normal(size=(3, LATENT_DIM)).astype("float32")
    noise = np.random.default_rng(3).normal(size=(100_000, LATENT_DIM))
    z = (mean + np.exp(log_var / 2) * noise).astype("float32")
    drawn = as_numpy(losses.gaussian_one_sample_kl(z[:, None] - means, log_var[:, None]))
    closed = as_numpy(losses.gaussian_kl(mean[:, None] - means, log_var[:, None]))[0]

    standard_error = drawn.std(axis=0) / math.sqrt(len(drawn))

    assert drawn.shape == (100_000, 3)
    errors = np.abs(drawn.mean(axis=0) - (closed + LATENT_DIM / 2))
    assert (errors < 4 * standard_error).all()  # four standard errors


def test_one_sample_kl_against_densities():
    """It is log p(z|x) - log q(z|y) of SciPy, with the noise's own energy put in."""
    mean, log_var = gaussians((5, LATENT_DIM))
    noise = np.random.default_rng(3).normal(size=mean.shape)
    z = mean + np.exp(log_var / 2) * noise
    ratio = stats.norm.logpdf(z, mean, np.exp(log_var / 2)) - stats.norm.logpdf(z, 0.5, 1)

    found = losses.gaussian_one_sample_kl((z[:, None] - 0.5).astype("float32"), log_var[:, None])

    expected = ratio.sum(axis=1) + 0.5 * np.square(noise).sum(axis=1)
    np.testing.assert_allclose(as_numpy(found)[:, 0], expected, rtol=1e-4)  # float32, cancelling


def test_class_weighted_kl_against_a_loop_and_einsum():
    """The batched matrix product is sum_y p(y|z) KL_y, per example."""
    probabilities = simplex()
    kl = np.random.default_rng(4).gamma(2.0, size=probabilities.shape).astype("float32")

    found = as_numpy(losses.class_weighted_kl(probabilities, kl))

    loop = [
        sum(p * k for p, k in zip(*rows, strict=True))
        for rows in zip(probabilities, kl, strict=True)
    ]
    assert found.shape == (6,)
    np.testing.assert_allclose(found, loop, rtol=1e-6)  # float32 sums of ten in another order
    np.testing.assert_allclose(found, np.einsum("ij,ij->i", probabilities, kl), rtol=1e-6)  # same


def test_class_weighted_kl_picks_the_cluster_of_a_certain_classifier():
    """One-hot probabilities select one divergence exactly; clusters can be renamed."""
    kl = np.random.default_rng(4).random((3, 3)).astype("float32")
    order = [2, 0, 1]
    probabilities = simplex((3, 3))

    np.testing.assert_array_equal(
        losses.class_weighted_kl(np.eye(3, dtype="float32"), kl), np.diag(kl)
    )
    np.testing.assert_allclose(
        losses.class_weighted_kl(probabilities[:, order], kl[:, order]),
        losses.class_weighted_kl(probabilities, kl),
        rtol=1e-6,  # float32 sums of three in another order
    )


def test_negative_entropy_of_uniform_and_certain_rows():
    """-log K when all clusters are equally likely, zero when one is certain."""
    rows = np.stack([np.full(10, 0.1), np.eye(10)[3]]).astype("float32")

    found = as_numpy(losses.negative_entropy(rows))

    # EPSILON inside the logarithm moves a term by at most EPSILON; K = 10 of them, and rounding
    np.testing.assert_allclose(found, [-math.log(10), 0.0], atol=1e-6)  # 10 * EPSILON


def test_negative_entropy_against_scipy():
    """It is minus SciPy's entropy, and the KL from uniform less log K."""
    probabilities = simplex().astype(np.float64)

    found = as_numpy(losses.negative_entropy(probabilities.astype("float32")))

    divergence = stats.entropy(probabilities, np.full((1, 10), 0.1), axis=1)
    np.testing.assert_allclose(
        found, -stats.entropy(probabilities, axis=1), atol=2e-6
    )  # K * EPSILON, rounding
    np.testing.assert_allclose(found + math.log(10), divergence, atol=2e-6)  # same


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=12).filter(lambda row: sum(row) > 0.1)
)
def test_negative_entropy_is_bounded_and_blind_to_names(row):
    """It lies in [-log K, 0] and does not change when clusters are renamed."""
    probabilities = np.float32([row]) / np.float32(sum(row))

    found = float(losses.negative_entropy(probabilities)[0])
    renamed = float(losses.negative_entropy(probabilities[:, ::-1])[0])

    slack = 5e-6  # K * EPSILON, and rows that sum to 1 only in float32
    assert -math.log(len(row)) - slack <= found <= slack
    assert renamed == pytest.approx(found, abs=1e-6)  # float32 sums in another order


def test_squared_error_against_a_loop():
    """The squared distance of each example, summed over every pixel and channel."""
    x, x_decoded = np.random.default_rng(RNG_SEED).random((2, 5, 6, 4, 2)).astype("float32")

    found = as_numpy(losses.squared_error(x, x_decoded))

    expected = [np.linalg.norm((a - b).ravel()) ** 2 for a, b in zip(x, x_decoded, strict=True)]
    assert found.shape == (5,)
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # float32 sums of 48 terms


def test_squared_error_is_twice_the_gaussian_loss_at_precision_one():
    """It has no factor 1/2, is zero at the input, and flattening does not matter."""
    x, x_decoded = np.random.default_rng(RNG_SEED).random((2, 5, 4, 3)).astype("float32")

    found = as_numpy(losses.squared_error(x, x_decoded))

    half = as_numpy(losses.gaussian_reconstruction_loss(x, x_decoded, 1.0))
    flat = losses.squared_error(x.reshape(5, 12), x_decoded.reshape(5, 12))
    np.testing.assert_allclose(found, 2 * half, rtol=1e-6)  # the same float32 sums
    np.testing.assert_allclose(flat, found, rtol=1e-6)  # float32 sums in another order
    np.testing.assert_array_equal(losses.squared_error(x, x), np.zeros(5))


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        (lambda a, b: losses.gaussian_reconstruction_loss(a, b, 5.0), (2, 28, 28, 1), (2, 28, 28)),
        (losses.gaussian_kl, (2, 3), (2, 4)),
        (losses.gaussian_kl, (2, 10, 3), (2, 3)),
        (losses.gaussian_one_sample_kl, (2, 10, 3), (2, 3)),
        (losses.class_weighted_kl, (2, 10), (2, 9)),
        (losses.squared_error, (2, 28, 28, 1), (2, 784)),
        (losses.contractive_penalty, (2, 64), (784, 63)),
    ],
    ids=["images", "latents", "rank", "one-sample rank", "clusters", "flat images", "units"],
)
def test_shapes_that_do_not_fit_are_refused(function, first, second):
    """A ValueError states what was received, instead of broadcasting in silence."""
    with pytest.raises(ValueError) as caught:
        function(ops.zeros(first), ops.zeros(second))

    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda a, b: losses.gaussian_reconstruction_loss(a, b, 5.0), "x and x_decoded"),
        (losses.squared_error, "x and x_decoded"),
        (losses.class_weighted_kl, "probabilities and kl"),
    ],
)
def test_a_refusal_names_what_does_not_fit(function, names):
    """By the names of the arguments."""
    with pytest.raises(ValueError, match=f"^{names} must have the same shape; received "):
        function(ops.zeros((2, 3)), ops.zeros((2, 4)))

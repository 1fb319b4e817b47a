"""Layers: the noise of `Sampling` and the means of `ClusterMeans`."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from replication.layers import ClusterMeans, Sampling

NUM_DRAWS = 40_000


def draws(mean, log_var, *, seed=0, num_draws=NUM_DRAWS):
    """`num_draws` codes sampled from one Gaussian, shape `(num_draws, latent_dim)`."""
    shape = (num_draws, len(mean))
    inputs = [np.broadcast_to(np.float32(each), shape) for each in (mean, log_var)]
    return ops.convert_to_numpy(Sampling(seed=seed)([ops.array(each) for each in inputs]))


def test_sampling_has_the_mean_and_variance_it_is_given():
    """Sample moments agree with N(mean, exp(log_var)) within their standard errors."""
    mean, log_var = np.array([0.0, 3.0, -2.0]), np.array([0.0, 1.0, -3.0])
    var = np.exp(log_var)

    z = draws(mean, log_var).astype(np.float64)

    bound = 5 * np.sqrt(var / NUM_DRAWS)  # five standard errors of a mean
    assert (np.abs(z.mean(axis=0) - mean) < bound).all()
    bound = 5 * var * np.sqrt(2 / NUM_DRAWS)  # five standard errors of a Gaussian's variance
    assert (np.abs(z.var(axis=0) - var) < bound).all()


def test_sampling_is_gaussian():
    """Standardised draws pass a Kolmogorov-Smirnov test against N(0, 1)."""
    z = draws([1.5], [0.7])[:, 0]

    found = stats.kstest((z - 1.5) / np.exp(0.35), "norm")

    assert found.pvalue > 1e-3  # fixed seed: fails only if the distribution changes


def test_sampling_draws_latents_and_examples_independently():
    """Neither two latents nor two neighbouring examples are correlated."""
    z = draws([0.0, 0.0], [0.0, 0.0])
    bound = 5 / np.sqrt(NUM_DRAWS)  # five standard errors of a correlation of zero

    assert abs(np.corrcoef(z.T)[0, 1]) < bound
    assert abs(np.corrcoef(z[:-1, 0], z[1:, 0])[0, 1]) < bound


def test_sampling_repeats_under_a_seed():
    """One seed gives one sequence, another seed another, and no draw comes twice."""
    mean = log_var = ops.zeros((4, 3))
    first, again, other = Sampling(seed=5), Sampling(seed=5), Sampling(seed=6)
    sequence = [ops.convert_to_numpy(first((mean, log_var))) for _ in range(2)]

    np.testing.assert_array_equal(sequence[0], again((mean, log_var)))
    np.testing.assert_array_equal(sequence[1], again((mean, log_var)))
    assert not np.array_equal(sequence[0], sequence[1])
    assert not np.array_equal(sequence[0], other((mean, log_var)))


def test_sampling_ignores_the_global_seed():
    """The layer's own seed is its only source of randomness."""
    inputs = (ops.zeros((4, 3)), ops.zeros((4, 3)))
    found = []
    for global_seed in (1, 2):
        keras.utils.set_random_seed(global_seed)
        found.append(ops.convert_to_numpy(Sampling(seed=5)(inputs)))

    np.testing.assert_array_equal(*found)


def test_sampling_keeps_its_random_state_in_a_variable():
    """Restoring the state variable repeats the draws, which is what resuming relies on."""
    layer = Sampling(seed=5)
    inputs = (ops.zeros((4, 3)), ops.zeros((4, 3)))
    (state,) = layer.variables
    before = ops.convert_to_numpy(state)
    first = ops.convert_to_numpy(layer(inputs))

    state.assign(before)

    np.testing.assert_array_equal(layer(inputs), first)


def test_sampling_at_no_variance_returns_the_mean():
    """With log_var -> -inf the draw is the mean itself."""
    mean = ops.array([[1.0, -2.0]])

    np.testing.assert_array_equal(Sampling(seed=0)((mean, ops.full((1, 2), -200.0))), mean)


def test_sampling_lets_gradients_through():
    """d z / d mean = 1 and d z / d log_var = (z - mean) / 2: the reparameterisation trick."""
    head = keras.layers.Dense(2, kernel_initializer="zeros")  # outputs its bias: (mean, log_var)
    sampling = Sampling(seed=0)
    inputs = keras.Input((1,))
    parameters = head(inputs)
    z = sampling((parameters[:, :1], parameters[:, 1:]))
    model = keras.Model(inputs, z)
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y_true, y_pred: ops.mean(y_pred))
    probe = Sampling(seed=0)((ops.zeros((8, 1)), ops.zeros((8, 1))))  # the same noise

    model.train_on_batch(np.zeros((8, 1)), np.zeros((8, 1)))

    gradient = -ops.convert_to_numpy(head.bias)  # one SGD step of size 1 from zero
    expected = [1.0, float(ops.mean(probe)) / 2]
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)  # float32 sums of eight


def test_cluster_means_start_at_zero():
    """Before training every cluster has the same prior N(0, I)."""
    layer = ClusterMeans(7)
    codes = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)

    differences = ops.convert_to_numpy(layer(codes))

    np.testing.assert_array_equal(layer.means, np.zeros((7, 3)))
    np.testing.assert_array_equal(differences, np.repeat(codes[:, np.newaxis], 7, axis=1))


def test_cluster_means_are_subtracted_from_every_code():
    """The difference of example i, cluster k, latent d is codes[i, d] - means[k, d]."""
    rng = np.random.default_rng(0)
    codes, means = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    layer = ClusterMeans(4)
    layer.build((None, 3))
    layer.means.assign(means)

    differences = ops.convert_to_numpy(layer(ops.array(codes, "float32")))

    assert differences.shape == (5, 4, 3)
    for i, k, d in np.ndindex(differences.shape):
        expected = codes[i, d] - means[k, d]
        assert differences[i, k, d] == pytest.approx(expected, abs=1e-6)  # float32 rounding


def test_gradients_reach_the_cluster_means():
    """One SGD step on 0.5 * sum ||z - mu||^2 moves every mean to lr * sum of the codes."""
    codes = np.array([[1.0, 2.0], [3.0, -4.0]], np.float32)
    inputs = keras.Input((2,))
    layer = ClusterMeans(3)
    model = keras.Model(inputs, layer(inputs))
    model.compile(
        keras.optimizers.SGD(0.5),
        loss=lambda y_true, y_pred: 0.5 * ops.sum(ops.square(y_pred)) / 2,
    )

    model.train_on_batch(codes, np.zeros((2, 3, 2)))

    expected = np.tile(0.5 * codes.sum(axis=0) / 2, (3, 1))
    np.testing.assert_allclose(layer.means, expected, rtol=1e-6)  # float32, two additions


@pytest.mark.parametrize("layer", [Sampling(seed=3), ClusterMeans(4)])
def test_layers_are_rebuilt_from_their_config(layer):
    """`from_config(get_config())` gives the same layer."""
    again = type(layer).from_config(layer.get_config())

    assert again.get_config() == layer.get_config()

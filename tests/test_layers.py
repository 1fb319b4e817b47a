"""Layers: random codes and inputs, cluster means, tied kernels, running means, hard codes."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from replication.layers import (
    ClusterMeans,
    HardCode,
    MaskingNoise,
    RunningMean,
    Sampling,
    TiedDense,
)
from replication.models import autodiff_jacobian

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


def tied_pair(num_inputs=5, units=3, *, activation=None):
    """A built `Dense` layer, the layer tied to it, and a model of both in a row."""
    source = keras.layers.Dense(units, kernel_initializer=keras.initializers.RandomNormal(seed=0))
    inputs = keras.Input((num_inputs,))
    code = source(inputs)
    tied = TiedDense(source, activation=activation)
    return source, tied, keras.Model(inputs, tied(code))


def test_tied_dense_multiplies_by_the_transpose_of_its_source():
    """y = sigmoid(x W^T + b), with the kernel that the source has at the time of the call."""
    rng = np.random.default_rng(0)
    source, tied, _ = tied_pair(activation="sigmoid")
    codes, bias, kernel = rng.normal(size=(4, 3)), rng.normal(size=5), rng.normal(size=(5, 3))

    tied.bias.assign(bias)
    source.kernel.assign(kernel)

    expected = 1 / (1 + np.exp(-(codes @ kernel.T + bias)))
    np.testing.assert_allclose(tied(ops.array(codes, "float32")), expected, rtol=1e-5)  # float32


def test_tied_dense_owns_a_bias_and_nothing_else():
    """Of both layers together one kernel and two biases are trained; ours starts at zero."""
    source, tied, model = tied_pair()

    own = [each for each in tied.variables if all(each is not one for one in source.variables)]

    np.testing.assert_array_equal(tied.bias, np.zeros(5))
    assert [each.path for each in own] == [tied.bias.path]
    assert sorted(tuple(each.shape) for each in model.trainable_weights) == [(3,), (5,), (5, 3)]


def test_gradients_of_both_uses_reach_the_tied_kernel():
    """L = sum C * (X W W^T) has the gradient (X^T C + C^T X) W: one product for each use."""
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(2, 4, 5))
    source, _, model = tied_pair()
    kernel = ops.convert_to_numpy(source.kernel).astype(np.float64)
    model.compile(
        keras.optimizers.SGD(1.0), lambda y_true, y_pred: ops.sum(y_true * y_pred), run_eagerly=True
    )

    model.train_on_batch(x, weights)

    gradient = kernel - ops.convert_to_numpy(source.kernel)  # one SGD step of size 1
    expected = (x.T @ weights + weights.T @ x) @ kernel
    np.testing.assert_allclose(gradient, expected, atol=1e-5)  # float32 kernels below 10


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_masking_noise_erases_its_share_and_rescales_nothing(rate):
    """Each entry is zero with probability `rate`, and otherwise what it was."""
    inputs = np.random.default_rng(0).uniform(1, 2, NUM_DRAWS).astype("float32")

    outputs = ops.convert_to_numpy(MaskingNoise(rate, seed=0)(inputs, training=True))

    erased = outputs == 0
    np.testing.assert_array_equal(outputs[~erased], inputs[~erased])
    bound = 5 * np.sqrt(rate * (1 - rate) / NUM_DRAWS)  # five standard errors of a share
    assert abs(erased.mean() - rate) <= bound


def test_masking_noise_erases_entries_independently():
    """Neither two inputs of an example nor two neighbouring examples are erased together."""
    kept = ops.convert_to_numpy(MaskingNoise(0.4, seed=0)(np.ones((NUM_DRAWS, 2)), training=True))
    bound = 5 / np.sqrt(NUM_DRAWS)  # five standard errors of a correlation of zero

    assert abs(np.corrcoef(kept.T)[0, 1]) < bound
    assert abs(np.corrcoef(kept[:-1, 0], kept[1:, 0])[0, 1]) < bound


@pytest.mark.parametrize("arguments", [{}, {"training": False}])
def test_masking_noise_acts_only_while_training(arguments):
    """At test the inputs pass unchanged, and no random state is spent."""
    layer = MaskingNoise(0.9, seed=0)
    inputs = np.ones((4, 3), "float32")
    (state,) = layer.variables
    before = ops.convert_to_numpy(state)

    np.testing.assert_array_equal(layer(inputs, **arguments), inputs)
    np.testing.assert_array_equal(state, before)


def test_masking_noise_repeats_under_a_seed():
    """One seed gives one sequence, another seed another, and no mask comes twice."""
    inputs = np.ones((20, 20), "float32")
    first, again, other = (MaskingNoise(0.5, seed=seed) for seed in (5, 5, 6))
    sequence = [ops.convert_to_numpy(first(inputs, training=True)) for _ in range(2)]

    np.testing.assert_array_equal(sequence[0], again(inputs, training=True))
    np.testing.assert_array_equal(sequence[1], again(inputs, training=True))
    assert not np.array_equal(sequence[0], sequence[1])
    assert not np.array_equal(sequence[0], other(inputs, training=True))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_running_mean_follows_its_formula_from_batch_to_batch(momentum):
    """It is beta * running + (1 - beta) * batch mean, stored and returned; 0 is the batch mean."""
    layer, running = RunningMean(momentum, initial=0.05), np.full(4, 0.05)

    for batch in np.random.default_rng(0).random((5, 7, 4)):
        running = momentum * running + (1 - momentum) * batch.mean(axis=0)
        returned = layer(ops.array(batch, "float32"), training=True)

        np.testing.assert_allclose(returned, running, rtol=1e-6)  # float32 means of seven
        np.testing.assert_array_equal(layer.mean, returned)


def test_running_mean_stays_as_it_is_without_training():
    """At test the stored mean comes back, whatever the batch: at first `initial`."""
    layer = RunningMean(0.5, initial=0.25)
    batch = np.ones((3, 2), "float32")

    np.testing.assert_array_equal(layer(batch), [0.25, 0.25])
    layer(batch, training=True)
    np.testing.assert_array_equal(layer(0 * batch, training=False), [0.625, 0.625])
    np.testing.assert_array_equal(layer.mean, [0.625, 0.625])
    assert not layer.trainable_weights


@pytest.mark.parametrize("momentum", [0.0, 0.75])
def test_running_mean_passes_gradients_to_its_batch_alone(momentum):
    """d mean_m / d x_im = (1 - beta) / n, and nothing for another unit."""
    layer = RunningMean(momentum, initial=0.0)

    jacobian = autodiff_jacobian(
        lambda x: ops.expand_dims(layer(x, training=True), 0), np.ones((4, 3))
    )

    expected = np.tile((1 - momentum) / 4 * np.eye(3), (4, 1, 1))  # (n, units, units)
    np.testing.assert_allclose(jacobian, expected, rtol=1e-6)  # two float32 products


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MaskingNoise(1.5, seed=0), r"rate must lie in \[0, 1\]; received 1.5"),
        (lambda: MaskingNoise(-0.1, seed=0), r"rate must lie in \[0, 1\]; received -0.1"),
        (lambda: RunningMean(1.0, initial=0.0), r"momentum must lie in \[0, 1\); received 1.0"),
        (lambda: RunningMean(-0.1, initial=0.0), r"momentum must lie in \[0, 1\); received -0.1"),
    ],
    ids=["rate above", "rate below", "momentum above", "momentum below"],
)
def test_shares_out_of_range_are_refused(build, message):
    """The message names the argument, its range and what came."""
    with pytest.raises(ValueError, match=message):
        build()


def test_hard_code_is_one_hot_of_the_largest_logit():
    """Forward it is exactly zero beside the largest logit, and one at it."""
    logits = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")

    codes = ops.convert_to_numpy(HardCode()(logits))

    expected = np.eye(6)[logits.argmax(axis=1)]
    np.testing.assert_array_equal(codes[expected == 0], 0)
    np.testing.assert_allclose(codes, expected, atol=1e-6)  # s + (1 - s) in float32


def test_hard_code_has_the_gradient_of_the_softmax():
    """Backward it is diag(p) - p p^T, as if the code had been p = softmax(logits)."""
    logits = np.random.default_rng(0).normal(size=(4, 3))
    p = special.softmax(logits, axis=1)

    jacobian = autodiff_jacobian(HardCode(), logits)

    expected = p[:, :, np.newaxis] * (np.eye(3) - p[:, np.newaxis])
    np.testing.assert_allclose(jacobian, expected, atol=1e-6)  # float32 softmax, below 1


@pytest.mark.parametrize(
    "layer",
    [
        Sampling(seed=3),
        ClusterMeans(4),
        MaskingNoise(0.3, seed=3),
        RunningMean(0.9, initial=0.05),
        HardCode(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_are_rebuilt_from_their_config(layer):
    """`from_config(get_config())` gives the same layer."""
    again = type(layer).from_config(layer.get_config())

    assert again.get_config() == layer.get_config()

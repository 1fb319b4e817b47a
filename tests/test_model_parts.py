"""Parts of models: sums of terms, corrupted inputs, a dense judge, automatic differentiation."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from replication import models
from replication.models.termwise import TermwiseModel

NUM_PIXELS = 40_000


class TwoTerms(TermwiseModel):
    """One term for each example, and one for all of them together."""

    def __init__(self):
        super().__init__()
        self.scale = layers.Dense(1, use_bias=False, kernel_initializer="ones")
        self.track("each_loss", "whole_loss")

    def call(self, x):
        return self.scale(x)

    def compute_terms(self, x, outputs):
        return {"each_loss": outputs[:, 0], "whole_loss": 10 * ops.mean(outputs)}


def test_loss_is_the_mean_over_the_batch_of_the_sum_of_terms():
    """Terms of shape `(batch,)` are averaged, a scalar counts once; the history has both."""
    x = np.float32([[1], [2], [3], [6]])
    model = TwoTerms()
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)

    logs = model.fit(x, batch_size=2, verbose=0).history

    assert float(model.compute_loss(x=x, y_pred=model(x))) == 3 + 10 * 3
    assert logs == {"loss": [33.0], "each_loss": [3.0], "whole_loss": [30.0]}


def test_terms_start_anew_in_every_epoch():
    """A history entry is the mean over its own epoch; no names are shared between models."""
    model, other = TwoTerms(), TermwiseModel()
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)

    logs = model.fit(np.ones((2, 1), "float32"), epochs=3, verbose=0).history

    expected = 1 - 1.1 * np.arange(3)  # d loss / d scale is 11
    np.testing.assert_allclose(logs["each_loss"], expected, rtol=1e-5)  # float32 steps
    assert other.loss_terms == {}


def test_a_model_without_terms_says_what_is_missing():
    """The message names the class."""
    with pytest.raises(NotImplementedError, match="TermwiseModel must say what it minimises"):
        TermwiseModel().compute_loss(x=np.ones(1), y_pred=np.ones(1))


def test_corrupted_is_what_a_model_sees_in_training():
    """The first draw of a model's noise under the same seed; without noise the inputs."""
    x = np.random.default_rng(0).random((5, 12)).astype("float32")
    for noise, level in (("masking", 0.4), ("gaussian", 0.4)):
        model = models.Autoencoder(units=(2,), num_inputs=12, noise=noise, level=level, seed=7)

        found = models.corrupted(x, noise=noise, level=level, seed=7)

        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, model.corrupt(x, training=True))
    np.testing.assert_array_equal(models.corrupted(x, noise=None, level=0.0, seed=7), x)


@pytest.mark.parametrize("noise", ["masking", "gaussian"])
def test_corrupted_repeats_under_a_seed(noise):
    """One seed gives one corruption, another seed another."""
    x = np.ones((5, 12), "float32")
    first, again, other = (
        models.corrupted(x, noise=noise, level=0.5, seed=seed) for seed in (7, 7, 8)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_masking_erases_its_share_of_pixels():
    """`level` is the probability of a zero; other pixels are neither moved nor rescaled."""
    found = models.corrupted(np.ones(NUM_PIXELS, "float32"), noise="masking", level=0.3, seed=0)

    bound = 5 * np.sqrt(0.3 * 0.7 / NUM_PIXELS)  # five standard errors of a share
    assert set(found) == {0.0, 1.0}
    assert abs((found == 0).mean() - 0.3) < bound


def test_gaussian_noise_has_its_standard_deviation_and_is_not_clipped():
    """`level` is the standard deviation, the mean is the input, and values leave [0, 1]."""
    found = models.corrupted(np.zeros(NUM_PIXELS, "float32"), noise="gaussian", level=0.5, seed=0)

    assert abs(found.mean()) < 5 * 0.5 / np.sqrt(NUM_PIXELS)  # five standard errors of a mean
    bound = 5 * 0.5 / np.sqrt(2 * NUM_PIXELS)  # five standard errors of a standard deviation
    assert abs(found.std() - 0.5) < bound
    assert found.min() < -1
    assert found.max() > 1


@pytest.mark.parametrize("shape", [(6, 4, 3, 1), (6, 12)], ids=["images", "vectors"])
def test_dense_classifier_is_an_encoder_and_a_softmax(shape):
    """Parameter count by hand; probabilities of `num_classes` classes; flat or not."""
    model = models.dense_classifier((8, 5), "relu", num_classes=3)

    probabilities = ops.convert_to_numpy(model(np.random.default_rng(0).random(shape)))

    assert model.count_params() == (12 * 8 + 8) + (8 * 5 + 5) + (5 * 3 + 3)
    assert probabilities.shape == (6, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)  # softmax in float32


def test_dense_classifier_has_the_layers_of_an_encoder():
    """With the weights of an autoencoder's encoder its hidden layers give the same code."""
    x = np.random.default_rng(0).random((6, 12)).astype("float32")
    encoder = models.Autoencoder(units=(8, 5), num_inputs=12)
    classifier = models.dense_classifier((8, 5))
    encoder(x)
    classifier(x)
    _, *hidden, last = classifier.layers

    for layer, source in zip(hidden, encoder.encoder, strict=True):
        layer.set_weights(source.get_weights())

    code = encoder.encode(x)
    logits = ops.matmul(code, last.kernel) + last.bias
    np.testing.assert_allclose(classifier(x), ops.softmax(logits), rtol=1e-5)  # float32 softmax


def dense(activation=None, num_inputs=5, units=3):
    """A dense layer with random weights, and its kernel and bias."""
    rng = np.random.default_rng(0)
    layer = layers.Dense(units, activation)
    layer.build((None, num_inputs))
    layer.set_weights([rng.normal(size=(num_inputs, units)), rng.normal(size=units)])
    return layer, *(ops.convert_to_numpy(each) for each in layer.weights)


def test_autodiff_jacobian_of_a_linear_map_is_its_matrix():
    """J = W^T at every example, without round-off: the step is of size 1, from zero."""
    layer, kernel, _ = dense()

    found = models.autodiff_jacobian(layer, np.random.default_rng(1).normal(size=(4, 5)))

    np.testing.assert_array_equal(found, np.tile(kernel.T, (4, 1, 1)))


def test_autodiff_jacobian_of_a_sigmoid_layer():
    """J = diag(h (1 - h)) W^T, another matrix at every example; one example has the same."""
    layer, kernel, bias = dense("sigmoid")
    x = np.random.default_rng(1).normal(size=(4, 5))

    found = models.autodiff_jacobian(layer, x)

    h = 1 / (1 + np.exp(-(x @ kernel + bias)))
    expected = (h * (1 - h))[:, :, np.newaxis] * kernel.T
    assert found.shape == (4, 3, 5)
    np.testing.assert_allclose(found, expected, atol=1e-6)  # float32 sigmoid, below 1
    np.testing.assert_allclose(models.autodiff_jacobian(layer, x[2:3])[0], found[2], atol=1e-6)


def test_autodiff_jacobian_takes_any_function_of_keras_operations():
    """d (x^2, sum x) / dx is a diagonal of 2 x above a row of ones."""
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")

    found = models.autodiff_jacobian(
        lambda x: ops.concatenate([x**2, ops.sum(x, axis=1, keepdims=True)], axis=1), x
    )

    np.testing.assert_allclose(found[:, :3], 2 * x[:, :, np.newaxis] * np.eye(3), rtol=1e-6)  # 2x
    np.testing.assert_array_equal(found[:, 3], np.ones((4, 3)))


def test_autodiff_jacobian_leaves_the_model_alone():
    """The step is taken by a shift of the inputs, not by the weights of the function."""
    model = models.Autoencoder(units=(3,), num_inputs=5)
    x = np.random.default_rng(1).random((4, 5)).astype("float32")
    model(x)
    before = model.get_weights()

    models.autodiff_jacobian(model.encode, x)

    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_terms_add_up_to_the_loss_when_the_last_batch_is_smaller():
    """A term without a batch axis counts once for every example, as the loss does."""
    model = models.SparseAutoencoder(
        units=(4,), num_inputs=12, penalty="kl", sparsity=50.0, weight_decay=0.1, momentum=0.0
    )
    model.compile(keras.optimizers.SGD(0.0))
    x = np.random.default_rng(0).random((5, 12), dtype=np.float32)

    history = model.fit(x, batch_size=4, verbose=0).history
    terms = [history[name][0] for name in history if name != "loss"]

    assert len(terms) == 3
    assert sum(terms) == pytest.approx(history["loss"][0], rel=1e-5)  # float32 sums


@pytest.mark.parametrize("arguments", [{"units": (4, 3)}, {"units": (4,), "activation": "relu"}])
def test_the_contractive_penalty_is_refused_where_its_closed_form_does_not_hold(arguments):
    """Two layers, or units that are not sigmoid, would be punished by a wrong number."""
    with pytest.raises(ValueError, match="one layer of sigmoid units"):
        models.ContractiveAutoencoder(contraction=1e-3, **arguments)


@pytest.mark.parametrize("argument", ["kernel", "reduction", "error"])
def test_a_contractive_autoencoder_names_the_choices_it_has(argument):
    """A word that none of the three knows is refused, and the known ones are named."""
    with pytest.raises(ValueError, match=rf"{argument} must be one of \('.+', '.+'\)"):
        models.ContractiveAutoencoder(contraction=1e-3, units=(4,), **{argument: "huge"})

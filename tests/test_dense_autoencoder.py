"""The usual Keras autoencoder, and the classifier with dropout that stands on its code."""

import keras
import numpy as np
import pytest
from keras import ops

from replication import models

BATCH, INPUTS = 6, 12
NUM_DRAWS = 40_000


@pytest.fixture(scope="module")
def x():
    """Random images of three by four pixels."""
    return np.random.default_rng(0).random((BATCH, 3, 4, 1)).astype("float32")


def built(*, units=(8, 5, 2), num_inputs=INPUTS, **arguments):
    """A small model with weights of its own, under a seed."""
    keras.utils.set_random_seed(0)
    model = models.DenseAutoencoder(units=units, num_inputs=num_inputs, **arguments)
    model(np.zeros((1, num_inputs), "float32"))
    return model


def classifier(seed=0, **arguments):
    """A classifier of vectors, with the same weights under every seed of its dropout."""
    keras.utils.set_random_seed(0)
    model = models.dropout_classifier(seed=seed, **arguments)
    model(np.zeros((1, INPUTS), "float32"))
    return model


def as_numpy(tensor):
    return ops.convert_to_numpy(tensor).astype(np.float64)


def test_dense_autoencoder_has_the_size_of_the_article():
    """784-32-784, every kernel and bias trained."""
    model = built(units=(32,), num_inputs=784)

    assert model.count_params() == 784 * 32 + 32 + 32 * 784 + 784
    assert len(model.trainable_weights) == 4


def test_dense_autoencoder_mirrors_its_encoder():
    """The decoder runs through the same sizes backwards."""
    model = built()

    encoder, decoder = (
        [tuple(each.kernel.shape) for each in layers] for layers in (model.encoder, model.decoder)
    )
    assert encoder == [(INPUTS, 8), (8, 5), (5, 2)]
    assert decoder == [shape[::-1] for shape in encoder[::-1]]
    assert model.count_params() == 2 * (INPUTS * 8 + 8 * 5 + 5 * 2) + (8 + 5 + 2) + (5 + 8 + INPUTS)


def test_dense_autoencoder_against_numpy(x):
    """Code and last layer have activations of their own, all others the common one."""
    model = built(activation="tanh", code="softplus", output="linear")
    for number, weight in enumerate(model.trainable_weights):
        weight.assign(np.random.default_rng(number).normal(size=weight.shape))

    found = {"code": model.encode(x), "x_decoded": model(x)}

    layers = (*model.encoder, *model.decoder)
    activations = [np.tanh] * 2 + [lambda z: np.log1p(np.exp(z))] + [np.tanh] * 2 + [np.array]
    outputs = [x.reshape(BATCH, -1).astype(float)]
    for layer, activation in zip(layers, activations, strict=True):
        outputs.append(activation(outputs[-1] @ as_numpy(layer.kernel) + as_numpy(layer.bias)))
    np.testing.assert_allclose(found["code"], outputs[3], atol=1e-5)  # float32, three layers
    np.testing.assert_allclose(found["x_decoded"], outputs[-1], atol=1e-4)  # six layers, to ten


def test_dense_autoencoder_is_rectified_and_ends_in_a_sigmoid(x):
    """Without a word the code has no negative number, and pixels lie inside (0, 1)."""
    model = built(units=(50,))

    code, x_decoded = as_numpy(model.encode(x)), as_numpy(model(x))

    assert (code.min(), code.max() > 0) == (0, True)
    np.testing.assert_allclose(
        code,
        np.maximum(x.reshape(BATCH, -1) @ as_numpy(model.encoder[0].kernel), 0),
        atol=1e-6,  # float32 sums of twelve
    )
    assert 0 < x_decoded.min() < x_decoded.max() < 1


def test_encode_and_decode_compose_to_call(x):
    """The same numbers, in training as at test: nothing in it is random."""
    model = built()

    x_decoded = as_numpy(model.decode(model.encode(x)))

    assert x_decoded.shape == (BATCH, INPUTS)
    np.testing.assert_array_equal(model(x), x_decoded)
    np.testing.assert_array_equal(model(x, training=True), x_decoded)


def test_images_and_vectors_are_the_same_inputs(x):
    """Images are flattened; codes and reconstructions are flat either way."""
    model, vectors = built(), x.reshape(BATCH, INPUTS)

    np.testing.assert_array_equal(model(x), model(vectors))
    np.testing.assert_array_equal(model.encode(x), model.encode(vectors))


def test_the_target_is_what_fit_is_given(x):
    """The loss compares the reconstruction of x with y, and x with nothing."""
    model, clean = built(), x.reshape(BATCH, INPUTS)
    noisy = np.random.default_rng(1).random(x.shape).astype("float32")
    expected = np.square(as_numpy(model(noisy)) - clean).mean()
    model.compile(keras.optimizers.SGD(0.0), loss="mean_squared_error", run_eagerly=True)

    logs = model.fit(noisy, clean, batch_size=BATCH, verbose=0).history

    assert logs["loss"] == [pytest.approx(expected, rel=1e-5)]  # float32 means
    other = np.square(as_numpy(model(noisy)) - noisy.reshape(BATCH, INPUTS)).mean()
    assert abs(other / expected - 1) > 1e-2  # to take x for y would be seen


def test_it_learns_to_map_noisy_to_clean():
    """Two pictures under noise: it returns them cleaner than it was given them, unseen ones too."""
    rng = np.random.default_rng(0)
    pictures = np.array([[0, 1] * 4 + [0], [1, 0] * 4 + [1]], "float32")
    clean = pictures[rng.integers(2, size=600)]
    noisy = (clean + rng.normal(scale=0.5, size=clean.shape)).astype("float32")
    model = built(units=(4,), num_inputs=9, code="linear")
    model.compile(keras.optimizers.Adam(0.02), loss="mean_squared_error")

    model.fit(noisy[:500], clean[:500], epochs=6, batch_size=20, verbose=0)

    error = np.square(as_numpy(model(noisy[500:])) - clean[500:]).mean()
    assert error < 0.05  # 0.25 is the variance of the noise, and of a guess at a half


def test_dropout_classifier_is_a_hidden_layer_and_a_softmax():
    """Sizes of the listing on a code of 32 numbers; dropout adds none; against NumPy."""
    model = models.dropout_classifier(seed=0)
    code = np.random.default_rng(0).random((5, 32)).astype("float32")

    probabilities = as_numpy(model(code))

    hidden, _, last = model.layers
    rectified = np.maximum(code @ as_numpy(hidden.kernel), 0)
    powers = np.exp(rectified @ as_numpy(last.kernel))
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert model.count_params() == 32 * 128 + 128 + 128 * 10 + 10
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)  # float32 softmax


def test_dropout_classifier_drops_in_training_only(x):
    """At test two calls agree to the last bit, in training they do not."""
    model, vectors = classifier(), x.reshape(BATCH, INPUTS)

    drawn = [as_numpy(model(vectors, training=True)) for _ in range(2)]

    np.testing.assert_array_equal(model(vectors), model(vectors))
    np.testing.assert_array_equal(model(vectors), model(vectors, training=False))
    assert not np.array_equal(*drawn)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropout_classifier_drops_its_share_of_hidden_units(rate):
    """A share of `rate` becomes zero, the others make up for it; 0.2 without a word."""
    model = classifier() if rate == 0.2 else classifier(rate=rate)

    found = as_numpy(model.layers[1](np.ones((1, NUM_DRAWS), "float32"), training=True))

    bound = 5 * np.sqrt(rate * (1 - rate) / NUM_DRAWS)  # five standard errors of a share
    assert abs((found == 0).mean() - rate) < bound
    np.testing.assert_allclose(found[found > 0], 1 / (1 - rate), rtol=1e-6)  # float32 quotient


def test_dropout_repeats_under_its_seed(x):
    """The seed of the dropout decides, whatever the global seed has come to be."""
    vectors, drawn = x.reshape(BATCH, INPUTS), []
    for seed, elsewhere in ((1, 5), (1, 6), (2, 5)):
        model = classifier(seed)
        keras.utils.set_random_seed(elsewhere)
        drawn.append(as_numpy(model(vectors, training=True)))

    first, again, other = drawn
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)

"""Codes with K values: nearest vectors by brute force, terms and gradients in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

from replication import models
from replication.layers import NearestVector

BATCH, INPUTS, HIDDEN, DIM = 8, 12, 7, 3
NUM_CODES = 4
FAR = 100.0  # no code comes near a vector that is so far out


@pytest.fixture(scope="module")
def x():
    """Random images of three by four pixels."""
    return np.random.default_rng(0).random((BATCH, 3, 4, 1)).astype("float32")


def as_numpy(tensor):
    return ops.convert_to_numpy(tensor).astype(np.float64)


def relu(inputs):
    return np.maximum(inputs, 0)


def flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def nearest_vector(vectors, *, dim=DIM):
    """A layer that holds these vectors."""
    layer = NearestVector(len(vectors))
    layer.build((None, dim))
    layer.vectors.assign(vectors)
    return layer


def quantized(x, *, commitment=0.25):
    """A small model with random biases; vectors near the codes, but for the last."""
    keras.utils.set_random_seed(0)
    sizes = {"code_dim": DIM, "hidden_units": HIDDEN, "num_inputs": INPUTS}
    model = models.QuantizedAutoencoder(num_codes=NUM_CODES, commitment=commitment, **sizes)
    model(x)
    rng = np.random.default_rng(1)
    for layer in (*model.encoder, *model.decoder):
        layer.bias.assign(rng.normal(scale=0.1, size=layer.bias.shape))
    vectors = as_numpy(model(x)["vectors"])[:NUM_CODES] + rng.normal(size=(NUM_CODES, DIM)) / 10
    vectors[-1] = FAR
    model.nearest.vectors.assign(vectors)
    return model


def parts(model, x):
    """Every layer's output in NumPy, and the number of the vector nearest to each code."""
    layers = (*model.encoder, *model.decoder)
    kernels = [as_numpy(each.kernel) for each in layers]
    biases = [as_numpy(each.bias) for each in layers]
    hidden = relu(flat(x) @ kernels[0] + biases[0])
    code = hidden @ kernels[1] + biases[1]
    vectors = as_numpy(model.nearest.vectors)
    chosen = np.array([np.argmin([np.sum((c - v) ** 2) for v in vectors]) for c in code])
    back = relu(vectors[chosen] @ kernels[2] + biases[2])
    x_decoded = special.expit(back @ kernels[3] + biases[3])
    return hidden, code, vectors, chosen, back, x_decoded


def step(model, x):
    """How far one step of plain gradient descent, of size 1, moves every weight; and the logs."""
    before = [as_numpy(weight) for weight in model.trainable_weights]
    model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    logs = model.fit(x, batch_size=len(x), verbose=0, shuffle=False).history
    after = model.trainable_weights
    moved = [as_numpy(new) - old for new, old in zip(after, before, strict=True)]
    names = {id(weight): change for weight, change in zip(after, moved, strict=True)}
    return lambda weight: names[id(weight)], {name: values[0] for name, values in logs.items()}


def test_nearest_vector_against_brute_force():
    """The vector with the smallest squared distance, as it is, and which one it was."""
    rng = np.random.default_rng(0)
    inputs, vectors = (rng.normal(size=(n, DIM)).astype("float32") for n in (50, 7))

    found = nearest_vector(vectors)(inputs)

    distances = [[np.sum((one - other) ** 2) for other in vectors] for one in inputs]
    expected = np.argmin(distances, axis=1)
    assert len(set(expected)) == 7  # every vector is the nearest to some input
    np.testing.assert_array_equal(found["choice"], np.eye(7)[expected])
    np.testing.assert_array_equal(found["nearest"], vectors[expected])


def test_a_vector_is_nearest_to_itself():
    """What has been moved to the nearest vector is not moved again."""
    vectors = np.random.default_rng(0).normal(size=(7, DIM)).astype("float32")
    layer = nearest_vector(vectors)

    found = layer(vectors)

    np.testing.assert_array_equal(found["choice"], np.eye(7))
    np.testing.assert_array_equal(layer(found["nearest"])["nearest"], vectors)


def test_nearest_vector_trains_its_vectors_and_is_rebuilt_from_its_config():
    """K times dim numbers and nothing else; `from_config(get_config())` is the same layer."""
    layer = nearest_vector(np.zeros((7, DIM)))

    assert [tuple(each.shape) for each in layer.trainable_weights] == [(7, DIM)]
    assert NearestVector.from_config(layer.get_config()).get_config() == layer.get_config()
    assert layer.get_config()["num_vectors"] == 7


def test_quantized_autoencoder_has_the_size_counted_by_hand():
    """784-128-16, ten vectors of 16 numbers, 16-128-784."""
    model = models.QuantizedAutoencoder(num_codes=10)
    model(np.zeros((1, 28, 28, 1), "float32"))

    encoder = 784 * 128 + 128 + 128 * 16 + 16
    decoder = 16 * 128 + 128 + 128 * 784 + 784
    assert model.count_params() == encoder + 10 * 16 + decoder
    assert len(model.trainable_weights) == 9


def test_quantized_autoencoder_decodes_the_nearest_vector(x):
    """Codes, the vectors they are moved to, and what the decoder makes of these alone."""
    model = quantized(x)

    outputs = model(x)

    _, code, vectors, chosen, _, x_decoded = parts(model, x)
    assert len(set(chosen)) == NUM_CODES - 1
    np.testing.assert_allclose(outputs["vectors"], code, atol=1e-6)  # float32, two layers
    np.testing.assert_array_equal(outputs["nearest"], vectors[chosen])
    np.testing.assert_allclose(outputs["x_decoded"], x_decoded, atol=1e-6)  # float32, two layers
    decoded = model.decode(outputs["nearest"])
    np.testing.assert_allclose(outputs["x_decoded"], decoded, atol=1e-6)  # z + (e - z) in float32


def test_quantized_autoencoder_encodes_to_one_hot_codes(x):
    """One at the nearest vector, zero elsewhere; images and vectors are the same inputs."""
    model = quantized(x)

    code = as_numpy(model.encode(x))

    np.testing.assert_array_equal(code, np.eye(NUM_CODES)[parts(model, x)[3]])
    np.testing.assert_array_equal(model.encode(x.reshape(BATCH, INPUTS)), code)


@pytest.mark.parametrize("commitment", [0.25, 2.0])
def test_three_terms_of_the_quantized_loss_by_hand(x, commitment):
    """Squared errors summed over numbers; the distance counts once plain, once weighted."""
    model = quantized(x, commitment=commitment)

    terms = model.compute_terms(x, model(x))

    _, code, vectors, chosen, _, x_decoded = parts(model, x)
    error = ((flat(x) - x_decoded) ** 2).sum(axis=1)
    distance = ((code - vectors[chosen]) ** 2).sum(axis=1)
    assert list(terms) == ["reconstruction_loss", "codebook_loss", "commitment_loss"]
    np.testing.assert_allclose(terms["reconstruction_loss"], error, rtol=1e-5)  # float32 sums
    np.testing.assert_allclose(terms["codebook_loss"], distance, rtol=1e-4)  # of differences
    np.testing.assert_allclose(terms["commitment_loss"], commitment * distance, rtol=1e-4)  # same


def test_history_of_a_quantized_autoencoder_holds_terms_that_add_up(x):
    """The epoch means of the three terms sum to that of the loss."""
    _, logs = step(quantized(x), x)

    loss = logs.pop("loss")
    assert set(logs) == {"reconstruction_loss", "codebook_loss", "commitment_loss"}
    assert sum(logs.values()) == pytest.approx(loss, rel=1e-5)  # float32 means


@pytest.mark.parametrize("commitment", [0.0, 0.25])
def test_gradient_of_the_decoder_goes_straight_through_to_the_encoder(x, commitment):
    """The code receives the gradient at its vector e, and 2 commitment (z - e) of its own.

    With commitment 0 nothing but the straight-through gradient is left.
    """
    model = quantized(x, commitment=commitment)
    hidden, code, vectors, chosen, back, x_decoded = parts(model, x)
    layers = (*model.encoder, *model.decoder)
    _, second, third, fourth = (as_numpy(each.kernel) for each in layers)

    moved, _ = step(model, x)

    slope = 2 * (x_decoded - flat(x)) * x_decoded * (1 - x_decoded)
    at_vector = ((slope @ fourth.T) * (back > 0)) @ third.T
    at_code = at_vector + 2 * commitment * (code - vectors[chosen])
    at_hidden = (at_code @ second.T) * (hidden > 0)
    expected = (
        (layers[1].bias, at_code.mean(axis=0)),
        (layers[1].kernel, hidden.T @ at_code / BATCH),
        (layers[0].kernel, flat(x).T @ at_hidden / BATCH),
        (layers[3].kernel, back.T @ slope / BATCH),
    )
    assert np.abs(at_vector).max() > 1e-2  # there is something to be passed on
    for weight, gradient in expected:
        np.testing.assert_allclose(moved(weight), -gradient, atol=1e-5)  # float32 below 1


def test_codebook_follows_its_codes_and_nothing_else(x):
    """A vector moves by 2 (z - e) for each code that chose it; one that nobody chose stays."""
    model = quantized(x)
    _, code, vectors, chosen, _, _ = parts(model, x)

    moved, _ = step(model, x)

    expected = np.zeros_like(vectors)
    for each, number in zip(code, chosen, strict=True):
        expected[number] += 2 * (each - vectors[number]) / BATCH
    found = moved(model.nearest.vectors)
    np.testing.assert_allclose(found, expected, atol=1e-6)  # float32 below 1
    np.testing.assert_array_equal(found[-1], 0)


def test_hard_code_autoencoder_takes_images_and_vectors(x):
    """The same codes and reconstructions either way."""
    keras.utils.set_random_seed(0)
    model = models.HardCodeAutoencoder(num_codes=3, num_inputs=INPUTS)

    images, vectors = model(x), model(x.reshape(BATCH, INPUTS))

    for name in ("code", "x_decoded"):
        np.testing.assert_array_equal(images[name], vectors[name])


def test_step_of_a_hard_code_autoencoder_by_hand(x):
    """Logits learn as if the code had been their softmax; only chosen codes learn pictures.

    With p the softmax and g the gradient at the code, that at the logits is
    p (g - sum p g).
    """
    keras.utils.set_random_seed(0)
    model = models.HardCodeAutoencoder(num_codes=3, num_inputs=INPUTS)
    model(x)
    model.logits.bias.assign([0.0, 0.0, -FAR])  # nobody chooses the last code
    logits = flat(x) @ as_numpy(model.logits.kernel) + as_numpy(model.logits.bias)
    kernel, code = as_numpy(model.pictures.kernel), np.eye(3)[logits.argmax(axis=1)]

    moved, _ = step(model, x)

    x_decoded = special.expit(code @ kernel)
    slope = 2 * (x_decoded - flat(x)) * x_decoded * (1 - x_decoded)
    p, at_code = special.softmax(logits, axis=1), slope @ kernel.T
    at_logits = p * (at_code - (p * at_code).sum(axis=1, keepdims=True))
    assert set(logits.argmax(axis=1)) == {0, 1}
    expected = -flat(x).T @ at_logits / BATCH
    np.testing.assert_allclose(moved(model.logits.kernel), expected, atol=1e-6)  # float32 below 1
    expected = -code.T @ slope / BATCH
    np.testing.assert_allclose(moved(model.pictures.kernel), expected, atol=1e-6)  # the same
    np.testing.assert_array_equal(moved(model.pictures.kernel)[-1], 0)

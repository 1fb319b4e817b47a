"""Dense autoencoders: sizes by hand, terms and gradients written out in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from replication import losses, models
from replication.layers import TiedDense

BATCH, INPUTS, UNITS = 6, 12, 4


@pytest.fixture(scope="module")
def x():
    """Random images of three by four pixels."""
    return np.random.default_rng(0).random((BATCH, 3, 4, 1)).astype("float32")


def built(kind=models.Autoencoder, *, units=(UNITS,), num_inputs=INPUTS, **arguments):
    """A small model with weights of its own, under a seed."""
    keras.utils.set_random_seed(0)
    model = kind(units=units, num_inputs=num_inputs, **arguments)
    model(np.zeros((1, num_inputs), "float32"))
    return model


def contractive(contraction=0.5, **arguments):
    return built(models.ContractiveAutoencoder, contraction=contraction, **arguments)


def as_numpy(tensor):
    return ops.convert_to_numpy(tensor).astype(np.float64)


def sigmoid(inputs):
    return 1 / (1 + np.exp(-inputs))


def trained(model, x, *, learning_rate=1.0, **arguments):
    """The logs of one pass of plain gradient descent, epoch means by name."""
    model.compile(keras.optimizers.SGD(learning_rate), run_eagerly=True)
    logs = model.fit(x, verbose=0, shuffle=False, **arguments).history
    return {name: values[-1] for name, values in logs.items()}


def step(model, x):
    """How far one step of plain gradient descent, of size 1, moves the encoder's kernel."""
    before = as_numpy(model.encoder[0].kernel)
    trained(model, x, batch_size=len(x))
    return as_numpy(model.encoder[0].kernel) - before


@pytest.mark.parametrize(
    ("tied", "expected"),
    [(False, 784 * 64 + 64 + 64 * 784 + 784), (True, 784 * 64 + 64 + 784)],
    ids=["untied", "tied"],
)
def test_autoencoder_has_the_size_of_the_article(tied, expected):
    """784-64-784: two kernels and two biases, or one kernel where they are tied."""
    model = built(units=(64,), num_inputs=784, tied=tied)

    assert model.count_params() == expected
    assert sum(int(np.prod(each.shape)) for each in model.trainable_weights) == expected


@pytest.mark.parametrize("tied", [False, True])
def test_deep_autoencoder_mirrors_its_encoder(tied):
    """The decoder runs through the same sizes backwards; every kernel is listed once."""
    model = built(units=(8, 5, 2), tied=tied)

    encoder, decoder = [(INPUTS, 8), (8, 5), (5, 2)], [(2, 5), (5, 8), (8, INPUTS)]
    shapes = [tuple(each.shape) for each in model.kernels]
    assert shapes == encoder + ([] if tied else decoder)
    assert [each.bias.shape[0] for each in model.decoder] == [5, 8, INPUTS]
    assert [isinstance(each, TiedDense) for each in model.decoder] == [tied] * 3
    assert len(model.trainable_weights) == len(shapes) + 6


@pytest.mark.parametrize("tied", [False, True])
def test_autoencoder_against_numpy(x, tied):
    """Every layer but the last has the activation, the last has the output's."""
    model = built(units=(8, 4), activation="tanh", output="sigmoid", tied=tied)
    for number, weight in enumerate(model.trainable_weights):
        weight.assign(np.random.default_rng(number).normal(size=weight.shape))

    outputs = model(x)

    first, second, *rest = (as_numpy(each) for each in model.kernels)
    back = [second.T, first.T] if tied else rest
    code = np.tanh(x.reshape(BATCH, -1) @ first + as_numpy(model.encoder[0].bias))
    code = np.tanh(code @ second + as_numpy(model.encoder[1].bias))
    hidden = np.tanh(code @ back[0] + as_numpy(model.decoder[0].bias))
    x_decoded = sigmoid(hidden @ back[1] + as_numpy(model.decoder[1].bias))
    np.testing.assert_allclose(outputs["code"], code, atol=1e-5)  # float32, two layers
    np.testing.assert_allclose(outputs["x_decoded"], x_decoded, atol=1e-5)  # float32, four layers


def test_images_and_vectors_are_the_same_inputs(x):
    """Images are flattened; codes and reconstructions are flat either way."""
    model = built()

    images, vectors = model(x), model(x.reshape(BATCH, INPUTS))

    assert {name: tuple(each.shape) for name, each in images.items()} == {
        "code": (BATCH, UNITS),
        "x_decoded": (BATCH, INPUTS),
    }
    for name in images:
        np.testing.assert_array_equal(images[name], vectors[name])


@pytest.mark.parametrize(("noise", "level"), [("masking", 0.5), ("gaussian", 0.3)])
def test_noise_is_drawn_in_training_only(x, noise, level):
    """At test and in `encode` inputs stay clean; in training no two calls are alike."""
    model, plain = built(noise=noise, level=level), built()

    drawn = [as_numpy(model(x, training=True)["code"]) for _ in range(2)]

    assert not np.array_equal(*drawn)
    np.testing.assert_array_equal(model(x)["code"], plain(x)["code"])
    np.testing.assert_array_equal(model.encode(x), plain.encode(x))
    assert not np.array_equal(drawn[0], as_numpy(plain(x)["code"]))


def test_noise_repeats_under_a_seed(x):
    """The seed of the model is that of its noise."""
    first, again, other = (
        built(noise="gaussian", level=0.3, seed=seed)(x, training=True)["code"]
        for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_target_of_a_denoising_autoencoder_is_clean(x):
    """With every input erased, the error in training is that of decode(encode(0)) from x."""
    model = built(noise="masking", level=1.0)
    x_decoded = as_numpy(model.decode(model.encode(0 * x)))

    logs = trained(model, x, learning_rate=0.0)

    expected = ((x.reshape(BATCH, -1) - x_decoded) ** 2).sum(axis=1).mean()
    assert logs["reconstruction_loss"] == pytest.approx(expected, rel=1e-5)  # float32 sums of 12


@pytest.mark.parametrize("tied", [False, True])
def test_weight_decay_is_the_squared_norm_of_every_kernel_once(x, tied):
    """lambda times the sum of squares, biases left out; without lambda there is no such term."""
    model = built(units=(8, 4), tied=tied, weight_decay=0.01)
    for layer in model.decoder:
        layer.bias.assign(np.ones(layer.bias.shape))

    terms = model.compute_terms(x, model(x))

    expected = 0.01 * sum(np.square(as_numpy(kernel)).sum() for kernel in model.kernels)
    assert list(terms) == ["reconstruction_loss", "weight_decay"]
    assert float(terms["weight_decay"]) == pytest.approx(expected, rel=1e-5)  # float32 sums
    assert list(built().compute_terms(x, built()(x))) == ["reconstruction_loss"]


MODELS = {
    "plain": {},
    "tied, decay": {"tied": True, "weight_decay": 0.01},
    "l1": {"kind": models.SparseAutoencoder, "penalty": "l1", "sparsity": 0.1},
    "kl": {"kind": models.SparseAutoencoder, "penalty": "kl", "sparsity": 0.1},
    "contractive": {"kind": models.ContractiveAutoencoder, "contraction": 0.1},
}


@pytest.mark.parametrize("arguments", MODELS.values(), ids=MODELS)
def test_history_holds_terms_that_add_up_to_the_loss(x, arguments):
    """In batches of one size the epoch means of the terms sum to that of the loss."""
    logs = trained(built(**arguments), x, batch_size=3)

    loss = logs.pop("loss")
    logs.pop("jacobian_norm", None)  # a measurement, not a term
    assert sum(logs.values()) == pytest.approx(loss, rel=1e-5)  # float32 means


@pytest.mark.parametrize("arguments", MODELS.values(), ids=MODELS)
def test_training_moves_every_trainable_weight(x, arguments):
    """One step changes kernels and biases alike, of tied layers too."""
    model = built(**arguments)
    before = [as_numpy(weight) for weight in model.trainable_weights]

    trained(model, x)

    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weight, old), weight.path


def test_l1_penalty_by_hand(x):
    """eta times the sum of absolute activations of each example."""
    model = built(models.SparseAutoencoder, penalty="l1", sparsity=0.3, activation="tanh")
    outputs = model(x, training=True)

    found = as_numpy(model.compute_terms(x, outputs)["sparsity_loss"])

    expected = 0.3 * np.abs(as_numpy(outputs["code"])).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # float32 sums of four


def test_kl_penalty_by_hand(x):
    """eta times the divergence of the new running mean, which starts on target, from it."""
    model = built(models.SparseAutoencoder, penalty="kl", sparsity=0.3, target=0.1, momentum=0.6)
    outputs = model(x, training=True)

    found = float(model.compute_terms(x, outputs)["sparsity_loss"])

    mean = 0.6 * 0.1 + 0.4 * as_numpy(outputs["code"]).mean(axis=0)
    kl = 0.1 * np.log(0.1 / mean) + 0.9 * np.log(0.9 / (1 - mean))
    np.testing.assert_allclose(outputs["mean_activation"], mean, rtol=1e-6)  # float32 means of six
    assert found == pytest.approx(0.3 * kl.sum(), rel=1e-4)  # float32 logarithms, cancelling


def test_running_mean_of_activations_moves_in_training_only(x):
    """Calls and evaluation leave it on target; every training step moves it by its formula."""
    model = built(models.SparseAutoencoder, penalty="kl", sparsity=0.1, momentum=0.6)
    code = as_numpy(model.encode(x))
    model(x)
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    model.evaluate(x, verbose=0)
    before = as_numpy(model.running_mean.mean)

    trained(model, x, learning_rate=0.0, batch_size=3)

    expected = before
    for batch in (code[:3], code[3:]):
        expected = 0.6 * expected + 0.4 * batch.mean(axis=0)
    np.testing.assert_array_equal(before, np.full(UNITS, np.float32(0.05)))
    np.testing.assert_allclose(model.running_mean.mean, expected, rtol=1e-6)  # float32 means


@pytest.mark.parametrize(("reduction", "divisor"), [("mean", INPUTS), ("sum", 1)])
def test_contractive_terms_by_hand(x, reduction, divisor):
    """The squared error, over pixels or not, and lambda times the norm of the Jacobian."""
    model = contractive(0.5, reduction=reduction, output="linear", tied=True)
    outputs = model(x)

    terms = model.compute_terms(x, outputs)

    error = ((x.reshape(BATCH, -1) - as_numpy(outputs["x_decoded"])) ** 2).sum(axis=1)
    jacobians = models.autodiff_jacobian(model.encode, x.reshape(BATCH, -1))
    penalty = 0.5 * np.square(jacobians).sum(axis=(1, 2))
    assert list(terms) == ["reconstruction_loss", "penalty_loss"]
    np.testing.assert_allclose(terms["reconstruction_loss"], error / divisor, rtol=1e-5)  # float32
    np.testing.assert_allclose(terms["penalty_loss"], penalty, rtol=1e-5)  # float32 sums of 48


def test_frozen_kernel_is_the_initial_kernel_and_stays_so(x):
    """Training moves the encoder's kernel; the copy is neither moved nor trainable."""
    model = contractive(0.5, kernel="frozen")
    initial = as_numpy(model.encoder[0].kernel)

    moved = step(model, x)

    assert np.abs(moved).min() > 0
    np.testing.assert_array_equal(model.frozen_kernel, initial)
    assert all(each is not model.frozen_kernel for each in model.trainable_weights)
    code = model(x)["code"]
    expected = 0.5 * as_numpy(losses.contractive_penalty(code, initial.astype("float32")))
    found = model.compute_terms(x, model(x))["penalty_loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # the same float32 sums


@pytest.mark.parametrize("kernel", ["live", "frozen"])
def test_gradient_of_the_penalty_goes_through_the_kernel_only_if_live(x, kernel):
    """Both change the slopes s = h (1 - h); only the live kernel pays for its own norm.

    With c_j the squared norm of column j, d/dW_ij of the mean penalty is the
    mean over examples of 2 x_i s_j^2 (1 - 2 h_j) c_j, and live, of 2 s_j^2 W_ij more.
    """
    contraction = 1e3  # large beside the reconstruction, whose gradient is taken off below
    with_penalty = step(contractive(contraction, kernel=kernel), x)
    model = contractive(0.0)
    w, h = as_numpy(model.encoder[0].kernel), as_numpy(model.encode(x))

    gradient = -(with_penalty - step(model, x)) / contraction

    squared, flat = (h * (1 - h)) ** 2, x.reshape(BATCH, -1).astype(float)
    expected = 2 * flat.T @ (squared * (1 - 2 * h)) * np.square(w).sum(axis=0) / BATCH
    if kernel == "live":
        expected = expected + 2 * squared.mean(axis=0) * w
    np.testing.assert_allclose(gradient, expected, atol=1e-5)  # float32 gradients below 1


def test_without_contraction_there_is_no_penalty_but_its_norm_is_recorded(x):
    """lambda = 0 pays nothing; the history shows the mean squared norm of the live Jacobian."""
    model = contractive(0.0)
    logs = trained(model, x, learning_rate=0.0, batch_size=3)

    expected = as_numpy(losses.contractive_penalty(model.encode(x), model.encoder[0].kernel))
    assert set(logs) == {"loss", "reconstruction_loss", "jacobian_norm"}
    assert logs["loss"] == pytest.approx(logs["reconstruction_loss"], rel=1e-6)  # float32 means
    assert logs["jacobian_norm"] == pytest.approx(expected.mean(), rel=1e-5)  # float32 means


def test_recorded_norm_is_that_of_the_live_kernel_in_each_epoch(x):
    """It starts anew every epoch, and is live where the penalty is frozen and has moved away."""
    model = contractive(0.5, kernel="frozen")
    step(model, x)

    logs = trained(model, 0.5 * x, learning_rate=0.0, epochs=2)

    code = model.encode(0.5 * x)
    live = as_numpy(losses.contractive_penalty(code, model.encoder[0].kernel)).mean()
    frozen = as_numpy(losses.contractive_penalty(code, model.frozen_kernel)).mean()
    assert logs["jacobian_norm"] == pytest.approx(live, rel=1e-5)  # float32 means
    assert logs["penalty_loss"] == pytest.approx(0.5 * frozen, rel=1e-5)  # float32 means
    assert abs(live / frozen - 1) > 1e-3  # the step has told them apart


def test_contractive_autoencoder_trains_what_a_plain_one_does():
    """784-64-784, tied: the frozen copy adds weights, and nothing to train."""
    model = contractive(units=(64,), num_inputs=784, tied=True)

    counted = sum(int(np.prod(each.shape)) for each in model.trainable_weights)
    assert counted == 784 * 64 + 64 + 784
    assert model.count_params() == counted + 784 * 64


def test_hard_code_autoencoder_has_one_picture_for_each_code(x):
    """Codes are one-hot of the largest logit, and each code has one reconstruction."""
    keras.utils.set_random_seed(0)
    model = models.HardCodeAutoencoder(num_codes=3, num_inputs=INPUTS)
    outputs = model(x)

    chosen = as_numpy(model.logits(x.reshape(BATCH, -1))).argmax(axis=1)
    kernel, bias = as_numpy(model.pictures.kernel), as_numpy(model.pictures.bias)
    assert model.count_params() == INPUTS * 3 + 3 + 3 * INPUTS + INPUTS
    np.testing.assert_allclose(outputs["code"], np.eye(3)[chosen], atol=1e-6)  # s + (1 - s)
    np.testing.assert_array_equal(model.encode(x), outputs["code"])
    expected = sigmoid(kernel + bias)[chosen]
    np.testing.assert_allclose(outputs["x_decoded"], expected, rtol=1e-5)  # float32 sigmoid
    error = ((x.reshape(BATCH, -1) - expected) ** 2).sum(axis=1).mean()
    assert float(model.compute_loss(x=x, y_pred=outputs)) == pytest.approx(error, rel=1e-5)  # same


def test_gradients_reach_the_logits_of_a_hard_code_autoencoder(x):
    """The choice of a code is trained, although it is hard."""
    keras.utils.set_random_seed(0)
    model = models.HardCodeAutoencoder(num_codes=3, num_inputs=INPUTS)
    model(x)
    before = [as_numpy(weight) for weight in model.trainable_weights]

    logs = trained(model, x)

    assert set(logs) == {"loss", "reconstruction_loss"}
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weight, old), weight.path


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: built(noise="salt"), r"noise must be one of \('masking', 'gaussian'\) or None"),
        (
            lambda: built(models.SparseAutoencoder, penalty="l2", sparsity=0.1),
            "penalty must be 'l1' or 'kl'; received 'l2'",
        ),
        (lambda: contractive(kernel="dead"), r"kernel must be one of .*; received 'dead'"),
        (lambda: contractive(reduction="max"), r"reduction must be one of .*; received 'max'"),
        (lambda: built(noise="masking", level=2.0), r"rate must lie in \[0, 1\]; received 2.0"),
        (
            lambda: built(models.SparseAutoencoder, penalty="kl", sparsity=0.1, momentum=1.0),
            r"momentum must lie in \[0, 1\); received 1.0",
        ),
        (lambda: models.corrupted(0, noise="salt", level=0.1, seed=0), "received 'salt'"),
    ],
    ids=["noise", "penalty", "kernel", "reduction", "level", "momentum", "corrupted"],
)
def test_arguments_out_of_range_are_refused(build, message):
    """The message names the argument, the choices and what came."""
    with pytest.raises(ValueError, match=message):
        build()

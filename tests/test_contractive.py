"""Article 03: the listing's settings, its split, and every measurement by hand.

Networks are not trained here: an experiment runs on the first digits, with its
own settings, and every model stays as it starts.
"""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from replication import datasets, experiments
from replication.experiments import Profile
from replication.experiments.contractive import details, protocol
from replication.layers import TiedDense
from replication.training import Recipe

TRAINERS = [protocol, details]

NUM_IMAGES, NUM_KEPT = 120, 110  # on the shelf, and the listing's share of them


def flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def weights(model):
    """Kernel and bias of the encoder, kernel and bias of the decoder."""
    layers = (model.encoder[0], model.decoder[0])
    return [np.asarray(each, np.float64) for layer in layers for each in layer.get_weights()]


def test_the_split_keeps_55000_of_60000_images():
    """The last 5,000 training images are left out with their labels; the test images stay."""
    numbers = np.arange(60_000)
    images = numbers.astype("float32").reshape(-1, 1, 1, 1)
    whole = datasets.Dataset("mnist", images, numbers, images[:9], numbers[:9], ())
    profile = Profile("full", SimpleNamespace(load=lambda name: whole))

    found = protocol.split(profile)

    assert len(found.x_train) == 55_000
    np.testing.assert_array_equal(found.x_train, images[:55_000])
    np.testing.assert_array_equal(found.y_train, numbers[:55_000])
    np.testing.assert_array_equal(found.x_test, images[:9])
    np.testing.assert_array_equal(found.y_test, numbers[:9])


@pytest.mark.parametrize(
    ("name", "contraction", "kernel", "tied", "reduction"),
    [
        ("contractive-as-published", 1e-3, "frozen", False, "mean"),
        ("contractive-as-intended", 1e-3, "live", False, "mean"),
        ("contractive-as-intended-tied", 1e-3, "live", True, "mean"),
        ("contractive-formula", 1e-3, "live", True, "sum"),
        ("contractive-no-penalty", 0.0, "live", False, "mean"),
        ("contractive-no-penalty-tied", 0.0, "live", True, "mean"),
        ("contractive-cross-entropy", 1e-3, "live", False, "mean"),
        ("contractive-cross-entropy-as-published", 1e-3, "frozen", False, "mean"),
        ("contractive-cross-entropy-no-penalty", 0.0, "live", False, "mean"),
    ],
)
def test_variants_have_the_settings_of_the_listing(
    started, name, contraction, kernel, tied, reduction
):
    """784-64-784, sigmoid and linear, 3 epochs of batches of 100; variants differ as they say.

    With cross-entropy the output is a sigmoid, as it must be.
    """
    _, _, (call,) = started(name)

    model = call.model
    (encoder,), (decoder,) = model.encoder, model.decoder
    assert call.recipe == Recipe(epochs=3, batch_size=100, learning_rate=1e-3)
    assert len(call.x) == NUM_KEPT
    assert encoder.kernel.shape == (784, 64)
    output = "sigmoid" if "cross-entropy" in name else "linear"
    assert (encoder.activation.__name__, decoder.activation.__name__) == ("sigmoid", output)
    assert model.error == ("cross-entropy" if "cross-entropy" in name else "squared")
    assert (model.contraction, model.kernel, model.reduction) == (contraction, kernel, reduction)
    assert isinstance(decoder, TiedDense) == tied
    assert (model.weight_decay, call.x.shape[1:]) == (0.0, (28, 28, 1))


def test_a_variant_is_measured_on_the_test_images(started, data):
    """Errors, slopes and the spectrum of explicit Jacobians, in NumPy."""
    found, arrays, (call,) = started("contractive-as-intended")

    w, b, v, c = weights(call.model)
    h = special.expit(flat(data.x_test) @ w + b)
    jacobians = (h * (1 - h))[:, :, np.newaxis] * w.T
    squares = np.linalg.eigvalsh(jacobians @ jacobians.transpose(0, 2, 1))[:, ::-1]
    values = np.sqrt(squares)
    shares = values / values.sum(axis=1, keepdims=True)
    expected = {
        "test_mse": np.square(flat(data.x_test) - (h @ v + c)).mean(),
        "jacobian_norm": np.square(jacobians).sum(axis=(1, 2)).mean(),
        "frozen_penalty": np.square(jacobians).sum(axis=(1, 2)).mean(),  # before any training
        "kernel_norm": np.square(w).sum(),
        "mean_slope": (h * (1 - h)).mean(),
        "code_distance": np.linalg.norm(h - np.roll(h, 1, axis=0), axis=1).mean(),
        "effective_rank": np.exp(-(shares * np.log(shares)).sum(axis=1)).mean(),
        "near_zero_share": (values < 0.1 * values[:, :1]).mean(),
        "tangent_contrast": found["tangent_gain"] / found["random_gain"],
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)  # float32
    np.testing.assert_allclose(arrays["singular_values"], values, rtol=1e-4)  # float32 codes


def test_directions_are_those_of_the_largest_singular_values(started, data):
    """Eight unit images for each picture, stretched by the Jacobian by their values."""
    _, arrays, (call,) = started("contractive-as-intended")

    w, b, *_ = weights(call.model)
    h = special.expit(flat(data.x_test[:5]) @ w + b)
    for slope, rows, values in zip(
        h * (1 - h), arrays["directions"], arrays["first_singular_values"], strict=True
    ):
        rows = flat(rows)
        np.testing.assert_allclose(rows @ rows.T, np.eye(8), atol=1e-5)  # stored as float32
        stretched = np.linalg.norm(slope * (rows @ w), axis=1)
        np.testing.assert_allclose(stretched, values[:8], rtol=1e-4)  # float32 codes


def test_the_untrained_control_is_where_the_variants_start(started):
    """Under one seed, its gains and readings are those of a variant that was not trained."""
    variant, control = started("contractive-as-published")[0], started("contractive-baselines")[0]

    names = [metric.name for metric in (*protocol.GAINS, *protocol.READINGS)]
    assert {name: control[f"untrained_{name}"] for name in names} == {
        name: variant[name] for name in names
    }


def test_the_linear_control_is_fitted_on_what_the_variants_learn_from(started, data):
    """The error of 64 principal components of the images that are kept, by NumPy's SVD."""
    x_train, x_test = flat(data.x_train[:NUM_KEPT]), flat(data.x_test)
    mean = x_train.mean(axis=0)
    kept = np.linalg.svd(x_train - mean, full_matrices=False)[2][:64]

    found = started("contractive-baselines")[0]["pca_test_mse"]

    centred = x_test - mean
    expected = np.square(centred - centred @ kept.T @ kept).mean()
    assert found == pytest.approx(expected, rel=1e-4)  # components of float32 pixels


def test_movement_of_a_code_that_only_scales(data):
    """A code twice the image: every ratio is two, and movement is in units of code distance."""
    images = data.x_test[:30]
    codes = 2 * images.reshape(30, -1)
    model = SimpleNamespace(encode=lambda x: 2 * x.reshape(len(x), -1))

    found = protocol.robustness(model, images, codes, seed=0)

    distances = [np.linalg.norm(codes[i] - codes[i - 1]) for i in range(30)]
    np.testing.assert_allclose(found.pop("code_distance"), distances, rtol=1e-6)  # float32
    assert len(found) == 2 * 5
    for label, std in (("0_01", 0.01), ("0_1", 0.1), ("0_2", 0.2), ("0_5", 0.5), ("1_0", 1.0)):
        ratio, movement = found[f"contraction_ratio_{label}"], found[f"relative_movement_{label}"]
        np.testing.assert_allclose(ratio, 2, rtol=1e-4)  # a difference of float32 codes
        expected = 2 * std * np.sqrt(784) / np.mean(distances)
        bound = 5 / np.sqrt(2 * 784 * 30)  # five standard errors of a standard deviation
        assert movement.mean() == pytest.approx(expected, rel=bound)


def test_noise_repeats_under_a_seed(data):
    """The same movement under one seed, another under another."""
    images, codes = data.x_test[:5], data.x_test[:5].reshape(5, -1)
    model = SimpleNamespace(encode=lambda x: x.reshape(len(x), -1))

    first, again, other = (
        protocol.robustness(model, images, codes, seed=seed)["relative_movement_0_1"]
        for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_direction_gains_the_same_where_all_units_are_alike(data):
    """A kernel of one weight a pixel, halfway up its sigmoid: every unit vector becomes a quarter.

    Tangents of four kinds are pooled, so that the mean is over four times as many.
    """
    images = data.x_test[:20]

    found = protocol.direction_gains(np.full((20, 784), 0.5), np.eye(784), images, seed=0)

    assert list(found) == [
        *(f"{name}_gain" for name in ("shift_x", "shift_y", "rotation", "thickness")),
        *("tangent_gain", "random_gain", "smooth_gain"),
    ]
    for name, (value, count) in found.items():
        assert value == pytest.approx(0.25, rel=1e-9), name  # unit vectors in double precision
        assert count == (80 if name == "tangent_gain" else 20)


def test_gains_tell_tangents_from_pixel_noise(data):
    """A code of means over blocks of pixels, too: strokes survive averaging, noise does not."""
    blocks = np.kron(np.eye(49), np.ones((16, 1)))  # 49 blocks of 16 pixels in a row
    order = np.arange(784).reshape(7, 4, 7, 4).transpose(0, 2, 1, 3).reshape(-1)
    kernel = np.zeros((784, 49))
    kernel[order] = blocks / 4  # columns of length 1

    found = protocol.direction_gains(np.full((50, 49), 0.5), kernel, data.x_test[:50], seed=0)

    noise = 0.25 / 4  # the root of one sixteenth of the unit vector's square stays
    assert found["random_gain"][0] == pytest.approx(noise, rel=0.07)  # five standard errors
    assert found["tangent_gain"][0] > 1.5 * noise
    assert found["smooth_gain"][0] > 1.5 * noise


def test_penalty_identities_at_smoke_size(library):
    """The closed form is automatic differentiation's; with another kernel it is another number."""
    outcome = experiments.find("contractive-identities").run(0, Profile("smoke", library))

    found = {name: value for name, (value, _) in outcome.metrics.items()}
    assert found["penalty_relative_error"] < 1e-5  # float32 sums over 64 units and 784 pixels
    assert found["frozen_penalty_relative_error"] > 1e-3  # a hundred times as much


@pytest.fixture(scope="module")
def ablated(run_untrained):
    """Metrics of the ablation that only say which model was measured, and its calls."""
    names = [metric.name for metric in protocol.VARIANT]

    def measure(model, data, *, seed):
        return dict.fromkeys(names, (model.contraction, 1))

    patches = [(protocol, "measure", measure)]
    found, _, calls = run_untrained("contractive-ablation", [protocol], patches=patches)
    return found, calls


def test_the_ablation_is_a_grid_of_weights_and_epochs(ablated):
    """Four weights of the live penalty, for the listing's epochs and for 20, under their labels."""
    found, calls = ablated

    grid = itertools.product((0.0, 1e-4, 1e-3, 1e-2), (3, 20))
    assert [(call.model.contraction, call.recipe.epochs) for call in calls] == list(grid)
    assert {call.model.kernel for call in calls} == {"live"}
    for label, weight in (("0", 0.0), ("1e_4", 1e-4), ("1e_3", 1e-3), ("1e_2", 1e-2)):
        for epochs in (3, 20):
            assert found[f"jacobian_norm_lambda_{label}_epochs_{epochs}"] == weight


def test_the_ablation_finds_the_mended_listing_trained(started, ablated):
    """Of its eight runs the one with the listing's weight and epochs is that of `as-intended`."""
    (call,) = started("contractive-as-intended")[2]
    keys = [each.key() for each in ablated[1]]

    assert len(set(keys)) == 8
    assert keys.index(call.key()) == 4  # 1e-3, 3 epochs

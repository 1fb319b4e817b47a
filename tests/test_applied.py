"""Article 04: the listings' settings, detectors and decibels by hand, and one shared network.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from replication import datasets, metrics
from replication.experiments import Profile
from replication.experiments.applied import anomaly, codes, protocol, reconstruction
from replication.training import Recipe

TRAINERS = [protocol, codes]

NUM_IMAGES, NUM_KEPT = 120, 96  # on the shelf, and four fifths of them
RECIPE = Recipe(epochs=50, batch_size=256, loss="mean_squared_error")
NUM_DRAWS = 40_000


def flat(images):
    return images.reshape(len(images), -1)


def errors(model, x, target=None):
    """Mean squared error of each image, in double precision."""
    difference = np.asarray(model(x), np.float64) - flat(x if target is None else target)
    return np.square(difference).mean(axis=1)


def test_the_split_holds_out_the_last_fifth():
    """48,000 of 60,000 images and labels are learned from; the test images stay."""
    numbers = np.arange(60_000)
    images = numbers.astype("float32").reshape(-1, 1, 1, 1)
    whole = datasets.Dataset("mnist", images, numbers, images[:9], numbers[:9], ())

    found = protocol.split(Profile("full", SimpleNamespace(load=lambda name: whole)))

    assert len(found.x_train) == 48_000
    np.testing.assert_array_equal(found.x_train, images[:48_000])
    np.testing.assert_array_equal(found.y_train, numbers[:48_000])
    np.testing.assert_array_equal(found.x_test, images[:9])


def test_the_shared_network_is_that_of_the_listings(started, data):
    """784-32-784, rectified code and sigmoid output, images to themselves, 50 epochs of 256."""
    _, _, (call,) = started("applied-reconstruction")

    (encoder,), (decoder,) = call.model.encoder, call.model.decoder
    assert call.recipe == RECIPE
    assert (encoder.kernel.shape, decoder.kernel.shape) == ((784, 32), (32, 784))
    assert (encoder.activation.__name__, decoder.activation.__name__) == ("relu", "sigmoid")
    np.testing.assert_array_equal(call.x, data.x_train[:NUM_KEPT])
    np.testing.assert_array_equal(call.y, flat(call.x))


def test_the_untrained_control_is_where_training_starts(started):
    """Before a step the network and its control have one error."""
    found, *_ = started("applied-reconstruction")

    assert found["test_mse"] == found["untrained_test_mse"]


def test_errors_and_silent_units_by_hand(started, data):
    """On the images learned from, on the test images, and units that no test image wakes."""
    found, _, (call,) = started("applied-reconstruction")

    kernel = call.model.encoder[0].kernel.numpy()
    active = np.maximum(flat(data.x_test) @ kernel, 0)
    train = errors(call.model, data.x_train[:NUM_KEPT]).mean()
    assert found["train_mse"] == pytest.approx(train, rel=1e-6)  # float32 pixels
    test = errors(call.model, data.x_test).mean()
    assert found["test_mse"] == pytest.approx(test, rel=1e-6)  # float32 pixels
    assert found["silent_units"] == sum(not column.any() for column in active.T)


def test_the_shared_network_is_trained_once(at_smoke_size):
    """Pictures and anomalies find it trained; denoising trains its own on noisy images."""
    names = ("reconstruction", "embedding", "anomaly", "denoising")
    network, embedding, anomaly, denoising = (at_smoke_size(f"applied-{name}")[1] for name in names)

    assert len(network) == 1
    assert embedding == anomaly == network
    assert len(denoising - network) == 1


def test_colours_of_the_listing_are_brightest_pixels(started, data):
    """Each point is coloured by where its image is brightest."""
    found, arrays, _ = started("applied-embedding")

    expected = [max(range(784), key=lambda i, row=row: (row[i], -i)) for row in flat(data.x_test)]
    np.testing.assert_array_equal(arrays["brightest"], expected)
    np.testing.assert_array_equal(arrays["digits"], data.y_test)
    assert found["silent_axes"] == 0
    colours = started("applied-colours")[0]
    assert colours["listing_colours"] == len(set(expected))
    assert 0 <= colours["adjusted_mutual_information"] < 1


def test_the_listing_looks_at_the_first_two_units(started, data):
    """The plane of the scatter plot, and its control from the untrained network."""
    found, arrays, (call,) = started("applied-embedding")

    code = np.asarray(call.model.encode(data.x_test))
    np.testing.assert_array_equal(arrays["plane"], code[:, :2])
    assert found["plane_knn_accuracy"] == found["untrained_plane_knn_accuracy"]
    assert found["silent_axes"] == sum(not column.any() for column in code.T[:2])


def test_the_same_classifier_reads_code_pixels_and_components(started, data):
    """Inputs of 32, 784, 32 and 32 numbers; its settings are the listing's everywhere."""
    found, _, (shared, *calls) = started("applied-features")

    assert shared.recipe == RECIPE
    assert [call.x.shape for call in calls] == [(NUM_KEPT, size) for size in (32, 784, 32, 32)]
    for call in calls:
        assert call.recipe == replace(RECIPE, loss="sparse_categorical_crossentropy")
        assert (call.model.layers[1].rate, call.args) == (0.2, {"seed": 0})
        np.testing.assert_array_equal(call.y, data.y_train[:NUM_KEPT])
    np.testing.assert_array_equal(calls[0].x, calls[3].x)  # untrained, as everything here
    assert found["code_accuracy"] == found["untrained_accuracy"]


def test_noise_has_its_factor_and_is_clipped():
    """Half a standard normal number on each pixel; what leaves [0, 1] stops at its ends."""
    x = np.full((NUM_DRAWS,), 0.5, np.float32)

    found = reconstruction._noisy(x, np.random.default_rng(0))

    tail = 0.158655  # of a normal distribution, beyond one standard deviation
    bound = 5 * np.sqrt(tail * (1 - tail) / NUM_DRAWS)  # five standard errors of a share
    assert found.dtype == np.float32
    assert (found.min(), found.max()) == (0, 1)
    assert abs((found == 0).mean() - tail) < bound
    assert abs((found == 1).mean() - tail) < bound
    assert abs(found.mean() - 0.5) < 5 * 0.5 / np.sqrt(NUM_DRAWS)  # five standard errors, unclipped


def test_denoising_learns_from_noise_drawn_once_to_clean_images(started, data):
    """Train, then test images are corrupted before training; the targets stay clean."""
    _, arrays, (_, call) = started("applied-denoising")

    rng, clean = np.random.default_rng(0), data.x_train[:NUM_KEPT]
    np.testing.assert_array_equal(call.x, reconstruction._noisy(clean, rng))
    np.testing.assert_array_equal(call.y, flat(clean))
    assert call.recipe == RECIPE
    noisy = reconstruction._noisy(data.x_test, rng)
    np.testing.assert_array_equal(arrays["noisy"], noisy[:10, ..., 0])


def test_decibels_are_means_over_images(started, data):
    """Errors to the clean image, for each image its decibels; before a step all nets are one."""
    found, _, (_, call) = started("applied-denoising")

    rng = np.random.default_rng(0)
    reconstruction._noisy(data.x_train[:NUM_KEPT], rng)
    noisy = reconstruction._noisy(data.x_test, rng)
    each = errors(call.model, noisy, data.x_test)
    assert found["denoised_mse"] == pytest.approx(each.mean(), rel=1e-6)  # float32 pixels
    expected = (-10 * np.log10(each)).mean()
    assert found["denoised_psnr"] == pytest.approx(expected, rel=1e-6)  # float32 pixels
    each = np.square(flat(noisy - data.x_test), dtype=np.float64).mean(axis=1)
    assert found["noisy_psnr"] == pytest.approx((-10 * np.log10(each)).mean(), rel=1e-6)  # the same
    assert found["denoised_psnr"] == found["plain_psnr"] == found["untrained_psnr"]


def test_the_median_filter_takes_each_image_by_itself(started):
    """The middle one of nine pixels, in every picture, away from its edge."""
    _, arrays, _ = started("applied-denoising")

    for noisy, cleaned in zip(arrays["noisy"], arrays["median"], strict=True):
        for row, column in itertools.product(range(1, 27, 5), repeat=2):
            window = noisy[row - 1 : row + 2, column - 1 : column + 2]
            assert cleaned[row, column] == sorted(window.ravel())[4]


@pytest.mark.parametrize("profile", ["smoke", "embedded"])
def test_outliers_are_upside_down_where_digits_stand_in(library, profile):
    """Each test image is flipped top to bottom, and no other way."""
    digits = library.load("digits").x_test

    found = anomaly.outliers(Profile(profile, library))

    np.testing.assert_array_equal(found, np.stack([np.flipud(image) for image in digits]))
    assert not np.array_equal(found, digits)


def test_outliers_are_fashions_own_test_images(shelf, data):
    """The full profile leaves them as they are."""
    found = anomaly.outliers(Profile("full", shelf))

    np.testing.assert_array_equal(found, 1 - data.x_test)


@pytest.mark.parametrize("seed", range(3))
def test_auroc_against_a_count_of_pairs(seed):
    """Share of pairs in which the anomaly has the larger error; a tie counts one half."""
    rng = np.random.default_rng(seed)
    normal, abnormal = rng.integers(0, 9, 20), rng.integers(3, 12, 30)

    found = anomaly.auroc(normal, abnormal)

    pairs = [(a > n) + (a == n) / 2 for n in normal for a in abnormal]
    assert any(pair == 0.5 for pair in pairs)
    assert found == pytest.approx(np.mean(pairs), rel=1e-12)  # a sum of halves


def test_the_anomaly_detectors_are_scored_by_pairs(started, data):
    """By the network's errors, and by mere brightness; untrained is where it starts."""
    found, arrays, (call,) = started("applied-anomaly")
    normal, abnormal = arrays["normal_errors"], arrays["outlier_errors"]

    for images, expected in ((data.x_test, normal), (1 - data.x_test, abnormal)):
        np.testing.assert_allclose(errors(call.model, images), expected, rtol=1e-6)  # float32
    auroc = np.greater.outer(abnormal, normal).mean()  # no two of them are equal
    assert found["auroc"] == found["untrained_auroc"] == pytest.approx(auroc, rel=1e-12)  # a count
    light = [np.square(flat(x).astype(float)).mean(axis=1) for x in (data.x_test, 1 - data.x_test)]
    expected = np.greater.outer(light[1], light[0]).mean()
    assert found["brightness_auroc"] == pytest.approx(expected, abs=1e-3)  # near ties in float32


def test_shares_above_a_threshold(started, data):
    """The listing's 0.01, and what 95 of 100 training errors stay under."""
    found, arrays, (call,) = started("applied-anomaly")

    train = np.sort(errors(call.model, data.x_train[:NUM_KEPT]))
    quantile = train[90] + 0.25 * (train[91] - train[90])  # 0.95 * 95 = 90.25
    assert found["quantile_threshold"] == pytest.approx(quantile, rel=1e-6)  # float32 pixels
    for name, threshold in (("listing", 0.01), ("quantile", quantile)):
        for share, kind in (("false_alarm", "normal"), ("detected", "outlier")):
            above = sum(error > threshold for error in arrays[f"{kind}_errors"])
            assert found[f"{name}_{share}_share"] == above / NUM_IMAGES
    assert found["listing_false_alarm_share"] == 1.0  # an untrained network misses every image


def test_pictures_of_an_alarm_and_of_an_oversight(started, data):
    """The normal images with the largest errors, the outliers with the smallest."""
    _, arrays, _ = started("applied-anomaly")

    worst = sorted(range(NUM_IMAGES), key=lambda i: -arrays["normal_errors"][i])[:10]
    best = sorted(range(NUM_IMAGES), key=lambda i: arrays["outlier_errors"][i])[:10]
    np.testing.assert_array_equal(arrays["flagged"], data.x_test[worst, ..., 0])
    np.testing.assert_array_equal(arrays["overlooked"], 1 - data.x_test[best, ..., 0])


def test_roc_curve_rises_from_no_alarm_to_nearly_all():
    """Both shares rise together, a false alarm in a hundred at a time, over the same area."""
    rng = np.random.default_rng(0)
    normal, abnormal = rng.normal(size=1_001), rng.normal(1, size=2_000)

    alarms, detected = anomaly._curve(normal, abnormal)

    assert (np.diff(alarms) >= 0).all()
    assert (np.diff(detected) >= 0).all()
    np.testing.assert_allclose(alarms, np.linspace(0, 1, 101), atol=1.1e-3)  # one image of 1,001
    assert detected[0] == (abnormal > normal.max()).mean()
    assert detected[-1] == (abnormal > normal.min()).mean()
    area = np.trapezoid(detected, alarms)
    assert area == pytest.approx(anomaly.auroc(normal, abnormal), abs=5e-3)  # a hundred steps


def test_components_are_fitted_on_training_images(data):
    """Errors of images outside the span of 32 directions, by NumPy's SVD."""
    x_train, x_test = (flat(each).astype(float) for each in (data.x_train, data.x_test))

    (found,) = anomaly.pca_errors(x_train, [x_test])

    mean = x_train.mean(axis=0)
    kept = np.linalg.svd(x_train - mean, full_matrices=False)[2][:32]
    missed = (x_test - mean) - (x_test - mean) @ kept.T @ kept
    np.testing.assert_allclose(found, np.square(missed).mean(axis=1), rtol=1e-8)  # two algorithms


def test_one_digit_is_normal_at_a_time(started, data, monkeypatch):
    """Ten networks, each of one digit's training images; the other nine are anomalies."""
    monkeypatch.setattr(anomaly, "pca_errors", lambda _, tests: [0 * each[:, 0] for each in tests])

    found, _, calls = started("applied-one-class")

    x_train, y_train = data.x_train[:NUM_KEPT], data.y_train[:NUM_KEPT]
    each, by_image = [], []
    for digit, call in enumerate(calls):
        np.testing.assert_array_equal(call.x, x_train[y_train == digit])
        np.testing.assert_array_equal(call.y, flat(call.x))
        missed = errors(call.model, data.x_test)
        pairs = np.greater.outer(missed[data.y_test != digit], missed[data.y_test == digit])
        each.append(found[f"auroc_digit_{digit}"])
        by_image.append(metrics.auroc_pseudo_values(missed, data.y_test != digit))
        assert each[-1] == pytest.approx(pairs.mean(), rel=1e-9)  # a count
    assert len(calls) == 10
    assert found["mean_auroc"] == pytest.approx(np.mean(each), rel=1e-12)  # a mean of ten
    assert found["untrained_mean_auroc"] == found["mean_auroc"]  # before a step
    assert found["pca_mean_auroc"] == 0.5  # a detector that cannot tell, whatever the images
    over_images = np.std(np.mean(by_image, axis=0), ddof=1) / np.sqrt(len(data.y_test))
    assert found["against_pca_image_error"] == pytest.approx(over_images)

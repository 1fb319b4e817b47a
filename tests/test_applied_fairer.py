"""Article 04's fairer tests: two code units, colours, bars, thresholds, and listings alone."""

import ast

import numpy as np
import pytest

from replication import experiments, metrics, models
from replication.experiments import Profile
from replication.experiments.applied import anomaly, codes, printed, protocol

TRAINERS = [protocol, codes]

NUM_KEPT = 96  # four fifths of the images on the shelf


def test_the_plane_is_all_of_a_code_of_two_units(started, data):
    """784-2-784 with the listing's settings; untrained, it is its own control."""
    found, arrays, (call,) = started("applied-plane")

    assert [
        each.shape for each in (call.model.encoder[0].kernel, call.model.decoder[0].kernel)
    ] == [
        (784, 2),
        (2, 784),
    ]
    assert (call.recipe.epochs, call.recipe.batch_size, len(call.x)) == (50, 256, NUM_KEPT)
    np.testing.assert_array_equal(arrays["plane"], np.asarray(call.model.encode(data.x_test)))
    assert found["plane_knn_accuracy"] == found["untrained_knn_accuracy"]


def test_silent_units_are_those_that_no_image_wakes():
    assert codes.silent(np.array([[0, 1, 0], [0, 0, 2]])) == 1


def test_colours_given_out_at_random_tell_nothing(library, monkeypatch):
    """Adjusted for chance: hundreds of colours without a meaning share no information."""
    rng = np.random.default_rng(0)
    profile = Profile("smoke", library)
    run = experiments.find("applied-colours").run

    monkeypatch.setattr(codes, "listing_colours", lambda images: rng.integers(0, 471, len(images)))
    chance = run(0, profile).metrics["adjusted_mutual_information"][0]
    labels = profile.dataset("mnist").y_test
    monkeypatch.setattr(codes, "listing_colours", lambda images: 7 - labels)
    perfect = run(0, profile).metrics["adjusted_mutual_information"][0]

    assert chance < 0.05  # of 297 images; unadjusted it is above a half
    assert perfect == pytest.approx(1, rel=1e-9)  # a ratio of equal sums


def test_the_error_over_images_is_that_of_what_two_classifiers_are_right_on(started, data):
    """By hand, from the networks as they start."""
    found, _, (autoencoder, *classifiers) = started("applied-features")
    code, pixels = classifiers[:2]
    codes = models.in_batches(autoencoder.model.encode, data.x_test)
    right = [
        models.in_batches(call.model, x).argmax(axis=1) == data.y_test
        for call, x in ((code, codes), (pixels, data.x_test.reshape(len(codes), -1)))
    ]
    over_images = found["code_against_pixels_image_error"]
    assert over_images == metrics.paired_standard_error(*right)


def test_thresholds_by_hand(started, data):
    """The listing's on the test errors; the best one is chosen on other images."""
    found, _, (call,) = started("applied-thresholds")

    def errors(x):
        flat = x.reshape(len(x), -1)
        return np.square(np.asarray(call.model(x), np.float64) - flat).mean(axis=1)

    normal, clothes = errors(data.x_test), errors(1 - data.x_test)
    for name in ("listing", "untrained"):  # before a step both are one network
        expected = ((normal <= 0.01).mean() + (clothes > 0.01).mean()) / 2
        assert found[f"{name}_balanced_accuracy"] == pytest.approx(expected)
    chosen = metrics.best_threshold(errors(data.x_train[NUM_KEPT:]), errors(data.x_train))
    assert found["best_threshold"] == pytest.approx(chosen, rel=1e-6)  # float32 pixels
    best = ((normal <= chosen).mean() + (clothes > chosen).mean()) / 2
    assert found["best_balanced_accuracy"] == pytest.approx(best, abs=2 / len(normal))  # near ties
    images = [
        x.reshape(len(x), -1) for x in (data.x_train[:NUM_KEPT], data.x_test, 1 - data.x_test)
    ]
    linear = anomaly.pca_errors(images[0], images[1:])
    expected = ((linear[0] <= 0.01).mean() + (linear[1] > 0.01).mean()) / 2
    assert found["pca_balanced_accuracy"] == pytest.approx(expected, abs=2 / len(normal))
    alarm = [
        np.concatenate([normal, clothes]) > at
        for at in (np.quantile(errors(data.x_train[:NUM_KEPT]), 0.95), chosen)
    ]
    apart = (alarm[0] != alarm[1]).reshape(2, -1)  # images on which the two differ, by kind
    by_kind = apart.mean(axis=1) * (1 - apart.mean(axis=1)) / (apart.shape[1] - 1)
    over_images = found["quantile_against_best_image_error"]
    assert over_images == pytest.approx(np.sqrt(by_kind.sum()) / 2, abs=3e-3)  # a near tie


def test_outliers_to_choose_on_are_training_images(shelf, data):
    """The best threshold never sees the clothes that it is scored on."""
    found = anomaly.outliers(Profile("full", shelf), "x_train")

    np.testing.assert_array_equal(found, data.x_train)  # the shelf's clothes: digits in training


def test_missing_names_are_those_a_python_session_would_miss():
    """A program of the same names in an empty session stops where we say it does."""
    for each in printed.PRINTED.values():
        missing = printed.missing_names(**each)
        session = dict.fromkeys(each["has"])
        program = "\n".join(each["uses"])
        if missing:
            with pytest.raises(NameError, match=f"'{missing[0]}'"):
                exec(compile(ast.parse(program), "listing", "exec"), session)
        else:
            exec(compile(ast.parse(program), "listing", "exec"), session)


def test_one_listing_is_complete(library):
    """The first; the second lacks one name, the third five, the fourth four."""
    found = experiments.find("applied-printed").run(0, Profile("smoke", library)).metrics

    counts = [found[f"{name}_missing_names"][0] for name in printed.PRINTED]
    assert counts == [0, 1, 5, 4]
    assert found["complete_listings"][0] == 1

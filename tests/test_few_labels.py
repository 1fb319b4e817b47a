"""Few labels: held-out images choose rate and moment, test images are looked at once."""

import numpy as np
import pytest

from replication import few_labels, metrics, models
from replication.experiments import Profile
from replication.training import Trained, initialise, train

STARTS = ("scratch", "other")
BUILD, ARGUMENTS = models.dense_classifier, {"units": (8,)}


@pytest.fixture(scope="module")
def starts(data):
    """Two draws of the same network."""
    return {
        name: initialise(BUILD, ARGUMENTS, data.x_train[:1], seed=seed).get_weights()
        for seed, name in enumerate(STARTS)
    }


@pytest.fixture(scope="module")
def found(run, starts, data):
    """Scores of the two starts, untrained, and what was to be trained."""
    return run(data, starts)


@pytest.fixture(scope="module")
def run(starter):
    """`scores` with a stand-in for training."""

    def score(data, starts):
        calls = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(few_labels, "train", starter(calls, draw_biases=False))
            patch.setattr(few_labels, "RATES", (1e-3, 1e-2))
            scores = few_labels.scores(
                BUILD, ARGUMENTS, data, Profile("full", None), starts=starts, seed=0
            )
        return {name: value for name, (value, _) in scores.items()}, calls

    return score


def test_what_is_declared_is_measured(found):
    """Each start, for both numbers of labels; an error for what is compared with the first."""
    scores, _ = found

    assert {each.name for each in few_labels.metrics(STARTS)} == set(scores)
    assert {name for name in scores if "image_error" in name} == {
        "other_100_labels_image_error",
        "other_1000_labels_image_error",
    }


def test_accuracies_and_their_error_are_of_the_test_images(found, starts, data):
    """By hand, from the networks as they start."""
    scores, _ = found
    right = {}
    for name, weights in starts.items():
        model = initialise(BUILD, ARGUMENTS, data.x_train[:1], seed=0)
        model.set_weights(weights)
        right[name] = np.argmax(model(data.x_test), axis=1) == data.y_test
        assert scores[f"{name}_accuracy_100_labels"] == right[name].mean()

    error = metrics.paired_standard_error(right["other"], right["scratch"])
    assert scores["other_100_labels_image_error"] == pytest.approx(error, rel=1e-12)  # one formula
    assert scores["scratch_rate_100_labels"] == 1e-3  # the first of equally good ones
    assert scores["late_gain_100_labels"] == 0  # nothing was trained


def test_labels_are_few_and_none_is_of_an_image_held_out(found, data):
    """The first images, over and over until there are a hundred steps; the last are held out."""
    _, calls = found
    rest = {each.tobytes() for each in data.x_train[len(data.x_train) // 2 :]}
    known = data.y_train[: len(data.y_train) - len(data.y_train) // 2]

    assert len(calls) == 2 * 2 * (2 + 1)
    for call in calls:
        assert call.recipe.batch_size == 100
        labelled = known[: 100 if call.x is calls[0].x else 1_000]
        repeats = len(call.y) // len(labelled)
        np.testing.assert_array_equal(call.y, np.tile(labelled, repeats))
        assert len(call.x) + len(labelled) > 10_000 >= len(call.x)
        assert not rest & {each.tobytes() for each in call.x}
    assert [call.recipe.epochs for call in calls[:3]] == [12, 12, 1]  # twelve looks, one is chosen


@pytest.mark.parametrize(
    ("curves", "rate", "moment", "late"),
    [
        ({0.1: (0.1, 0.2, 0.3, 0.4), 0.2: (0.5, 0.6, 0.9, 0.8)}, 0.2, 3, 0.9 - 0.6),
        ({0.1: (0.7, 0.7, 0.7, 0.7), 0.2: (0.6, 0.7, 0.5, 0.7)}, 0.1, 1, 0.0),  # equally good
        ({0.1: (0.8, 0.0, 0.0, 0.8), 0.2: (0.0, 0.9, 0.8, 0.1)}, 0.2, 2, 0.0),
    ],
)
def test_held_out_images_choose_rate_and_moment(monkeypatch, curves, rate, moment, late):
    """The rate that is once right most often, and no step after that; the first of equal ones."""

    def fit(recipe, observe=None):
        history = [{"held_out": each} for each in curves[recipe.learning_rate]]
        return Trained(recipe, history[: recipe.epochs])

    monkeypatch.setattr(few_labels, "RATES", tuple(curves))

    recipe, chosen, late_gain = few_labels._at_best(fit, None, epochs=4)

    assert (recipe.learning_rate, recipe.epochs) == (rate, moment)
    assert chosen == rate
    assert late_gain == pytest.approx(late, abs=1e-12)


def test_the_network_that_is_measured_is_the_one_that_was_chosen(monkeypatch, data, starts):
    """Trained again up to the chosen moment, it is as often right on held-out images as then."""
    known, held_out = (data.x_train[:60], data.y_train[:60]), (data.x_train[60:], data.y_train[60:])
    looks = []

    def fit(recipe, observe=None):
        arguments = (BUILD, ARGUMENTS, *known)
        found = train(*arguments, recipe=recipe, seed=0, initial=starts["scratch"], observe=observe)
        looks.extend(each["held_out"] for each in found.history if observe)
        return found

    monkeypatch.setattr(few_labels, "RATES", (0.03, 0.3))

    model, *_ = few_labels._at_best(fit, held_out, epochs=4)

    assert len(looks) == 2 * 4
    assert few_labels._is_right(model, *held_out).mean() == max(looks)
    assert max(looks) > min(looks)


def test_permuted_kernels_keep_their_entries_and_lose_their_order():
    """Biases stay as they are."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(30, 20)), rng.normal(size=20)]

    kernel, bias = few_labels.permuted(weights, seed=0)

    np.testing.assert_array_equal(bias, weights[1])
    np.testing.assert_array_equal(np.sort(kernel, None), np.sort(weights[0], None))
    assert (kernel == weights[0]).mean() < 0.05
    assert kernel.shape == weights[0].shape

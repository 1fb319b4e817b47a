"""Deep classifiers that learn from few labels, from several starts: what pretraining is worth.

Each start gets the learning rate, and the moment to stop, that held-out images choose for it; the
test images are looked at once, by the network that was chosen.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np

from replication import models
from replication.datasets import Dataset
from replication.experiments import Metric, Profile
from replication.metrics import paired_standard_error
from replication.training import Recipe, Trained, train

COUNTS = (100, 1_000)  # labelled images: the first that are not held out
HELD_OUT = 5_000  # the last training images, or half of them where there are few
LOOKS, SHOWN = 12, 10_000  # looks at them, and labelled images shown between two: 100 steps
BATCH_SIZE = 100
RATES = (1e-3, 4e-3, 1.6e-2, 6.4e-2)  # of Adam

Weights = list[np.ndarray]


def metrics(starts: Iterable[str]) -> list[Metric]:
    """What `scores` measures of these starts; the first is what the others are compared with."""
    starts = tuple(starts)
    return [
        metric
        for count in COUNTS
        for metric in (
            *(Metric(f"{start}_accuracy_{count}_labels", "fraction", "higher") for start in starts),
            *(Metric(f"{start}_rate_{count}_labels", "learning rate") for start in starts),
            Metric(f"late_gain_{count}_labels", "fraction", "lower"),
            *(
                Metric(f"{start}_{count}_labels_image_error", "fraction", "lower")
                for start in starts[1:]
            ),
        )
    ]


def scores(
    build: Callable[..., keras.Model],
    build_args: dict,
    data: Dataset,
    profile: Profile,
    *,
    starts: Mapping[str, Weights],
    seed: int,
) -> dict[str, tuple[float, int]]:
    """Test accuracies of one network from several starts, for each number of labels.

    Args:
        build: Builder of the classifier: images to class probabilities.
        build_args: Its arguments.
        data: Images of shape `(n, 28, 28, 1)` with their classes.
        profile: Decides how many looks there are, and where runs are kept.
        starts: First weights by the name of the start; the first start is what the others are
            compared with.
        seed: Decides the order of the labelled images.

    Returns:
        For each number of labels and each start `accuracy`, of the test images, and `rate`, the
        chosen one; for all but the first start `image_error`, the standard error over test images
        of the difference of the two accuracies; and `late_gain`, the largest rise, over the
        starts, of the best held-out accuracy in the second half of the training that was chosen:
        a plateau has none. Each with the number of images it was measured on.
    """
    num_held_out = min(HELD_OUT, len(data.x_train) // 2)
    known, held_out = (
        (data.x_train[part], data.y_train[part])
        for part in (slice(-num_held_out), slice(-num_held_out, None))
    )
    found, reference, num_test = {}, next(iter(starts)), len(data.y_test)
    for count in COUNTS:
        labelled = _repeated(*(each[:count] for each in known))
        right, late_gains = {}, []
        for start, initial in starts.items():
            fit = functools.partial(
                train, build, build_args, *labelled,
                seed=seed, checkpoints=profile.checkpoints, initial=initial,
            )  # fmt: skip
            model, rate, late_gain = _at_best(fit, held_out, epochs=profile.epochs(LOOKS))
            right[start] = _is_right(model, data.x_test, data.y_test)
            found[f"{start}_accuracy_{count}_labels"] = (float(right[start].mean()), num_test)
            found[f"{start}_rate_{count}_labels"] = (rate, num_held_out)
            late_gains.append(late_gain)
            if start != reference:
                error = paired_standard_error(right[start], right[reference])
                found[f"{start}_{count}_labels_image_error"] = (error, num_test)
        found[f"late_gain_{count}_labels"] = (max(late_gains), num_held_out)
    return found


def permuted(weights: Weights, *, seed: int) -> Weights:
    """Kernels with their entries in random order, which keep their sizes; biases as they are."""
    rng = np.random.default_rng(seed)
    return [
        each if each.ndim == 1 else rng.permutation(each.ravel()).reshape(each.shape)
        for each in weights
    ]


def _at_best(
    fit: Callable[..., Trained], held_out: tuple, *, epochs: int
) -> tuple[keras.Model, float, float]:
    """The network at the rate and moment that held-out images choose; the rate; the late gain."""

    def look(model, _):
        return {"held_out": float(_is_right(model, *held_out).mean())}

    recipes = [
        Recipe(epochs, BATCH_SIZE, rate, loss="sparse_categorical_crossentropy") for rate in RATES
    ]
    curves = [
        [each["held_out"] for each in fit(recipe=recipe, observe=look).history]
        for recipe in recipes
    ]
    curve, recipe = max(  # the first of equally good ones
        zip(curves, recipes, strict=True), key=lambda each: max(each[0])
    )
    late_gain = max(curve) - max(curve[: max(1, epochs // 2)])
    # The same steps once more, and no further.
    model = fit(recipe=dataclasses.replace(recipe, epochs=curve.index(max(curve)) + 1)).model
    return model, recipe.learning_rate, late_gain


def _repeated(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labelled images over and over, as many as are shown between two looks."""
    repeats = max(1, SHOWN // len(x))
    return np.tile(x, (repeats, 1, 1, 1)), np.tile(y, repeats)


def _is_right(model: keras.Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether the likeliest class of each image is its own; shape `(n,)`."""
    return models.in_batches(model, x).argmax(axis=1) == y

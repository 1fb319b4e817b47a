"""What the experiments of article 02 share: the plain autoencoder, codes, errors and probes."""

import numpy as np

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Profile
from replication.training import Recipe, Trained, train

BATCH_SIZE = 100
EPOCHS = 10
PLAIN = {"units": [128]}  # M < D
PROBE_IMAGES = 10_000  # labelled images that probes learn from


def accuracy(name: str) -> Metric:
    """A share of test images that are classified correctly."""
    return Metric(name, "fraction", "higher")


def error(name: str) -> Metric:
    """A mean of squared differences, over images and pixels."""
    return Metric(name, "squared intensity", "lower")


def image_error(name: str) -> Metric:
    """The standard error of a difference of two such shares, over test images."""
    return Metric(f"{name}_image_error", "fraction", "lower")


def fit(
    build, arguments: dict, x: np.ndarray, profile: Profile, *, seed: int, epochs: int = EPOCHS
) -> Trained:
    """An autoencoder trained on `x`; the same call anywhere finds it trained already."""
    recipe = Recipe(profile.epochs(epochs), BATCH_SIZE)
    return train(build, arguments, x, recipe=recipe, seed=seed, checkpoints=profile.checkpoints)


def fit_plain(data: Dataset, profile: Profile, *, seed: int) -> Trained:
    """The plain autoencoder that several experiments start from."""
    return fit(models.Autoencoder, PLAIN, data.x_train, profile, seed=seed)


def flat(images: np.ndarray) -> np.ndarray:
    """One row of pixels for each image."""
    return images.reshape(len(images), -1)


def encoded(model, x: np.ndarray) -> np.ndarray:
    """Codes of shape `(n, units)`."""
    return models.in_batches(model.encode, x)


def decoded(model, x: np.ndarray) -> np.ndarray:
    """Flat reconstructions of shape `(n, pixels)`."""
    return models.in_batches(lambda batch: model(batch)["x_decoded"], x)


def reconstruction_error(model, x: np.ndarray, target: np.ndarray | None = None) -> tuple:
    """Mean squared error per pixel against `target` (or `x` itself), and over how many images."""
    difference = decoded(model, x) - flat(x if target is None else target)
    return float(np.square(difference).mean(dtype=np.float64)), len(x)


def probe_accuracy(codes: tuple, data: Dataset) -> tuple[float, int]:
    """Test accuracy of a linear probe on codes of the first training images, and on how many."""
    labels = data.y_train[: len(codes[0])], data.y_test
    return metrics.linear_probe_accuracy(codes, labels), len(data.y_test)


def probe_codes(model, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the labelled training images, and of the test images."""
    return encoded(model, data.x_train[:PROBE_IMAGES]), encoded(model, data.x_test)

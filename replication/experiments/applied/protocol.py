"""What the experiments of article 04 share: the autoencoder of its listings, codes and errors."""

from dataclasses import replace

import keras
import numpy as np

from replication import models
from replication.datasets import Dataset
from replication.experiments import Metric, Profile
from replication.training import Recipe, Trained, initialise, train

CODE_DIM = 32  # listings, encoding_dim
EPOCHS = 50  # listings
BATCH_SIZE = 256  # listings
HELD_OUT = 0.2  # listings, validation_split: the last fifth
NUM_CLASSES = 10
PICTURES = 10  # part 4, items 3 and 4
ARGUMENTS = {"units": [CODE_DIM]}


def error(name: str) -> Metric:
    """A mean of squared differences, over images and pixels."""
    return Metric(name, "squared intensity", "lower")


def score(name: str) -> Metric:
    """A fraction of which more is better."""
    return Metric(name, "fraction", "higher")


def split(profile: Profile) -> Dataset:
    """MNIST without the last fifth of its training images, which the listings hold out."""
    data = profile.dataset("mnist")
    kept = round(len(data.x_train) * (1 - HELD_OUT))
    return replace(data, x_train=data.x_train[:kept], y_train=data.y_train[:kept])


def shared(profile: Profile, *, seed: int) -> tuple[Dataset, Trained]:
    """The data, and the autoencoder that three of the four listings train."""
    data = split(profile)
    return data, fit(data.x_train, data.x_train, profile, seed=seed)


def fit(
    x: np.ndarray, clean: np.ndarray, profile: Profile, *, seed: int, arguments: dict = ARGUMENTS
) -> Trained:
    """An autoencoder trained from `x` to `clean`, as every listing does it."""
    return train(
        models.DenseAutoencoder,
        arguments,
        x,
        flat(clean),
        recipe=Recipe(profile.epochs(EPOCHS), BATCH_SIZE, loss="mean_squared_error"),
        seed=seed,
        checkpoints=profile.checkpoints,
    )


def untrained(data: Dataset, seed: int, arguments: dict = ARGUMENTS) -> keras.Model:
    """The autoencoder as its training starts under this seed."""
    return initialise(models.DenseAutoencoder, arguments, data.x_train[:1], seed=seed)


def encoded(model, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the training images and of the test images."""
    return tuple(models.in_batches(model.encode, x) for x in (data.x_train, data.x_test))


def errors_of(model, x: np.ndarray) -> np.ndarray:
    """Mean squared error of each image, as in the listing."""
    difference = models.in_batches(model, x) - flat(x)
    return np.square(difference).mean(axis=1, dtype=np.float64)


def pixels(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Rows of pixels of the training images and of the test images."""
    return flat(data.x_train), flat(data.x_test)


def flat(images: np.ndarray) -> np.ndarray:
    """One row of pixels for each image."""
    return images.reshape(len(images), -1)

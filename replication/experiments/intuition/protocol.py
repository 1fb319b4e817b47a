"""What the experiments of article 01 share: training and using a dense autoencoder."""

import numpy as np

from replication import models
from replication.datasets import Dataset
from replication.experiments import Profile
from replication.training import Recipe, Trained, train

BATCH_SIZE = 100
NUM_IMAGES = 20_000  # of the training images: enough for small networks
CODE_DIM = 32


def fit(
    arguments: dict,
    x: np.ndarray,
    profile: Profile,
    *,
    seed: int,
    epochs: int,
    target: np.ndarray | None = None,
) -> Trained:
    """A dense autoencoder trained from `x` to `target`, or to `x` itself."""
    y = flat(x if target is None else target)
    recipe = Recipe(profile.epochs(epochs), BATCH_SIZE, loss="mean_squared_error")
    checkpoints = profile.checkpoints
    return train(
        models.DenseAutoencoder, arguments, x, y, recipe=recipe, seed=seed, checkpoints=checkpoints
    )


def flat(x: np.ndarray) -> np.ndarray:
    """One row of numbers for each example."""
    return x.reshape(len(x), -1)


def digits(profile: Profile) -> tuple[Dataset, np.ndarray]:
    """MNIST, and the first of its training images, which the autoencoders learn from."""
    data = profile.dataset("mnist")
    return data, data.x_train[:NUM_IMAGES]

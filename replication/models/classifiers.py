"""Supervised networks: judges of pictures, and what an encoder is compared with."""

import keras
from keras import layers

IMAGE_SHAPE = (28, 28, 1)


def image_classifier(num_classes: int = 10) -> keras.Sequential:
    """A small supervised convolutional classifier: images to class probabilities.

    Ours, not the article's: it judges whether a decoded picture looks like
    its class.

    Args:
        num_classes: Number of classes.

    Returns:
        Model of images `(batch, 28, 28, 1)` to probabilities `(batch, num_classes)`.
    """
    return keras.Sequential(
        [
            layers.Input(IMAGE_SHAPE),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name="image_classifier",
    )


def dense_classifier(
    units: tuple[int, ...], activation: str = "sigmoid", num_classes: int = 10
) -> keras.Sequential:
    """A supervised dense network: the layers of an encoder, then a softmax over classes.

    Args:
        units: Of each layer before the last.
        activation: Of these layers.
        num_classes: Number of classes.

    Returns:
        Model of images or vectors `(batch, ...)` to probabilities `(batch, num_classes)`.
    """
    return keras.Sequential(
        [
            layers.Flatten(),
            *(layers.Dense(each, activation) for each in units),
            layers.Dense(num_classes, "softmax"),
        ]
    )


def dropout_classifier(
    *, seed: int, units: int = 128, rate: float = 0.2, num_classes: int = 10
) -> keras.Sequential:
    """The classifier on top of a code: a hidden layer, dropout, a softmax over classes.

    Args:
        seed: Seed of the dropout.
        units: Of the hidden layer.
        rate: Share of hidden units that are dropped while training.
        num_classes: Number of classes.

    Source: article 04, part 4, item 2.
    """
    return keras.Sequential(
        [
            layers.Dense(units, "relu"),
            layers.Dropout(rate, seed=seed),
            layers.Dense(num_classes, "softmax"),
        ]
    )

"""Supervised networks: judges of pictures, and what an encoder is compared with."""

import keras
from keras import layers

IMAGE_SHAPE = (28, 28, 1)


def image_classifier(num_classes: int = 10) -> keras.Sequential:
    """A small supervised convolutional classifier: images to class probabilities.

    Ours, not the article's: it judges whether a decoded picture looks like
    its class.
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
    """A supervised dense network: the layers of an encoder, then a softmax over classes."""
    return keras.Sequential(
        [
            layers.Flatten(),
            *(layers.Dense(each, activation) for each in units),
            layers.Dense(num_classes, "softmax"),
        ]
    )

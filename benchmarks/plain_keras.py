"""The yardsticks: article models in as little plain Keras as it takes.

Written apart from `replication.models`, on purpose: it shares no code with what
it is compared with.
"""

import keras
from keras import layers, ops


class PlainClusteringVAE(keras.Model):
    """Same nets and loss as `ClusteringVAE`, all in one class, nothing recorded."""

    def __init__(self):
        super().__init__()
        leaky = {"activation": keras.layers.LeakyReLU(negative_slope=0.2), "padding": "same"}
        self.encoder = keras.Sequential(
            [
                layers.Input((28, 28, 1)),
                layers.Conv2D(32, 3, strides=2, **leaky),
                layers.Conv2D(32, 3, **leaky),
                layers.Conv2D(64, 3, strides=2, **leaky),
                layers.Conv2D(64, 3, **leaky),
                layers.Flatten(),
                layers.Dense(2 * 20),
            ]
        )
        self.decoder = keras.Sequential(
            [
                layers.Input((20,)),
                layers.Dense(7 * 7 * 64),
                layers.Reshape((7, 7, 64)),
                layers.Conv2DTranspose(64, 3, **leaky),
                layers.Conv2DTranspose(64, 3, strides=2, **leaky),
                layers.Conv2DTranspose(32, 3, **leaky),
                layers.Conv2DTranspose(32, 3, strides=2, **leaky),
                layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
            ]
        )
        self.classifier = keras.Sequential(
            [
                layers.Input((20,)),
                layers.Dense(256, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        self.means = self.add_weight(name="means", shape=(10, 20), initializer="zeros")
        self.noise = keras.random.SeedGenerator(0)

    def build(self, input_shape):
        self.built = True

    def call(self, x, training=False):
        mean, log_var = ops.split(self.encoder(x), 2, axis=-1)
        z = mean
        if training:
            z = mean + ops.exp(0.5 * log_var) * keras.random.normal(
                ops.shape(mean), seed=self.noise
            )
        squared = ops.sum(ops.square(x - self.decoder(z)), axis=(1, 2, 3))
        p = self.classifier(z)
        kl = 0.5 * ops.sum(
            ops.square(mean[:, None] - self.means)
            + ops.exp(log_var)[:, None]
            - log_var[:, None]
            - 1,
            axis=-1,
        )
        loss = 2.5 * squared + ops.sum(p * kl, axis=1) + ops.sum(p * ops.log(p + 1e-7), axis=1)
        self.add_loss(ops.mean(loss))
        return p


def clustering() -> keras.Model:
    """The clustering model of equation (5), ready for `fit(x)`."""
    keras.utils.set_random_seed(0)
    model = PlainClusteringVAE()
    model.compile(optimizer="adam", steps_per_execution=50, jit_compile=False)
    return model


def dense() -> keras.Model:
    """The autoencoder of article 04 as its listings compile it: one step at a time."""
    keras.utils.set_random_seed(0)
    encoder = layers.Dense(32, activation="relu")
    model = keras.Sequential([layers.Flatten(), encoder, layers.Dense(784, activation="sigmoid")])
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model

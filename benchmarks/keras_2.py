"""The model of article 05 under Keras 2, which the article used, beside ours under Keras 3.

    pip install --no-deps tf_keras==2.21.0   # goes with the TensorFlow of requirements.lock
    python -m benchmarks.keras_2 [--steps 100]

Both get the same weights, images, order and noise; each then takes steps of its own Adam. Where
the losses stay equal to what float32 can tell, the version of Keras cannot be why a run of ours
and the article's differ. A control, Adam's epsilon of another framework, shows what a default
that did change would look like. What a model starts from is compared by its standard deviation.

The model is written again from its description, apart from `replication.models`, with the layers
and the defaults of Keras 2.
"""

import argparse
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from replication import models
from replication.experiments.clustering import protocol
from replication.runner import settings

BATCH = protocol.BATCH_SIZE
PRECISION = protocol.EQ5["precision"]


class GivenNoise(keras.layers.Layer):
    """Stands in for `Sampling`: the same noise for both versions of Keras."""

    def __init__(self):
        super().__init__()
        self.epsilon = tf.Variable(np.zeros((BATCH, models.LATENT_DIM), np.float32))

    def call(self, inputs):
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * self.epsilon


def under_keras_2(legacy) -> tuple:
    """Encoder, decoder, cluster means and classifier in Keras 2, in the order of our weights."""
    layers = legacy.layers
    encoder = legacy.Sequential([layers.Input((28, 28, 1))])
    for filters in (32, 64):
        for strides in (2, 1):
            encoder.add(layers.Conv2D(filters, 3, strides=strides, padding="same"))
            encoder.add(layers.LeakyReLU(0.2))
    encoder.add(layers.Flatten())
    heads = [legacy.Sequential([layers.Input((3136,)), layers.Dense(20)]) for _ in range(2)]
    decoder = legacy.Sequential([layers.Input((20,)), layers.Dense(3136)])
    decoder.add(layers.Reshape((7, 7, 64)))
    for filters in (64, 32):
        for strides in (1, 2):
            decoder.add(layers.Conv2DTranspose(filters, 3, strides=strides, padding="same"))
            decoder.add(layers.LeakyReLU(0.2))
    decoder.add(layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"))
    means = tf.Variable(np.zeros((models.NUM_CLUSTERS, 20), np.float32))
    classifier = legacy.Sequential([layers.Input((20,)), layers.Dense(256, activation="relu")])
    classifier.add(layers.Dense(models.NUM_CLUSTERS, activation="softmax"))
    return encoder, *heads, decoder, means, classifier


def variables(parts) -> list:
    """The trained variables of the parts, in the order of ours."""
    return [v for each in parts for v in getattr(each, "trainable_variables", [each])]


def stepper(parts, optimizer):
    """A function that takes a training step on images and noise, and returns the loss before."""
    encoder, mean_head, log_var_head, decoder, means, classifier = parts
    trained = variables(parts)

    @tf.function
    def step(x, epsilon):
        with tf.GradientTape() as tape:
            features = encoder(x)
            mean, log_var = mean_head(features), log_var_head(features)
            z = mean + tf.exp(log_var / 2) * epsilon
            p = classifier(z)
            squared = tf.reduce_sum((x - decoder(z)) ** 2, axis=(1, 2, 3))
            spread = (mean[:, None] - means) ** 2 + tf.exp(log_var)[:, None] - log_var[:, None] - 1
            cluster = tf.reduce_sum(p * tf.reduce_sum(spread, axis=-1), axis=-1) / 2
            balance = tf.reduce_sum(p * tf.math.log(p + 1e-7), axis=-1)
            loss = tf.reduce_mean(PRECISION / 2 * squared + cluster + balance)
        optimizer.apply_gradients(zip(tape.gradient(loss, trained), trained, strict=True))
        return loss

    return step


def ours(steps, start: int) -> tuple[list[float], list[np.ndarray]]:
    """Our loss before every step under Keras 3, and the weights that it started from."""
    model = models.ClusteringVAE(**protocol.EQ5, seed=start)
    model.sampling = noise = GivenNoise()
    model(steps[0][0], training=True)
    weights = [each.numpy() for each in model.trainable_variables]
    model.compile(optimizer="adam", jit_compile=False)
    losses = []
    for x, epsilon in steps:
        noise.epsilon.assign(epsilon)
        losses.append(float(model.train_on_batch(x, return_dict=True)["loss"]))
        model.reset_metrics()
    return losses, weights


def theirs(legacy, steps, weights, **options) -> list[float]:
    """The loss before every step under Keras 2, from the same weights."""
    parts = under_keras_2(legacy)
    for variable, value in zip(variables(parts), weights, strict=True):
        variable.assign(value)
    step = stepper(parts, legacy.optimizers.Adam(**options))
    return [float(step(x, epsilon)) for x, epsilon in steps]


def apart(one, other) -> np.ndarray:
    """How far two rows of losses lie apart, relative to their size."""
    return np.abs(np.array(one) - other) / np.abs(other)


def starts(legacy, weights) -> float:
    """How far the standard deviations of drawn kernels lie apart, in standard errors, at most.

    That of a kernel of n entries has a relative standard error of about 1 / sqrt(2 n).
    """
    own = [each.numpy() for each in variables(under_keras_2(legacy))]
    kernels = [pair for pair in zip(weights, own, strict=True) if pair[0].std()]
    return max(abs(a.std() / b.std() - 1) * np.sqrt(2 * a.size) for a, b in kernels)


def main() -> None:
    """Takes the steps and prints how far the losses lie apart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100, help="of 100 images each")
    options = parser.parse_args()
    try:
        import tf_keras as legacy
    except ImportError:
        sys.exit("error: tf_keras is not installed; pip install --no-deps tf_keras==2.21.0")

    images = settings.library().load("mnist").x_train
    rng = np.random.default_rng(0)
    steps = [
        (images[batch], rng.normal(size=(BATCH, models.LATENT_DIM)).astype(np.float32))
        for batch in rng.permutation(len(images))[: options.steps * BATCH].reshape(-1, BATCH)
    ]
    new, weights = ours(steps, start=0)
    old = apart(theirs(legacy, steps, weights), new)
    control = apart(theirs(legacy, steps, weights, epsilon=1e-3), new)
    other = apart(ours(steps, start=1)[0], new)

    print(f"keras {keras.__version__}, tf_keras {legacy.__version__}: losses apart, relative")
    print("steps  Keras 2    control: epsilon 1e-3  control: another seed")
    for until in sorted({1, 10, 100, len(steps)}):
        cells = (f"{each[:until].max():.1e}" for each in (old, control, other))
        print(f"{until:5d}  {'                '.join(cells)}")
    print(f"kernels at the start: spreads within {starts(legacy, weights):.1f} standard errors")


if __name__ == "__main__":
    main()

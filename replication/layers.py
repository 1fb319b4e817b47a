"""Layers that Keras does not ship: random codes and inputs, tied weights, running means."""

import keras
from keras import ops


class Sampling(keras.layers.Layer):
    """Draws `z ~ N(mean, diag(exp(log_var)))` by the reparameterisation trick.

    z = mean + exp(log_var / 2) * epsilon, with epsilon ~ N(0, I), so that
    gradients reach both `mean` and `log_var`.

    Args:
        seed: Integer. The layer's only source of randomness; its state is a
            variable of the layer, so that a checkpoint can restore it.

    Call arguments:
        inputs: Pair `(mean, log_var)`, each of shape `(batch, latent_dim)`.

    Returns:
        Sampled codes of shape `(batch, latent_dim)`.

    Source: Kingma & Welling (2014), §2.4; 苏剑林 (2018), below equation (5).
    """

    def __init__(self, *, seed: int, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        mean, log_var = inputs
        epsilon = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_var) * epsilon

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


class ClusterMeans(keras.layers.Layer):
    """One trainable mean per cluster: the mu_y of q(z|y) = N(mu_y, I).

    All means start at zero, as in the article's public code: at the start the
    prior of every cluster is the same N(0, I), and only the classifier tells
    clusters apart.

    Args:
        num_clusters: Number of clusters, K.

    Call arguments:
        codes: Float tensor of shape `(batch, latent_dim)`.

    Returns:
        Differences `codes - mu_y` of shape `(batch, num_clusters, latent_dim)`.

    Source: 苏剑林 (2018), the assumptions below equation (4).
    """

    def __init__(self, num_clusters: int, **kwargs):
        super().__init__(**kwargs)
        self.num_clusters = num_clusters

    def build(self, input_shape):
        self.means = self.add_weight(
            name="means", shape=(self.num_clusters, input_shape[-1]), initializer="zeros"
        )

    def call(self, codes):
        return ops.expand_dims(codes, 1) - ops.expand_dims(self.means, 0)

    def get_config(self):
        return {**super().get_config(), "num_clusters": self.num_clusters}


class TiedDense(keras.layers.Layer):
    """Dense layer whose kernel is the transpose of another's: W2 = W1^T.

    It owns a bias only. Gradients of both uses reach the one kernel.

    Args:
        source: The `Dense` layer whose kernel is shared; it must be built first.
        activation: Name of an activation.

    Call arguments:
        inputs: Float tensor of shape `(batch, source.units)`.

    Returns:
        Tensor of shape `(batch, number of inputs of source)`.

    Source: 郑之杰 (2020), §1, tied weights; article 03, Basics, item 1.
    """

    def __init__(self, source: keras.layers.Dense, *, activation: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.source = source
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        num_outputs = self.source.kernel.shape[0]
        self.bias = self.add_weight(name="bias", shape=(num_outputs,), initializer="zeros")

    def call(self, inputs):
        return self.activation(ops.matmul(inputs, ops.transpose(self.source.kernel)) + self.bias)


class MaskingNoise(keras.layers.Layer):
    """Sets a random share of the inputs to zero while training; no rescaling, unlike `Dropout`.

    Args:
        rate: Share mu of the inputs to erase, in [0, 1].
        seed: Integer. The layer's only source of randomness.

    Call arguments:
        inputs: Float tensor of any shape; each entry is erased on its own.
        training: Without it the inputs pass unchanged.

    Raises:
        ValueError: If `rate` is not in [0, 1].

    Source: Vincent et al. (2008), §2.3; 郑之杰 (2020), §4.
    """

    def __init__(self, rate: float, *, seed: int, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must lie in [0, 1]; received {rate!r}.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        draws = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)
        return inputs * ops.cast(draws >= self.rate, inputs.dtype)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class RunningMean(keras.layers.Layer):
    """Mean activation of each unit, carried on from batch to batch while training.

    running = momentum * running + (1 - momentum) * batch mean

    What is returned is the new running mean. Its gradient reaches the batch
    through the share `1 - momentum` only: what came from earlier batches is a
    number by now. Without `training` the stored mean comes back unchanged.

    Args:
        momentum: beta in [0, 1); 0 is the mean of the batch alone.
        initial: What the mean is before the first batch.

    Call arguments:
        inputs: Activations of shape `(batch, num_units)`.

    Returns:
        Tensor of shape `(num_units,)`.

    Raises:
        ValueError: If `momentum` is not in [0, 1).

    Source: 郑之杰 (2020), §2, last formula, which writes one symbol for the
    mean of the batch and for the running mean; and it gives no start.
    """

    def __init__(self, momentum: float, *, initial: float, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1); received {momentum!r}.")
        self.momentum = momentum
        self.initial = initial

    def build(self, input_shape):
        start = keras.initializers.Constant(self.initial)
        self.mean = self.add_weight(
            name="mean", shape=(input_shape[-1],), initializer=start, trainable=False
        )

    def call(self, inputs, training=False):
        if not training:
            return ops.convert_to_tensor(self.mean)
        past = ops.convert_to_tensor(self.mean)
        mean = self.momentum * past + (1 - self.momentum) * ops.mean(inputs, axis=0)
        self.mean.assign(ops.stop_gradient(mean))
        return mean

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "initial": self.initial}


class HardCode(keras.layers.Layer):
    """A code with K values: one-hot of the largest logit, with the softmax's gradient.

    Forward, `one_hot(argmax(logits))`; backward, as if it had been
    `softmax(logits)` (a straight-through estimator).

    Call arguments:
        inputs: Logits of shape `(batch, num_codes)`.

    Returns:
        One-hot tensor of the same shape.

    Source: Bengio, Léonard & Courville (2013) for the estimator; 郑之杰 (2020),
    §1, on codes with K values.
    """

    def call(self, inputs):
        soft = ops.softmax(inputs)
        hard = ops.one_hot(ops.argmax(inputs, axis=-1), inputs.shape[-1], dtype=soft.dtype)
        return soft + ops.stop_gradient(hard - soft)


class NearestVector(keras.layers.Layer):
    """The nearest of K trainable vectors to each input.

    Args:
        num_vectors: K.

    Call arguments:
        inputs: Float tensor of shape `(batch, dim)`.

    Returns:
        Dict with `nearest`, the vectors, `(batch, dim)`; and `choice`, which
        they are, one-hot, `(batch, num_vectors)`.

    Source: van den Oord et al. (2017), equations (1) and (2).
    """

    def __init__(self, num_vectors: int, **kwargs):
        super().__init__(**kwargs)
        self.num_vectors = num_vectors

    def build(self, input_shape):
        self.vectors = self.add_weight(
            name="vectors", shape=(self.num_vectors, input_shape[-1]), initializer="random_uniform"
        )

    def call(self, inputs):
        differences = ops.expand_dims(inputs, 1) - ops.expand_dims(self.vectors, 0)
        distances = ops.sum(ops.square(differences), axis=-1)  # (batch, num_vectors)
        choice = ops.one_hot(ops.argmin(distances, axis=-1), self.num_vectors, dtype=inputs.dtype)
        return {
            "nearest": ops.matmul(choice, ops.convert_to_tensor(self.vectors)),
            "choice": choice,
        }

    def get_config(self):
        return {**super().get_config(), "num_vectors": self.num_vectors}

"""Layers that Keras does not ship: sampling a Gaussian code, and one mean per cluster."""

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

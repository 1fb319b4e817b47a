"""Variational autoencoders with convolutions: a plain one, and one that clusters."""

import keras
import numpy as np
from keras import layers, ops

from replication import losses
from replication.layers import ClusterMeans, Sampling
from replication.models.classifiers import IMAGE_SHAPE
from replication.models.inference import in_batches
from replication.models.termwise import TermwiseModel

LATENT_DIM = 20  # public code
NUM_CLUSTERS = 10  # public code
_STAGE_STRIDES = {
    "deep": {"encoder": (2, 1), "decoder": (1, 2)},
    "shallow": {"encoder": (2,), "decoder": (2,)},
}


def conv_trunk(networks: str = "deep") -> keras.Sequential:
    """Two stages of 3x3 convolutions with 32, then 64 filters, flattened to 3136 features.

    Args:
        networks: `"deep"`, a strided and a plain convolution a stage, each
            with LeakyReLU 0.2; `"shallow"`, one strided convolution a stage,
            with ReLU.

    Source: public code of 苏剑林 (2018), its current state and its earliest
    one (commit 0fe7a91).
    """
    stages = []
    for filters in (32, 64):
        for strides in _STAGE_STRIDES[networks]["encoder"]:
            stages.append(layers.Conv2D(filters, 3, strides=strides, padding="same"))
            stages.append(_activation(networks))
    return keras.Sequential(
        [layers.Input(IMAGE_SHAPE), *stages, layers.Flatten()], name="encoder_trunk"
    )


def conv_decoder(latent_dim: int = LATENT_DIM, networks: str = "deep") -> keras.Sequential:
    """The mirror image of `conv_trunk`: codes `(batch, latent_dim)` to images in [0, 1].

    Args:
        latent_dim: Size of a code.
        networks: `"deep"` or `"shallow"`, as in `conv_trunk`.

    Returns:
        Model whose images have shape `(batch, 28, 28, 1)`.

    Source: as `conv_trunk`: 64 then 32 filters, sigmoid output.
    """
    stages = []
    for filters in (64, 32):
        for strides in _STAGE_STRIDES[networks]["decoder"]:
            stages.append(layers.Conv2DTranspose(filters, 3, strides=strides, padding="same"))
            stages.append(_activation(networks))
    return keras.Sequential(
        [
            layers.Input((latent_dim,)),
            layers.Dense(7 * 7 * 64),
            layers.Reshape((7, 7, 64)),
            *stages,
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )


def _activation(networks: str) -> keras.Layer:
    return layers.LeakyReLU(negative_slope=0.2) if networks == "deep" else layers.ReLU()


def cluster_classifier(
    latent_dim: int = LATENT_DIM, num_clusters: int = NUM_CLUSTERS
) -> keras.Sequential:
    """p(y|z): Dense 256 ReLU, then a softmax over clusters.

    Source: public code of 苏剑林 (2018).
    """
    return keras.Sequential(
        [
            layers.Input((latent_dim,)),
            layers.Dense(256, activation="relu"),
            layers.Dense(num_clusters, activation="softmax"),
        ],
        name="classifier",
    )


def encode_means(model: "VAE", x: np.ndarray) -> np.ndarray:
    """Codes as they are used after training: the mean of p(z|x).

    Args:
        model: A `VAE`.
        x: Images of shape `(n, 28, 28, 1)`.

    Returns:
        Float32 array of shape `(n, latent_dim)`.
    """
    return in_batches(lambda batch: model.encode(batch)[0], x)


class VAE(TermwiseModel):
    """Variational autoencoder with Gaussian codes and a Gaussian decoder.

    `call` returns a dict: `z_mean`, `z_log_var`, `z` (sampled while training,
    the mean otherwise) and `x_decoded`. The loss is the mean over the batch of
    `gaussian_reconstruction_loss + gaussian_kl`.

    Args:
        precision: Inverse variance of the decoder.
        seed: Seed of the sampling layer.
        networks: `"deep"` or `"shallow"`, see `conv_trunk`.

    Raises:
        ValueError: If `networks` is neither of the two.

    Source: Kingma & Welling (2014); the first step of what 苏剑林 (2018) calls
    clustering in two steps.
    """

    def __init__(self, *, precision: float, seed: int, networks: str = "deep"):
        super().__init__()
        if networks not in _STAGE_STRIDES:
            raise ValueError(f"networks must be 'deep' or 'shallow'; received {networks!r}.")
        self.precision = precision
        self.trunk = conv_trunk(networks)
        self.mean_head = layers.Dense(LATENT_DIM, name="z_mean")
        self.log_var_head = layers.Dense(LATENT_DIM, name="z_log_var")
        self.sampling = Sampling(seed=seed, name="z")
        self.decoder = conv_decoder(LATENT_DIM, networks)
        self.track("reconstruction_loss", "kl_loss")

    def build(self, input_shape):
        self.mean_head.build(self.trunk.output_shape)
        self.log_var_head.build(self.trunk.output_shape)

    def encode(self, x):
        """The code's distribution: `(z_mean, z_log_var)`, each `(batch, latent_dim)`."""
        features = self.trunk(x)
        return self.mean_head(features), self.log_var_head(features)

    def call(self, x, training=False):
        z_mean, z_log_var = self.encode(x)
        z = self.sampling((z_mean, z_log_var)) if training else z_mean
        return {
            "z_mean": z_mean,
            "z_log_var": z_log_var,
            "z": z,
            "x_decoded": self.decoder(z),
        }

    def compute_terms(self, x, outputs) -> dict:
        """The terms of the loss by name, each of shape `(batch,)`, in nats."""
        return {
            "reconstruction_loss": losses.gaussian_reconstruction_loss(
                x, outputs["x_decoded"], self.precision
            ),
            "kl_loss": losses.gaussian_kl(outputs["z_mean"], outputs["z_log_var"]),
        }


class ClusteringVAE(VAE):
    """VAE whose code has a Gaussian per cluster, and a classifier on the code.

    q(z|y) = N(mu_y, I), q(y) uniform, p(y|z) a softmax classifier. `call` adds
    `probabilities` (p(y|z), on the sampled code while training, on the mean
    otherwise) and `differences` (code less mu_y) to the outputs of `VAE`.

    Args:
        kl: `"closed-form"` for equation (5), `"one-sample"` for the estimate
            in the public code since December 2018.
        balance: Whether the third term, KL(p(y|z) || q(y)), is in the loss.
        precision: Inverse variance of the decoder.
        seed: Seed of the sampling layer.
        num_clusters: Number of clusters, K.
        networks: `"deep"` or `"shallow"`, see `conv_trunk`.

    Raises:
        ValueError: If `kl` or `networks` is neither of its two.

    Source: 苏剑林 (2018), equations (3) to (5).
    """

    def __init__(
        self,
        *,
        kl: str,
        precision: float,
        seed: int,
        balance: bool = True,
        num_clusters: int = NUM_CLUSTERS,
        networks: str = "deep",
    ):
        if kl not in ("closed-form", "one-sample"):
            raise ValueError(f"kl must be 'closed-form' or 'one-sample'; received {kl!r}.")
        super().__init__(precision=precision, seed=seed, networks=networks)
        self.kl = kl
        self.balance = balance
        if balance:
            self.track("balance_loss")
        self.cluster_means = ClusterMeans(num_clusters, name="cluster_means")
        self.classifier = cluster_classifier(LATENT_DIM, num_clusters)

    def build(self, input_shape):
        super().build(input_shape)
        self.cluster_means.build((None, LATENT_DIM))

    def call(self, x, training=False):
        outputs = super().call(x, training=training)
        center = outputs["z_mean"] if self.kl == "closed-form" else outputs["z"]
        outputs["differences"] = self.cluster_means(center)
        outputs["probabilities"] = self.classifier(outputs["z"])
        return outputs

    def compute_terms(self, x, outputs) -> dict:
        log_var = ops.expand_dims(outputs["z_log_var"], 1)  # (batch, 1, latent_dim)
        divergence = {
            "closed-form": losses.gaussian_kl,
            "one-sample": losses.gaussian_one_sample_kl,
        }[self.kl]
        kl = divergence(outputs["differences"], log_var)  # (batch, num_clusters)
        terms = {
            "reconstruction_loss": losses.gaussian_reconstruction_loss(
                x, outputs["x_decoded"], self.precision
            ),
            "kl_loss": losses.class_weighted_kl(outputs["probabilities"], kl),
        }
        if self.balance:
            terms["balance_loss"] = losses.negative_entropy(outputs["probabilities"])
        return terms

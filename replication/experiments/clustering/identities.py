"""What the losses leave out of the objective, computed a second time from densities."""

import numpy as np
from keras import ops
from scipy.stats import norm

from replication import losses, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import protocol


@experiment(
    "clustering-identities",
    minutes=0.1,
    metrics=[
        Metric("one_sample_constant", "nats"),
        Metric("eq5_constant", "nats"),
        Metric("batch_dot_max_error", "nats", "lower"),
    ],
)
def identities(seed: int, profile: Profile) -> Outcome:
    """What the losses leave out of the objective, and the batched product against a loop.

    The objective is computed here a second time, in NumPy and double
    precision, from the densities of equation (4). The noise is +1 or -1: its
    second moment is the Gaussian's, and the objective is quadratic in it, so
    the constant of the one-sample estimate comes out without sampling error.
    """
    batch = _random_batch(np.random.default_rng(seed), num_examples=256)
    constants = {
        name: (float(np.mean(_negative_elbo(batch, objective) - _loss(batch, objective))), 256)
        for name, objective in (
            ("one_sample_constant", protocol.ONE_SAMPLE),
            ("eq5_constant", protocol.EQ5),
        )
    }
    kl = np.square(batch["means"]).sum(axis=-1)  # any (batch, num_clusters) will do
    product = ops.convert_to_numpy(losses.class_weighted_kl(batch["probabilities"], kl))
    loop = [
        sum(float(p) * float(each) for p, each in zip(*rows, strict=True))
        for rows in zip(batch["probabilities"], kl, strict=True)
    ]
    error = float(np.abs(product - np.array(loop)).max())
    return Outcome({**constants, "batch_dot_max_error": (error, len(loop))})


def _random_batch(rng: np.random.Generator, *, num_examples: int) -> dict[str, np.ndarray]:
    """Random float32 outputs of a `ClusteringVAE`, and the images they belong to."""
    latents = (num_examples, models.LATENT_DIM)
    z_mean, z_log_var = rng.normal(size=latents), rng.normal(size=latents)
    z = z_mean + np.exp(z_log_var / 2) * rng.choice([-1.0, 1.0], size=latents)
    means = rng.normal(size=(protocol.NUM_CLUSTERS, models.LATENT_DIM))
    batch = {
        "x": rng.random((num_examples, *models.IMAGE_SHAPE)),
        "x_decoded": rng.random((num_examples, *models.IMAGE_SHAPE)),
        "z_mean": z_mean,
        "z_log_var": z_log_var,
        "z": z,
        "means": np.broadcast_to(means, (num_examples, *means.shape)),
        "probabilities": rng.dirichlet(np.ones(protocol.NUM_CLUSTERS), size=num_examples),
    }
    return {name: array.astype(np.float32) for name, array in batch.items()}


def _loss(batch: dict, objective: dict) -> np.ndarray:
    """The project's loss for each example: the sum of a `ClusteringVAE`'s terms."""
    model = models.ClusteringVAE(**objective, seed=0)
    center = batch["z_mean"] if objective["kl"] == "closed-form" else batch["z"]
    outputs = {**batch, "differences": center[:, np.newaxis] - batch["means"]}
    outputs = {name: ops.convert_to_tensor(array) for name, array in outputs.items()}
    terms = model.compute_terms(outputs["x"], outputs)
    return sum(ops.convert_to_numpy(term) for term in terms.values()).astype(np.float64)


def _negative_elbo(batch: dict, objective: dict) -> np.ndarray:
    """-ELBO for each example from normal densities (SciPy), classes summed out."""
    batch = {name: array.astype(np.float64) for name, array in batch.items()}
    scale = objective["precision"] ** -0.5
    log_likelihood = norm.logpdf(batch["x"], batch["x_decoded"], scale).sum(axis=(1, 2, 3))
    std = np.exp(batch["z_log_var"] / 2)
    if objective["kl"] == "one-sample":
        log_p = norm.logpdf(batch["z"], batch["z_mean"], std)[:, np.newaxis]
        log_q = norm.logpdf(batch["z"][:, np.newaxis], batch["means"])
        kl = (log_p - log_q).sum(axis=-1)  # (batch, num_clusters)
    else:
        second_moment = (batch["z_mean"][:, np.newaxis] - batch["means"]) ** 2 + std[:, None] ** 2
        cross_entropy = 0.5 * (np.log(2 * np.pi) + second_moment).sum(axis=-1)
        kl = cross_entropy - norm.entropy(0, std).sum(axis=-1, keepdims=True)
    probabilities = batch["probabilities"]
    balance = (probabilities * np.log(probabilities * protocol.NUM_CLUSTERS)).sum(axis=-1)
    return -log_likelihood + (probabilities * kl).sum(axis=-1) + balance

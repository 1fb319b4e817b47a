"""What tells equation (4) from equation (5): a covariance, not a constant."""

import numpy as np
from scipy.special import softmax
from scipy.stats import norm

from replication.experiments import Metric, Outcome, Profile, experiment

LATENT_DIM = 2  # few enough for quadrature
NODES = 48  # of Gauss and Hermite, in each dimension; 24 give the same to nine digits
EXAMPLES = 64
CLUSTERS = 10


@experiment(
    "clustering-covariance",
    minutes=0.1,
    metrics=[
        Metric("identity_max_error", "nats", "lower"),
        Metric("difference_std", "nats"),
        Metric("difference_mean", "nats"),
    ],
)
def covariance(seed: int, profile: Profile) -> Outcome:
    """Equation (4) less equation (5), against the covariance that should be between them.

    With z ~ p(z|x), and E, Cov over it, the second term is

        (4)  sum_y E[p(y|z) * (log p(z|x) - log q(z|y))]
        (5)  sum_y E[p(y|z)] * E[log p(z|x) - log q(z|y)]

    as (5) draws p(y|z) and takes the divergence in closed form; all other terms are the same.
    A mean of products less the product of means is a covariance:

        (4) - (5) = sum_y Cov(p(y|z), log p(z|x) - log q(z|y))

    log p(z|x) does not depend on y, and sum_y p(y|z) = 1 varies with nothing, so its share is
    zero; -log q(z|y) is 0.5 * ||z - mu_y||**2 and a constant, so what is left is

        (4) - (5) = sum_y Cov(p(y|z), 0.5 * ||z - mu_y||**2)

    Not a constant: it is zero where p(y|z) does not change with z, and below zero where a class
    is the likelier the nearer its mean. It depends on all weights, so the two have other
    gradients. Both sides are computed here in double precision by quadrature, from densities,
    for random encoders and a random classifier. `difference_std` is how far (4) - (5) varies
    from example to example; for a constant it would be zero.
    """
    problem = random_problem(np.random.default_rng(seed), num_examples=EXAMPLES)
    fourth, fifth, between = np.array([both_equations(**each) for each in problem]).T
    found = {
        "identity_max_error": np.abs(fourth - fifth - between).max(),
        "difference_std": (fourth - fifth).std(),
        "difference_mean": (fourth - fifth).mean(),
    }
    return Outcome({name: (float(value), EXAMPLES) for name, value in found.items()})


def random_problem(rng: np.random.Generator, *, num_examples: int) -> list[dict]:
    """Random p(z|x) for some examples, with one set of means and one linear classifier."""
    means = 2 * rng.normal(size=(CLUSTERS, LATENT_DIM))
    weights, biases = rng.normal(size=(LATENT_DIM, CLUSTERS)), rng.normal(size=CLUSTERS)
    shared = {"means": means, "weights": weights, "biases": biases}
    return [
        {
            "z_mean": rng.normal(size=LATENT_DIM),
            "std": np.exp(rng.normal(size=LATENT_DIM) / 2),
            **shared,
        }
        for _ in range(num_examples)
    ]


def both_equations(*, z_mean, std, means, weights, biases) -> tuple[float, float, float]:
    """The second terms of (4) and of (5) for one example, and the covariance, by quadrature."""
    z, share = grid(z_mean, std)  # (num_nodes, latent_dim), (num_nodes,)
    p = softmax(z @ weights + biases, axis=1)  # (num_nodes, num_clusters)
    log_p = norm.logpdf(z, z_mean, std).sum(axis=1, keepdims=True)
    log_q = norm.logpdf(z[:, np.newaxis], means).sum(axis=-1)
    fourth = (share @ (p * (log_p - log_q))).sum()
    closed_form = 0.5 * (std**2 + (z_mean - means) ** 2 - 1 - 2 * np.log(std)).sum(axis=1)
    fifth = (share @ p) @ closed_form
    distance = 0.5 * ((z[:, np.newaxis] - means) ** 2).sum(axis=-1)
    between = (share @ (p * distance) - (share @ p) * (share @ distance)).sum()
    return fourth, fifth, between


def grid(z_mean, std) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of N(z_mean, diag(std**2)) in two dimensions, and the share of each."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(NODES)
    shares = shares / shares.sum()
    z = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, LATENT_DIM)
    return z_mean + std * z, np.outer(shares, shares).ravel()

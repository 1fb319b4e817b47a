"""Whether a code lies at the mean of its class, as a draw of N(mu_y, I) would."""

import numpy as np
from keras import ops

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import one_step, protocol

DECLARED = {
    "datasets": protocol.DATASETS,
    "minutes": 0.3,
    "metrics": [
        Metric(f"{model}{name}_squared_distance", "squared code units")
        for model in ("", "untrained_")
        for name in ("own", "other")
    ],
    "tier": "extended",
}


@experiment("clustering-first-code-alignment-{dataset}", **DECLARED, objective=one_step.FIRST_CODE)
@experiment("clustering-eq5-alignment-{dataset}", **DECLARED, objective=protocol.EQ5)
def alignment(seed: int, profile: Profile, dataset: str, *, objective: dict) -> Outcome:
    """How far a sampled code lies from the mean of its class, and from the nearest other mean.

    Squared, in expectation over z ~ p(z|x); the class is that of the classifier. A draw of
    N(mu_y, I) lies at 20, one for each dimension. Control: the model before training, whose
    means are all zero.
    """
    data = profile.dataset(dataset)
    trained = protocol.fit(data, profile, objective=objective, seed=seed).model
    scores = {}
    for name, model in (("", trained), ("untrained_", protocol.untrained(data, seed))):
        chosen = protocol.probabilities(model, data.x_test).argmax(axis=1)
        means = ops.convert_to_numpy(model.cluster_means.means)
        codes = models.encode_means(model, data.x_test)
        variances = protocol.code_variances(model, data.x_test)
        own, other = own_and_other(codes, variances, means, chosen)
        scores[f"{name}own_squared_distance"] = (float(own.mean()), len(own))
        scores[f"{name}other_squared_distance"] = (float(other.mean()), len(other))
    return Outcome(scores)


def own_and_other(codes, variances, means, chosen) -> tuple[np.ndarray, np.ndarray]:
    """Expected squared distance of each sampled code to its own mean and to the nearest other.

    Args:
        codes: Means of p(z|x), shape `(n, latent_dim)`.
        variances: Of p(z|x), same shape.
        means: mu_y, shape `(num_clusters, latent_dim)`.
        chosen: The class of each code, shape `(n,)`.

    Returns:
        Two arrays of shape `(n,)`.
    """
    squared = ((codes[:, np.newaxis] - means) ** 2).sum(axis=-1)  # (n, num_clusters)
    squared = squared + variances.sum(axis=1, keepdims=True)
    rows = np.arange(len(codes))
    own = squared[rows, chosen].copy()
    squared[rows, chosen] = np.inf
    return own, squared.min(axis=1)

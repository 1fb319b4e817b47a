"""Why a run is as good as it is: what each trained model of article 05 says of itself.

Every experiment here takes up the model that `one_step` trained under the same seed, so that it
costs a minute. From these numbers one can ask which classes share a cluster, whether the loss or
the entropy of the assignment, which need no labels, tell a good run from a bad one, and whether
the classifier agrees with the means of its own clusters.
"""

import numpy as np
from keras import ops

from replication import losses, metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import one_step, protocol

COVARIANCE_IMAGES = 1000  # test images, 100 draws each: some 20 MB of codes
COVARIANCE_DRAWS = 100
TERMS = ("reconstruction_loss", "kl_loss", "balance_loss")
SPLITS = ("train", "test")
METRICS = [
    Metric("distinct_labels", "classes", "higher"),
    *(Metric(f"label_of_class_{each}", "class") for each in range(protocol.NUM_CLASSES)),
    *(Metric(f"{split}_{term}", "nats", "lower") for split in SPLITS for term in TERMS),
    Metric("train_assignment_entropy", "nats"),
    Metric("test_conditional_entropy", "nats"),
    Metric("nearest_mean_test_purity", "fraction", "higher"),
    Metric("nearest_mean_agreement", "fraction", "higher"),
    Metric("squared_distance_to_mean", "squared code units"),
    Metric("confident_covariance", "nats"),
    Metric("ambiguous_covariance", "nats"),
]
DECLARED = {
    "datasets": protocol.DATASETS,
    "minutes": 1,
    "metrics": METRICS,
    "tier": "extended",
}


@experiment("clustering-no-balance-diagnosis-{dataset}", **DECLARED, objective=one_step.NO_BALANCE)
@experiment("clustering-first-code-diagnosis-{dataset}", **DECLARED, objective=one_step.FIRST_CODE)
@experiment("clustering-one-sample-diagnosis-{dataset}", **DECLARED, objective=protocol.ONE_SAMPLE)
@experiment("clustering-eq5-diagnosis-{dataset}", **DECLARED, objective=protocol.EQ5)
def diagnosis(seed: int, profile: Profile, dataset: str, *, objective: dict) -> Outcome:
    """What the clusters of a trained model are made of, and what its loss says of them.

    Its history holds the purity of every fifth epoch, for runs whose training was watched.
    """
    data = profile.dataset(dataset)
    trained = protocol.fit(data, profile, objective=objective, seed=seed)
    model, num_test = trained.model, len(data.x_test)
    p_train, p_test = (protocol.probabilities(model, x) for x in (data.x_train, data.x_test))
    counts = protocol.contingency(data, p_test.argmax(axis=1))
    found = {
        "train_assignment_entropy": (metrics.assignment_entropy(p_train), len(p_train)),
        "test_conditional_entropy": (conditional_entropy(p_test), num_test),
        **{name: (value, num_test) for name, value in _labels(counts).items()},
        **_nearest_mean(model, data, p_test),
        **_loss_terms(model, data),
        **_covariances(model, data.x_test[:COVARIANCE_IMAGES], seed=seed),
    }
    observed = [
        {name: value for name, value in epoch.items() if name in protocol.OBSERVED}
        for epoch in trained.history
    ]
    return Outcome(found, observed, {"test_contingency": counts})


def conditional_entropy(probabilities: np.ndarray) -> float:
    """Mean entropy of p(y|z) over the examples, in nats: 0 where every one is certain."""
    logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return float(-(probabilities * logs).sum(axis=1).mean())


def _labels(counts: np.ndarray) -> dict[str, float]:
    """How many classes name a cluster, and after which the cluster of each class is named.

    A class that is merged into the cluster of another has that one's number.
    """
    mapping = metrics.majority_mapping(counts)
    homes = counts.argmax(axis=0)  # of each class, the cluster that most of its images are in
    named = {f"label_of_class_{each}": float(mapping[home]) for each, home in enumerate(homes)}
    distinct = len(set(mapping.tolist()) - {metrics.UNMAPPED})
    return {"distinct_labels": float(distinct), **named}


def _nearest_mean(model, data, p_test: np.ndarray) -> dict[str, tuple[float, int]]:
    """Clusters by the nearest mu_y instead of the classifier, and how far a code lies from it."""
    means = ops.convert_to_numpy(model.cluster_means.means)
    codes = models.encode_means(model, data.x_test)
    variances = protocol.code_variances(model, data.x_test)
    distances = ((codes[:, np.newaxis] - means) ** 2).sum(axis=-1)  # (n, num_clusters)
    nearest, chosen = distances.argmin(axis=1), p_test.argmax(axis=1)
    squared = distances[np.arange(len(codes)), chosen] + variances.sum(axis=1)
    found = {
        "nearest_mean_test_purity": metrics.purity_score(protocol.contingency(data, nearest)),
        "nearest_mean_agreement": (nearest == chosen).mean(),
        "squared_distance_to_mean": squared.mean(),  # of the sampled code, in expectation
    }
    return {name: (float(value), len(codes)) for name, value in found.items()}


def _loss_terms(model, data) -> dict[str, tuple[float, int]]:
    """The mean of each term of the loss over each split, one sampled code an image.

    The third term is measured also where the model was trained without it.
    """

    def terms(batch):
        outputs = model(batch, training=True)
        found = model.compute_terms(ops.convert_to_tensor(batch), outputs)
        found.setdefault("balance_loss", losses.negative_entropy(outputs["probabilities"]))
        return ops.stack([found[name] for name in TERMS], axis=-1)

    found = {}
    for split, x in zip(SPLITS, (data.x_train, data.x_test), strict=True):
        means = models.in_batches(terms, x).astype(np.float64).mean(axis=0)
        found |= {
            f"{split}_{name}": (float(m), len(x)) for name, m in zip(TERMS, means, strict=True)
        }
    return found


def _covariances(model, x: np.ndarray, *, seed: int) -> dict[str, tuple[float, int]]:
    """What equation (4) has beyond (5), for the tenth of the images that is surest, and least sure.

    sum_y Cov_z(p(y|z), 0.5 * ||z - mu_y||**2), z ~ p(z|x): with p(y|z) inside the expectation of
    (4), and outside of it in (5).
    """
    z_mean = models.encode_means(model, x)
    std = models.in_batches(lambda batch: ops.exp(model.encode(batch)[1] / 2), x)
    noise = np.random.default_rng(seed).normal(size=(COVARIANCE_DRAWS, *z_mean.shape))
    codes = (z_mean + std * noise).astype(np.float32)  # (draws, n, latent_dim)
    means = ops.convert_to_numpy(model.cluster_means.means)
    covariance = np.array(
        [
            summed_covariance(
                models.in_batches(model.classifier, each),
                0.5 * ((each[:, np.newaxis] - means) ** 2).sum(axis=-1),
            )
            for each in np.swapaxes(codes, 0, 1)
        ]
    )
    surest = np.argsort(-protocol.probabilities(model, x).max(axis=1), kind="stable")
    tenth = max(1, len(x) // 10)
    return {
        "confident_covariance": (float(covariance[surest[:tenth]].mean()), tenth),
        "ambiguous_covariance": (float(covariance[surest[-tenth:]].mean()), tenth),
    }


def summed_covariance(probabilities: np.ndarray, distances: np.ndarray) -> float:
    """sum_y of the sample covariance of p(y|z) and a distance over draws of z.

    Args:
        probabilities: Shape `(num_draws, num_clusters)`.
        distances: Same shape.

    Returns:
        The sum over clusters, with `num_draws - 1` in the denominator.
    """
    centred = (probabilities - probabilities.mean(axis=0)) * (distances - distances.mean(axis=0))
    return float(centred.sum() / (len(probabilities) - 1))

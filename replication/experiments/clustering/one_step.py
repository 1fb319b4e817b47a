"""The article's model in one step: equation (5), and the revisions and ablations of its loss."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import protocol

FIRST_CODE = {**protocol.EQ5, "networks": "shallow"}  # the earliest public code, commit 0fe7a91
NO_BALANCE = {**protocol.EQ5, "balance": False}  # remark 3 below equation (5)
GRID = 64  # pictures of a cluster: 8 x 8, as in the article's figures
METRICS = [*protocol.METRICS, Metric("assignment_entropy", "nats", "none")]
DECLARED = {"datasets": protocol.DATASETS, "metrics": METRICS}


@experiment(
    "clustering-no-balance-{dataset}", **DECLARED, minutes=31, tier="extended", objective=NO_BALANCE
)
@experiment(
    "clustering-first-code-{dataset}", **DECLARED, minutes=15, tier="extended", objective=FIRST_CODE
)
@experiment(
    "clustering-one-sample-{dataset}",
    **DECLARED,
    minutes=31,
    tier="extended",
    objective=protocol.ONE_SAMPLE,
)
@experiment("clustering-eq5-{dataset}", **DECLARED, minutes=31, objective=protocol.EQ5)
def one_step(seed: int, profile: Profile, dataset: str, *, objective: dict) -> Outcome:
    """A clustering VAE under one objective, and the clusters that its classifier makes.

    The headline is equation (5) with decoder variance 1/5. Beside it: today's public code, a
    one-sample estimate of equation (4) with variance 1/2.5; the smaller networks of the earliest
    public code; and equation (5) without its third term.
    """
    data = profile.dataset(dataset)
    trained = protocol.fit(data, profile, objective=objective, seed=seed)
    p_train = protocol.probabilities(trained.model, data.x_train)
    p_test = protocol.probabilities(trained.model, data.x_test)
    clusters = p_test.argmax(axis=1)
    scores = protocol.scores(data, p_train.argmax(axis=1), clusters)
    scores["assignment_entropy"] = (metrics.assignment_entropy(p_test), len(p_test))
    codes = protocol.cluster_codes(trained.model, GRID, seed=seed)
    drawn = models.in_batches(trained.model.decoder, codes)
    arrays = {
        "members": _members(data.x_test, clusters),
        "samples": _bytes(drawn).reshape(protocol.NUM_CLUSTERS, GRID, 28, 28),
        "test_contingency": protocol.contingency(data, clusters),
    }
    return Outcome(scores, protocol.loss_history(trained), arrays)


def _members(x: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """The first `GRID` images of every cluster as bytes; black where there are fewer."""
    grids = np.zeros((protocol.NUM_CLUSTERS, GRID, 28, 28), np.uint8)
    for cluster in range(protocol.NUM_CLUSTERS):
        images = x[clusters == cluster][:GRID, ..., 0]
        grids[cluster, : len(images)] = _bytes(images)
    return grids


def _bytes(images: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(images) * 255).astype(np.uint8)

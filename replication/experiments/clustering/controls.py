"""What the headline's purity must beat: pixels, an untrained encoder, labels in random order."""

import numpy as np

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import Outcome, Profile, experiment
from replication.experiments.clustering import protocol


@experiment(
    "clustering-pixels-kmeans-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=protocol.METRICS,
)
def pixels_kmeans(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Control: k-means on raw pixels."""
    data = profile.dataset(dataset)
    features = protocol.flat(data.x_train), protocol.flat(data.x_test)
    return Outcome(_kmeans_scores(data, *features, seed=seed))


@experiment(
    "clustering-untrained-kmeans-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=protocol.METRICS,
)
def untrained_kmeans(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Control: k-means on the codes of the same encoder before any training."""
    data = profile.dataset(dataset)
    model = protocol.untrained(data, seed)
    codes = models.encode_means(model, data.x_train), models.encode_means(model, data.x_test)
    return Outcome(_kmeans_scores(data, *codes, seed=seed))


@experiment(
    "clustering-shuffled-labels-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=protocol.METRICS,
)
def shuffled_labels(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Control: the headline's own clusters, scored against labels in random order."""
    data = profile.dataset(dataset)
    trained = protocol.fit(data, profile, objective=protocol.EQ5, seed=seed)
    rng = np.random.default_rng(seed)
    return Outcome(
        metrics.clustering_protocol(
            rng.permutation(data.y_train),
            protocol.probabilities(trained.model, data.x_train).argmax(axis=1),
            rng.permutation(data.y_test),
            protocol.probabilities(trained.model, data.x_test).argmax(axis=1),
            num_classes=protocol.NUM_CLASSES,
            num_clusters=protocol.NUM_CLUSTERS,
        )
    )


def _kmeans_scores(data: Dataset, train_features, test_features, *, seed: int) -> dict:
    estimator = protocol.kmeans(seed).fit(train_features)
    return protocol.scores(data, estimator.labels_, estimator.predict(test_features))

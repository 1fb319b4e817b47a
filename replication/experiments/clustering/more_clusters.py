"""k-means with more clusters than classes: what purity owes to their number."""

from replication.experiments import Outcome, Profile, experiment
from replication.experiments.clustering import protocol


@experiment(
    "clustering-kmeans-16-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=protocol.METRICS,
    tier="extended",
)
def kmeans_16(seed: int, profile: Profile, dataset: str) -> Outcome:
    """k-means on raw pixels, as in the control of the headline, with 16 clusters.

    Purity cannot fall when a cluster is split, so it grows with their number
    whatever the method. A one-to-one mapping names ten of them, and the images
    of the others count as wrong.
    """
    return _pixels_kmeans(seed, profile, dataset, num_clusters=16)


@experiment(
    "clustering-kmeans-20-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=protocol.METRICS,
    tier="extended",
)
def kmeans_20(seed: int, profile: Profile, dataset: str) -> Outcome:
    """The same with 20 clusters, two for each class."""
    return _pixels_kmeans(seed, profile, dataset, num_clusters=20)


def _pixels_kmeans(seed: int, profile: Profile, dataset: str, *, num_clusters: int) -> Outcome:
    data = profile.dataset(dataset)
    features = protocol.flat(data.x_train), protocol.flat(data.x_test)
    estimator = protocol.kmeans(seed, num_clusters=num_clusters)
    return protocol.clustered(data, estimator, features, num_clusters=num_clusters)

"""k-means with more clusters than classes: what purity owes to their number."""

from replication.experiments import Outcome, Profile, experiment
from replication.experiments.clustering import protocol

DECLARED = {
    "datasets": protocol.DATASETS,
    "minutes": 1,
    "metrics": protocol.METRICS,
    "tier": "extended",
}


@experiment("clustering-kmeans-20-{dataset}", **DECLARED, num_clusters=20)
@experiment("clustering-kmeans-16-{dataset}", **DECLARED, num_clusters=16)
def kmeans(seed: int, profile: Profile, dataset: str, *, num_clusters: int) -> Outcome:
    """k-means on raw pixels, as in the control of the headline, with 16 clusters or with 20.

    Purity cannot fall when a cluster is split, so it grows with their number
    whatever the method. A one-to-one mapping names ten of them, and the images
    of the others count as wrong.
    """
    data = profile.dataset(dataset)
    features = protocol.flat(data.x_train), protocol.flat(data.x_test)
    estimator = protocol.kmeans(seed, num_clusters=num_clusters)
    return protocol.clustered(data, estimator, features, num_clusters=num_clusters)

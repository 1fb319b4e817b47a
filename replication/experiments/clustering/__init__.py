"""Article 05: a VAE that clusters in one step (苏剑林, 2018).

Core: equation (5) as published, on both data sets, and the controls that its
purity must beat. Extended: the public code's later revision, the same nets in
two steps, the loss without its balance term, the networks of the earliest
public code, k-means with more clusters than classes, and what a user would
pick instead.
"""

# In the order of the tables, which is that of registration.
from replication.experiments.clustering import (  # noqa: I001
    one_step,
    two_step,
    controls,
    samples,
    identities,
    more_clusters,
    alternatives,
    diagnosis,
    labelled,
    alignment,
    covariance,
)

__all__ = [
    "alignment",
    "alternatives",
    "controls",
    "covariance",
    "diagnosis",
    "identities",
    "labelled",
    "more_clusters",
    "one_step",
    "samples",
    "two_step",
]

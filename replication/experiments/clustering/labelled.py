"""Pictures drawn from each cluster against the labels of the other clusters."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import one_step, protocol

SAMPLES = 500  # of each cluster
DECLARED = {
    "datasets": protocol.DATASETS,
    "minutes": 1,
    "metrics": [
        Metric("sample_agreement", "fraction", "higher"),
        Metric("deranged_sample_agreement", "fraction"),
        Metric("untrained_sample_agreement", "fraction"),
        Metric("image_agreement", "fraction", "higher"),
    ],
    "tier": "extended",
}


@experiment("clustering-first-code-labelled-{dataset}", **DECLARED, objective=one_step.FIRST_CODE)
@experiment("clustering-eq5-labelled-{dataset}", **DECLARED, objective=protocol.EQ5)
def labelled(seed: int, profile: Profile, dataset: str, *, objective: dict) -> Outcome:
    """How often a judge sees the label of cluster y in pictures from N(mu_y, I), or another's.

    The judge is a classifier trained on real images, a cluster's label that of most of its test
    images. Deranged, every cluster has the labels of the others: what agrees then agrees by
    chance. Beside it the decoder before training, and the cluster's own test images.
    """
    data = profile.dataset(dataset)
    judge = protocol.judge(data, profile, seed=seed)
    model = protocol.fit(data, profile, objective=objective, seed=seed).model
    clusters = protocol.probabilities(model, data.x_test).argmax(axis=1)
    labels = metrics.majority_mapping(protocol.contingency(data, clusters))
    codes = protocol.cluster_codes(model, SAMPLES, seed=seed)
    drawn_from = np.repeat(np.arange(len(labels)), SAMPLES)
    seen = protocol.judged(judge, model.decoder, codes)
    unlearned = protocol.judged(judge, protocol.untrained(data, seed).decoder, codes)
    of_images = models.in_batches(judge, data.x_test).argmax(axis=1)
    found = {
        "sample_agreement": metrics.label_agreement(seen, drawn_from, labels),
        "deranged_sample_agreement": metrics.deranged_agreement(seen, drawn_from, labels),
        "untrained_sample_agreement": metrics.label_agreement(unlearned, drawn_from, labels),
    }
    scores = {name: (value, len(seen)) for name, value in found.items()}
    agreement = metrics.label_agreement(of_images, clusters, labels)
    return Outcome(scores | {"image_agreement": (agreement, len(of_images))})

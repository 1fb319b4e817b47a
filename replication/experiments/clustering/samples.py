"""Pictures drawn from each cluster, and a classifier that says whether they look like its class."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import protocol


@experiment(
    "clustering-samples-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=[
        Metric("sample_agreement", "fraction", "higher"),
        Metric("untrained_sample_agreement", "fraction", "none"),
        Metric("classifier_test_accuracy", "fraction", "higher"),
    ],
)
def samples(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Whether pictures drawn from N(mu_y, I) look like the class of cluster y.

    The judge is a classifier trained on real images; the class of a cluster is
    the majority label of its test images. Control: the same codes through the
    decoder before training.
    """
    data = profile.dataset(dataset)
    judge = protocol.judge(data, profile, seed=seed)
    model = protocol.fit(data, profile, objective=protocol.EQ5, seed=seed).model
    clusters = protocol.probabilities(model, data.x_test).argmax(axis=1)
    mapping = metrics.majority_mapping(protocol.contingency(data, clusters))
    expected = np.repeat(mapping, 500)
    codes = protocol.cluster_codes(model, 500, seed=seed)
    agreement = {
        name: float((protocol.judged(judge, decoder, codes) == expected).mean())
        for name, decoder in (
            ("sample_agreement", model.decoder),
            ("untrained_sample_agreement", protocol.untrained(data, seed).decoder),
        )
    }
    predicted = models.in_batches(judge, data.x_test).argmax(axis=1)
    accuracy = float((predicted == data.y_test).mean())
    return Outcome(
        {name: (value, len(expected)) for name, value in agreement.items()}
        | {"classifier_test_accuracy": (accuracy, len(data.y_test))}
    )

"""Each KL term with the decoder variance of the other: what December 2018 changed, told apart."""

from replication.experiments import Outcome, Profile, experiment
from replication.experiments.clustering import one_step, protocol


@experiment(
    "clustering-one-sample-twice-lambda-{dataset}",
    datasets=("mnist",),
    minutes=31,
    metrics=one_step.METRICS,
    tier="extended",
    objective={**protocol.ONE_SAMPLE, "precision": protocol.EQ5["precision"]},
)
@experiment(
    "clustering-eq5-half-lambda-{dataset}",
    datasets=("mnist",),
    minutes=31,
    metrics=one_step.METRICS,
    tier="extended",
    objective={**protocol.EQ5, "precision": protocol.ONE_SAMPLE["precision"]},
)
def revisions(seed: int, profile: Profile, dataset: str, *, objective: dict) -> Outcome:
    """The closed-form KL with lambda 2.5, and the one-sample KL with lambda 5.

    With the two published pairs they make a table of two by two, in which the effect of the KL
    term and that of the variance can be told apart.
    """
    return one_step.one_step(seed, profile, dataset, objective=objective)

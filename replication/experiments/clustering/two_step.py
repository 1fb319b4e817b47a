"""The same networks in two steps: a plain VAE, then a clustering of its codes."""

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.clustering import protocol
from replication.training import Recipe, train


@experiment(
    "clustering-two-step-{dataset}",
    datasets=protocol.DATASETS,
    minutes=31,
    metrics=[
        Metric(f"{method}_{metric.name}", metric.unit, metric.better)
        for method in ("kmeans", "gaussian_mixture")
        for metric in protocol.METRICS
    ],
    tier="extended",
)
def two_step(seed: int, profile: Profile, dataset: str) -> Outcome:
    """A plain VAE with the same nets and epochs, then a clustering of its codes."""
    data = profile.dataset(dataset)
    trained = train(
        models.VAE,
        {"precision": protocol.EQ5["precision"], "seed": seed},
        data.x_train,
        recipe=Recipe(profile.epochs(protocol.EPOCHS), protocol.BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
    )
    codes = (
        models.encode_means(trained.model, data.x_train),
        models.encode_means(trained.model, data.x_test),
    )
    methods = {"kmeans": protocol.kmeans(seed), "gaussian_mixture": protocol.mixture(seed)}
    scores = {}
    for method, estimator in methods.items():
        estimator.fit(codes[0])
        found = protocol.scores(data, estimator.predict(codes[0]), estimator.predict(codes[1]))
        scores.update({f"{method}_{name}": value for name, value in found.items()})
    return Outcome(scores, trained.history)

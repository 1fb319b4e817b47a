"""What the experiments of article 05 share: training, clusters, and the scores of a clustering."""

import keras
import numpy as np
from keras import ops
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile
from replication.training import Recipe, Trained, initialise, train

DATASETS = ("mnist", "fashion_mnist")
EPOCHS = 50  # public code
BATCH_SIZE = 100  # public code
WATCHED_EVERY = 5  # epochs between two looks at the purity
OBSERVED = ("test_purity", "test_assignment_entropy")  # in the history of watched epochs
NUM_CLUSTERS = models.NUM_CLUSTERS
NUM_CLASSES = 10
EQ5 = {"kl": "closed-form", "precision": 5.0, "balance": True}  # September 2018
ONE_SAMPLE = {"kl": "one-sample", "precision": 2.5, "balance": True}  # December 2018

METRICS = [
    Metric(name, unit, "none" if unit == "clusters" else "higher")
    for name, unit in metrics.protocol_metric_names().items()
]


def fit(data: Dataset, profile: Profile, *, objective: dict, seed: int) -> Trained:
    """A clustering VAE; the same call anywhere finds it trained already."""
    return train(
        models.ClusteringVAE,
        {**objective, "seed": seed},
        data.x_train,
        recipe=Recipe(profile.epochs(EPOCHS), BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
        observe=lambda model, epoch: _observed(model, data, epoch),
    )


def _observed(model: models.ClusteringVAE, data: Dataset, epoch: int) -> dict[str, float]:
    """Scores of the test images in every fifth epoch; they look, and change nothing."""
    if epoch % WATCHED_EVERY:
        return {}
    found = probabilities(model, data.x_test)
    purity = metrics.purity_score(contingency(data, found.argmax(axis=1)))
    return dict(zip(OBSERVED, (purity, metrics.assignment_entropy(found)), strict=True))


def judge(data: Dataset, profile: Profile, *, seed: int) -> keras.Model:
    """A classifier trained on real images and their labels, which names drawn pictures."""
    return train(
        models.image_classifier,
        {},
        data.x_train,
        data.y_train,
        recipe=Recipe(profile.epochs(5), 128, loss="sparse_categorical_crossentropy"),
        seed=seed,
        checkpoints=profile.checkpoints,
    ).model


def judged(classifier: keras.Model, decoder: keras.Model, codes: np.ndarray) -> np.ndarray:
    """The class that a classifier sees in the picture of each code, `(n,)`."""
    return models.in_batches(lambda batch: classifier(decoder(batch)), codes).argmax(axis=1)


def untrained(data: Dataset, seed: int) -> models.ClusteringVAE:
    """The headline's model as its training starts."""
    return initialise(models.ClusteringVAE, {**EQ5, "seed": seed}, data.x_train[:1], seed=seed)


def loss_history(trained: Trained) -> list[dict[str, float]]:
    """The means of the loss and its terms by epoch, without what was watched beside them."""
    return [
        {name: value for name, value in epoch.items() if name not in OBSERVED}
        for epoch in trained.history
    ]


def probabilities(model: models.ClusteringVAE, x: np.ndarray) -> np.ndarray:
    """p(y|z) at the mean of p(z|x): what the article uses at test time."""
    return ops.convert_to_numpy(model.classifier(models.encode_means(model, x)))


def code_variances(model: models.VAE, x: np.ndarray) -> np.ndarray:
    """Variances of p(z|x), shape `(n, latent_dim)`; the means are `models.encode_means`."""
    return models.in_batches(lambda batch: ops.exp(model.encode(batch)[1]), x)


def cluster_codes(model: models.ClusteringVAE, count: int, *, seed: int) -> np.ndarray:
    """`count` codes from N(mu_y, I) for each cluster y in turn, one after the other."""
    means = ops.convert_to_numpy(model.cluster_means.means)  # (num_clusters, latent_dim)
    noise = np.random.default_rng(seed).normal(size=(len(means), count, means.shape[1]))
    return (means[:, np.newaxis] + noise).reshape(-1, means.shape[1]).astype(np.float32)


def flat(images: np.ndarray) -> np.ndarray:
    """One row of pixels for each image."""
    return images.reshape(len(images), -1)


def kmeans(seed: int, *, num_clusters: int = NUM_CLUSTERS) -> KMeans:
    """k-means, the best of ten starts by its own objective."""
    return KMeans(num_clusters, n_init=10, random_state=seed)


def mixture(seed: int) -> GaussianMixture:
    """A mixture of Gaussians, a full covariance for each cluster."""
    return GaussianMixture(NUM_CLUSTERS, random_state=seed, max_iter=200)


def scores(
    data: Dataset, train_clusters, test_clusters, *, num_clusters: int = NUM_CLUSTERS
) -> dict[str, tuple[float, int]]:
    """Every score of one clustering, as in `METRICS`."""
    return metrics.clustering_protocol(
        data.y_train,
        train_clusters,
        data.y_test,
        test_clusters,
        num_classes=NUM_CLASSES,
        num_clusters=num_clusters,
    )


def contingency(data: Dataset, test_clusters, *, num_clusters: int = NUM_CLUSTERS) -> np.ndarray:
    """Test images by cluster (row) and class (column)."""
    return metrics.contingency_matrix(
        data.y_test, test_clusters, num_classes=NUM_CLASSES, num_clusters=num_clusters
    )


def clustered(
    data: Dataset,
    estimator,
    features: tuple[np.ndarray, np.ndarray],
    *,
    num_clusters: int = NUM_CLUSTERS,
    history: list | None = None,
) -> Outcome:
    """Fits an estimator to the features of the training images, and scores its clusters.

    Args:
        data: Its labels name clusters; nothing is fitted to them.
        estimator: With `fit` and `predict`, as in scikit-learn.
        features: Of the training images and of the test images, `(n, num_features)` each.
        num_clusters: How many clusters the estimator was given.
        history: Of the model that made the features.

    Returns:
        The metrics of `METRICS`, and the array `test_contingency`.
    """
    found = [estimator.fit(features[0]).predict(each) for each in features]
    counts = contingency(data, found[1], num_clusters=num_clusters)
    measured = scores(data, *found, num_clusters=num_clusters)
    return Outcome(measured, history or [], {"test_contingency": counts})

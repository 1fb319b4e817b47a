"""What a user would pick instead: a plain autoencoder or UMAP, and then a standard clustering.

Sizes and neighbours are those of the papers named beside them. What we chose
ourselves, the autoencoder's epochs, was chosen for its cost before any of its
clusters were scored. Nothing here was tuned on labels.
"""

import numpy as np

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import ExperimentError, Outcome, Profile, experiment
from replication.experiments.clustering import protocol
from replication.training import Recipe, Trained, train

# Xie et al. (2016), section 4.3: 784-500-500-2000-10 and its mirror image; linear code and output.
AUTOENCODER = {"units": [500, 500, 2000, 10], "code": "linear", "output": "linear"}
PCA_COMPONENTS = 20  # as many numbers as the headline's code has
BATCH_SIZE = 256  # the same section
EPOCHS = 15  # ours: four minutes of one core; McConville et al. (2019) take 1,000
# McConville et al. (2019), public code, run.sh: there for codes of an autoencoder.
NEIGHBOURS = {"n_components": 10, "n_neighbors": 20, "min_dist": 0.0}


@experiment(
    "clustering-autoencoder-mixture-{dataset}",
    datasets=protocol.DATASETS,
    minutes=4,
    metrics=protocol.METRICS,
    tier="extended",
    method="mixture",
)
@experiment(
    "clustering-autoencoder-kmeans-{dataset}",
    datasets=protocol.DATASETS,
    minutes=4,
    metrics=protocol.METRICS,
    tier="extended",
    method="kmeans",
)
def autoencoder(seed: int, profile: Profile, dataset: str, *, method: str) -> Outcome:
    """A dense autoencoder, then k-means or a Gaussian mixture on its codes of ten numbers.

    Trained once for both, in one go, with Adam on the squared error, where Xie et al. train
    layer by layer with dropout.
    """
    data = profile.dataset(dataset)
    trained = _autoencoder(data, profile, seed=seed)
    codes = _codes(trained, data)
    estimator = {"kmeans": protocol.kmeans, "mixture": protocol.mixture}[method](seed)
    return protocol.clustered(data, estimator, codes, history=trained.history)


@experiment(
    "clustering-pca-mixture-{dataset}",
    datasets=protocol.DATASETS,
    minutes=1,
    metrics=protocol.METRICS,
    tier="extended",
)
def pca_mixture(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Twenty principal components of the pixels, then a Gaussian mixture: no network at all."""
    data = profile.dataset(dataset)
    flat = protocol.flat(data.x_train), protocol.flat(data.x_test)
    *codes, _ = metrics.pca_codes(*flat, components=PCA_COMPONENTS)
    return protocol.clustered(data, protocol.mixture(seed), tuple(codes))


@experiment(
    "clustering-umap-mixture-{dataset}",
    datasets=protocol.DATASETS,
    minutes=5,
    metrics=protocol.METRICS,
    tier="extended",
    packages=("umap-learn", "pynndescent", "numba"),
)
def umap_mixture(seed: int, profile: Profile, dataset: str) -> Outcome:
    """UMAP of the pixels to ten dimensions, then a Gaussian mixture.

    The embedding is fitted to the training images; the test images are placed
    in it afterwards, where McConville et al. embed all images at once.
    """
    data = profile.dataset(dataset)
    embedding = _umap(seed)
    placed = embedding.fit_transform(protocol.flat(data.x_train))
    features = placed, embedding.transform(protocol.flat(data.x_test))
    return protocol.clustered(data, protocol.mixture(seed), features)


def _autoencoder(data: Dataset, profile: Profile, *, seed: int) -> Trained:
    return train(
        models.DenseAutoencoder,
        AUTOENCODER,
        data.x_train,
        protocol.flat(data.x_train),
        recipe=Recipe(profile.epochs(EPOCHS), BATCH_SIZE, loss="mean_squared_error"),
        seed=seed,
        checkpoints=profile.checkpoints,
    )


def _codes(trained: Trained, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the training images and of the test images."""
    encode = trained.model.encode
    return models.in_batches(encode, data.x_train), models.in_batches(encode, data.x_test)


def _umap(seed: int):
    """An embedding that repeats itself under a seed, for which it must use one thread.

    Raises:
        ExperimentError: If umap-learn is not installed.
    """
    try:
        import umap  # an optional extra, and slow to load
    except ImportError as error:
        raise ExperimentError(
            "clustering-umap-mixture-* needs umap-learn, which is not installed here. Run "
            "`make setup`, or for another Python `python -m pip install -e '.[umap]'` in this "
            "folder, then the same command again."
        ) from error
    return umap.UMAP(**NEIGHBOURS, random_state=seed, transform_seed=seed, n_jobs=1)

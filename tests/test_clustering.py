"""Article 05: k-means with more clusters than classes, and what a user would pick instead.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import functools
import importlib.metadata
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from replication import experiments, fingerprints, models
from replication.experiments import ExperimentError, Profile
from replication.experiments.clustering import alternatives, protocol
from replication.training import Recipe

NUM_CLASSES = 10
FIRST = "eq5 one-sample first-code no-balance two-step".split()
CONTROLS = "pixels-kmeans untrained-kmeans shuffled-labels samples".split()
METHODS = {
    "autoencoder-kmeans": KMeans(10, n_init=10, random_state=0),
    "autoencoder-mixture": GaussianMixture(10, max_iter=200, random_state=0),
}


@pytest.fixture(scope="module")
def started(run_untrained):
    """Runs an experiment with untrained models: its metrics, arrays, and what was to be trained."""
    modules = [protocol, alternatives]
    return functools.cache(lambda name: run_untrained(f"clustering-{name}-mnist", modules))


class Columns:
    """Stands in for UMAP: the ten pixels that vary most, and a note of what it was given."""

    def __init__(self, **settings):
        self.settings, self.fitted, self.placed = settings, [], []

    def fit_transform(self, x):
        self.fitted.append(x)
        self.columns = x.var(axis=0).argsort()[-10:]
        return x[:, self.columns]

    def transform(self, x):
        self.placed.append(x)
        return x[:, self.columns]


@pytest.fixture
def embedded(shelf, monkeypatch):
    """One run on a stand-in for UMAP: its metrics, its arrays, and the stand-in."""
    made = []
    stand_in = SimpleNamespace(UMAP=lambda **settings: made.append(Columns(**settings)) or made[0])
    monkeypatch.setitem(sys.modules, "umap", stand_in)
    found = experiments.find("clustering-umap-mixture-mnist").run(3, Profile("full", shelf))
    (columns,) = made
    return {name: value for name, (value, _) in found.metrics.items()}, found.arrays, columns


def flat(images):
    return images.reshape(len(images), -1)


def counted(labels, clusters, num_clusters=10):
    """Images by cluster and class, one at a time."""
    counts = np.zeros((num_clusters, NUM_CLASSES), int)
    for label, cluster in zip(labels, clusters, strict=True):
        counts[cluster, label] += 1
    return counts


def majority(counts):
    """Purity: the most numerous label of every row."""
    return counts.max(axis=1).sum() / counts.sum()


def test_tables_start_with_the_headline_and_end_with_the_covariance():
    """Registration is the order of every table; a new file goes to the end."""
    found = [name for name in experiments.registry() if name.startswith("clustering-")]

    pairs = [
        f"clustering-{name}-{data}" for name in FIRST + CONTROLS for data in ("mnist", "fashion")
    ]
    assert found[: len(pairs)] == pairs
    assert found[len(pairs)] == "clustering-identities"
    assert found[-1] == "clustering-covariance"


@pytest.mark.parametrize("num_clusters", [16, 20])
def test_more_clusters_are_those_of_kmeans_on_pixels(started, data, num_clusters):
    """Ten starts, as for ten clusters; each test image to the nearest centre."""
    found, arrays, _ = started(f"kmeans-{num_clusters}")

    expected = KMeans(num_clusters, n_init=10, random_state=0).fit(flat(data.x_train))
    clusters = expected.predict(flat(data.x_test))
    counts = counted(data.y_test, clusters, num_clusters)
    np.testing.assert_array_equal(arrays["test_contingency"], counts)
    assert counts.shape == (num_clusters, NUM_CLASSES)
    assert found["test_purity"] == pytest.approx(majority(counts), rel=1e-12)  # a count
    assert found["clusters_used"] == len(set(clusters))
    assert found["train_purity"] == pytest.approx(
        majority(counted(data.y_train, expected.labels_, num_clusters)), rel=1e-12
    )  # a count


@pytest.mark.parametrize("num_clusters", [16, 20])
def test_clusters_left_over_are_wrong_one_to_one(started, num_clusters):
    """Ten rows at most can be matched, so that the rest of the images is lost."""
    found, arrays, _ = started(f"kmeans-{num_clusters}")

    ten_largest = np.sort(arrays["test_contingency"].max(axis=1))[-NUM_CLASSES:]
    bound = ten_largest.sum() / arrays["test_contingency"].sum()
    assert found["test_hungarian_accuracy"] <= bound < found["test_purity"]
    for split in ("train", "all"):
        assert found[f"{split}_hungarian_accuracy"] < found[f"{split}_purity"]


def test_purity_grows_with_the_number_of_clusters_and_one_to_one_does_not(started):
    """On the training images, where the clusters are fitted."""
    ten, sixteen, twenty = (
        started(name)[0] for name in ("pixels-kmeans", "kmeans-16", "kmeans-20")
    )

    assert ten["train_purity"] < sixteen["train_purity"] < twenty["train_purity"]
    assert ten["train_hungarian_accuracy"] > twenty["train_hungarian_accuracy"]


def test_the_autoencoder_is_that_of_the_literature(started, data):
    """784-500-500-2000-10 and back, rectified but for code and output, images to themselves."""
    _, _, (call,) = started("autoencoder-kmeans")

    sizes = [784, 500, 500, 2000, 10, 2000, 500, 500, 784]
    layers = [*call.model.encoder, *call.model.decoder]
    assert [each.kernel.shape for each in layers] == list(zip(sizes, sizes[1:], strict=False))
    linear = [each.activation.__name__ == "linear" for each in layers]
    assert linear == [False, False, False, True] * 2
    assert {each.activation.__name__ for each in layers} == {"relu", "linear"}
    epochs = alternatives.EPOCHS
    assert call.recipe == Recipe(epochs=epochs, batch_size=256, loss="mean_squared_error")
    np.testing.assert_array_equal(call.x, data.x_train)
    np.testing.assert_array_equal(call.y, flat(data.x_train))


@pytest.mark.parametrize("name", METHODS)
def test_codes_of_training_images_are_clustered(started, data, name):
    """A standard clustering of ten numbers an image, fitted to the training images alone."""
    found, arrays, (call,) = started(name)

    codes = models.in_batches(call.model.encode, data.x_train)
    estimator = METHODS[name].fit(codes)
    clusters = estimator.predict(models.in_batches(call.model.encode, data.x_test))
    assert codes.shape[1] == 10
    np.testing.assert_array_equal(arrays["test_contingency"], counted(data.y_test, clusters))
    expected = majority(counted(data.y_train, estimator.predict(codes)))
    assert found["train_purity"] == pytest.approx(expected, rel=1e-12)  # a count


def test_both_clusterings_share_one_training(started):
    """One key, and so one run of the autoencoder, for each seed and data set."""
    (first,), (second,) = (started(name)[2] for name in METHODS)

    assert first.key() == second.key()
    assert first.seed == second.seed == 0


def test_umap_has_the_settings_of_its_paper_and_repeats_itself(embedded):
    """Every random number of it comes from the seed, which takes a single thread."""
    _, _, columns = embedded

    assert columns.settings == {
        "n_components": 10,
        "n_neighbors": 20,
        "min_dist": 0.0,
        "random_state": 3,
        "transform_seed": 3,
        "n_jobs": 1,
    }


def test_umap_is_fitted_to_training_images_and_test_images_are_placed(embedded, data):
    """Neither sees a label; a mixture of ten Gaussians is fitted to the former."""
    found, arrays, columns = embedded

    (fitted,), (placed,) = columns.fitted, columns.placed
    np.testing.assert_array_equal(fitted, flat(data.x_train))
    np.testing.assert_array_equal(placed, flat(data.x_test))
    chosen = columns.columns
    mixture = GaussianMixture(10, max_iter=200, random_state=3).fit(fitted[:, chosen])
    counts = counted(data.y_test, mixture.predict(placed[:, chosen]))
    np.testing.assert_array_equal(arrays["test_contingency"], counts)
    assert found["test_purity"] == pytest.approx(majority(counts), rel=1e-12)  # a count


def test_umap_gives_the_same_numbers_twice(data):
    """The real one: equal to the last bit under one seed, others under another."""
    x_train, x_test = flat(data.x_train), flat(data.x_test)

    def embed(seed):
        embedding = alternatives._umap(seed)
        return embedding.fit_transform(x_train), embedding.transform(x_test)

    (train, test), again, other = embed(0), embed(0), embed(1)
    assert (train.shape, test.shape) == ((len(x_train), 10), (len(x_test), 10))
    np.testing.assert_array_equal(train, again[0])
    np.testing.assert_array_equal(test, again[1])
    assert not np.array_equal(train, other[0])


def test_without_umap_the_message_says_how_to_get_it(shelf, monkeypatch):
    """It is an extra of this package; nothing else asks for it."""
    monkeypatch.setitem(sys.modules, "umap", None)

    with pytest.raises(ExperimentError, match="needs umap-learn, which is not installed") as caught:
        experiments.find("clustering-umap-mixture-mnist").run(0, Profile("full", shelf))

    assert "pip install -e '.[umap]'" in str(caught.value)


def test_versions_of_umap_are_in_its_key_and_in_no_other():
    """Its neighbours and its compiler too: another version may give other numbers."""
    common = fingerprints.key_environment()
    found = {
        name: each.inputs(0, "full")["environment"] for name, each in experiments.registry().items()
    }

    added = {
        name: importlib.metadata.version(name) for name in ("umap-learn", "pynndescent", "numba")
    }
    for name, environment in found.items():
        expected = {**common, **added} if "-umap-" in name else common
        assert environment == expected, name

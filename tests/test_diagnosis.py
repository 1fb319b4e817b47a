"""Article 05's diagnosis: every number a second time, and nothing trained twice."""

import numpy as np
import pytest

from replication import models
from replication.experiments.clustering import diagnosis, protocol
from replication.store import Checkpoints
from replication.training import Recipe, train


@pytest.fixture(scope="module")
def model(smoke):
    data = smoke.dataset("mnist")
    return protocol.fit(data, smoke, objective=protocol.EQ5, seed=0).model


@pytest.fixture(scope="module")
def found(at_smoke_size):
    outcome, _ = at_smoke_size("clustering-eq5-diagnosis-mnist")
    return {name: value for name, (value, _) in outcome.metrics.items()}


def test_the_trained_model_is_shared(at_smoke_size, smoke):
    """One checkpoint, that of the headline, whichever experiment came first."""
    (_, ours), (_, theirs) = (
        at_smoke_size(f"clustering-{name}-mnist") for name in ("eq5-diagnosis", "eq5")
    )

    [key] = ours
    assert theirs == ours
    assert smoke.checkpoints.path(key).exists()


def test_the_labels_are_those_of_the_contingency(smoke, model, found):
    data = smoke.dataset("mnist")
    clusters = protocol.probabilities(model, data.x_test).argmax(axis=1)
    names = {}
    for cluster in set(clusters):
        names[cluster] = np.bincount(data.y_test[clusters == cluster], minlength=10).argmax()

    assert found["distinct_labels"] == len(set(names.values()))
    for digit in range(10):
        home = np.bincount(clusters[data.y_test == digit], minlength=10).argmax()
        assert found[f"label_of_class_{digit}"] == names[home]


def test_the_nearest_mean_is_found_by_a_loop(smoke, model, found):
    data = smoke.dataset("mnist")
    codes = models.encode_means(model, data.x_test)
    means = np.asarray(model.cluster_means.means)
    nearest = np.array([np.linalg.norm(code - means, axis=1).argmin() for code in codes])
    chosen = protocol.probabilities(model, data.x_test).argmax(axis=1)

    assert found["nearest_mean_agreement"] == pytest.approx((nearest == chosen).mean())


def test_the_loss_is_the_one_that_was_trained(model, smoke, found):
    """The terms of the training images, against the loss that Keras computes for them."""
    data = smoke.dataset("mnist")
    outputs = model(data.x_train, training=True)
    terms = model.compute_terms(data.x_train, outputs)

    for name, value in terms.items():
        expected = float(np.asarray(value).mean())
        # other noise; 512 images whose terms scatter by a tenth of their mean at most
        assert found[f"train_{name}"] == pytest.approx(expected, rel=0.02, abs=0.05)


def test_sure_assignments_have_no_entropy():
    certain, even = np.eye(10), np.full((4, 10), 0.1)

    assert diagnosis.conditional_entropy(certain) == 0
    assert diagnosis.conditional_entropy(even) == pytest.approx(np.log(10))


def test_the_covariance_is_that_of_numpy():
    rng = np.random.default_rng(0)
    p, d = rng.dirichlet(np.ones(3), size=50), rng.normal(size=(50, 3))

    expected = sum(np.cov(p[:, y], d[:, y])[0, 1] for y in range(3))
    assert diagnosis.summed_covariance(p, d) == pytest.approx(expected)


def test_a_classifier_that_ignores_the_code_has_no_covariance():
    """Where p(y|z) does not depend on z, equations (4) and (5) are equal."""
    constant = np.full((20, 3), 1 / 3)

    distances = np.random.default_rng(0).normal(size=(20, 3))
    assert diagnosis.summed_covariance(constant, distances) == pytest.approx(0, abs=1e-12)


def test_a_watched_run_is_the_same_run(tmp_path):
    """Looking draws no number, changes no key, and stays in the history of the epochs it saw."""

    def look(model, epoch):
        models.encode_means(model, x)
        return {"looked": float(epoch)} if epoch % 2 == 0 else {}

    def run(store=None, observe=None):
        arguments = {**protocol.ONE_SAMPLE, "seed": 3}
        options = {"recipe": Recipe(3, 16), "seed": 3, "checkpoints": store, "observe": observe}
        return train(models.ClusteringVAE, arguments, x, **options)

    x = np.random.default_rng(0).random((32, 28, 28, 1)).astype("float32")
    store = Checkpoints(tmp_path)
    watched, unwatched = run(store, look), run()
    for one, other in zip(watched.model.get_weights(), unwatched.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    assert run(store).history[1]["looked"] == 2.0
    assert [epoch.pop("looked", None) for epoch in watched.history] == [None, 2.0, None]
    assert watched.history == unwatched.history

"""Probes: on separable data, against brute force and NumPy's decompositions."""

from collections import Counter

import numpy as np
import pytest
from scipy import optimize
from scipy.special import logsumexp, softmax
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from replication import metrics
from replication.metrics.probes import NEIGHBORS


def blobs(num_examples, *, distance, seed, num_classes=3, dim=5):
    """Unit Gaussians around one corner of a simplex for each class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_examples) % num_classes
    return distance * np.eye(dim)[labels] + rng.normal(size=(num_examples, dim)), labels


def split(distance, num_train=150, num_test=60):
    """Training and test codes, training and test labels."""
    train = blobs(num_train, distance=distance, seed=0)
    test = blobs(num_test, distance=distance, seed=1)
    return (train[0], test[0]), (train[1], test[1])


def test_linear_probe_reads_separable_classes_without_error():
    """Classes twenty standard deviations apart are told apart, whatever they are called."""
    codes, labels = split(distance=20.0)
    names = np.array(["seven", "two", "nine"])

    assert metrics.linear_probe_accuracy(codes, labels) == 1
    assert metrics.linear_probe_accuracy(codes, tuple(names[each] for each in labels)) == 1


def test_linear_probe_is_at_chance_where_there_is_nothing_to_read():
    """Codes that know nothing of the label give one in three."""
    codes, labels = split(distance=0.0, num_test=3000)

    found = metrics.linear_probe_accuracy(codes, labels)

    standard_error = np.sqrt(1 / 3 * 2 / 3 / 3000)
    assert abs(found - 1 / 3) < 4 * standard_error  # four standard errors of a share


def test_linear_probe_cannot_read_an_exclusive_or():
    """Four blobs with the label of an exclusive or: a line reads half, neighbours all."""
    rng = np.random.default_rng(0)
    corners = rng.integers(2, size=(2, 400, 2))
    codes = tuple(corners + 0.05 * rng.normal(size=corners.shape))
    labels = tuple(corners[..., 0] ^ corners[..., 1])

    assert metrics.linear_probe_accuracy(codes, labels) <= 0.8  # a line gets three of four corners
    assert metrics.knn_accuracy(codes, labels) == 1


def test_linear_probe_is_blind_to_the_scale_of_each_unit():
    """Codes are standardised, so that a unit in other units of measure reads the same."""
    codes, labels = split(distance=2.0)
    scales, shift = 10.0 ** np.arange(-3, 2), np.arange(5)
    changed = tuple(each * scales + shift for each in codes)

    before = metrics.fit_linear_probe(codes[0], labels[0]).predict(codes[1])
    after = metrics.fit_linear_probe(changed[0], labels[0]).predict(changed[1])

    np.testing.assert_array_equal(after, before)


def test_linear_probe_accuracy_is_the_share_of_right_predictions():
    """The share on test examples of the probe that was fitted on training examples."""
    codes, labels = split(distance=1.0)

    found = metrics.linear_probe_accuracy(codes, labels)

    predicted = metrics.fit_linear_probe(codes[0], labels[0]).predict(codes[1])
    assert 1 / 3 < found < 1
    assert found == np.mean(predicted == labels[1])


def test_knn_accuracy_against_brute_force():
    """The majority of the nearest training codes, the smallest label winning ties."""
    codes, labels = split(distance=1.5)

    found = metrics.knn_accuracy(codes, labels)

    predicted = []
    for code in codes[1]:
        nearest = np.argsort(np.linalg.norm(codes[0] - code, axis=1))[:NEIGHBORS]
        votes = Counter(labels[0][nearest].tolist())
        predicted.append(min(votes, key=lambda label: (-votes[label], label)))
    assert 1 / 3 < found < 1
    assert found == np.mean(predicted == labels[1])
    np.testing.assert_array_equal(metrics.fit_knn(codes[0], labels[0]).predict(codes[1]), predicted)


def test_knn_accuracy_does_not_change_when_the_space_is_rotated():
    """Distances are all it reads."""
    codes, labels = split(distance=1.5)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))

    turned = tuple(each @ rotation for each in codes)

    assert metrics.knn_accuracy(turned, labels) == metrics.knn_accuracy(codes, labels)


def correlated(size, seed):
    """Examples of twelve correlated features, away from the origin."""
    mixing = np.random.default_rng(7).normal(size=(12, 12)) * np.arange(1, 13)
    return np.random.default_rng(seed).normal(size=(size, 12)) @ mixing / 12 + 5


@pytest.mark.parametrize("components", [1, 4, 12])
def test_pca_error_and_codes_against_the_svd_of_numpy(components):
    """Codes project on the leading singular vectors of the centred training examples."""
    train, test = correlated(80, 0), correlated(30, 1)

    *codes, error = metrics.pca_codes(train, test, components=components)

    mean = train.mean(axis=0)
    basis = np.linalg.svd(train - mean)[2][:components]
    for found, x in zip(codes, (train, test), strict=True):
        expected = np.abs((x - mean) @ basis.T)  # a component has no sign
        np.testing.assert_allclose(np.abs(found), expected, atol=1e-9)  # doubles, by another route
    remainder = (test - mean) - (test - mean) @ basis.T @ basis
    assert error == pytest.approx(np.mean(remainder**2), abs=1e-12)  # double precision


def test_pca_error_on_training_examples_is_the_sum_of_the_small_eigenvalues():
    """What is left is the variance of the components that were dropped."""
    train = correlated(80, 0)

    _, _, error = metrics.pca_codes(train, train, components=5)

    eigenvalues = np.linalg.eigvalsh(np.cov(train.T, bias=True))
    assert error == pytest.approx(eigenvalues[:-5].sum() / 12, rel=1e-9)  # doubles, another route


def test_pca_of_float32_pixels_agrees_with_double_precision():
    """MNIST arrives in float32; its error agrees with that of scikit-learn in doubles."""
    train, test = correlated(80, 0).astype("float32"), correlated(30, 1).astype("float32")

    _, _, error = metrics.pca_codes(train, test, components=5)

    pca = PCA(5, svd_solver="full").fit(train.astype(float))
    expected = np.mean((test - pca.inverse_transform(pca.transform(test))) ** 2)
    assert error == pytest.approx(expected, rel=1e-4)  # float32 covariance of 80 examples


def test_linear_probe_against_an_optimiser_of_scipy():
    """Cross-entropy plus half the squared kernel on standardised codes, minimised by BFGS."""
    (codes, other), (labels, _) = split(distance=1.5)
    mean, std = codes.mean(axis=0), codes.std(axis=0)
    one_hot = np.eye(3)[labels]

    def logits(weights, x):
        kernel = weights.reshape(6, 3)
        return (x - mean) / std @ kernel[:5] + kernel[5]

    def loss(weights):
        scores = logits(weights, codes)
        likelihood = (scores * one_hot).sum() - logsumexp(scores, axis=1).sum()
        return 0.5 * np.square(weights[:15]).sum() - likelihood

    best = optimize.minimize(loss, np.zeros(18)).x

    found = metrics.fit_linear_probe(codes, labels).predict_proba(other)

    expected = softmax(logits(best, other), axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-2)  # the probe stops at tol=1e-3


def test_knn_accuracy_needs_three_votes_of_five():
    """One dimension, by hand: five neighbours, the sixth has no vote."""
    codes = (np.array([[0.0], [1], [2], [3], [4], [5.1]]), np.array([[0.0]]))
    labels = np.array([1, 1, 0, 0, 0, 1])

    assert metrics.knn_accuracy(codes, (labels, np.array([0]))) == 1
    assert metrics.knn_accuracy(codes, (labels, np.array([1]))) == 0


def test_five_neighbours_vote():
    """Three near of one class, three far of another: a sixth voice would tie, and then win."""
    codes = (np.array([[1.0], [2], [3], [10], [11], [12]]), np.array([[0.0]]))
    labels = np.array([1, 1, 1, 0, 0, 0])

    assert NEIGHBORS == 5
    assert metrics.knn_accuracy(codes, (labels, np.array([1]))) == 1


def test_the_probe_is_given_a_thousand_steps_and_a_tolerance():
    """Settings that the numbers rest on, as scikit-learn has them."""
    (codes, _), (labels, _) = split(distance=1.0)

    regression = metrics.fit_linear_probe(codes, labels)[-1]

    assert (regression.max_iter, regression.tol, regression.C) == (1000, 1e-3, 1.0)


def test_pca_error_of_float32_pixels_is_averaged_in_double_precision():
    """A float32 mean over many pixels would lose digits."""
    train, test = (correlated(size, size).astype("float32") for size in (80, 40_000))

    *codes, error = metrics.pca_codes(train, test, components=5)

    pca = PCA(5, svd_solver="covariance_eigh").fit(train)
    squares = np.square(test - pca.inverse_transform(codes[1]))
    assert error == pytest.approx(squares.astype(float).mean(), rel=1e-12)  # doubles


def test_a_tuned_probe_takes_the_penalty_that_held_out_examples_choose():
    """Against a search by hand over the last fifth; then it learns from all."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=200), rng.integers(3, size=100)
    codes = tuple(each[:, np.newaxis] + rng.normal(size=(len(each), 60)) for each in labels)

    found, penalty = metrics.fit_tuned_probe(codes[0], labels[0])

    scores = {}
    for strength in (1e-3, 1e-2, 1e-1, 1.0):
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
        probe.fit(codes[0][:160], labels[0][:160])
        scores[strength] = probe.score(codes[0][160:], labels[0][160:])
    best = max(scores, key=scores.get)
    assert penalty == pytest.approx(1 / best)  # one division
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=best, max_iter=1000))
    expected = probe.fit(codes[0], labels[0]).score(codes[1], labels[1])
    assert found.score(codes[1], labels[1]) == pytest.approx(
        expected, abs=0.02
    )  # two of 100, a looser tolerance there


def test_a_tuned_probe_penalises_noise():
    """Many units of noise and few examples: a strong penalty does better, and is found."""
    rng = np.random.default_rng(1)
    labels = rng.integers(2, size=200), rng.integers(2, size=2_000)
    codes = tuple(each[:, np.newaxis] + 3 * rng.normal(size=(len(each), 150)) for each in labels)

    found, penalty = metrics.fit_tuned_probe(codes[0], labels[0])

    assert penalty > 1
    assert found.score(codes[1], labels[1]) > metrics.linear_probe_accuracy(codes, labels)

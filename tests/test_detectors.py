"""How well thresholds and errors tell anomalies, and how far that rests on the test images."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from replication import metrics

each_seed = pytest.mark.parametrize("seed", range(10))
NUM_DRAWS = 1_000


@each_seed
def test_balanced_accuracy_is_that_of_scikit_learn(seed):
    """Of unequal groups, with ties at the threshold, which are not above it."""
    rng = np.random.default_rng(seed)
    normal, abnormal = rng.integers(0, 9, 50), rng.integers(3, 12, 7)

    found = metrics.balanced_accuracy(normal, abnormal, threshold=5)

    truth = np.repeat([0, 1], [50, 7])
    called = np.concatenate([normal, abnormal]) > 5
    assert found == pytest.approx(balanced_accuracy_score(truth, called))


@each_seed
def test_no_threshold_is_better_than_the_best(seed):
    """Tried one after the other, and halfway between; the lowest of equals."""
    rng = np.random.default_rng(seed)
    normal, abnormal = rng.integers(0, 9, 50), rng.integers(3, 12, 7)

    found = metrics.best_threshold(normal, abnormal)

    tried = {at: metrics.balanced_accuracy(normal, abnormal, threshold=at) for at in range(12)}
    tried |= {
        at + 0.5: metrics.balanced_accuracy(normal, abnormal, threshold=at + 0.5) for at in tried
    }
    best = max(tried.values())
    assert tried[found] == pytest.approx(best)
    assert found == min(at for at, each in tried.items() if each >= best - 1e-12)


def test_the_error_of_two_thresholds_is_that_of_a_bootstrap():
    """Both kinds are drawn anew, each with replacement, and both thresholds see the same draw."""
    rng = np.random.default_rng(0)
    normal, abnormal = rng.normal(size=90), rng.normal(1, size=40)
    thresholds = 0.2, 1.1

    found = metrics.balanced_accuracy_error(normal, abnormal, thresholds=thresholds)

    differences = []
    for _ in range(NUM_DRAWS):
        drawn = rng.choice(normal, 90), rng.choice(abnormal, 40)
        one, other = (metrics.balanced_accuracy(*drawn, threshold=at) for at in thresholds)
        differences.append(one - other)
    assert found == pytest.approx(np.std(differences), rel=0.1)


def test_one_threshold_twice_has_no_error():
    """Whatever the images, there is no difference."""
    scores = np.arange(5.0)

    assert metrics.balanced_accuracy_error(scores, scores, thresholds=(2, 2.5)) == 0


def test_pseudo_values_have_the_mean_of_scikit_learn_and_the_error_of_a_bootstrap():
    """Of ranks with ties and unequal groups; of two scores of the same images, the difference."""
    rng = np.random.default_rng(0)
    abnormal = rng.permutation(np.repeat([True, False], [80, 120]))
    scores = rng.integers(0, 9, 200) + 2 * abnormal
    other = scores + rng.integers(-3, 4, 200)

    ours, theirs = (metrics.auroc_pseudo_values(each, abnormal) for each in (scores, other))
    found = metrics.paired_standard_error(ours, theirs)

    assert ours.mean() == pytest.approx(roc_auc_score(abnormal, scores))
    differences = []
    for _ in range(NUM_DRAWS):
        drawn = rng.integers(0, 200, 200)
        one, two = (_area(each[drawn], abnormal[drawn]) for each in (scores, other))
        differences.append(one - two)
    assert found == pytest.approx(np.std(differences), rel=0.12)


def test_pseudo_values_by_hand():
    """The first normal example is below the anomaly, the second above it: an area of a half."""
    found = metrics.auroc_pseudo_values([1, 3, 2], [0, 0, 1])

    np.testing.assert_allclose(found, [0.5 + 3 / 2 * 0.5, 0.5 - 3 / 2 * 0.5, 0.5])


def _area(scores, abnormal):
    """The share of pairs in which the anomaly has the higher score; of equals a half."""
    return (np.sign(np.subtract.outer(scores[abnormal], scores[~abnormal])).mean() + 1) / 2

"""How well a threshold on a score tells anomalies from normal examples."""

import numpy as np

from replication.metrics.paired import paired_standard_error


def balanced_accuracy(normal: np.ndarray, abnormal: np.ndarray, *, threshold: float) -> float:
    """Mean of the share of anomalies above a threshold and of normal examples not above it.

    Both kinds weigh the same, however many there are; guessing has a half.

    Args:
        normal: Scores of normal examples, shape `(n,)`.
        abnormal: Scores of anomalies, shape `(m,)`; larger means stranger.
        threshold: What is above it is called an anomaly.

    Returns:
        Fraction in [0, 1].

    Examples:
        >>> balanced_accuracy(np.array([1, 2]), np.array([2, 3]), threshold=2)
        0.75
    """
    return float(((abnormal > threshold).mean() + (normal <= threshold).mean()) / 2)


def balanced_accuracy_error(normal: np.ndarray, abnormal: np.ndarray, *, thresholds) -> float:
    """Standard error, over test examples, of the difference of two balanced accuracies.

    Both kinds of examples are drawn anew, each as many as there are.

    Args:
        normal: Scores of normal examples, shape `(n,)`, two at least.
        abnormal: Scores of anomalies, shape `(m,)`, two at least.
        thresholds: The two that are compared, on the same scores.

    Returns:
        Non-negative; 0 where both thresholds say the same of every example.

    Examples:
        >>> balanced_accuracy_error(np.array([1, 2]), np.array([2, 3]), thresholds=(1, 2))
        0.3535533905932738
    """
    errors = [
        paired_standard_error(*(scores > threshold for threshold in thresholds))
        for scores in (normal, abnormal)
    ]
    return float(np.hypot(*errors) / 2)


def auroc_pseudo_values(scores: np.ndarray, abnormal: np.ndarray) -> np.ndarray:
    """The area under the curve, shared out among the examples that it rests on.

    An example has the area A, and what it adds to it: N / n times its placement less A, where n of
    N examples are of its kind, and the placement is the share of the other kind that lies on its
    right side. Their mean is A, and their standard error that of A.

    Args:
        scores: Shape `(N,)`; larger means stranger.
        abnormal: Which examples are anomalies; booleans of shape `(N,)`, of both kinds.

    Returns:
        Shape `(N,)`.

    Source: DeLong, DeLong & Clarke-Pearson (1988), section 2, for the placements.

    Examples:
        >>> auroc_pseudo_values(np.array([1, 3, 2]), np.array([False, False, True]))
        array([ 1.25, -0.25,  0.5 ])
    """
    scores, abnormal = np.asarray(scores), np.asarray(abnormal, dtype=bool)
    normals, others = np.sort(scores[~abnormal]), np.sort(scores[abnormal])
    placements = np.where(abnormal, _below(normals, scores), 1 - _below(others, scores))
    area = placements[abnormal].mean()
    num_of_kind = np.where(abnormal, len(others), len(normals))
    return area + len(scores) / num_of_kind * (placements - area)


def _below(ordered: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The share of `ordered` below each score; of equals a half."""
    sides = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    return sum(sides) / 2 / len(ordered)


def best_threshold(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """The score that, taken as threshold, has the highest balanced accuracy; the lowest of equals.

    Args:
        normal: Scores of normal examples, shape `(n,)`.
        abnormal: Scores of anomalies, shape `(m,)`.

    Examples:
        >>> best_threshold(np.array([1, 2]), np.array([3, 4]))
        2.0
    """
    candidates = np.unique(np.concatenate([normal, abnormal]))
    passed = np.searchsorted(np.sort(normal), candidates, side="right") / len(normal)
    missed = np.searchsorted(np.sort(abnormal), candidates, side="right") / len(abnormal)
    return float(candidates[(passed - missed).argmax()])

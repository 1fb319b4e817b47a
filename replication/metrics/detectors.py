"""How well a threshold on a score tells anomalies from normal examples."""

import numpy as np


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

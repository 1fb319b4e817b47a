"""What a code is like: how sparse its activations are, and what its units respond to."""

import numpy as np

ACTIVE = 0.01  # ours: an activation counts when it is above this share of its unit's largest


def hoyer_sparsity(codes: np.ndarray) -> float:
    """Mean sparsity of codes: 0 where all units are equally active, 1 where one is.

    (sqrt(M) - |z|_1 / |z|_2) / (sqrt(M) - 1)

    Args:
        codes: Activations of shape `(n, M)`; codes that are zero throughout
            say nothing and are left out.

    Returns:
        Fraction in [0, 1]; 0 where every code is zero.

    Raises:
        ValueError: If there are fewer than two units.

    Source: Hoyer (2004), §3.1.

    Examples:
        >>> [round(hoyer_sparsity([code]), 3) for code in ([0, 2, 0, 0], [2, 2, 0, 0], [2] * 4)]
        [1.0, 0.586, 0.0]
    """
    codes = np.abs(np.asarray(codes, np.float64))
    if codes.shape[1] < 2:
        raise ValueError(f"sparsity needs codes of two units or more; received {codes.shape}.")
    codes = codes[codes.any(axis=1)]
    if not len(codes):
        return 0.0
    root = np.sqrt(codes.shape[1])
    ratio = codes.sum(axis=1) / np.sqrt(np.square(codes).sum(axis=1))
    return float(np.clip((root - ratio) / (root - 1), 0, 1).mean())


def active_share(codes: np.ndarray) -> float:
    """Share of activations above `ACTIVE` times the largest activation of their unit.

    Args:
        codes: Non-negative activations of shape `(n, M)`.

    Returns:
        Fraction in [0, 1]; a silent unit counts as inactive.

    Examples:
        >>> active_share(np.array([[1.0, 0.0], [0.5, 0.0]]))
        0.5
    """
    return float((codes > ACTIVE * codes.max(axis=0)).mean())


def class_selectivity(codes: np.ndarray, labels: np.ndarray) -> float:
    """Mean over units of how much a unit prefers its favourite class.

    (m_max - m_rest) / (m_max + m_rest), with m_max the unit's mean activation
    on its favourite class and m_rest the mean of its means on the others.

    Args:
        codes: Non-negative activations of shape `(n, M)`.
        labels: Classes of shape `(n,)`.

    Returns:
        Fraction in [0, 1]; units that are never active are left out, and 0 if
        all are.

    Raises:
        ValueError: If there are fewer than two classes.

    Source: Morcos et al. (2018), §2.

    Examples:
        >>> class_selectivity(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([0, 1]))
        0.5
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"selectivity needs two classes or more; received labels {classes}.")
    means = np.stack([codes[labels == each].mean(axis=0, dtype=np.float64) for each in classes])
    means = means[:, means.max(axis=0) > 0]
    if not means.size:
        return 0.0
    favourite = means.max(axis=0)
    rest = (means.sum(axis=0) - favourite) / (len(classes) - 1)
    return float(((favourite - rest) / (favourite + rest)).mean())


def most_active_units(codes: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the units with the largest mean activation.

    Args:
        codes: Activations, shape `(n, M)`.
        count: How many units, at most M; of equal ones the first.

    Returns:
        Indices of units in ascending order, shape `(count,)`.
    """
    return np.sort(np.argsort(-codes.mean(axis=0), kind="stable")[:count])


def most_active_only(codes: np.ndarray, count: int) -> np.ndarray:
    """Codes in which the `count` largest activations of each example stay, the others are zero.

    Args:
        codes: Non-negative activations of shape `(n, M)`.
        count: How many stay, at most M; of equal ones those of the first units.

    Returns:
        Array of the same shape.

    Examples:
        >>> most_active_only(np.array([[1.0, 3.0, 2.0]]), 2)
        array([[0., 3., 2.]])
    """
    kept = np.argsort(-codes, axis=1, kind="stable")[:, :count]
    found = np.zeros_like(codes)
    np.put_along_axis(found, kept, np.take_along_axis(codes, kept, axis=1), axis=1)
    return found


def thresholded(codes: np.ndarray, share: float) -> np.ndarray:
    """Codes whose every unit has lost all but the largest `share` of its activations.

    max(z - threshold, 0), with the unit's own threshold

    Args:
        codes: Non-negative activations of shape `(n, M)`.
        share: Of the activations of each unit that stay above zero, in [0, 1].

    Returns:
        Array of the same shape.

    Examples:
        >>> thresholded(np.array([[0.0], [1.0], [2.0]]), 0.5).ravel()
        array([0., 0., 1.])
    """
    return np.maximum(codes - np.quantile(codes, 1 - share, axis=0), 0)


def code_shift(codes: np.ndarray, moved: np.ndarray) -> float:
    """How far codes move, as a share of how far they lie apart anyway.

    mean |z' - z| / mean |z - mean z|

    Relative, because a code on a smaller scale moves less and tells no more.

    Args:
        codes: Shape `(n, M)`.
        moved: Codes of the same examples after a change, same shape.

    Returns:
        0 where nothing moves; 0 as well where all codes are one and stay.

    Examples:
        >>> code_shift(np.array([[0.0], [2.0]]), np.array([[1.0], [2.0]]))
        0.5
    """
    codes, moved = np.asarray(codes, np.float64), np.asarray(moved, np.float64)
    apart = np.linalg.norm(codes - codes.mean(axis=0), axis=1).mean()
    shift = np.linalg.norm(moved - codes, axis=1).mean()
    return float(shift / apart) if shift else 0.0

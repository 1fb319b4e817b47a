"""What a number tells about a class, in bits."""

import numpy as np

BINS = 16  # ours: equally full ones, so that a unit's scale does not matter


def mutual_information(one: np.ndarray, other: np.ndarray) -> float:
    """What two discrete variables tell of each other.

    sum_ab p(a, b) * log2(p(a, b) / (p(a) * p(b)))

    Args:
        one: Values of shape `(n,)`.
        other: Values of shape `(n,)`.

    Returns:
        Bits: 0 if they are independent, at most the entropy of either.

    Raises:
        ValueError: If the shapes differ.

    Examples:
        >>> [mutual_information([0, 0, 1, 1], other) for other in ([5, 5, 7, 7], [5, 7, 5, 7])]
        [1.0, 0.0]
    """
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(
            "one and other must be vectors of the same length; received shapes "
            f"{one.shape} and {other.shape}. Pass one value of each per example."
        )
    rows, columns = (np.unique(each, return_inverse=True)[1] for each in (one, other))
    joint = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(joint, (rows, columns), 1 / len(rows))
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    seen = joint > 0
    return float((joint[seen] * np.log2(joint[seen] / apart[seen])).sum())


def unit_bins(codes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Which bin each activation falls into.

    Args:
        codes: Activations, shape `(n, M)`.
        edges: Those of `bin_edges`, shape `(BINS - 1, M)`.

    Returns:
        Numbers from 0 to `BINS - 1`, shape `(n, M)`.
    """
    return np.stack(
        [np.searchsorted(edges[:, unit], codes[:, unit]) for unit in range(codes.shape[1])], axis=1
    )


def bin_edges(codes: np.ndarray) -> np.ndarray:
    """Edges between `BINS` bins for each unit, about equally full.

    Args:
        codes: Activations, shape `(n, M)`.

    Returns:
        Ascending along the first axis, shape `(BINS - 1, M)`.
    """
    return np.quantile(codes, np.linspace(0, 1, BINS + 1)[1:-1], axis=0)


def best_unit_information(train: np.ndarray, test: np.ndarray, labels: tuple) -> float:
    """What the best single unit tells of whether an example is of a class; mean over classes.

    For each class the unit is the one that tells most on training examples; what it tells is
    measured on test examples.

    Args:
        train: Codes of shape `(n, M)`.
        test: Codes of shape `(m, M)`.
        labels: Classes of both, shapes `(n,)` and `(m,)`.

    Returns:
        Bits, at most the mean entropy of "is it of this class".
    """
    edges = bin_edges(train)
    known, unseen = unit_bins(train, edges), unit_bins(test, edges)
    found = []
    for each in np.unique(labels[0]):
        is_it = labels[0] == each
        tells = [mutual_information(unit, is_it) for unit in known.T]
        found.append(mutual_information(unseen[:, int(np.argmax(tells))], labels[1] == each))
    return float(np.mean(found))


def guess_information(guesses: np.ndarray, labels: np.ndarray) -> float:
    """What guessing a class tells of whether an example is of it; mean over classes, in bits."""
    tells = [mutual_information(guesses == each, labels == each) for each in np.unique(labels)]
    return float(np.mean(tells))

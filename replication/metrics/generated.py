"""How like real pictures made-up ones are, as sets: in the features of a judge.

One picture cannot be judged alone: the mean of all pictures is close to each of them, and a
classifier may be sure of noise. Sets can: they have a mean and a spread, and each can lie inside
the other or not.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

NEIGHBORS = 3  # as in the paper


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Fréchet distance of the normal distributions that fit two sets.

    |m_1 - m_2|**2 + trace(C_1 + C_2 - 2 * (C_1 C_2)**(1/2))

    Args:
        one: Features of one set, shape `(n, dim)`.
        other: Features of the other, `(m, dim)`.

    Returns:
        Distance in squared feature units, at least 0: of means and covariances, so that it is 0
        for two sets that agree in these, whatever else they are.

    Source: Heusel et al. (2017), equation (6).

    Examples:
        >>> round(frechet_distance([[0], [2]], [[3], [5]]), 6)  # means 3 apart, equal variances
        9.0
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    first, second = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (one, other))
    # The trace of the root of a product: its eigenvalues are those of a symmetric matrix.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    eigenvalues = np.linalg.eigvalsh(root @ second @ root)
    overlap = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    means = np.square(one.mean(axis=0) - other.mean(axis=0)).sum()
    return float(max(means + np.trace(first) + np.trace(second) - 2 * overlap, 0))


def covered_share(points: np.ndarray, support: np.ndarray) -> float:
    """Share of points that lie within a set: no further from a member than its own neighbours.

    A member's reach is the distance to its `NEIGHBORS`-th nearest other member. With made-up
    points and a real support this is the precision of what was made up, the other way round its
    recall.

    Args:
        points: Features, shape `(n, dim)`.
        support: Features of the set, `(m, dim)`.

    Returns:
        Fraction in [0, 1].

    Source: Kynkäänniemi et al. (2019), equations (1) and (2).
    """
    points, support = np.asarray(points, np.float64), np.asarray(support, np.float64)
    reach = NearestNeighbors(n_neighbors=NEIGHBORS + 1).fit(support).kneighbors(support)[0][:, -1]
    squares = np.square(points).sum(axis=1)[:, np.newaxis] + np.square(support).sum(axis=1)
    distances = np.sqrt(np.maximum(squares - 2 * points @ support.T, 0))
    return float((distances <= reach).any(axis=1).mean())

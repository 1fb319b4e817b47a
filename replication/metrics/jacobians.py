"""The Jacobian of a sigmoid layer: its singular values, and how it stretches directions.

J = diag(h * (1 - h)) W^T, one matrix of shape (units, inputs) for each example.
All of it in double precision, and without ever forming the large matrices.
"""

import numpy as np


def sigmoid_slopes(codes: np.ndarray) -> np.ndarray:
    """How steep each unit is at each example: h * (1 - h).

    Args:
        codes: Output h of the layer, in [0, 1], shape `(n, units)`.

    Returns:
        Slopes in [0, 1/4], in double precision, shape `(n, units)`.
    """
    codes = np.asarray(codes, np.float64)
    return codes * (1 - codes)


def jacobian_squared_norms(codes: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Squared Frobenius norm of J for each example, shape `(n,)`.

    Args:
        codes: Output h of the layer, shape `(n, units)`.
        kernel: The layer's kernel W, shape `(inputs, units)`.

    Examples:
        >>> jacobian_squared_norms(np.array([[0.5]]), np.array([[2.0]]))
        array([0.25])
    """
    return np.square(sigmoid_slopes(codes)) @ np.square(kernel, dtype=np.float64).sum(axis=0)


def jacobian_svd(codes: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values of J, and the input directions that belong to them.

    With W = QR, J = (diag(h * (1 - h)) R^T) Q^T, and Q changes no singular
    value: the decomposition of a matrix of shape (units, units) is enough, and
    no precision is lost to squaring.

    Args:
        codes: Shape `(n, units)`.
        kernel: Shape `(inputs, units)`, with no fewer inputs than units.

    Returns:
        Singular values, descending, `(n, units)`; and right singular vectors
        as rows, in the same order, `(n, units, inputs)`.
    """
    q, r = np.linalg.qr(np.asarray(kernel, np.float64))
    _, values, small = np.linalg.svd(sigmoid_slopes(codes)[:, :, np.newaxis] * r.T)
    return values, small @ q.T


def jacobian_singular_values(codes: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Singular values of J, descending, shape `(n, units)`: `jacobian_svd` without directions."""
    r = np.linalg.qr(np.asarray(kernel, np.float64), mode="r")
    return np.linalg.svd(sigmoid_slopes(codes)[:, :, np.newaxis] * r.T, compute_uv=False)


def effective_rank(singular_values: np.ndarray) -> np.ndarray:
    """How many directions a matrix uses: exp of the entropy of its normalised singular values.

    Args:
        singular_values: Shape `(n, k)`, not all zero in a row.

    Returns:
        Numbers in [1, k], shape `(n,)`; unchanged when a matrix is scaled.

    Source: Roy & Vetterli (2007), definition 1.

    Examples:
        >>> effective_rank(np.array([[1.0, 1.0], [1.0, 0.0]]))
        array([2., 1.])
    """
    shares = singular_values / singular_values.sum(axis=1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.exp(-(shares * logs).sum(axis=1))


def gains(codes: np.ndarray, kernel: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Length of J v for one unit vector v at each example, shape `(n,)`.

    Args:
        codes: Shape `(n, units)`.
        kernel: Shape `(inputs, units)`.
        directions: Unit vectors, shape `(n, inputs)`.
    """
    products = np.asarray(directions, np.float64) @ kernel
    return np.linalg.norm(sigmoid_slopes(codes) * products, axis=1)

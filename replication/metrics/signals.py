"""How close a rebuilt signal is to the one it should be."""

import numpy as np


def psnr(squared_errors: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of images in [0, 1], in decibels.

    -10 * log10(mean squared error)

    Args:
        squared_errors: Mean squared error of each image, shape `(n,)`; a
            perfect image counts as an error of 1e-12.

    Returns:
        Decibels, shape `(n,)`; higher is better.

    Examples:
        >>> psnr(np.array([0.01, 0.1]))
        array([20., 10.])
    """
    return -10 * np.log10(np.maximum(squared_errors, 1e-12))


def unexplained_variance(x: np.ndarray, x_decoded: np.ndarray) -> float:
    """Share of the variance of `x` around its mean that a reconstruction misses.

    sum (x - x_decoded)**2 / sum (x - mean of x over examples)**2

    Args:
        x: Shape `(n, features)`.
        x_decoded: Same shape.

    Returns:
        0 for a perfect reconstruction, 1 for the mean of all examples, more
        for worse than that.

    Examples:
        >>> unexplained_variance([[0], [2]], np.array([[1], [1]]))
        1.0
    """
    x = np.asarray(x, np.float64)
    return float(np.square(x - x_decoded).sum() / np.square(x - x.mean(axis=0)).sum())

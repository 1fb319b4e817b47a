"""Directions in the space of images: tangents of real transformations, and random ones."""

import numpy as np
from scipy import ndimage

DEGREES = 5.0  # ours: rotations by this angle to either side
SMOOTHING = 2.0  # ours: pixels; about the width of a pen stroke


def tangent_vectors(images: np.ndarray) -> dict[str, np.ndarray]:
    """Unit vectors along which small transformations move each image.

    Each is the difference of the image transformed one way and the other:
    shifted by a pixel to either side (`shift_x`, `shift_y`), rotated by
    `DEGREES` (`rotation`), its strokes thickened and thinned by a pixel
    (`thickness`).

    Args:
        images: Shape `(n, height, width)`.

    Returns:
        Arrays of shape `(n, height * width)` by name, each row of length 1
        (or 0 where the transformation changes nothing).
    """
    images = np.asarray(images, np.float64)
    cross = ndimage.generate_binary_structure(2, 1)[np.newaxis]
    moved = {
        "shift_x": [ndimage.shift(images, (0, 0, step), order=1) for step in (1, -1)],
        "shift_y": [ndimage.shift(images, (0, step, 0), order=1) for step in (1, -1)],
        "rotation": [
            ndimage.rotate(images, angle, axes=(1, 2), reshape=False, order=1)
            for angle in (DEGREES, -DEGREES)
        ],
        "thickness": [
            ndimage.grey_dilation(images, footprint=cross),
            ndimage.grey_erosion(images, footprint=cross),
        ],
    }
    return {name: _unit(one - other) for name, (one, other) in moved.items()}


def tangent_planes(images: np.ndarray) -> np.ndarray:
    """Orthonormal bases of the planes that `tangent_vectors` span, image by image.

    Args:
        images: Shape `(n, height, width)`; their tangents must be linearly
            independent, as those of an image that is not blank are.

    Returns:
        Shape `(n, 4, height * width)`, rows of length 1.
    """
    vectors = np.stack(list(tangent_vectors(images).values()), axis=-1)  # (n, pixels, 4)
    return np.linalg.qr(vectors)[0].swapaxes(1, 2)


def subspace_shares(directions: np.ndarray, bases: np.ndarray) -> np.ndarray:
    """How much of the squared length of directions lies in a subspace, meaned over directions.

    Args:
        directions: Unit vectors, shape `(n, count, features)`.
        bases: Orthonormal rows, shape `(n, k, features)`.

    Returns:
        Fractions in [0, 1], shape `(n,)`; k / features for directions drawn at random.

    Examples:
        >>> directions, bases = np.array([[3.0, 4.0]]) / 5, np.array([[[1.0, 0.0]]])
        >>> subspace_shares(directions, bases).round(2)
        array([0.36])
    """
    inside = np.square(directions @ bases.swapaxes(1, 2)).sum(axis=2)  # (n, count)
    return inside.mean(axis=1)


def random_directions(images: np.ndarray, *, seed: int, smoothing: float = 0.0) -> np.ndarray:
    """Random unit vectors, one for each image.

    Args:
        images: Shape `(n, height, width)`; only their shape matters.
        seed: Decides the directions.
        smoothing: Standard deviation, in pixels, of a Gaussian filter over the
            noise; 0 leaves every pixel on its own.

    Returns:
        Array of shape `(n, height * width)`, each row of length 1.
    """
    noise = np.random.default_rng(seed).normal(size=images.shape)
    if smoothing:
        noise = ndimage.gaussian_filter(noise, (0, smoothing, smoothing))
    return _unit(noise)


def _unit(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.divide(flat, lengths, out=np.zeros_like(flat), where=lengths > 0)

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

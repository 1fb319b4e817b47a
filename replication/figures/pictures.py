"""Images as panels: mosaics, named rows, and signed images in grey."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from replication.figures.style import SMALL


def tile_images(images: np.ndarray, *, columns: int = 8, gap: int = 1) -> np.ndarray:
    """Images side by side and row by row, as one image.

    Args:
        images: Shape `(n, height, width)`: bytes, or floats in [0, 1].
        columns: Images in a row; the last row is filled up with black.
        gap: Mid-grey pixels between images.

    Returns:
        Float array in [0, 1], shape `(rows * (height + gap) - gap,
        columns * (width + gap) - gap)`.

    Raises:
        ValueError: If `images` has another rank.
    """
    images = np.asarray(images)
    if images.ndim != 3:
        raise ValueError(
            f"images must have shape (n, height, width); received {images.shape}. "
            "Drop the channel axis, or tile one grid at a time."
        )
    scaled = _in_unit_range(images)
    number, height, width = scaled.shape
    rows = -(-number // columns)
    tiles = np.zeros((rows * columns, height, width))
    tiles[:number] = scaled
    tiles = np.pad(tiles, ((0, 0), (0, gap), (0, gap)), constant_values=0.5)
    tiled = tiles.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    return tiled.reshape(rows * (height + gap), -1)[: rows * (height + gap) - gap, : -gap or None]


def plot_mosaic(images: np.ndarray, ax: Axes, *, columns: int = 8, title: str = "") -> Axes:
    """Draws images as one mosaic in grey, black = 0 and white = 1 in every panel.

    Args:
        images: Shape `(n, height, width)`.
        ax: Where to draw.
        columns: Images in a row.
        title: Above the mosaic.
    """
    ax.imshow(tile_images(images, columns=columns), cmap="gray", vmin=0, vmax=1)
    ax.set_title(title, fontsize=SMALL)
    ax.set_axis_off()
    return ax


def cluster_titles(contingency: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """For each cluster: its number, its most frequent class, and the share of that class.

    >>> cluster_titles(np.array([[1, 3], [0, 0]]), ["zero", "one"])
    ['0: one, 75 %', '1: empty']
    """
    titles = []
    for cluster, counts in enumerate(np.asarray(contingency)):
        if counts.sum():
            share = counts.max() / counts.sum()
            titles.append(f"{cluster}: {class_names[counts.argmax()]}, {100 * share:.0f} %")
        else:
            titles.append(f"{cluster}: empty")
    return titles


def side_by_side(
    names: Sequence[str], left: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """Rows for `plot_image_rows`: images of two kinds with an empty place between them.

    Args:
        names: Of the rows.
        left: Shape `(rows, n, height, width)`, bytes.
        right: Shape `(rows, m, height, width)`, bytes.
    """
    empty = np.full((1, *left.shape[2:]), 255, np.uint8)
    pairs = zip(names, left, right, strict=True)
    return {name: np.concatenate([one, empty, other]) for name, one, other in pairs}


def grey_from_signed(images: np.ndarray) -> np.ndarray:
    """Signed images in grey: 0 is mid-grey, the largest magnitude of each black or white.

    Args:
        images: Shape `(n, height, width)`, such as filters or directions.

    Returns:
        Float array in [0, 1] of the same shape; an image of zeros is mid-grey.
    """
    images = np.asarray(images, np.float64)
    largest = np.abs(images).max(axis=(1, 2), keepdims=True)
    return 0.5 + images / (2 * np.where(largest > 0, largest, 1))


def plot_image_rows(
    rows: Mapping[str, np.ndarray],
    ax: Axes,
    *,
    columns: Sequence[str] = (),
    gap: int = 1,
) -> Axes:
    """Draws one row of images for each name, in grey, with the name beside its row.

    Args:
        rows: Images of one row, shape `(n, height, width)`, bytes or floats in
            [0, 1], the same shape in every row; by name, from top to bottom.
        ax: Where to draw.
        columns: Names above the columns, or none.
        gap: Mid-grey pixels between images.

    Raises:
        ValueError: If the rows differ in shape.
    """
    shapes = {np.shape(images) for images in rows.values()}
    if len(shapes) != 1:
        raise ValueError(
            f"every row must have the same shape (n, height, width); received {sorted(shapes)}. "
            "Give each row the same number of images."
        )
    ((number, height, width),) = shapes
    images = np.concatenate([_in_unit_range(images) for images in rows.values()])
    ax.imshow(tile_images(images, columns=number, gap=gap), cmap="gray", vmin=0, vmax=1)
    ax.set_yticks(np.arange(len(rows)) * (height + gap) + height / 2 - 0.5, list(rows))
    ax.set_xticks(np.arange(len(columns)) * (width + gap) + width / 2 - 0.5, list(columns))
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    return ax


def _in_unit_range(images: np.ndarray) -> np.ndarray:
    """Bytes as floats in [0, 1]; floats cut off there."""
    images = np.asarray(images)
    return images / 255 if images.dtype == np.uint8 else np.clip(images, 0, 1)

"""Figures: each `plot_*` draws one panel onto axes that the caller owns, and returns them.

A measurement that is not there yet is said in the panel ("not run yet"), never
an error. Panels that are compared take their range as an argument.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Okabe & Ito (2008), told apart by colour-blind readers; its yellow is too faint on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
NOT_RUN = "not run yet"
_REPORTED_COLOR = "#D55E00"
_QUIET = "#767676"
_STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.titlesize": 11,
    "font.size": 9,
    "grid.color": "#E5E5E5",
    "image.cmap": "gray",
    "legend.frameon": False,
}


def use_style() -> None:
    """Sets Matplotlib's defaults for the figures of this project."""
    mpl.rcParams.update(_STYLE)


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
    scaled = images / 255 if images.dtype == np.uint8 else np.clip(images, 0, 1)
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
    ax.set_title(title, fontsize="medium")
    ax.set_axis_off()
    return ax


def plot_mosaics(
    grids: np.ndarray, figure: Figure, *, titles: Sequence[str], rows: int = 2
) -> list[Axes]:
    """Fills a figure with one mosaic for each cluster.

    Args:
        grids: Shape `(num_clusters, n, height, width)`.
        figure: An empty figure.
        titles: One for each cluster, normally from `cluster_titles`.
        rows: Rows of panels.
    """
    panels = figure.subplots(rows, -(-len(grids) // rows), squeeze=False).ravel()
    for ax in panels[len(grids) :]:
        ax.set_axis_off()
    shown = zip(grids, titles, panels[: len(grids)], strict=True)
    return [plot_mosaic(images, ax, title=title) for images, title, ax in shown]


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


def plot_contingency(contingency: np.ndarray, ax: Axes, *, class_names: Sequence[str]) -> Axes:
    """Draws how many images of each class every cluster holds, shaded by share of the cluster.

    Args:
        contingency: Counts of shape `(num_clusters, num_classes)`.
        ax: Where to draw.
        class_names: Labels of the columns.
    """
    counts = np.asarray(contingency)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if shares[row, column] > 0.6 else "black"
        if count:
            ax.text(column, row, count, ha="center", va="center", color=color, fontsize="small")
    rotation = 40 if max(map(len, class_names)) > 2 else 0
    ax.set_xticks(range(counts.shape[1]), class_names, rotation=rotation)
    if rotation:
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(counts)))
    ax.set(xlabel="class", ylabel="cluster")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label="share of the cluster")
    return ax


def plot_curves(
    history: pd.DataFrame,
    ax: Axes,
    *,
    quantity: str,
    labels: Mapping[str, str],
    unit: str = "nats",
) -> Axes:
    """Draws one quantity over epochs: a faint line for each seed, a strong one for their median.

    Args:
        history: Columns `experiment`, `seed`, `epoch`, `quantity`, `value`.
        ax: Where to draw.
        quantity: Which quantity.
        labels: Experiments to draw, in order, with their names in the legend.
        unit: Unit of the quantity.
    """
    rows = history[(history["quantity"] == quantity) & history["experiment"].isin(labels)]
    for number, (experiment, label) in enumerate(labels.items()):
        color = COLORS[number % len(COLORS)]
        seeds = rows[rows["experiment"] == experiment].pivot(
            index="epoch", columns="seed", values="value"
        )
        if seeds.empty:
            ax.plot([], [], color=color, label=f"{label}: {NOT_RUN}")
            continue
        marker = "o" if len(seeds) == 1 else None  # a line of one epoch is invisible
        ax.plot(seeds.index, seeds, color=color, alpha=0.35, linewidth=0.8, marker=marker)
        named = f"{label}, n = {seeds.shape[1]}"
        ax.plot(seeds.index, seeds.median(axis=1), color=color, marker=marker, label=named)
    ax.set(xlabel="epoch", ylabel=f"{quantity.replace('_', ' ')} ({unit})")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.legend(fontsize="small")
    if rows.empty:
        ax.tick_params(labelbottom=False, labelleft=False)  # an empty range means nothing
    return ax


def plot_seeds(
    groups: Mapping[str, Sequence[float]],
    ax: Axes,
    *,
    xlabel: str,
    line: tuple[float, str] | None = None,
    band: tuple[float, float, str] | None = None,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draws every seed as a point, one row for each group, with a tick at the median.

    Args:
        groups: Values by row, from top to bottom; a row may be empty.
        ax: Where to draw.
        xlabel: What the values are, with unit.
        line: A value to hold them against, such as the reported one, and its name.
        band: Low, high and name of an interval, such as where one more seed
            would lie; it is left out where it has no width.
        limits: Range of the values; give the same to panels that are compared.
    """
    if band is not None and band[0] < band[1]:
        ax.axvspan(*band[:2], color=COLORS[0], alpha=0.15, linewidth=0, label=band[2])
    if line is not None:
        ax.axvline(line[0], color=_REPORTED_COLOR, linestyle="--", label=line[1])
    for row, values in enumerate(map(np.asarray, groups.values())):
        note, where = NOT_RUN, ax.get_yaxis_transform()
        if len(values):
            ax.plot(values, np.full(len(values), row), "o", color=COLORS[0], alpha=0.6)
            median = float(np.median(values))
            ax.plot([median] * 2, [row - 0.28, row + 0.28], color="black", linewidth=1.5)
            note = f"median {median:.4g}, n = {len(values)}"
        ax.text(1.02, row, note, transform=where, va="center", fontsize="small", color=_QUIET)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    if limits is not None:
        ax.set_xlim(*limits)
    ax.grid(False, axis="y")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small")
    return ax


def plot_table(
    table: pd.DataFrame, ax: Axes, *, limits: tuple[float, float] = (0, 1), digits: int = 3
) -> Axes:
    """Draws a table of numbers as a heat map with the numbers in it; a dash where there is none.

    Args:
        table: Numbers, or NaN; index and columns name rows and columns, and
            their own names become the labels of the axes.
        ax: Where to draw.
        limits: Range of the colours; give the same to panels that are compared.
        digits: Decimals to print.
    """
    values = table.to_numpy(dtype=float)
    ax.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=limits[0], vmax=limits[1])
    dark = limits[0] + 0.6 * (limits[1] - limits[0])
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.{digits}f}" if np.isfinite(value) else "–"
        color = "white" if value > dark else "black"
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_xticks(range(values.shape[1]), table.columns)
    ax.set_yticks(range(values.shape[0]), table.index)
    ax.set(xlabel=table.columns.name or "", ylabel=table.index.name or "")
    ax.tick_params(length=0)
    ax.grid(False)
    return ax

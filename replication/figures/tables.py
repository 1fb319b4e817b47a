"""Counts and numbers as shaded tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from replication.figures.style import SMALL


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
            ax.text(column, row, count, ha="center", va="center", color=color, fontsize=SMALL)
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

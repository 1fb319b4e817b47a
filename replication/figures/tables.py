"""Counts as a shaded table."""

from collections.abc import Sequence

import numpy as np
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
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
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
    return ax

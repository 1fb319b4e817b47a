"""Codes of two numbers as points in a plane, coloured by class."""

import numpy as np
from matplotlib.axes import Axes

# Paul Tol's "muted", told apart by colour-blind readers; black in place of its pale grey.
CLASS_COLORS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933",
    "#DDCC77", "#CC6677", "#882255", "#AA4499", "#000000",
)  # fmt: skip


def plot_classes(
    points: np.ndarray, ax: Axes, *, classes: np.ndarray, names: list[str], legend: bool = True
) -> Axes:
    """Draws points in the colours of their classes, in the order they come in.

    Args:
        points: Shape `(n, 2)`.
        ax: Where to draw; labels of the axes are the caller's.
        classes: Class number of each point, shape `(n,)`.
        names: Name of each class, by number; at most ten.
        legend: Whether to name the classes; panels that are compared need one only.

    Raises:
        ValueError: If there are more classes than colours, or points are no pairs.
    """
    if len(names) > len(CLASS_COLORS):
        raise ValueError(
            f"at most {len(CLASS_COLORS)} classes can be told apart; received {len(names)} names. "
            "Draw fewer classes."
        )
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"points must have shape (n, 2); received {points.shape}. Choose two columns."
        )
    colors = np.array(CLASS_COLORS)[classes]
    ax.scatter(*points.T, c=colors, s=5, alpha=0.7, linewidths=0)
    for name, color in zip(names, CLASS_COLORS, strict=False):
        ax.scatter([], [], color=color, s=20, label=name)
    if legend:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.2)
    return ax

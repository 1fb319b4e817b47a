"""Codes of two numbers as points in a plane, coloured by class or by a number."""

import numpy as np
from matplotlib.axes import Axes

# Paul Tol's "muted", told apart by colour-blind readers; black in place of its pale grey.
CLASS_COLORS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933",
    "#DDCC77", "#CC6677", "#882255", "#AA4499", "#000000",
)  # fmt: skip
_DOT = {"s": 5, "alpha": 0.7, "linewidths": 0}


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
        ValueError: If there are more classes than colours.
    """
    if len(names) > len(CLASS_COLORS):
        raise ValueError(
            f"at most {len(CLASS_COLORS)} classes can be told apart; received {len(names)} names. "
            "Use plot_values, or draw fewer classes."
        )
    ax.scatter(*_columns(points), c=np.array(CLASS_COLORS)[classes], **_DOT)
    for name, color in zip(names, CLASS_COLORS, strict=False):
        ax.scatter([], [], color=color, s=20, label=name)
    if legend:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.2)
    return ax


def plot_values(
    points: np.ndarray,
    ax: Axes,
    *,
    values: np.ndarray,
    limits: tuple[float, float],
    label: str,
) -> Axes:
    """Draws points in colours that stand for a number, with the scale beside them.

    Args:
        points: Shape `(n, 2)`.
        ax: Where to draw; labels of the axes are the caller's.
        values: A number for each point, shape `(n,)`.
        limits: Range of the colours; give the same to panels that are compared.
        label: What the numbers are, with unit.
    """
    low, high = limits
    dots = ax.scatter(*_columns(points), c=values, cmap="viridis", vmin=low, vmax=high, **_DOT)
    bar = ax.figure.colorbar(dots, ax=ax, label=label)
    bar.solids.set_alpha(1)
    return ax


def _columns(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"points must have shape (n, 2); received {points.shape}. Choose two columns."
        )
    return points[:, 0], points[:, 1]

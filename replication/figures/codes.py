"""What codes are like: how often which activation occurs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from replication.figures.style import QUIET, color_of


def plot_activations(
    activations: Mapping[str, np.ndarray],
    ax: Axes,
    *,
    xlabel: str = "activation",
    ylabel: str = "activations in the bin",
    limits: tuple[float, float] | None = None,
    bins: int = 50,
    line: tuple[float, str] | None = None,
) -> Axes:
    """Draws histograms over each other, as outlines, their counts on a logarithmic axis.

    Args:
        activations: Arrays of any shape and non-zero size, by name.
        ax: Where to draw.
        xlabel: What the values are, with unit.
        ylabel: What is counted.
        limits: Range of the values; None for 0 to the largest of all. What
            lies outside is counted in the outermost bins.
        bins: How many bins of equal width, the same for every array.
        line: A value to hold them against, such as a target, and its name.

    Raises:
        ValueError: If `limits` is None and no activation is above 0.
    """
    low, high = limits or (0.0, max(float(np.max(each)) for each in activations.values()))
    if not low < high:
        raise ValueError(
            f"limits must have a low end below the high one; received {(low, high)}. "
            "Pass limits where no activation is above 0."
        )
    edges = np.linspace(low, high, bins + 1)
    for number, (label, values) in enumerate(activations.items()):
        values = np.clip(np.asarray(values, np.float64).ravel(), low, high)
        counts, _ = np.histogram(values, edges)
        ax.stairs(counts, edges, color=color_of(number), label=label, linewidth=1.2)
    if line is not None:
        ax.axvline(line[0], color=QUIET, linestyle="--", label=line[1])
    ax.set_yscale("log", nonpositive="clip")
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(low, high))
    ax.set_ylim(bottom=0.5)
    ax.legend()
    return ax

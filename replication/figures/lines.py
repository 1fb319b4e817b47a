"""Lines: over epochs, over noise or weights, over the number of a singular value."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from replication.figures.style import NOT_RUN, QUIET, color_of

_LABEL = 24  # characters of a line of the vertical axis's label
_PERCENTILES = (10, 90)  # of the images, where the band of a spectrum begins and ends


def plot_lines(
    lines: Mapping[str, pd.DataFrame],
    ax: Axes,
    *,
    xlabel: str,
    ylabel: str,
    line: tuple[float, str] | None = None,
    legend: bool = True,
) -> Axes:
    """Draws lines over any axis: faint for each seed, strong with points for their mean.

    Args:
        lines: By name: index what the horizontal axis shows, one column for
            each seed; numbers, or words in the order of the first table. An
            empty table is named in the legend, and draws nothing.
        ax: Where to draw; scales and ranges are the caller's.
        xlabel: What the index is, with unit.
        ylabel: What the values are, with unit.
        line: A value to hold them against, and its name.
        legend: Whether to draw one; panels that are compared need one only.
    """
    for number, (label, seeds) in enumerate(lines.items()):
        _plot_seeds_of_line(seeds, ax, label=label, color=color_of(number))
    if line is not None:
        ax.axhline(line[0], color=QUIET, linestyle="--", label=line[1])
    ax.set(xlabel=xlabel, ylabel=textwrap.fill(ylabel, _LABEL))
    if legend:
        ax.legend()
    if all(seeds.empty for seeds in lines.values()):
        ax.tick_params(labelbottom=False, labelleft=False)  # an empty range means nothing
    return ax


def plot_spectra(spectra: Mapping[str, np.ndarray], ax: Axes) -> Axes:
    """Draws spectra on a logarithmic axis: the mean over images, and a band around it.

    Args:
        spectra: Descending singular values by name, shape `(images, k)`.
        ax: Where to draw.
    """
    for number, (label, values) in enumerate(spectra.items()):
        low, high = np.percentile(values, _PERCENTILES, axis=0)
        mean = values.mean(axis=0)
        order, color = np.arange(1, len(mean) + 1), color_of(number)
        ax.fill_between(order, low, high, color=color, alpha=0.15, linewidth=0)
        ax.plot(order, mean, color=color, label=label)
    ax.set_yscale("log")
    ax.set_xlabel("number of the singular value, largest first")
    ax.set_ylabel("singular value (code per input)")
    ax.legend()
    return ax


def _plot_seeds_of_line(seeds: pd.DataFrame, ax: Axes, *, label: str, color: str) -> None:
    """One line: every column faint, their mean strong."""
    if seeds.empty:
        ax.plot([], [], color=color, label=f"{label}: {NOT_RUN}")
        return
    alone = "o" if len(seeds) == 1 else None  # a line of one point is invisible
    ax.plot(seeds.index, seeds, color=color, alpha=0.35, linewidth=0.8, marker=alone)
    ax.plot(seeds.index, seeds.mean(axis=1), color=color, label=label, marker="o", markersize=4)

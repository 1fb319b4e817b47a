"""Every seed as a point, with a tick at the mean."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from replication.figures.style import COLORS, NOT_RUN, QUIET, SMALL, color_of

_NAME = 18  # characters of a line of a row's name


def plot_seeds(
    groups: Mapping[str, Sequence[float]],
    ax: Axes,
    *,
    xlabel: str,
    line: tuple[float, str] | None = None,
    limits: tuple[float, float] | None = None,
    percent: bool = False,
) -> Axes:
    """Draws every seed as a point, one row for each group, with a tick at the mean.

    Args:
        groups: Values by row, from top to bottom; a row may be empty.
        ax: Where to draw.
        xlabel: What the values are, with unit.
        line: A value to hold them against, such as the reported one, and its name.
        limits: Range of the values; give the same to panels that are compared.
        percent: Whether to write the values, shares of one, in per cent.
    """
    if line is not None:
        ax.axvline(line[0], color=COLORS[1], linestyle="--", label=line[1])
    for row, values in enumerate(map(np.asarray, groups.values())):
        note, where = NOT_RUN, ax.get_yaxis_transform()
        if len(values):
            ax.plot(values, np.full(len(values), row), "o", color=COLORS[0], alpha=0.6)
            mean = float(np.mean(values))
            ax.plot([mean] * 2, [row - 0.28, row + 0.28], color="black", linewidth=1.5)
            shown = f"{100 * mean:#.3g} %" if percent else f"{mean:#.3g}"
            note = f"mean {shown}"
        ax.text(1.02, row, note, transform=where, va="center", fontsize=SMALL, color=QUIET)
    _name_rows(ax, list(groups), xlabel)
    if percent:
        _in_per_cent(ax)
    if limits is not None:
        ax.set_xlim(*limits)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def plot_seed_groups(
    series: Mapping[str, Mapping[str, Sequence[float]]],
    ax: Axes,
    *,
    xlabel: str,
    legend: bool = True,
    percent: bool = False,
) -> Axes:
    """Draws several series over the same rows, side by side: seeds as points, a tick at the mean.

    Args:
        series: By name of the series: values by row. Rows come in the order of
            the first series; a row may be missing or empty.
        ax: Where to draw.
        xlabel: What the values are, with unit.
        legend: Whether to name the series; panels that are compared need one only.
        percent: Whether to write the values, shares of one, in per cent.
    """
    rows = list(dict.fromkeys(row for groups in series.values() for row in groups))
    offsets = (np.arange(len(series)) - (len(series) - 1) / 2) * 0.8 / max(len(series), 1)
    for number, ((label, groups), offset) in enumerate(zip(series.items(), offsets, strict=True)):
        color = color_of(number)
        note = "" if any(len(values) for values in groups.values()) else f": {NOT_RUN}"
        ax.plot([], [], "o", color=color, label=label + note)
        for row, values in groups.items():
            if not len(values):
                continue
            height = rows.index(row) + offset
            ax.plot(values, np.full(len(values), height), "o", color=color, alpha=0.5, markersize=5)
            tick = [height - 0.3 / len(series), height + 0.3 / len(series)]
            ax.plot([np.mean(values)] * 2, tick, color="black", linewidth=1.2)
    for between in np.arange(1, len(rows)) - 0.5:
        ax.axhline(between, color=mpl.rcParams["grid.color"], linewidth=0.8, zorder=0)
    _name_rows(ax, rows, xlabel)
    if percent:
        _in_per_cent(ax)
    if legend:
        ax.legend()
    return ax


def _in_per_cent(ax: Axes) -> None:
    """Whole per cent on the horizontal axis, few enough not to touch each other."""
    ax.locator_params(axis="x", nbins=4)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def _name_rows(ax: Axes, names: list[str], xlabel: str) -> None:
    """Rows at 0, 1 and so on from top to bottom, each with its name."""
    wrapped = [textwrap.fill(name, _NAME, break_on_hyphens=False) for name in names]
    ax.set_yticks(range(len(names)), wrapped)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.grid(False, axis="y")

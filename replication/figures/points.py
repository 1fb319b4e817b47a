"""Every seed as a point, with a tick at the mean."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from replication.figures.style import COLORS, NOT_RUN, QUIET, SMALL, color_of


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
            note = f"mean {shown}, n = {len(values)}"
        ax.text(1.02, row, note, transform=where, va="center", fontsize=SMALL, color=QUIET)
    _name_rows(ax, list(groups), xlabel)
    if percent:
        ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
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
) -> Axes:
    """Draws several series over the same rows, side by side: seeds as points, a tick at the mean.

    Args:
        series: By name of the series: values by row. Rows come in the order of
            the first series; a row may be missing or empty.
        ax: Where to draw.
        xlabel: What the values are, with unit.
        legend: Whether to name the series; panels that are compared need one only.
    """
    rows = list(dict.fromkeys(row for groups in series.values() for row in groups))
    offsets = (np.arange(len(series)) - (len(series) - 1) / 2) * 0.8 / max(len(series), 1)
    for number, ((label, groups), offset) in enumerate(zip(series.items(), offsets, strict=True)):
        color = color_of(number)
        sizes = {len(values) for values in groups.values() if len(values)}
        note = f"n = {'–'.join(map(str, sorted(sizes)))}" if sizes else NOT_RUN
        ax.plot([], [], "o", color=color, label=f"{label}, {note}")
        for row, values in groups.items():
            if not len(values):
                continue
            height = rows.index(row) + offset
            ax.plot(values, np.full(len(values), height), "o", color=color, alpha=0.5, markersize=4)
            tick = [height - 0.3 / len(series), height + 0.3 / len(series)]
            ax.plot([np.mean(values)] * 2, tick, color="black", linewidth=1.2)
    for between in np.arange(1, len(rows)) - 0.5:
        ax.axhline(between, color=mpl.rcParams["grid.color"], linewidth=0.8, zorder=0)
    _name_rows(ax, rows, xlabel)
    if legend:
        ax.legend()
    return ax


def _name_rows(ax: Axes, names: list[str], xlabel: str) -> None:
    """Rows at 0, 1 and so on from top to bottom, each with its name."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.grid(False, axis="y")

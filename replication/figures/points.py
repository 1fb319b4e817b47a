"""Every seed as a point, with a tick at the mean; means under several scores as marks."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from replication.figures.style import COLORS, NOT_RUN, QUIET, REPORTED_COLOR, SMALL, color_of

MARKERS = "osD^v"  # told apart without colour


def plot_seeds(
    groups: Mapping[str, Sequence[float]],
    ax: Axes,
    *,
    xlabel: str,
    line: tuple[float, str] | None = None,
    band: tuple[float, float, str] | None = None,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draws every seed as a point, one row for each group, with a tick at the mean.

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
        ax.axvline(line[0], color=REPORTED_COLOR, linestyle="--", label=line[1])
    for row, values in enumerate(map(np.asarray, groups.values())):
        note, where = NOT_RUN, ax.get_yaxis_transform()
        if len(values):
            ax.plot(values, np.full(len(values), row), "o", color=COLORS[0], alpha=0.6)
            mean = float(np.mean(values))
            ax.plot([mean] * 2, [row - 0.28, row + 0.28], color="black", linewidth=1.5)
            note = f"mean {mean:.3g}, n = {len(values)}"
        ax.text(1.02, row, note, transform=where, va="center", fontsize=SMALL, color=QUIET)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    if limits is not None:
        ax.set_xlim(*limits)
    ax.grid(False, axis="y")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def plot_seed_groups(
    series: Mapping[str, Mapping[str, Sequence[float]]],
    ax: Axes,
    *,
    xlabel: str,
    limits: tuple[float, float] | None = None,
    legend: bool = True,
) -> Axes:
    """Draws several series over the same rows, side by side: seeds as points, a tick at the mean.

    Args:
        series: By name of the series: values by row. Rows come in the order of
            the first series; a row may be missing or empty.
        ax: Where to draw.
        xlabel: What the values are, with unit.
        limits: Range of the values; give the same to panels that are compared.
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
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    if limits is not None:
        ax.set_xlim(*limits)
    ax.grid(False, axis="y")
    if legend:
        ax.legend()
    return ax


def plot_scores(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    xlabel: str,
    line: tuple[float, str] | None = None,
    limits: tuple[float, float] | None = None,
    legend: bool = True,
) -> Axes:
    """Draws one thing scored in several ways: a row for each thing, a mark for each score.

    A thin line joins the lowest and the highest mark of a row: what the choice
    of the score alone does to it.

    Args:
        scores: Things by row, scores by column; a row without a number says so.
        ax: Where to draw.
        xlabel: What the numbers are, with unit.
        line: A value to hold them against, such as the reported one, and its name.
        limits: Range of the values; give the same to panels that are compared.
        legend: Whether to name the scores; panels that are compared need one only.
    """
    if line is not None:
        ax.axvline(line[0], color=REPORTED_COLOR, linestyle="--", label=line[1] if legend else None)
    ax.hlines(range(len(scores)), scores.min(axis=1), scores.max(axis=1), color=QUIET, linewidth=1)
    for number, (name, values) in enumerate(scores.items()):
        label, color = name if legend else None, color_of(number)
        ax.plot(
            values, range(len(scores)), MARKERS[number % len(MARKERS)], color=color, label=label
        )
    for row in np.flatnonzero(scores.isna().all(axis=1)):
        where = ax.get_yaxis_transform()
        ax.text(1.02, row, NOT_RUN, transform=where, va="center", fontsize=SMALL, color=QUIET)
    ax.set_yticks(range(len(scores)), list(scores.index))
    ax.set_ylim(len(scores) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    if limits is not None:
        ax.set_xlim(*limits)
    ax.grid(False, axis="y")
    if legend:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return ax

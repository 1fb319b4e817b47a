"""Detectors of anomalies: how errors are distributed, and what a threshold buys."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from replication.figures.style import QUIET, color_of

_DASHES = ("--", ":", "-.")


def plot_errors(
    errors: Mapping[str, np.ndarray],
    ax: Axes,
    *,
    thresholds: Mapping[str, float],
    xlabel: str,
    bins: int = 80,
) -> Axes:
    """Draws histograms over each other on a logarithmic axis, and thresholds as vertical lines.

    Args:
        errors: Positive numbers by name, shape `(n,)` each; n may differ.
        ax: Where to draw.
        thresholds: Where an anomaly begins, by name.
        xlabel: What the errors are, with unit.
        bins: How many bins between the smallest and the largest error of all.

    Raises:
        ValueError: If an error is not positive.
    """
    values = np.concatenate([np.ravel(each) for each in errors.values()])
    if not values.min() > 0:
        raise ValueError(
            f"errors must be positive on a logarithmic axis; received {values.min()}. "
            "Leave perfect reconstructions out."
        )
    edges = np.geomspace(values.min(), values.max(), bins + 1)
    edges[[0, -1]] = values.min(), values.max()  # rounding must not lose the extremes
    for number, (label, each) in enumerate(errors.items()):
        shares = np.histogram(each, edges)[0] / np.size(each)
        named = f"{label}, n = {np.size(each)}"
        ax.stairs(shares, edges, fill=True, color=color_of(number), alpha=0.45, label=named)
    for number, (label, threshold) in enumerate(thresholds.items()):
        dashes = _DASHES[number % len(_DASHES)]
        ax.axvline(threshold, color="black", linestyle=dashes, label=label)
    ax.set_xscale("log")
    ax.set(xlabel=xlabel, ylabel="share of the images in the bin")
    ax.legend()
    return ax


def plot_rates(
    rates: Mapping[str, np.ndarray],
    ax: Axes,
    *,
    marked: Mapping[str, tuple[float, float]] | None = None,
) -> Axes:
    """Draws receiver operating characteristics: detections over false alarms.

    Args:
        rates: By name of the detector, shape `(2, thresholds)`: shares of false
            alarms, ascending, and of detections. Each curve is completed by
            (0, 0) and (1, 1).
        ax: Where to draw.
        marked: Single thresholds by name: their false alarms and detections.
    """
    for number, (label, (alarms, detected)) in enumerate(rates.items()):
        closed = [0, *alarms, 1], [0, *detected, 1]
        ax.plot(*closed, color=color_of(number), linewidth=1.4, label=label, clip_on=False)
    ax.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=0.8, label="chance")
    for number, (label, at) in enumerate((marked or {}).items()):
        style = {"marker": "os^D"[number % 4], "markersize": 6, "linestyle": "none"}
        ax.plot(*([each] for each in at), color="black", label=label, clip_on=False, **style)
    ax.set(xlabel="false alarms (share of normal images)", ylabel="detected (share of anomalies)")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_aspect("equal")
    ax.legend(loc="lower right")
    return ax

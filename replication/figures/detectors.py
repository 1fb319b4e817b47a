"""Detectors of anomalies: how errors are distributed, and where a threshold stands."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from replication.figures.style import color_of

_DASHES = ("--", ":", "-.")
_BINS = 80  # between the smallest and the largest error of all


def plot_errors(
    errors: Mapping[str, np.ndarray],
    ax: Axes,
    *,
    thresholds: Mapping[str, float],
    xlabel: str,
) -> Axes:
    """Draws histograms over each other on a logarithmic axis, and thresholds as vertical lines.

    Args:
        errors: Positive numbers by name, shape `(n,)` each; n may differ.
        ax: Where to draw.
        thresholds: Where an anomaly begins, by name.
        xlabel: What the errors are, with unit.

    Raises:
        ValueError: If an error is not positive.
    """
    values = np.concatenate([np.ravel(each) for each in errors.values()])
    if not values.min() > 0:
        raise ValueError(
            f"errors must be positive on a logarithmic axis; received {values.min()}. "
            "Leave perfect reconstructions out."
        )
    edges = np.geomspace(values.min(), values.max(), _BINS + 1)
    edges[[0, -1]] = values.min(), values.max()  # rounding must not lose the extremes
    for number, (label, each) in enumerate(errors.items()):
        shares = np.histogram(each, edges)[0] / np.size(each)
        ax.stairs(shares, edges, fill=True, color=color_of(number), alpha=0.45, label=label)
    for number, (label, threshold) in enumerate(thresholds.items()):
        dashes = _DASHES[number % len(_DASHES)]
        ax.axvline(threshold, color="black", linestyle=dashes, label=label)
    ax.set_xscale("log")
    ax.set(xlabel=xlabel, ylabel="share of the images in the bin")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1))  # above all bars
    return ax

"""Figures of numbers in words, made from the numbers, so that the words cannot go stale."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from replication.figures.style import NOT_RUN


def ranked(groups: Mapping[str, Sequence[float]]) -> str:
    """Names in the order of their means, the largest first.

    Those whose values overlap with the first of a group are told as level with
    it: the order of their means is not what a reader sees.

    >>> ranked({"low": [1, 2], "high": [8, 9], "also high": [7, 8], "none": []})
    'high about level with also high; low; not run yet: none'

    Args:
        groups: Values by name; a group may be empty.
    """
    values = {name: np.asarray(group, float) for name, group in groups.items()}
    run = [name for name in values if len(values[name])]
    run.sort(key=lambda name: -np.mean(values[name]))
    parts, first = [], None
    for name in run:
        if first is not None and values[name].max() >= values[first].min():
            parts[-1] += f" about level with {name}"
        else:
            parts.append(name)
            first = name  # of those that are level
    missing = [name for name in values if not len(values[name])]
    if missing:
        parts.append(f"{NOT_RUN}: {'; '.join(missing)}")
    return "; ".join(parts)


def describe_seeds(groups: Mapping[str, Sequence[float]], quantity: str) -> str:
    """What `plot_seeds` draws.

    Args:
        groups: Values by row.
        quantity: What they are.
    """
    if not any(len(values) for values in groups.values()):
        return f"Dot plot: {quantity}, {NOT_RUN}."
    return f"Dot plot: {quantity}, every seed. From the largest to the smallest: {ranked(groups)}."


def describe_lines(lines: Mapping[str, pd.DataFrame], quantity: str, over: str) -> str:
    """What `plot_lines` draws: where the lines go, and their order at the right end.

    Args:
        lines: By name: one column for each seed; the horizontal axis is the index.
        quantity: What the vertical axis shows.
        over: What the horizontal axis shows.
    """
    values = np.concatenate([np.ravel(line) for line in lines.values()])
    least = 0.02 * np.ptp(values) if len(values) else 0.0  # less is not seen in the chart
    courses: dict[str, list[str]] = {}
    for name, line in lines.items():
        courses.setdefault(_course(line, least), []).append(name)
    told = [
        f"{'all' if len(courses) == 1 else '; '.join(names)} {course}"
        for course, names in courses.items()
    ]
    ends = {name: line.iloc[-1] if len(line) else [] for name, line in lines.items()}
    return (
        f"Line chart: {quantity} over {over}. From left to right {', '.join(told)}. "
        f"At the right end, from the largest to the smallest: {ranked(ends)}."
    )


def _course(line: pd.DataFrame, least: float) -> str:
    """Where the mean of a line goes; steps of less than `least` count for nothing."""
    if not len(line):
        return NOT_RUN
    mean = line.mean(axis=1).to_numpy()
    up = (mean - np.minimum.accumulate(mean)).max() > least
    down = (np.maximum.accumulate(mean) - mean).max() > least
    courses = {(True, True): "going up and down", (True, False): "rising", (False, True): "falling"}
    return courses.get((bool(up), bool(down)), "level")

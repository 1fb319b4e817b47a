"""Seeds of one experiment that were run on several devices: whether they are pooled.

A run on another backend, device or version of a backend is a further seed of the same experiment.
It is judged together with the others unless a test finds that the device makes a difference: then
the seeds of the device with the most of them are judged, and the others are said to stand apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from replication.claims.exact_tests import rank_sum_p
from replication.claims.intervals import CONFIDENCE, moments
from replication.results.schema import names_of

LEVEL = 1 - CONFIDENCE
_EXACT = 4  # seeds on each side from which ranks alone can show a difference at 5 %
_RELATIVE, _ABSOLUTE = 1e-3, 1e-6  # differences of means that are round-off and no device's doing


@dataclass(frozen=True)
class Apart:
    """Seeds of an experiment that are not judged with the others, and why.

    `p` is the least over its metrics, corrected for their number; `metric` has it.
    """

    experiment: str
    device: str
    seeds: tuple[int, ...]
    others: str
    metric: str
    p: float

    def __str__(self) -> str:
        seeds = ", ".join(map(str, self.seeds))
        return (
            f"{self.experiment}: seed{'s' * (len(self.seeds) > 1)} {seeds} on {self.device} "
            f"differ from those on {self.others} ({self.metric}, p = {self.p:.2g}, corrected for "
            "all its metrics) and are not judged with them"
        )


def device_of(about: Mapping) -> str:
    """Where a run was made, by its provenance: `tensorflow 2.21.0 on cpu-x86_64`."""
    environment = about.get("environment", {})
    backend = environment.get("backend", "")
    if not backend:
        return "an unknown device"
    return f"{backend} {environment.get(backend, '')} on {environment.get('device', '?')}"


def p_value(ours: Sequence[float], others: Sequence[float]) -> float:
    """How often seeds of one distribution differ that much; 1 where means differ by round-off.

    With at least four on each side, and for whole numbers (counts, the label of a cluster), whose
    spread is often zero by chance, the exact rank-sum test. Else Student's t with the spread of
    `ours` alone: where the mean of so many further seeds would lie.

    Args:
        ours: The larger group.
        others: The smaller one.

    >>> p_value([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]) < 0.05, p_value([1.0], [9.0])
    (True, 1.0)
    """
    mean, std = moments(ours)
    there, _ = moments(others)
    if abs(there - mean) <= _ABSOLUTE + _RELATIVE * abs(mean) or len(ours) < 2:
        return 1.0
    whole = all(float(value).is_integer() for value in (*ours, *others))
    if whole or min(len(ours), len(others)) >= _EXACT:
        return rank_sum_p(ours, others)
    if not std:
        return 0.0
    from scipy.special import stdtr  # scipy.stats would cost half a second

    t = abs(there - mean) / (std * np.sqrt(1 / len(ours) + 1 / len(others)))
    return float(2 * stdtr(len(ours) - 1, -t))


def devices_differ(by_device: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, tuple]:
    """The devices whose seeds differ from those of the first one, with metric and p.

    Args:
        by_device: By device and metric, the values of its seeds; the device
            with the most seeds first.

    Returns:
        `(metric, p)` of the clearest metric by device: p below 5 % when it is
        multiplied by the number of metrics compared (Bonferroni).
    """
    (_, ours), *rest = by_device.items()
    differing = {}
    for device, theirs in rest:
        both = [metric for metric in ours if metric in theirs]
        ps = {metric: len(both) * p_value(ours[metric], theirs[metric]) for metric in both}
        clearest = min(ps, key=ps.get, default=None)
        if clearest is not None and ps[clearest] < LEVEL:
            differing[device] = (clearest, ps[clearest])
    return differing


def pool(
    measurements: pd.DataFrame, provenance: Mapping[str, dict]
) -> tuple[pd.DataFrame, list[Apart]]:
    """The measurements that are judged together, and the seeds that stand apart.

    Args:
        measurements: Columns as in `measurements.csv`; only rows of profile
            `full` are compared, the others are returned as they are.
        provenance: How each run was made, by "experiment/profile/seed".
    """
    device_names = [device_of(provenance.get(name, {})) for name in names_of(measurements)]
    devices = pd.Series(device_names, index=measurements.index, dtype=str)
    full = measurements["profile"] == "full"
    several = devices[full].groupby(measurements["experiment"][full]).nunique()
    apart, drop = [], pd.Series(False, index=measurements.index)
    for experiment in several[several > 1].index:
        rows = full & (measurements["experiment"] == experiment)
        for each in _apart(experiment, measurements[rows], devices[rows]):
            apart.append(each)
            drop |= rows & (devices == each.device)
    return measurements[~drop], apart


def _apart(experiment: str, rows: pd.DataFrame, devices: pd.Series) -> Iterator[Apart]:
    seeds = rows.groupby(devices)["seed"].unique()
    order = sorted(seeds.index, key=lambda device: (-len(seeds[device]), device))
    by_device = {
        device: rows[devices == device].groupby("metric")["value"].agg(list).to_dict()
        for device in order
    }
    for device, (metric, p) in devices_differ(by_device).items():
        yield Apart(experiment, device, tuple(sorted(map(int, seeds[device]))), order[0], metric, p)

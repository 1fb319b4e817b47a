"""How much one number varies without anything being wrong: over machines, over seeds, by rounding.

A number that another machine finds is held against the committed one of the same seed, or against
the other seeds. It is as unlikely as the *widest* of three noises says:

    machines   t = (x - committed) / (s sqrt(2)) with the spread s of the emulated machines
    seeds      t = (x - mean) / (s sqrt(1 + 1/n)) with the spread s of the committed seeds
    rounding   z = (x - committed) / (half a step)

Single seeds lie far out more often than a normal spread has them: among seeds, t never has more
than four degrees of freedom, however many there are (ADR 0012).

Before that, two steps are taken off the distance. A step is what the number cannot resolve: one
example of a share, one of a count, else one unit in the sixth digit of the largest number with that
unit in the experiment, so that an error of 5e-14 where images have an error of 0.01 is zero. What
only names or chooses something has no distance at all.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from replication.claims.intervals import MIN_SEEDS, moments

FARTHEST = 37.0  # deviation of a normal number, beyond which no chance is left to compute
MIN_MACHINES = 3  # from which a spread over machines can be estimated
_STEPS = 2  # of the resolution, that are never held against a number
_DIGITS = 6  # that tables keep
_FREEDOM = 4  # degrees of freedom among seeds, at most
_NAMES = ("class", "inverse of C", "learning rate")  # units of a name, of choices from a grid
_COUNTS = ("classes", "clusters", "codes", "colours", "listings", "names", "units")
Cell = tuple[str, str, str]  # experiment, profile, metric


@dataclass(frozen=True)
class Noise:
    """What is known of one number: its committed seeds, its emulated machines, its resolution.

    `machines` are values by name of the machine, all of one seed; `better` is the direction of
    the metric.
    """

    seeds: Mapping[int, float]
    machines: Mapping[str, float]
    step: float
    better: str = "none"

    def is_known(self, *, same_draws: bool = True) -> bool:
        """Whether there are seeds or machines enough to say how far is far.

        Emulated machines draw the numbers that we draw. Of an environment that draws others, by
        its backend or versions, they alone do not tell; they may still explain a deviation.
        """
        emulated = same_draws and len(self.machines) >= MIN_MACHINES
        return emulated or len(self.seeds) >= MIN_SEEDS

    def deviation(self, seed: int, value: float) -> float:
        """How far off a number of another machine is, in standard deviations; signed.

        The deviation of a normal number that is as unlikely as this one is by the noise that
        explains it best.
        """
        difference = value - self.seeds[seed]
        deviations = [self._excess(difference) / (self.step / 2)]
        if len(self.machines) >= MIN_MACHINES:
            deviations.append(self.from_machines(difference))
        if len(self.seeds) >= MIN_SEEDS:
            deviations.append(self.from_seeds(value))
        return math.copysign(min(map(abs, deviations)), difference)

    def from_machines(self, difference: float) -> float:
        """How far apart two machines are by what machines differ, in sd of a normal number."""
        values = list(self.machines.values())
        scale = max(moments(values)[1] * math.sqrt(2), self.step / 2)
        return float(normal_score(self._excess(difference) / scale, len(values) - 1))

    def from_seeds(self, value: float) -> float:
        """How far a value is from the mean of the seeds, in sd of a normal number."""
        return float(normal_score(*self._t(value, list(self.seeds.values()))))

    def seed_left_out(self, seed: int) -> tuple[float, int]:
        """Student's t of a seed among the others, and its degrees of freedom."""
        others = [value for each, value in self.seeds.items() if each != seed]
        return self._t(self.seeds[seed], others)

    def machines_left_out(self, machine: str, other: str) -> tuple[float, int]:
        """Student's t between two machines by the spread of all but the first, and its degrees."""
        values = [value for name, value in self.machines.items() if name != machine]
        scale = max(moments(values)[1] * math.sqrt(2), self.step / 2)
        difference = self.machines[machine] - self.machines[other]
        return self._excess(difference) / scale, len(values) - 1

    def _t(self, value: float, others: list[float]) -> tuple[float, int]:
        """Student's t of a value among seeds, and its degrees of freedom."""
        mean, std = moments(others)
        excess, scale = self._excess(value - mean), std * math.sqrt(1 + 1 / len(others))
        t = excess / scale if scale else math.copysign(math.inf, excess)
        return t if excess else 0.0, min(len(others) - 1, _FREEDOM)

    def _excess(self, difference: float) -> float:
        return math.copysign(max(0.0, abs(difference) - _STEPS * self.step), difference)


def noises(
    committed: pd.DataFrame, machines: pd.DataFrame, metrics: pd.DataFrame
) -> dict[Cell, Noise]:
    """What the rows of `measurements.csv`, `noise.csv` and `metrics.csv` tell of each number."""
    about = {(row.experiment, row.metric): row for row in metrics.itertuples(index=False)}
    seeds: dict[Cell, dict[int, float]] = {}
    counts: dict[Cell, int] = {}
    for row in committed.itertuples(index=False):
        cell = row.experiment, row.profile, row.metric
        seeds.setdefault(cell, {})[int(row.seed)] = float(row.value)
        counts[cell] = min(counts.get(cell, row.num_examples), row.num_examples)
    units = {cell: getattr(about.get((cell[0], cell[2])), "unit", cell[2]) for cell in seeds}
    scales: dict[Cell, float] = {}
    for cell, values in seeds.items():
        scale = *cell[:2], units[cell]
        scales[scale] = max(scales.get(scale, 0.0), *map(abs, values.values()))
    elsewhere = _by_cell(machines)
    return {
        cell: Noise(
            values,
            elsewhere.get(cell, {}),
            _step(units[cell], counts[cell], scales[*cell[:2], units[cell]]),
            getattr(about.get((cell[0], cell[2])), "better", "none"),
        )
        for cell, values in seeds.items()
    }


def _by_cell(machines: pd.DataFrame) -> dict[Cell, dict[str, float]]:
    """The machines' values of each number, of the seed that most machines ran."""
    values: dict[Cell, dict[int, dict[str, float]]] = {}
    for row in machines.itertuples(index=False):
        cell = row.experiment, row.profile, row.metric
        values.setdefault(cell, {}).setdefault(int(row.seed), {})[row.machine] = float(row.value)
    return {cell: max(seeds.values(), key=len) for cell, seeds in values.items()}


def _step(unit: str, num_examples: int, scale: float) -> float:
    """What a number cannot resolve; never zero, and everything where it is no quantity."""
    if unit in _NAMES:
        return math.inf
    digit = 10.0 ** (math.floor(math.log10(scale)) - _DIGITS + 1) if scale else 1e-300
    if unit == "fraction" and num_examples:
        return max(digit, 1 / num_examples)
    return max(digit, 1.0) if unit in _COUNTS else digit


def normal_score(t, degrees_of_freedom):
    """The deviations of a normal number that are as unlikely as these t; arrays, or numbers."""
    from scipy.special import ndtri, stdtr  # scipy.stats would cost half a second

    tail = stdtr(degrees_of_freedom, -np.abs(t))
    return np.copysign(np.minimum(FARTHEST, -ndtri(np.maximum(tail, 1e-300))), t)


def limit(num_numbers: int, alarms: float) -> float:
    """How far the farthest of so many normal numbers may lie, in standard deviations.

    Sidak: each number has the level at which all together give an alarm with this chance.
    """
    from scipy.special import ndtri

    level = -math.expm1(math.log1p(-alarms) / max(1, num_numbers))
    return -float(ndtri(level / 2))


def misfits(
    machines: pd.DataFrame, committed: pd.DataFrame, metrics: pd.DataFrame
) -> Iterator[tuple[str, str, str]]:
    """What of `noise.csv` does not fit the measurements: where, what was expected, what found.

    Where noise is measured at all, it is for every core experiment on the embedded digits.
    """
    known = committed.groupby(["experiment", "profile"])["metric"].agg(set).to_dict()
    runs = machines.groupby(["machine", "experiment", "profile", "seed"])["metric"].agg(set)
    for (machine, experiment, profile, seed), names in runs.items():
        where = f"noise.csv, {machine}, {experiment}, {profile}, seed {seed}"
        expected = known.get((experiment, profile))
        if expected is None:
            yield where, "an experiment with such numbers", "none"
            continue
        if unknown := sorted(names - expected):
            yield where, "metrics that are measured", ", ".join(unknown)
        if missing := sorted(expected - names):
            yield where, "a number for every metric", f"none for {', '.join(missing)}"
    counts = machines.groupby(["experiment", "profile"])["machine"].nunique().to_dict()
    core = {*metrics[metrics["tier"] == "core"]["experiment"]} if counts else ()
    due = {(experiment, "embedded") for experiment in core} & known.keys()
    for experiment, profile in sorted(due | counts.keys()):
        if (count := counts.get((experiment, profile), 0)) < MIN_MACHINES:
            where = f"noise.csv, {experiment}, {profile}"
            yield where, f"{MIN_MACHINES} machines or more, to tell a spread", str(count)
    yield from _no_shares(machines, committed, metrics)


def _no_shares(machines, committed, metrics) -> Iterator[tuple[str, str, str]]:
    """Machines' shares below zero or above one, where those of our own seeds are not."""
    of = ["experiment", "metric"]
    shares = metrics[metrics["unit"] == "fraction"][of]
    ours = committed.merge(shares, on=of).groupby(of)["value"].agg(["min", "max"])
    inside = ours[(ours["min"] >= 0) & (ours["max"] <= 1)].reset_index()[of]
    for row in machines.merge(inside, on=of).itertuples(index=False):
        if not 0 <= row.value <= 1:
            where = f"noise.csv, {row.machine}, {row.experiment}, {row.profile}, seed {row.seed}"
            yield where, f"a share from 0 to 1 as {row.metric}", f"{row.value:g}"

"""Numbers of another machine taken together: what no single one of them shows.

Three tests, each with a share of the alarms that a check may give on a healthy machine:

    outside   more numbers beyond 95 % than our own seeds show when each is held against the others
    machines  a run further from its committed self than emulated machines are from each other, in
              runs of that profile
    one sign  shifts of one sign, to the better or the worse, over all runs

What numbers of a run have in common is estimated from the committed seeds and machines themselves,
and the tests are held against distributions of their mean and variance: normal, Gamma or, where it
has the longer tail, log-normal.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from replication.claims.intervals import MIN_SEEDS, moments
from replication.claims.noise import MIN_MACHINES, Cell, Noise, normal_score

BEYOND = 1.96  # of a normal number: 95 % lie inside
_SHARE = 0.05  # lie outside
_CAP = 3.0  # of one number in a mean, so that none speaks for all
_LEAST = 1e-2  # of a mean square of normal numbers; less is nothing
_FEWEST = 20  # runs to estimate from; with fewer, a test says nothing
_SIGNS = {"higher": 1.0, "lower": -1.0}


@dataclass(frozen=True)
class Number:
    """One number of another machine that has a committed self, and how far off it is.

    `same_draws` says whether equal seeds draw equal random numbers there: backend and library
    versions are the same.
    """

    cell: Cell
    seed: int
    value: float
    deviation: float
    same_draws: bool

    @property
    def run(self) -> tuple[str, str, int]:
        """The run it belongs to."""
        return *self.cell[:2], self.seed


@dataclass(frozen=True)
class Finding:
    """Some numbers that are too far off together, how unlikely on a healthy machine, and why."""

    words: str
    chance: float
    numbers: tuple[Number, ...]


def findings(
    numbers: Sequence[Number], noises: Mapping[Cell, Noise], *, alarms: float
) -> list[Finding]:
    """What the three tests find: anything at all with at most this chance on a healthy machine."""
    cells: dict[tuple[str, str], list[Noise]] = {}
    for (experiment, profile, _), noise in noises.items():
        cells.setdefault((experiment, profile), []).append(noise)
    level, runs = alarms / 3, len({number.run for number in numbers})
    return [
        *(each for each in _outside(numbers, noises, cells) if each.chance < level),
        *(each for each in _machines(numbers, noises, cells) if each.chance < level / runs),
        *(each for each in _one_sign(numbers, noises, cells) if each.chance < level),
    ]


def _outside(numbers, noises, cells) -> Iterator[Finding]:
    """Too many numbers beyond 95 %, given how many of a seed are when held against the others."""
    counts = [each for members in cells.values() for each in _left_out(members)]
    judged = [each for each in numbers if len(noises[each.cell].seeds) >= MIN_SEEDS]
    outside = tuple(each for each in judged if abs(each.deviation) > BEYOND)
    if len(counts) < _FEWEST or not outside:
        return
    share = max(_SHARE, sum(count for count, _ in counts) / sum(size for _, size in counts))
    spread = share * (1 - share)
    in_common = sum((count - share * size) ** 2 / spread - size for count, size in counts)
    in_common = max(0.0, in_common / max(1, sum(size * (size - 1) for _, size in counts)))
    sizes = Counter(each.run for each in judged).values()
    mean = share * len(judged)
    variance = spread * sum(size + in_common * size * (size - 1) for size in sizes)
    words = (
        f"{len(outside)} of {len(judged)} numbers outside of 95 %, where our own seeds let expect "
        f"{mean:.0f} ± {math.sqrt(variance):.0f}"
    )
    yield Finding(words, _gamma_tail(len(outside), mean, variance), outside)


def _machines(numbers, noises, cells) -> Iterator[Finding]:
    """Runs further from their committed selves than emulated machines are from each other."""
    runs: dict[tuple, list[Number]] = {}
    for each in numbers:
        if each.same_draws and len(noises[each.cell].machines) > MIN_MACHINES:
            runs.setdefault(each.run, []).append(each)
    usual_of: dict[str, list[float]] = {profile: [] for _, profile, _ in runs}
    for (_, profile), members in cells.items():
        if profile in usual_of:
            usual_of[profile] += _between_machines(members)
    for (experiment, profile, seed), members in runs.items():
        usual = usual_of[profile]
        far = {each: _from_committed(each, noises) for each in members}
        square = sum(value**2 for value in far.values()) / len(far)
        if len(usual) >= _FEWEST and square > max(usual):
            mean, std = moments(usual)
            words = (
                f"{experiment}, {profile}, seed {seed}: its numbers are {math.sqrt(square):.1f} sd "
                f"off together, by what machines differ; emulated ones are "
                f"{math.sqrt(mean):.1f} sd from each other, {math.sqrt(max(usual)):.1f} at most"
            )
            outside = tuple(each for each, value in far.items() if abs(value) > BEYOND)
            chance = max(_gamma_tail(square, mean, std**2), _lognormal_tail(square, usual))
            yield Finding(words, chance, outside)


def _one_sign(numbers, noises, cells) -> Iterator[Finding]:
    """Shifts to the better or the worse all over, in units of what two seeds differ by."""
    usual = [each for members in cells.values() for each in _between_seeds(members)]
    runs: dict[tuple, list[float]] = {}
    for each in numbers:
        noise = noises[each.cell]
        mean, std = moments([*noise.seeds.values()])
        centre = noise.seeds[each.seed] if each.same_draws else mean
        if noise.better in _SIGNS and len(noise.seeds) >= MIN_SEEDS and std:
            runs.setdefault(each.run, []).append(_shift(noise, each.value - centre, std))
    shifts = [sum(values) / len(values) for values in runs.values()]
    scale = math.sqrt(len(shifts) * sum(value**2 for value in usual) / max(1, len(usual)))
    if len(usual) < _FEWEST or not scale:
        return
    far = sum(shifts) / scale
    words = (
        f"{len(shifts)} runs are {'better' if far > 0 else 'worse'} by {abs(far):.1f} sd together"
    )
    moved = tuple(each for each in numbers if abs(each.deviation) > 1)
    yield Finding(words, math.erfc(abs(far) / math.sqrt(2)), moved)


def _left_out(cells: Sequence[Noise]) -> Iterator[tuple[int, int]]:
    """For each seed of an experiment: its numbers beyond 95 % of the other seeds, and all."""
    for seed in sorted(set().union(*(noise.seeds for noise in cells))):
        members = [each for each in cells if seed in each.seeds and len(each.seeds) >= MIN_SEEDS]
        if members:
            far = normal_score(*np.array([each.seed_left_out(seed) for each in members]).T)
            yield int((np.abs(far) > BEYOND).sum()), len(members)


def _between_machines(cells: Sequence[Noise]) -> Iterator[float]:
    """For each two machines: the mean square of what all numbers of a run differ by."""
    members = [each for each in cells if len(each.machines) > MIN_MACHINES]
    names = sorted(set().union(*(each.machines for each in members)))
    for pair in permutations(names, 2):
        t_tests = [each.machines_left_out(*pair) for each in members if {*pair} <= {*each.machines}]
        if t_tests:
            yield float(np.square(normal_score(*np.array(t_tests).T)).mean())


def _between_seeds(cells: Sequence[Noise]) -> Iterator[float]:
    """For each two seeds of an experiment: how much better the second is, in the mean."""
    for first, second in combinations(sorted(set().union(*(each.seeds for each in cells))), 2):
        shifts = [
            _shift(each, each.seeds[second] - each.seeds[first], std)
            for each in cells
            if each.better in _SIGNS and {first, second} <= each.seeds.keys()
            if (std := moments([*each.seeds.values()])[1]) and len(each.seeds) >= MIN_SEEDS
        ]
        if shifts:
            yield sum(shifts) / len(shifts)


def _shift(noise: Noise, difference: float, std: float) -> float:
    """How much better, in what two seeds differ by; never so much that it speaks for all."""
    far = _SIGNS[noise.better] * difference / (std * math.sqrt(2))
    return max(-_CAP, min(_CAP, far))


def _from_committed(each: Number, noises: Mapping[Cell, Noise]) -> float:
    noise = noises[each.cell]
    return noise.from_machines(each.value - noise.seeds[each.seed])


def _gamma_tail(value: float, mean: float, variance: float) -> float:
    """The chance of so much or more under the Gamma distribution of that mean and variance.

    Without variance, as where emulated machines do not differ, more than the mean never happens.
    """
    if not variance:
        return float(value <= mean)
    from scipy.special import gammaincc

    return float(gammaincc(mean**2 / variance, value * mean / variance))


def _lognormal_tail(value: float, usual: Sequence[float]) -> float:
    """The chance of so much or more where logarithms are normal, as few machines stand out."""
    mean, std = moments([math.log(max(each, _LEAST)) for each in usual])
    if std == 0:
        return 0.0
    return math.erfc((math.log(value) - mean) / std / math.sqrt(2)) / 2

"""What every kind of claim is judged by, and to be; the outcome of each of its controls."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from replication.claims.differences import Difference


@dataclass(frozen=True)
class Scale:
    """A metric's direction and range; of a share also how many examples it is a share of."""

    higher_is_better: bool = True
    low: float = -math.inf
    high: float = math.inf
    num_examples: int | None = None

    def clip(self, value: float) -> float:
        """The value, moved into the range."""
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Evidence:
    """All that a verdict may rest on: runs of profile full, and what their metrics are.

    Both are by "experiment/metric"; what is not there was not measured, or not declared.
    """

    values: Mapping[str, Mapping[int, float]]
    scales: Mapping[str, Scale] = field(default_factory=dict)

    def values_of(self, reference: str) -> Mapping[int, float]:
        """The values by seed, none if unmeasured."""
        return self.values.get(reference, {})

    def scale_of(self, reference: str) -> Scale:
        """The scale of a metric; the widest one if it is not declared."""
        return self.scales.get(reference, Scale())


@dataclass(frozen=True)
class ControlOutcome:
    """Whether what must fail the same test does.

    `passes` is None where it cannot be told; `reason` says what was found, as a clause. `low` and
    `high` bound what decides: where the control's next run lies, or by how much more the model
    shows the effect than the control does. `contrasts` are its own differences, by rival. `too_few`
    says that more runs of it are needed before it can be told at all.
    """

    name: str
    passes: bool | None
    reason: str
    n: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    contrasts: Mapping[str, Difference] = field(default_factory=dict)
    too_few: bool = False


@dataclass(frozen=True)
class Judgement:
    """A verdict and all that it rests on; what people read is printed from it alone.

    `values` are the numbers by seed: of what is measured, or for an order claim the differences
    from the rival that decides (empty where no seed pairs them); `contrasts` are those from every
    rival, by its name. `low` and `high` bound the 95 % interval. `p` is the share of our runs at
    least as far out as a printed number, or the two-sided p of a difference by Student's t;
    `exact_p` that of the exact test beside it. `seeds_needed` is set only where the verdict is
    `inconclusive`, and None where the spread is not known.
    `num_reached` counts the runs that come out at least as good as a printed number. `facts` are
    clauses that need no statistics.
    """

    verdict: str
    reason: str
    n: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    values: Mapping[int, float] = field(default_factory=dict)
    controls: tuple[ControlOutcome, ...] = ()
    contrasts: Mapping[str, Difference] = field(default_factory=dict)
    p: float | None = None
    exact_p: float | None = None
    seeds_needed: float | None = None
    num_reached: int | None = None
    facts: tuple[str, ...] = ()
    explanation: str = ""


def too_few(n: int, needed: int, what: str = "seed", of: str = "") -> str:
    """Why nothing is decided yet.

    >>> too_few(1, 5), too_few(5, 6, "pair", " of a and b")
    ('1 seed; at least 5 are needed', '5 pairs of a and b; at least 6 are needed')
    """
    return f"{n} {what}{'s' * (n != 1)}{of}; at least {needed} are needed"


def join(names: Sequence[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

"""What every kind of claim is judged to be, and the outcome of each of its controls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ValuesOf = Callable[[str], Mapping[int, float]]  # values by seed of an "experiment/metric"


@dataclass(frozen=True)
class ControlOutcome:
    """Whether what must fail the same test does.

    `passes` is None where it cannot be told; `reason` says what was found, as a clause. `low` and
    `high` bound what decides: where the control's next run lies, or by how much more the model
    shows the effect than the control does.
    """

    name: str
    passes: bool | None
    reason: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Judgement:
    """A verdict and all that it rests on; what people read is printed from it alone.

    `values` are the numbers by seed: of what is measured, or for an order claim the differences
    from the rival that decides (empty where no seed pairs them). `low` and `high` bound the 95 %
    interval. `p` is the share of our runs at least as far out as a printed number, or the two-sided
    p of a difference by Student's t; `exact_p` that of the exact test beside it. `seeds_needed`
    is set only where the verdict is `inconclusive`, and None where the spread is not known.
    `facts` are sentences that need no statistics.
    """

    verdict: str
    reason: str
    n: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    values: Mapping[int, float] = field(default_factory=dict)
    controls: tuple[ControlOutcome, ...] = ()
    p: float | None = None
    exact_p: float | None = None
    seeds_needed: float | None = None
    facts: tuple[str, ...] = ()
    explanation: str = ""


def too_few(n: int, needed: int, what: str = "seed") -> str:
    """Why nothing is decided yet.

    >>> too_few(1, 5)
    '1 seed; at least 5 are needed'
    """
    return f"{n} {what}{'s' * (n != 1)}; at least {needed} are needed"


def join(names: list[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

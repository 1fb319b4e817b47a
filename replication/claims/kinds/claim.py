"""What every claim says, whatever its kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, Strict
from pydantic_core import PydanticCustomError

from replication.claims.kinds.judgement import Evidence, Judgement
from replication.claims.numbers import count, in_digits
from replication.claims.schema import MEASURE, is_printable
from replication.results.schema import LARGEST

HOLDS, FAILS, OPEN, SHOWN = "holds", "does not", "open", "shown"


def _holds(rule):
    """A validator that refuses what breaks a rule; the field's description says what it wants."""

    def check(value):
        if not rule(value):
            raise ValueError
        return value

    return AfterValidator(check)


AnyText = Annotated[
    str, _holds(is_printable), Field(description="a text without control characters")
]
Text = Annotated[
    str,
    _holds(lambda text: is_printable(text) and text.strip()),
    Field(description="a text that is not empty, without control characters"),
]
Line = Annotated[
    str,
    _holds(lambda text: is_printable(text) and text and text == text.strip() and "\n" not in text),
    Field(description="a text of one line without blanks around it"),
]
Kebab = Annotated[
    str,
    Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", description="a kebab-case name such as 'one-step'"),
]
Measure = Annotated[
    str, _holds(MEASURE.fullmatch), Field(description="'experiment-name/metric_name'")
]
Number = Annotated[
    float,
    Field(ge=-LARGEST, le=LARGEST, description=f"a finite number up to {LARGEST:g}"),
]
Positive = Annotated[
    float, Field(gt=0, le=LARGEST, description=f"a finite number > 0, up to {LARGEST:g}")
]
Flag = Annotated[bool, Field(description="true or false")]
Measures = Annotated[
    tuple[Measure, ...], Strict(False), Field(description="a list of 'experiment-name/metric_name'")
]


class Table(BaseModel):
    """A table of a claim file: every key is known, every value of its own type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Entry(Table):
    """One of the claims or open details of a file."""

    _line: int = PrivateAttr(1)

    @property
    def line(self) -> int:
        """Where it starts in its file."""
        return self._line


class Context(Table):
    """A number from the literature, second-hand: printed beside ours, never judged."""

    label: Text
    value: Text
    source: Text


class Answer(NamedTuple):
    """What a verdict comes to, and what it answers to the question whether a claim holds."""

    outcome: str  # HOLDS, FAILS or OPEN; SHOWN is never counted
    text: str


@dataclass(frozen=True)
class Sides:
    """What a card tells of a claim in a line: values by seed, ours and those of each rival."""

    ours: Mapping[int, float]
    rivals: tuple[Mapping[int, float], ...]
    unit: str
    quantity: str  # follows the numbers, such as "of the variance lost"


class Claim(Entry):
    """One thing an article claims, in our words, and how it is measured.

    `voice` tells what the article itself claims from our reading of it; the two are never counted
    together. `controls` are what must visibly fail the same test. `depends_on_settings` names a
    setting of ours at which the verdict is another one. `verdict` is signed by a person and empty
    before that.
    """

    kind: ClassVar[str]
    answers: ClassVar[dict[str, Answer]]  # by verdict that it may come to
    is_counted: ClassVar[bool] = True
    has_interval: ClassVar[bool] = True  # that its verdict rests on
    is_compared: ClassVar[bool] = False  # then an article's claims share a chance of a false alarm
    rivals: ClassVar[tuple[str, ...]] = ()  # "experiment/metric" that ours is compared with
    least: ClassVar[int] = 1  # seeds that a verdict needs

    id: Kebab
    says: Line
    locator: Text
    because: Text
    voice: Annotated[
        Literal["article", "reading"],
        Field(description="'article' for what the article claims, 'reading' for what we read in"),
    ]
    depends_on_settings: AnyText = ""
    verdict: AnyText = ""
    explanation: AnyText = ""
    core: Flag = True
    context: Annotated[
        tuple[Context, ...],
        Strict(False),
        Field(description="a list of tables with texts label, value and source"),
    ] = ()

    def model_post_init(self, _) -> None:
        """Refuses a signature that is no verdict of this kind, or is not explained."""
        if self.verdict and self.verdict not in self.answers:
            refuse(
                "verdict",
                f"expected one of {', '.join(self.answers)} for a claim of kind {self.kind}, or '' "
                f"before it is signed; received {self.verdict!r}",
            )
        if self.verdict and not self.explanation.strip():
            refuse(
                "explanation",
                f"expected why the verdict {self.verdict!r} is what it is, received nothing; "
                "explain it in a sentence",
            )

    @property
    def sides(self) -> tuple[str, ...]:
        """Ours, and what it is compared with, as "experiment/metric"."""
        return (self.measures, *self.rivals) if self.measures else ()

    @property
    def judged(self) -> tuple[str, ...]:
        """What the verdict rests on, as "experiment/metric", controls aside."""
        return self.sides

    @property
    def references(self) -> tuple[str, ...]:
        """Everything the claim refers to as "experiment/metric", each once."""
        return tuple(dict.fromkeys([*self.judged, *self.controls]))

    @property
    def target(self) -> float | None:
        """The number that ours are held against, if there is one."""
        return None

    @property
    def printed(self) -> float | None:
        """The number that the article itself prints, if it does."""
        return None

    @property
    def band(self) -> tuple[float, float] | None:
        """Where our numbers should lie, if the claim says so."""
        return None

    @property
    def caveat(self) -> str:
        """What stands beside the verdict wherever it is shown, if another setting turns it."""
        return "depends on settings" if self.depends_on_settings else ""

    def with_caveat(self, verdict: str) -> str:
        """A verdict, however it is written, with the claim's caveat after a comma."""
        return ", ".join(filter(None, (verdict, self.caveat)))

    @property
    def expectation(self) -> str:
        """What our numbers are held against, as a table shows it."""
        raise NotImplementedError

    def judge(self, evidence: Evidence) -> Judgement:
        """The verdict, by the evidence alone; the signed one is not looked at."""
        raise NotImplementedError

    def doubts(self, judgement: Judgement) -> Iterator[tuple[str, str, str]]:
        """What is wrong with the test itself: expected, found, and how to fix it."""
        if judgement.n < self.least:
            return
        for control in judgement.controls:
            if control.too_few:
                yield (
                    f"at least {self.least} seeds of the control {control.name}",
                    f"{control.n}",
                    "run it with as many seeds as the claim and `make accept`, or remove it",
                )

    def ours(self, judgement: Judgement) -> str:
        """Our mean with its 95 % interval and the number of seeds."""
        return format_ours(judgement)

    def answer(self, judgement: Judgement) -> str:
        """The verdict as the answer to a question."""
        return self.answers[judgement.verdict].text

    def headline(self, judgement: Judgement, sides: Sides) -> str:
        """Our numbers beside what is expected, in a line."""
        unit, values = sides.unit, sides.ours.values()
        low, high = self.told(min(values), unit), self.told(max(values), unit)
        span = f"{low} to {high}" if low != high else low
        expected = self.in_words(unit)
        return f"{span} {sides.quantity}; expected {expected}; {count(len(values), 'seed')}."

    def told(self, value: float, unit: str) -> str:
        """One of our numbers, as a sentence has it."""
        return in_digits(value, unit)

    def in_words(self, unit: str) -> str:
        """What our numbers are held against, as a sentence has it."""
        return self.expectation


def format_ours(judgement: Judgement, *, sign: str = "") -> str:
    """A mean with its 95 % interval and n, as tables show it."""
    if judgement.mean is None:
        return "no run yet, n = 0"
    bounds = f" [{judgement.low:{sign}.4g}, {judgement.high:{sign}.4g}]" if judgement.n > 1 else ""
    return f"{judgement.mean:{sign}.4g}{bounds}, n = {judgement.n}"


def refuse(key: str, problem: str) -> None:
    """Makes an entry invalid at a key, for a reason that no single key shows."""
    raise PydanticCustomError("claim", "{problem}", {"key": key, "problem": problem})

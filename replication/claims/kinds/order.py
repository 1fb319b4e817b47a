"""A comparison: one measurement lies on the claimed side of others.

The difference of the means has a 95 % interval: of the differences by seed where a seed pairs them
(at least 6 pairs: five cannot reach 5 % without assuming a normal distribution, 2/2^5), else of two
groups after Welch (at least 4 against 4). The exact signed-rank or rank-sum test stands beside it,
and has to agree. A rival that is a fixed number is subtracted.

- the interval lies within ± the smallest difference that matters: `no difference`;
- it lies on the claimed side of zero, for every rival: `reproduced`; on the other, for any:
  `contradicted`, or `does not hold` where the claim is our reading of the article (of three rivals
  or more only if it is clear as one of so many, too);
- else `inconclusive`.

A control has to be told apart, whatever it shows by itself: the effect of the model less that of
the control must lie clearly on the claimed side. Where it does not, a control that shows the effect
makes the claim `vacuous`, and any other `inconclusive`.

The claims that an article makes share one chance of a false alarm, after Holm: see `adjust`.

Why so: docs/decisions/0011-verdicts-fair-to-the-article.md.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Annotated, ClassVar, Literal

from pydantic import Field, Strict

from replication.claims.differences import (
    MIN_GROUP,
    MIN_PAIRS,
    Difference,
    ValuesOf,
    Weights,
    difference,
    seeds_needed,
)
from replication.claims.exact_tests import holm
from replication.claims.intervals import CONFIDENCE
from replication.claims.kinds.claim import (
    FAILS,
    HOLDS,
    OPEN,
    Answer,
    AnyText,
    Claim,
    Measure,
    Measures,
    Number,
    Positive,
    Sides,
    Table,
    format_ours,
    refuse,
)
from replication.claims.kinds.judgement import ControlOutcome, Evidence, Judgement, join, too_few
from replication.claims.numbers import allowance, count, distinct, in_digits
from replication.results import format_value

_NOT_ASKED = "decides nothing here, as the claim fails without it"


class Comparison(Table):
    """One measurement against others, all of which it must differ from, or a fixed number."""

    measures: Measure
    compared_with: Measures = ()


class Order(Claim):
    """A claim that one thing is greater or less than others.

    `matters` is the smallest difference worth a word, declared before the run. Instead of
    `compared_with` there may be a `benchmark`, a fixed number. `margin` is by how much ours may be
    worse where the claim is that it is no worse. `unpaired` says why a seed pairs nothing, as with
    networks that share neither weights nor data. `image_error` names, for each rival, a metric that
    is the standard error of the difference over the test images: for differences so small that
    other images could undo them. `controls` are comparisons that must not show the effect.
    """

    kind: ClassVar[str] = "order"
    is_compared: ClassVar[bool] = True
    answers: ClassVar[dict[str, Answer]] = {
        "reproduced": Answer(HOLDS, "Yes. It holds in our runs."),
        "no difference": Answer(FAILS, "No: there is no difference that matters."),
        "vacuous": Answer(OPEN, "The test is too weak: a control shows as much."),
        "inconclusive": Answer(OPEN, "We cannot tell yet."),
        "does not hold": Answer(
            FAILS, "No, not as we read it: in our runs it is the other way round."
        ),
        "contradicted": Answer(FAILS, "No. In our runs it is the other way round."),
    }

    measures: Measure
    compared_with: Measures = ()
    benchmark: Annotated[Number | None, Field(description="a finite number")] = None
    direction: Annotated[Literal["greater", "less"], Field(description="'greater' or 'less'")]
    matters: Positive
    margin: Positive | None = None
    unpaired: AnyText = ""
    image_error: Measures = ()
    controls: Annotated[
        tuple[Comparison, ...],
        Strict(False),
        Field(
            description="a list of tables with measures = 'experiment/metric' and "
            "compared_with = [...]"
        ),
    ] = ()

    def model_post_init(self, context) -> None:
        """Refuses a claim that is compared with nothing, or with two kinds of things."""
        super().model_post_init(context)
        if bool(self.compared_with) == (self.benchmark is not None):
            refuse("compared_with", "expected either compared_with or a benchmark; give one")
        if self.image_error and len(self.image_error) != len(self.compared_with):
            refuse("image_error", "expected one for each of compared_with, or none")
        if self.margin and self.unpaired:
            refuse("margin", "expected none where a seed pairs nothing; drop margin or unpaired")

    @property
    def least(self) -> int:
        """Pairs that a verdict needs, or the size of each group."""
        return MIN_GROUP if self.unpaired else MIN_PAIRS

    @property
    def judged(self) -> tuple[str, ...]:
        """What the verdict rests on, as "experiment/metric", controls aside."""
        return (*self.sides, *self.image_error)

    @property
    def rivals(self) -> tuple[str, ...]:
        """What ours must differ from, as "experiment/metric"."""
        return self.compared_with

    @property
    def references(self) -> tuple[str, ...]:
        """Everything the claim refers to as "experiment/metric", each once."""
        of_controls = (n for each in self.controls for n in (each.measures, *each.compared_with))
        return tuple(dict.fromkeys([*self.judged, *of_controls]))

    @property
    def target(self) -> float | None:
        """The benchmark, if there is one."""
        return self.benchmark

    @property
    def band(self) -> tuple[float, float]:
        """The claimed side of zero."""
        return (0.0, math.inf) if self.direction == "greater" else (-math.inf, 0.0)

    @property
    def offset(self) -> float:
        """What is added to ours less a rival, so that the claimed side begins at zero."""
        return _sign(self) * (self.margin or 0.0) - (self.benchmark or 0.0)

    @property
    def expectation(self) -> str:
        """The claimed side, and how the two are compared."""
        if self.margin:
            return f"no worse by {format_value(self.margin)}, by seed"
        if self.benchmark is not None:
            return f"{self.direction} than {format_value(self.benchmark)}"
        return f"{self.direction}, {'unpaired' if self.unpaired else 'by seed'}"

    def judge(self, evidence: Evidence) -> Judgement:
        """The verdict by the evidence alone, before `adjust`."""
        return judge(self, evidence.values_of)

    def ours(self, judgement: Judgement) -> str:
        """Our mean difference with its sign, its 95 % interval and n."""
        return format_ours(judgement, sign="+")

    def headline(self, judgement: Judgement, sides: Sides) -> str:
        """Our mean against those of the others, and on how many seeds it is as claimed."""
        measured = [fmean(each.values()) for each in (sides.ours, *sides.rivals) if each]
        ours, *others = distinct(measured, sides.unit)
        if self.benchmark is not None:
            others.append(in_digits(self.benchmark, sides.unit))
        text = f"{ours} against {' and '.join(others) or 'nothing yet'} {sides.quantity}"
        if values := judgement.values:
            more = "higher" if self.direction == "greater" else "lower"
            more = f"within {allowance(self.margin, sides.unit)}" if self.margin else more
            text += f"; {more} on {_on_side(self, values)} of {count(len(values), 'seed')}"
        return f"{text}."


def judge(claim: Order, values_of: ValuesOf) -> Judgement:
    """The verdict on a comparison, before `adjust`."""
    sign = _sign(claim)
    effects = _effects(claim, claim, values_of)
    sides = {rival: each.side(sign, claim.matters) for rival, each in effects.items()}
    decides = _deciding(effects, sides, sign)
    effect, side = effects[decides], sides[decides]
    p = _p_of_claim(effects, effect, side) if effect.is_enough else None
    verdict, reason = _verdict(claim, effect, side, decides, p)
    outcomes = tuple(_control(each, claim, values_of) for each in claim.controls)
    if side == "claimed":
        verdict, reason = _with_controls(reason, outcomes)
    elif side != "unknown":
        outcomes = tuple(map(_unasked, outcomes))
    undecided = verdict == "inconclusive"
    shown = (effect.mean, effect.low, effect.high) if effect.n else (None, None, None)
    return Judgement(
        verdict,
        reason,
        effect.n,
        *shown,
        values=effect.values,
        controls=outcomes,
        contrasts=effects,
        p=p,
        exact_p=effect.exact_p,
        seeds_needed=seeds_needed(effect, claim.least) if undecided else None,
        facts=_facts(claim, effect),
    )


def adjust(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The verdicts on all comparisons that one article makes, after Holm.

    One that is decided alone, but not among so many, is `inconclusive`.
    """
    tested = [i for i, each in enumerate(judgements) if each.p is not None]
    adjusted, revised = holm([judgements[i].p for i in tested]), list(judgements)
    for i, p in zip(tested, adjusted, strict=True):
        if judgements[i].verdict in ("reproduced", "contradicted") and p > 1 - CONFIDENCE:
            revised[i] = replace(
                judgements[i],
                verdict="inconclusive",
                reason=f"clear alone (p = {judgements[i].p:.2g}), but not as one of the "
                f"{len(tested)} comparisons that the article makes (after Holm {p:.2g})",
                seeds_needed=None,
            )
    return revised


def _sign(claim: Order) -> int:
    return 1 if claim.direction == "greater" else -1


def _weights(comparison: Comparison | Order, rival: str) -> Counter:
    weights = Counter({comparison.measures: 1})
    if rival:
        weights[rival] -= 1
    return weights


def _difference(
    weights: Weights, claim: Order, rival: str, values_of: ValuesOf, offset: float = 0.0
) -> Difference:
    """With the claim's own settings; its offset cancels in a difference of differences."""
    error = _error_over_images(claim, rival, values_of)
    return difference(
        weights, values_of, unpaired=bool(claim.unpaired), constant=offset, error=error
    )


def _error_over_images(claim: Order, rival: str, values_of: ValuesOf) -> float:
    """That of the claim's difference from a rival; the largest, for a rival of a control alone."""
    errors = {
        other: fmean(values)
        for other, measure in zip(claim.compared_with, claim.image_error, strict=False)
        if (values := values_of(measure).values())
    }
    return errors.get(rival, max(errors.values(), default=0.0))


def _effects(
    comparison: Comparison | Order, claim: Order, values_of: ValuesOf
) -> dict[str, Difference]:
    """By rival, how far the measurement is from it."""
    rivals = comparison.compared_with or ("",)
    return {
        rival: _difference(
            _weights(comparison, rival), claim, rival, values_of, offset=claim.offset
        )
        for rival in rivals
    }


def _deciding(effects: Mapping[str, Difference], sides: Mapping[str, str], sign: int) -> str:
    """The rival that decides: one that refutes the claim, else the one that comes closest to it."""
    for side in ("unknown", "other", "same", "across"):
        there = [rival for rival in effects if sides[rival] == side]
        if there and side == "unknown":
            return min(there, key=lambda rival: effects[rival].n)
        if there:
            return min(there, key=lambda rival: effects[rival].bounds(sign)[1])
    return min(effects, key=lambda rival: effects[rival].bounds(sign)[0])


def _verdict(
    claim: Order, effect: Difference, side: str, rival: str, p: float | None
) -> tuple[str, str]:
    if side == "unknown":
        what = "run" if claim.unpaired or not rival else "pair"
        both = f" of {join(list(filter(None, [claim.measures, rival])))}"
        return "inconclusive", too_few(effect.n, claim.least, what, both)
    if side == "same":
        least = f"± {format_value(claim.matters)}, the least that matters"
        return "no difference", f"the interval of the difference lies within {least}"
    if side == "claimed":
        return "reproduced", "the interval of the difference lies on that side"
    if side == "other" and p > 1 - CONFIDENCE:
        alone = f"clear beside {rival} alone (p = {effect.p:.2g})"
        num_rivals = len(claim.compared_with)
        return "inconclusive", f"{alone}, but not as one of {num_rivals} rivals (p = {p:.2g})"
    if side == "other":
        word = "does not hold" if claim.voice == "reading" else "contradicted"
        return word, "the interval of the difference lies on the other side"
    if effect.low > 0 or effect.high < 0:
        return "inconclusive", f"the exact test does not agree (p = {effect.exact_p:.2g})"
    return "inconclusive", "the interval of the difference reaches across zero"


def _control(control: Comparison, claim: Order, values_of: ValuesOf) -> ControlOutcome:
    """Whether a control shows the effect, or is told apart from the model."""
    sign, effects = _sign(claim), _effects(control, claim, values_of)
    between = []
    for ours, others in _rivals_of_both(claim.compared_with or ("",), tuple(effects)):
        weights = _weights(claim, ours)
        weights.subtract(_weights(control, others))
        between.append(_difference(weights, claim, ours, values_of))
    least = min(between, key=lambda each: (each.is_enough, each.bounds(sign)[0]))
    shows = all(each.side(sign) == "claimed" for each in effects.values())
    if not least.is_enough:
        passes, reason = None, too_few(least.n, claim.least)
    elif least.side(sign) == "claimed":
        passes, reason = False, "shows it too, but clearly less" if shows else "does not show it"
    elif shows:
        passes, reason = True, "shows it as well"
    else:
        passes, reason = None, "does not show it, but cannot be told apart either"
    known = (least.n, *((least.mean, least.low, least.high) if least.n else ()))
    more = {"contrasts": effects, "too_few": not least.is_enough}
    return ControlOutcome(control.measures, passes, reason, *known, **more)


def _rivals_of_both(ours: tuple[str, ...], others: tuple[str, ...]) -> list[tuple[str, str]]:
    """Which rival of ours goes with which of the control: in order, else each with each."""
    if len(ours) == len(others):
        return list(zip(ours, others, strict=True))
    return [(one, other) for one in ours for other in others]


def _with_controls(reason: str, outcomes: Sequence[ControlOutcome]) -> tuple[str, str]:
    """`reproduced`, unless a control shows the same effect or cannot be told apart."""
    if passing := [each.name for each in outcomes if each.passes]:
        return "vacuous", f"{reason}, but {join(passing)} shows as much"
    if unknown := [f"{each.name} ({each.reason})" for each in outcomes if each.passes is None]:
        return "inconclusive", f"{reason}, but the control {join(unknown)} decides nothing"
    return "reproduced", f"{reason}; no control shows as much" if outcomes else reason


def _unasked(control: ControlOutcome) -> ControlOutcome:
    """A control of a claim that fails without it; one with too few runs is named all the same."""
    return control if control.too_few else replace(control, passes=None, reason=_NOT_ASKED)


def _p_of_claim(effects: Mapping[str, Difference], effect: Difference, side: str) -> float:
    """The largest p of all rivals where all must be beaten; that of the one that decides, else.

    A claim may be lost to any of its m rivals, which are as many chances of a false alarm, but all
    on one side: together at most m times half of a two-sided p. For two rivals that is the p of the
    one that decides, as it is printed; of more, it is raised by m / 2.
    """
    if side == "other":
        return min(1.0, max(1.0, len(effects) / 2) * effect.p)
    return max(each.p for each in effects.values())


def _on_side(claim: Order, values: Mapping[int, float]) -> int:
    """How many seeds lie on the claimed side."""
    return sum(_sign(claim) * value > 0 for value in values.values())


def _facts(claim: Order, effect: Difference) -> tuple[str, ...]:
    """How many seeds lie on the claimed side, which needs no statistics, and the exact test."""
    facts = []
    if values := effect.values:
        facts.append(f"{_on_side(claim, values)} of {effect.n} seeds lie on the claimed side")
    if effect.exact_p is not None:
        name = "rank-sum" if claim.unpaired else "signed-rank"
        facts.append(f"exact {name} test: p = {effect.exact_p:.2g}")
    return tuple(facts)

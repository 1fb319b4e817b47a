"""The strip plots of claims: of a verdict, and of what a verdict compares."""

import math

from markupsafe import Markup

from replication.claims import Claim
from replication.claims.tables import format_expected, format_ours
from replication.claims.verdicts import Judgement
from replication.site.evidence import Control, Evidence, Measure
from replication.site.strips import Scale, Strip, axis, draw, scale_of

Rows = list[tuple[str, Markup]]  # what a strip shows, and the strip


def verdict_strip(claim: Claim, found: Judgement) -> Strip | None:
    """What the verdict rests on; None for a picture, or where nothing was measured."""
    if claim.kind == "reader" or not found.values:
        return None
    if claim.kind == "value":
        return Strip(found.values, found.low, found.high, found.mean, claim.reported)
    if claim.kind == "exact":
        band = (claim.expected - claim.tolerance, claim.expected + claim.tolerance)
        return Strip(found.values, mean=found.mean, target=claim.expected, band=band)
    return _difference(found.values, found.low, found.high, found.mean, claim.direction)


def in_a_cell(slug: str, claim: Claim, found: Judgement) -> Markup:
    """The verdict's strip for a table; empty where there is none."""
    strip = verdict_strip(claim, found)
    if strip is None:
        return Markup("")
    return draw(strip, scale_of(strip.numbers), f"strip-{slug}-{claim.id}", _title(claim, found))


def verdict_figure(
    claim: Claim, found: Judgement, key: str = "verdict"
) -> tuple[Rows, Markup] | None:
    """The verdict's strip at full width with its axis."""
    strip = verdict_strip(claim, found)
    if strip is None:
        return None
    scale = scale_of(strip.numbers)
    label = "difference, paired by seed" if claim.kind == "order" else claim.measures
    shown = draw(strip, scale, f"strip-{key}", _title(claim, found), large=True)
    return [(label, shown)], axis(scale, strip.target)


def sides_figure(claim: Claim, evidence: Evidence) -> tuple[Rows, Markup] | None:
    """Everything that the claim compares, on one scale: what is measured, rivals, controls."""
    controls = [each for each in claim.controls if isinstance(each, str)]
    named = [*claim.judged, *controls]
    measures = [each for each in map(evidence.measure, named) if each.values]
    if len(measures) < 2:
        return None
    target = {"value": claim.reported, "exact": claim.expected}.get(claim.kind)
    strips = {each.name: Strip(each.values, mean=each.mean, target=target) for each in measures}
    scale = scale_of(number for strip in strips.values() for number in strip.numbers)
    return _rows(strips, scale, "side"), axis(scale, target)


def control_figure(claim: Claim, control: Control, number: int) -> tuple[Rows, Markup] | None:
    """The differences that a control of an order claim shows, beside zero."""
    strips = {
        f"{each.measured.name} less {each.rival.name}": _difference(
            each.differences,
            each.interval.low,
            each.interval.high,
            each.interval.mean,
            claim.direction,
        )
        for each in control.contrasts
        if each.interval is not None
    }
    if not strips:
        return None
    scale = scale_of(value for strip in strips.values() for value in strip.numbers)
    return _rows(strips, scale, f"control-{number}"), axis(scale, 0.0)


def measure_strip(measure: Measure, key: str) -> Markup:
    """All seeds of one measure, for a table."""
    if not measure.values:
        return Markup("")
    strip = Strip(measure.values, mean=measure.mean)
    return draw(strip, scale_of(strip.numbers), key, f"{measure.name} by seed")


def _difference(values, low: float, high: float, mean: float, direction: str) -> Strip:
    side = (0.0, math.inf) if direction == "greater" else (-math.inf, 0.0)
    return Strip(values, low, high, mean, target=0.0, band=side)


def _rows(strips: dict[str, Strip], scale: Scale, key: str) -> Rows:
    return [
        (name, draw(strip, scale, f"{key}-{index}", f"{name} by seed", large=True))
        for index, (name, strip) in enumerate(strips.items(), 1)
    ]


def _title(claim: Claim, found: Judgement) -> str:
    return f"{claim.id}: expected {format_expected(claim)}, ours {format_ours(claim, found)}"

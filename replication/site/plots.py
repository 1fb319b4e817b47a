"""The strip plots of claims: of a verdict, and of what a verdict compares."""

from markupsafe import Markup

from replication.claims import Claim
from replication.claims.kinds.judgement import ControlOutcome
from replication.claims.tables import Row
from replication.site.evidence import Evidence, Measure
from replication.site.strips import Scale, Strip, axis, draw, scale_of

Rows = list[tuple[str, Markup]]  # what a strip shows, and the strip


def verdict_strip(row: Row) -> Strip | None:
    """What the verdict rests on; None for a picture, or where nothing was measured by seed."""
    claim, found = row.claim, row.found
    if not found.values:
        return None
    low, high = (found.low, found.high) if claim.has_interval else (None, None)
    target = 0.0 if found.contrasts else claim.target
    return Strip(found.values, low, high, found.mean, target, claim.band)


def in_a_cell(row: Row) -> Markup:
    """The verdict's strip for a table; empty where there is none."""
    strip = verdict_strip(row)
    if strip is None:
        return Markup("")
    return draw(strip, scale_of(strip.numbers), f"strip-{row.slug}-{row.claim.id}", _title(row))


def verdict_figure(row: Row, key: str = "verdict") -> tuple[Rows, Markup] | None:
    """The verdict's strip at full width with its axis."""
    strip = verdict_strip(row)
    if strip is None:
        return None
    scale = scale_of(strip.numbers)
    label = "difference, paired by seed" if row.found.contrasts else row.claim.measures
    shown = draw(strip, scale, f"strip-{key}", _title(row), large=True)
    return [(label, shown)], axis(scale, strip.target)


def sides_figure(claim: Claim, evidence: Evidence) -> tuple[Rows, Markup] | None:
    """Everything that the claim compares, on one scale: what is measured, rivals, controls."""
    controls = [each for each in claim.controls if isinstance(each, str)]
    named = [*claim.judged, *controls]
    measures = [each for each in map(evidence.measure, named) if each.values]
    if len(measures) < 2:
        return None
    target = claim.target
    strips = {each.name: Strip(each.values, mean=each.mean, target=target) for each in measures}
    scale = scale_of(number for strip in strips.values() for number in strip.numbers)
    return _rows(strips, scale, "side"), axis(scale, target)


def control_figure(
    claim: Claim, control: ControlOutcome, number: int
) -> tuple[Rows, Markup] | None:
    """The differences that a control of a comparison shows, beside zero."""
    strips = {
        f"{control.name} less {rival}" if rival else control.name: Strip(
            each.values, each.low, each.high, each.mean, 0.0, claim.band
        )
        for rival, each in control.contrasts.items()
        if each.values
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


def _rows(strips: dict[str, Strip], scale: Scale, key: str) -> Rows:
    return [
        (name, draw(strip, scale, f"{key}-{index}", f"{name} by seed", large=True))
        for index, (name, strip) in enumerate(strips.items(), 1)
    ]


def _title(row: Row) -> str:
    return f"{row.claim.id}: expected {row.expected}, ours {row.ours}"

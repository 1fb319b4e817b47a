"""The strip plots of claims: of a verdict, and of what a verdict compares."""

from markupsafe import Markup

from replication.claims import Claim
from replication.claims.tables import Row
from replication.site.evidence import Evidence, Measure
from replication.site.strips import Scale, Strip, axis, draw, scale_of

Rows = list[tuple[str, Markup]]  # what a strip shows, and the strip


def verdict_strip(row: Row) -> Strip | None:
    """What the verdict rests on; None for a picture, or where nothing was measured."""
    claim, judgement = row.claim, row.judgement
    if judgement.mean is None:
        return None
    low, high = (judgement.low, judgement.high) if claim.has_interval else (None, None)
    target = 0.0 if judgement.contrasts else claim.target
    return Strip(judgement.values, low, high, judgement.mean, target, claim.band)


def in_a_cell(row: Row) -> Markup:
    """The verdict's strip for a table; empty where there is none."""
    strip = verdict_strip(row)
    if strip is None:
        return Markup("")
    return draw(strip, scale_of(strip.numbers), f"strip-{row.slug}-{row.claim.id}", _title(row))


def verdict_figure(
    row: Row, evidence: Evidence, key: str = "verdict"
) -> tuple[Rows, Markup] | None:
    """The verdict's strip at full width, on one scale with the controls that it is held against.

    Our interval is drawn across the rows of the controls.
    """
    strip = verdict_strip(row)
    if strip is None:
        return None
    label = row.claim.measures
    if row.judgement.contrasts:
        margin = row.claim.margin
        label = "the difference" + (f", and {margin:g} that may be lost" if margin else "")
    strips = {label: strip, **_controls(row, evidence)}
    scale = scale_of(number for each in strips.values() for number in each.numbers)
    return _rows(strips, scale, f"strip-{key}"), axis(scale, strip.target)


def _controls(row: Row, evidence: Evidence) -> dict[str, Strip]:
    """What each control shows; none for an identity, which a control misses by far."""
    claim, judgement, strips = row.claim, row.judgement, {}
    if not claim.has_interval:
        return strips
    target = 0.0 if judgement.contrasts else claim.target
    about = {"target": target, "band": claim.band, "across": (judgement.low, judgement.high)}
    for control in judgement.controls:
        for rival, each in control.contrasts.items():
            name = f"control: {control.name}" + (f" less {rival}" if rival else "")
            if each.n:
                strips[name] = Strip(each.values, each.low, each.high, each.mean, **about)
        if not control.contrasts:
            measure = evidence.measure(control.name)
            strips[f"control: {control.name}"] = Strip(measure.values, mean=measure.mean, **about)
    return {name: strip for name, strip in strips.items() if strip.mean is not None}


def sides_figure(claim: Claim, evidence: Evidence) -> tuple[Rows, Markup] | None:
    """What a comparison compares, or an identity and its controls, on one scale of its own."""
    controls = () if claim.has_interval else claim.controls
    measures = [each for each in map(evidence.measure, [*claim.sides, *controls]) if each.values]
    if len(measures) < 2:
        return None
    target = claim.target
    strips = {each.name: Strip(each.values, mean=each.mean, target=target) for each in measures}
    scale = scale_of(number for strip in strips.values() for number in strip.numbers)
    return _rows(strips, scale, "side"), axis(scale, target)


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

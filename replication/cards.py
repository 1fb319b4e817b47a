"""A claim as one card: its sentence, both sides with units, every seed as a dot, the verdict.

The same card stands in a notebook and on the page of its article. It is HTML that says all of it
without its styles and its dots too, since some viewers strip both; whatever comes from a file is
escaped.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import takewhile

from replication.claims import Claim
from replication.claims.differences import ValuesOf
from replication.claims.kinds.judgement import Judgement
from replication.claims.tables import certainty

DIGITS = 3  # of a number that people read
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_OURS, _THEIRS, _QUIET = "#0072B2", "#D55E00", "#767676"  # dots; what is printed; controls
_HEIGHT, _RADIUS, _MARGIN = 22, 4, 4  # of a row of dots, in pixels; of its width, in per cent
_IN_WORDS = {"vacuous": "test too weak"}
_CODE = re.compile(r"`([^`]+)`")
_BORDERS = {"reproduced": "#2a9d74", "inconclusive": "#a6abb0", "shown": "#7c8fd6"}
_WITHOUT_NEWS = ("reproduced", "inconclusive")  # of these fewer ask why than of other verdicts
_OTHER_BORDER = "#e07b39"  # whatever did not come out as the article has it


@dataclass(frozen=True)
class Words:
    """How a card speaks of its numbers.

    `quantity` follows the numbers, such as "of the variance lost"; `names` are what the rows are
    called, by "experiment/metric". What is not given is made from the names of the metrics.
    """

    quantity: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    label: str
    values: Mapping[int, float]
    role: str  # "ours", "rival" or "control"


def is_share(unit: str) -> bool:
    """Whether a number of this unit is read as per cent."""
    return unit == "fraction" or unit.startswith("share of ")


def in_digits(value: float, unit: str = "", digits: int = DIGITS) -> str:
    """A number as people read it: three significant digits, a fraction of one as per cent.

    >>> in_digits(0.0843219, "fraction"), in_digits(50992), in_digits(1.2e-06), in_digits(-0.5)
    ('8.43 %', '50,992', '1.20 × 10⁻⁶', '−0.500')
    """
    if not math.isfinite(value):
        return "–"
    if is_share(unit):
        value = 100 * value
    sign, size = "−" if value < 0 else "", abs(float(value))
    per_cent = " %" if is_share(unit) else ""
    if size == 0:
        return f"0{per_cent}"
    exponent = math.floor(math.log10(size))
    if exponent < -4:
        mantissa = size / 10.0**exponent
        power = str(exponent).translate(_POWERS)
        return f"{sign}{mantissa:.{digits - 1}f} × 10{power}{per_cent}"
    counted = size.is_integer() and not per_cent
    return f"{sign}{size:,.{0 if counted else max(digits - 1 - exponent, 0)}f}{per_cent}"


def in_words(verdict: str) -> str:
    """The verdict as people read it: some are known only to who signs them."""
    return _IN_WORDS.get(verdict, verdict)


def render(
    claim: Claim,
    found: Judgement,
    values_of: ValuesOf,
    units: Mapping[str, str],
    words: Words | None = None,
    *,
    name: str | None = None,
    explanation: str | None = None,
) -> str:
    """The card as HTML; empty where nothing was run, since a box of its own lists such claims.

    Why it came out so stands behind a fold where it came out as the article has it, or is open,
    and where the claim is our reading: pages are read in ten minutes.

    Args:
        claim: The claim.
        found: Its judgement.
        values_of: Values by seed of an "experiment/metric".
        units: Unit of each "experiment/metric", as in `metrics.csv`.
        words: How to speak of its numbers.
        name: HTML in place of the claim's id, such as a link to its page.
        explanation: HTML in place of the explanation, such as one with links.
    """
    if claim.is_counted and not found.n:
        return ""
    words = words or Words()
    rows, unit = _rows(claim, values_of, words), units.get(claim.measures or "", "")
    why = _inline(found.explanation) if explanation is None else explanation
    folded = claim.voice == "reading" or found.verdict in _WITHOUT_NEWS
    summary = escape(headline(claim, found, values_of, units, words)) or why
    verdict = f"<strong>{escape(in_words(found.verdict).capitalize())}.</strong>"
    parts = [
        f'<p class="says"><strong>{_inline(claim.says)}</strong> '
        f"<small>{name or f'<code>{escape(claim.id)}</code>'}</small></p>",
        f'<p class="verdict">{verdict} {summary}</p>',
        _dots(claim, found, rows, unit),
        f'<p class="why">{why}</p>' if why not in ("", summary) and not folded else "",
        _details(claim, found, why if folded else ""),
    ]
    border = _BORDERS.get(found.verdict, _OTHER_BORDER)
    style = f"border-left:4px solid {border};padding:.1em 0 .1em 1em;margin:1em 0 1.5em"
    kind = re.sub(r"[^a-z]+", "-", found.verdict.lower())
    return f'<div class="card v-{kind}" style="{style}">{"".join(parts)}</div>'


def plain(claim: Claim, found: Judgement, values_of: ValuesOf, units: Mapping[str, str]) -> str:
    """The card in plain text, for a terminal, and to see whether a stored card is out of date."""
    lines = [f"{claim.id}: {claim.says}", headline(claim, found, values_of, units)]
    lines.append(f"{found.verdict}. {claim.answer(found)} {found.explanation}")
    return "\n".join(line.strip() for line in lines if line.strip())


def headline(
    claim: Claim,
    found: Judgement,
    values_of: ValuesOf,
    units: Mapping[str, str],
    words: Words | None = None,
) -> str:
    """Both sides in a line: 8.43 % against 22.0 % of the variance lost; less on 5 of 5 seeds."""
    if not claim.is_counted:
        return ""
    words = words or Words()
    rows, unit = _rows(claim, values_of, words), units.get(claim.measures, "")
    ours, rivals = rows[0], [row for row in rows[1:] if row.role == "rival"]
    if not ours.values:
        return "Not run yet."
    quantity = words.quantity or _quantity(claim, unit)
    if claim.kind == "exact":
        low, high = min(ours.values.values()), max(ours.values.values())
        span = in_digits(low, unit) + (f" to {in_digits(high, unit)}" if low != high else "")
        within = f"; expected {in_digits(claim.expected, unit)}"
        within += f" ± {in_digits(claim.tolerance, unit)}" if claim.tolerance else ""
        return f"{span} {quantity}{within}; {_seeds(len(ours.values))}."
    if claim.kind == "value":
        return _headline_of_value(claim, list(ours.values.values()), unit, quantity)
    numbers = _distinct([_mean(row) for row in (ours, *rivals) if row.values], unit)
    if claim.benchmark is not None:
        numbers.append(in_digits(claim.benchmark, unit))
    against = " and ".join(numbers[1:]) or "nothing yet"
    text = f"{numbers[0]} against {against} {quantity}"
    sign = 1 if claim.direction == "greater" else -1
    kept = sum(sign * each > 0 for each in found.values.values())
    if found.values:
        text += f"; {'more' if sign > 0 else 'less'} on {kept} of {_seeds(len(found.values))}"
    return f"{text}."


def _headline_of_value(claim: Claim, values: list[float], unit: str, quantity: str) -> str:
    mean, reached = math.fsum(values) / len(values), sum(each >= claim.reported for each in values)
    text = f"The article has {in_digits(claim.reported, unit)} {quantity}; ours is "
    text += in_digits(mean, unit)
    if len(values) > 1:
        text += (
            f" in the mean of {_seeds(len(values))}, {in_digits(min(values), unit)} to "
            f"{in_digits(max(values), unit)}; {reached} of {len(values)} reach the printed number"
        )
    return f"{text}."


def _details(claim: Claim, found: Judgement, why: str) -> str:
    """Why so, where it stands, how it is measured, and how sure it is; behind a fold."""
    told = [f"In the article: {claim.locator}.", f"How we measure: {claim.because.rstrip('.')}."]
    if claim.is_counted:
        told += [f"Ours: {claim.ours(found)}.", claim.answer(found), certainty(claim, found)]
    summary = "Why, where, how measured, how sure" if why else "Where, how measured, how sure"
    return (
        f"<details><summary>{summary}</summary>{f'<p>{why}</p>' if why else ''}"
        f"<p><small>{_inline(' '.join(told))}</small></p></details>"
    )


def _rows(claim: Claim, values_of: ValuesOf, words: Words) -> list[_Row]:
    """What is measured, what it is held against, and controls, each with its seeds."""
    if not claim.is_counted:
        return []
    shown = [each for each in claim.references if each != getattr(claim, "image_error", "")]
    names = _labels(tuple(shown))
    rows = []
    for reference in shown:
        judged = reference in claim.judged
        role = "ours" if reference == claim.measures else "rival" if judged else "control"
        label = words.names.get(reference, names[reference])
        label = f"control: {label}" if role == "control" and "control" not in label else label
        rows.append(_Row(label, values_of(reference), role))
    return rows


def _labels(references: tuple[str, ...]) -> dict[str, str]:
    """What tells these names apart, in words: "rule" and "shuffled" of `…/rule_unexplained`.

    >>> _labels(("a-run/rule_lost", "a-run/mixed_lost"))
    {'a-run/rule_lost': 'rule', 'a-run/mixed_lost': 'mixed'}
    """
    split = {name: re.split(r"[-_/]", name) for name in references}
    first, last = _common(split.values()), _common([each[::-1] for each in split.values()])
    found = {}
    for name, tokens in split.items():
        own = tokens[first : len(tokens) - last] or tokens[first:] or tokens
        found[name] = " ".join(own)
    return found


def _common(lists) -> int:
    """How many leading tokens these lists share; at least one token of each is left."""
    lists = list(lists)
    shared = sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, zip(*lists, strict=False)))
    return min(shared, min(map(len, lists)) - 1)


def _quantity(claim: Claim, unit: str) -> str:
    """The metric in words, with its unit where the number does not carry it."""
    metrics = [reference.split("/")[1].split("_") for reference in claim.judged]
    own = [each[::-1] for each in metrics]
    shared = metrics[0] if len(set(map(tuple, metrics))) == 1 else own[0][: _common(own)][::-1]
    name = " ".join(shared or metrics[0])
    return f"({name})" if not unit or is_share(unit) else f"({name}, {unit})"


def _mean(row: _Row) -> float:
    return math.fsum(row.values.values()) / len(row.values)


def _distinct(numbers: list[float], unit: str) -> list[str]:
    """The numbers with three digits, or as many more as tell them apart, five at most."""
    for digits in range(DIGITS, DIGITS + 3):
        texts = [in_digits(each, unit, digits) for each in numbers]
        if len(set(texts)) == len(set(numbers)):
            break
    return texts


def _seeds(count: int) -> str:
    return f"{count} seed{'s' * (count != 1)}"


def _inline(text: str) -> str:
    """A text as HTML, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def _dots(claim: Claim, found: Judgement, rows: list[_Row], unit: str) -> str:
    """A table: a row for each side, with its mean and its seeds as dots on one scale."""
    if not rows or not rows[0].values:
        return ""
    rows = [row for row in rows if row.values]
    numbers = [each for row in rows for each in row.values.values()]
    band = None
    if claim.kind == "value":
        numbers.append(claim.reported)
        if found.low is not None and found.high is not None and found.n > 1:
            band = (found.low, found.high)
            numbers += band
    low, high = min(numbers), max(numbers)
    half = (high - low) or abs(low) or 1.0
    scale = (low - _MARGIN / 100 * half, high + _MARGIN / 100 * half)
    lines = []
    if claim.kind == "value":
        own = _svg([], scale, claim.reported, None, f"printed: {in_digits(claim.reported, unit)}")
        lines.append(_line("printed in the article", in_digits(claim.reported, unit), own))
    shown = _distinct([_mean(row) for row in rows], unit)
    for row, text in zip(rows, shown, strict=True):
        target = claim.reported if claim.kind == "value" else None
        spoken = f"{row.label}: " + ", ".join(in_digits(v, unit, 4) for v in row.values.values())
        own = _svg(row, scale, target, band if row.role == "ours" else None, spoken)
        lines.append(_line(row.label, text, own))
    return f'<table class="dots" width="100%"><tbody>{"".join(lines)}</tbody></table>'


def _line(label: str, mean: str, svg: str) -> str:
    return (
        f'<tr><th scope="row" align="left">{escape(label)}</th>'
        f'<td class="number" align="right">{escape(mean)}</td>'
        f'<td class="seeds" width="55%">{svg}</td></tr>'
    )


def _svg(row, scale, target: float | None, band, spoken: str) -> str:
    """Dots of one row; sizes in pixels and places in per cent, so that dots stay round."""

    def at(value: float) -> str:
        return f"{100 * (value - scale[0]) / (scale[1] - scale[0]):.2f}%"

    middle, parts = _HEIGHT / 2, []
    if band is not None:
        width = 100 * (band[1] - band[0]) / (scale[1] - scale[0])
        parts.append(
            f'<rect x="{at(band[0])}" y="3" width="{width:.2f}%" height="{_HEIGHT - 6}" '
            f'fill="{_OURS}" fill-opacity=".15"/>'
        )
    parts.append(
        f'<line x1="0" x2="100%" y1="{middle}" y2="{middle}" stroke="currentColor" '
        'stroke-opacity=".15"/>'
    )
    if target is not None:
        parts.append(
            f'<line x1="{at(target)}" x2="{at(target)}" y1="0" y2="{_HEIGHT}" stroke="{_THEIRS}" '
            'stroke-width="2" stroke-dasharray="4 2"/>'
        )
    if row:
        color, mean = _QUIET if row.role == "control" else _OURS, at(_mean(row))
        parts += [
            f'<circle cx="{at(value)}" cy="{middle}" r="{_RADIUS}" fill="{color}" '
            f'fill-opacity=".6"><title>seed {seed}: {value:.6g}</title></circle>'
            for seed, value in row.values.items()
        ]
        parts.append(
            f'<line x1="{mean}" x2="{mean}" y1="2" y2="{_HEIGHT - 2}" stroke="currentColor" '
            'stroke-width="2"/>'
        )
    return (
        f'<svg role="img" aria-label="{escape(spoken, quote=True)}" width="100%" '
        f'height="{_HEIGHT}" style="overflow:visible">{"".join(parts)}</svg>'
    )

"""A claim as one card: its sentence, both sides with units, every seed as a dot, the verdict.

The same card stands in a notebook and on the page of its article. It is HTML that says all of it
without its styles and its dots too, since some viewers strip both; whatever comes from a file is
escaped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import takewhile
from statistics import fmean

from replication.claims import Claim
from replication.claims.differences import ValuesOf
from replication.claims.kinds.claim import Sides
from replication.claims.kinds.judgement import Judgement
from replication.claims.numbers import distinct, in_digits, is_share
from replication.claims.tables import certainty

_OURS, _THEIRS, _QUIET = "#0072B2", "#D55E00", "#767676"  # dots; what is printed; controls
_HEIGHT, _RADIUS, _MARGIN = 22, 4, 4  # of a row of dots, in pixels; of its width, in per cent
_IN_WORDS = {"vacuous": "test too weak"}
_COUNTED = {  # of one, and of more; else "is" and "are" before the word
    "does not hold": ("does not hold", "do not hold"),
    "no difference": ("shows no difference", "show no difference"),
    "vacuous": ("has too weak a test", "have too weak a test"),
}
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[(\*?)([^]]*?)\1\]\((https?://[^\s()]+)\)")
_BORDERS = {  # as the chips of the site
    "reproduced": "#2a9d74",
    "contradicted": "#e07b39",
    "does not hold": "#e07b39",
    "not reproduced": "#c8556d",
    "no difference": "#c8556d",
    "vacuous": "#dcb63c",
    "optimistic": "#dcb63c",
    "pessimistic": "#dcb63c",
    "inconclusive": "#a6abb0",
    "shown": "#7c8fd6",
}
_WITHOUT_NEWS = ("reproduced", "inconclusive")  # of these fewer ask why than of other verdicts


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


def in_words(verdict: str) -> str:
    """The verdict as people read it: some are known only to who signs them."""
    return _IN_WORDS.get(verdict, verdict)


def counted(verdict: str, n: int) -> str:
    """How many claims came to a verdict, as a sentence has it.

    >>> counted("reproduced", 10), counted("does not hold", 1), counted("does not hold", 2)
    ('10 are reproduced', '1 does not hold', '2 do not hold')
    """
    forms = _COUNTED.get(verdict, (f"is {verdict}", f"are {verdict}"))
    return f"{n} {forms[n != 1]}"


def render(
    claim: Claim,
    judgement: Judgement,
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
        judgement: Its judgement.
        values_of: Values by seed of an "experiment/metric".
        units: Unit of each "experiment/metric", as in `metrics.csv`.
        words: How to speak of its numbers.
        name: HTML in place of the claim's id, such as a link to its page.
        explanation: HTML in place of the explanation, such as one with links.
    """
    if claim.is_counted and not judgement.n:
        return ""
    words = words or Words()
    rows, unit = _rows(claim, values_of, words), units.get(claim.measures or "", "")
    why = _inline(judgement.explanation) if explanation is None else explanation
    folded = claim.voice == "reading" or judgement.verdict in _WITHOUT_NEWS
    summary = escape(headline(claim, judgement, values_of, units, words)) or why
    verdict = escape(claim.with_caveat(in_words(judgement.verdict).capitalize()))
    parts = [
        f'<p class="says"><strong>{_inline(claim.says)}</strong> '
        f"<small>{name or f'<code>{escape(claim.id)}</code>'}</small></p>",
        f'<p class="verdict"><strong>{verdict}.</strong> {summary}</p>',
        _dots(claim, judgement, rows, unit),
        f'<p class="why">{why}</p>' if why not in ("", summary) and not folded else "",
        _details(claim, judgement, why if folded else ""),
    ]
    border = f"border-left:4px solid {_BORDERS[judgement.verdict]}"
    style = f"{border};padding:.1em 0 .1em 1em;margin:1em 0 1.5em"
    kind = re.sub(r"[^a-z]+", "-", judgement.verdict.lower())
    return f'<div class="card v-{kind}" style="{style}">{"".join(parts)}</div>'


def plain(claim: Claim, judgement: Judgement, values_of: ValuesOf, units: Mapping[str, str]) -> str:
    """The card in plain text, for a terminal, and to see whether a stored card is out of date."""
    lines = [f"{claim.id}: {claim.says}", headline(claim, judgement, values_of, units)]
    verdict, why = claim.with_caveat(judgement.verdict), judgement.explanation
    lines.append(f"{verdict}. {claim.answer(judgement)} {why}")
    return "\n".join(line.strip() for line in lines if line.strip())


def headline(
    claim: Claim,
    judgement: Judgement,
    values_of: ValuesOf,
    units: Mapping[str, str],
    words: Words | None = None,
) -> str:
    """Both sides in a line: 8.43 % against 22.0 % of the variance lost; lower on 5 of 5 seeds."""
    if not claim.is_counted:
        return ""
    ours, unit = values_of(claim.measures), units.get(claim.measures, "")
    if not ours:
        return "Not run yet."
    quantity = (words or Words()).quantity or _quantity(claim, unit)
    rivals = tuple(values_of(each) for each in claim.rivals)
    return claim.headline(judgement, Sides(ours, rivals, unit, quantity))


def _details(claim: Claim, judgement: Judgement, why: str) -> str:
    """Why so, where it stands, how it is measured, and how sure it is; behind a fold."""
    told = [f"In the article: {claim.locator}.", f"How we measure: {claim.because.rstrip('.')}."]
    if claim.is_counted:
        told += [f"Ours: {claim.ours(judgement)}.", claim.answer(judgement)]
        told.append(certainty(claim, judgement))
    summary = "Why, where, how measured, how sure" if why else "Where, how measured, how sure"
    return (
        f"<details><summary>{summary}</summary>{f'<p>{why}</p>' if why else ''}"
        f"<p><small>{_inline(' '.join(told))}</small></p></details>"
    )


def _rows(claim: Claim, values_of: ValuesOf, words: Words) -> list[_Row]:
    """What is measured, what it is held against, and controls, each with its seeds."""
    if not claim.is_counted:
        return []
    shown = [each for each in claim.references if each in claim.sides or each not in claim.judged]
    names = _labels(tuple(shown))
    rows = []
    for reference in shown:
        rival = reference in claim.rivals
        role = "ours" if reference == claim.measures else "rival" if rival else "control"
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
    return {
        name: " ".join(tokens[first : len(tokens) - last] or tokens[first:] or tokens)
        for name, tokens in split.items()
    }


def _common(lists) -> int:
    """How many leading tokens these lists share; at least one token of each is left."""
    lists = list(lists)
    shared = sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, zip(*lists, strict=False)))
    return min(shared, min(map(len, lists)) - 1)


def _quantity(claim: Claim, unit: str) -> str:
    """The metric in words, with its unit where the number does not carry it."""
    metrics = [reference.split("/")[1].split("_") for reference in claim.sides]
    own = [each[::-1] for each in metrics]
    shared = metrics[0] if len(set(map(tuple, metrics))) == 1 else own[0][: _common(own)][::-1]
    name = " ".join(shared or metrics[0])
    return f"({name})" if not unit or is_share(unit) else f"({name}, {unit})"


def _inline(text: str) -> str:
    """A text as HTML, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def with_links(text: str) -> str:
    """A text as HTML, its links of Markdown to other sites among it; the rest is escaped.

    >>> with_links("Others, [*On < and >*](https://example.org) (2016)")
    'Others, <a href="https://example.org">On &lt; and &gt;</a> (2016)'
    """
    return _LINK.sub(r'<a href="\3">\2</a>', escape(text))


def _dots(claim: Claim, judgement: Judgement, rows: list[_Row], unit: str) -> str:
    """A table: a row for each side, with its mean and its seeds as dots on one scale."""
    if not rows or not rows[0].values:
        return ""
    rows = [row for row in rows if row.values]
    numbers = [each for row in rows for each in row.values.values()]
    band, target = None, claim.printed
    if target is not None:
        numbers.append(target)
        if judgement.low is not None and judgement.high is not None and judgement.n > 1:
            band = (judgement.low, judgement.high)
            numbers += band
    low, high = min(numbers), max(numbers)
    margin = _MARGIN / 100 * ((high - low) or abs(low) or 1.0)
    scale = (low - margin, high + margin)
    lines = []
    if target is not None:
        text = in_digits(target, unit)
        own = _svg(None, scale, target, None, f"printed: {text}")
        lines.append(_line("printed in the article", text, own))
    shown = distinct([fmean(row.values.values()) for row in rows], unit)
    for row, text in zip(rows, shown, strict=True):
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


def _svg(
    row: _Row | None,
    scale: tuple[float, float],
    target: float | None,
    band: tuple[float, float] | None,
    spoken: str,
) -> str:
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
        color, mean = _QUIET if row.role == "control" else _OURS, at(fmean(row.values.values()))
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

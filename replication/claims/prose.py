"""Numbers in sentences, bound to the rows they come from.

In a claim's `explanation` a measured number is written as its source, and the
number is put there whenever the text is shown:

    {experiment/metric}               the mean over all committed seeds of profile full
    {experiment/metric:.1%}           the same, as "68.6 %"
    {experiment/a - other/b:.1p}      a difference, in points (hundredths)
    {experiment/a / b:.2f}            a ratio; a metric alone is one of the first experiment

Formats are Python's (`.2f`, `.3g`, `+.1f`, `.1%`) and `p`, per cent without its
sign. A literal brace is doubled. In a Markdown document the number itself has
to stand, so that it can be read unrendered, between comments that Markdown hides:

    <!-- =experiment/metric:.1% -->68.6 %<!-- / -->

`make report` rewrites it, `make check` names it when it is stale.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from replication.claims.differences import ValuesOf
from replication.claims.schema import MEASURE, ClaimError
from replication.results import format_value

NOT_MEASURED = "(not measured yet)"
_WRITTEN = (
    "'experiment/metric', 'experiment/a - other/b' or 'experiment/a / b', then a format such as "
    "':.1%', ':.2f', ':.3g' or ':.1p'"
)
_METRIC = MEASURE.pattern.split("/")[1]
_BOUND = re.compile(
    rf"(?P<first>{MEASURE.pattern})"
    rf"(?:\s+(?P<sign>[-/])\s+(?P<second>{MEASURE.pattern}|{_METRIC}))?"
    r"(?::(?P<form>\+?,?\.\d[efgp%]))?"
)
_BRACES = re.compile(r"\{\{|\}\}|\{(?P<inside>[^{}]*)\}|[{}]")
_MARKED = re.compile(
    r"```.*?```|`[^`\n]*`"  # code shows the syntax and is left alone
    r"|<!-- =(?P<inside>(?:(?!-->).)*?) -->(?P<shown>(?:(?!<!--).)*?)<!-- / -->"
    r"|(?P<stray><!-- (?:=|/ -->))",
    re.DOTALL,
)
_BEGINS_LINE = re.compile(r"\s*(?:[-*+>]|\d+[.)])?\s*")


@dataclass(frozen=True)
class Bound:
    """A number of a text: what it is computed from, and how it is written.

    `references` are one or two "experiment/metric"; `sign` is "" for one, else
    "-" or "/".
    """

    references: tuple[str, ...]
    sign: str = ""
    form: str = ""

    def __str__(self) -> str:
        """The binding as it is written, braces aside."""
        return f" {self.sign} ".join(self.references) + (f":{self.form}" if self.form else "")


@dataclass(frozen=True)
class Marked:
    """A number that stands in a document: where, bound to what, and what is written there."""

    line: int
    bound: Bound
    shown: str


def parse(text: str) -> list[str | Bound]:
    """A text as pieces of plain text and bound numbers, in order.

    Raises:
        ClaimError: If a brace is neither doubled nor part of a binding.

    >>> parse("It reaches {demo-run/purity:.1%}.")
    ['It reaches ', Bound(references=('demo-run/purity',), sign='', form='.1%'), '.']
    """
    pieces, plain, end = [], "", 0
    for match in _BRACES.finditer(text):
        plain += text[end : match.start()]
        end = match.end()
        if match["inside"] is not None:
            pieces += [*([plain] if plain else []), parse_bound(match["inside"])]
            plain = ""
        elif len(match[0]) == 2:
            plain += match[0][0]
        else:
            near = text[max(0, match.start() - 20) : end + 20]
            raise ClaimError(
                f"expected braces around {_WRITTEN}, or doubled, received a single one in {near!r}"
            )
    plain += text[end:]
    return [*pieces, *([plain] if plain else [])]


def parse_bound(written: str) -> Bound:
    """One binding, without its braces or comment marks.

    Raises:
        ClaimError: If it is not written as a binding is.
    """
    match = _BOUND.fullmatch(" ".join(written.split()))
    if not match:
        raise ClaimError(f"expected {_WRITTEN}; received {written!r}")
    first, second = match["first"], match["second"]
    if second and "/" not in second:
        second = f"{first.split('/')[0]}/{second}"
    references = (first, second) if second else (first,)
    return Bound(references, match["sign"] or "", match["form"] or "")


def number(bound: Bound, values_of: ValuesOf) -> float | None:
    """The bound number, over the seeds that all of its references have; None where there is none.

    A difference is that of the means, which is the mean of the paired
    differences; a ratio is that of the means.
    """
    values = [values_of(reference) for reference in bound.references]
    seeds = sorted(set.intersection(*map(set, values)))
    if not seeds:
        return None
    means = [math.fsum(each[seed] for seed in seeds) / len(seeds) for each in values]
    if not bound.sign:
        return means[0]
    if bound.sign == "-":
        return means[0] - means[1]
    return means[0] / means[1] if means[1] else None


def show(bound: Bound, values_of: ValuesOf) -> str:
    """The bound number as it is written in its sentence; says so where it is not measured."""
    value = number(bound, values_of)
    if value is None:
        return NOT_MEASURED
    if not bound.form:
        return format_value(value)
    plus, form, kind = "+" * bound.form.startswith("+"), bound.form.strip("+efgp%"), bound.form[-1]
    if kind in "%p":
        return f"{100 * value:{plus}z{form}f}" + " %" * (kind == "%")  # z: no minus before a zero
    return f"{value:{plus}z{form}{kind}}"


def fill(text: str, values_of: ValuesOf) -> str:
    """The text with every number in its place.

    Raises:
        ClaimError: If a brace is neither doubled nor part of a binding.
    """
    return "".join(
        piece if isinstance(piece, str) else show(piece, values_of) for piece in parse(text)
    )


def missing(text: str, values_of: ValuesOf) -> list[str]:
    """The bindings of a text that have no number, as they are written."""
    bounds = [piece for piece in parse(text) if isinstance(piece, Bound)]
    return [str(bound) for bound in bounds if number(bound, values_of) is None]


def marked(text: str, source: str) -> Iterator[Marked]:
    """The marked numbers of a Markdown document, in order.

    Raises:
        ClaimError: Naming the line, if a mark is not closed, begins a line (Markdown
            would end the paragraph there), or holds no binding.
    """
    for match in _MARKED.finditer(text):
        if match["inside"] is None and match["stray"] is None:
            continue
        line = text.count("\n", 0, match.start()) + 1
        if match["stray"]:
            raise ClaimError(
                f"{source}:{line}: expected <!-- =experiment/metric:.1% -->number<!-- / -->, "
                f"received {text[match.start() :].splitlines()[0]!r}; complete the mark"
            )
        if _BEGINS_LINE.fullmatch(text[: match.start()].rpartition("\n")[2]):
            raise ClaimError(
                f"{source}:{line}: expected a word before the mark, received a line that begins "
                "with it; Markdown takes such a line for HTML, so break the line elsewhere"
            )
        try:
            bound = parse_bound(match["inside"])
        except ClaimError as error:
            raise ClaimError(f"{source}:{line}: {error}") from error
        yield Marked(line, bound, match["shown"])


def refresh(text: str, values_of: ValuesOf, source: str) -> str:
    """The document with every marked number as it is measured.

    Raises:
        ClaimError: As `marked`, or if nothing is measured for a number.
    """
    numbers = iter(list(marked(text, source)))

    def replaced(match: re.Match) -> str:
        if match["inside"] is None:
            return match[0]
        each = next(numbers)
        if number(each.bound, values_of) is None:
            raise ClaimError(
                f"{source}:{each.line}: expected a measured number, received none for "
                f"{each.bound}; correct the name, or run it and `make accept`"
            )
        return f"<!-- ={match['inside']} -->{show(each.bound, values_of)}<!-- / -->"

    return _MARKED.sub(replaced, text)

"""The claims as people read them, rendered from committed files alone.

`verdicts.csv`, the table in README, and the words for one claim's numbers.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from replication.claims import Article, Claim, ClaimError, power
from replication.claims.intervals import MIN_SEEDS
from replication.claims.verdicts import Judgement
from replication.results import format_value

OURS = "ours: mean [95 % interval], n"
SEEDS_NEEDED = "seeds to decide"
_ODDS = "with mean and spread as they are, in four of five tries"
Judged = Mapping[tuple[str, str], Judgement]  # by (slug, claim id)
ANSWERS = {
    "reproduced": "Yes. It holds in our runs, and in no control.",
    "vacuous": "In form only. It holds in our runs, but for a control as well.",
    "not reproduced": "No. It lies outside of what our runs give.",
    "contradicted": "No. In our runs it is the other way round.",
    "inconclusive": "We cannot tell yet.",
    "shown": "A picture: look for yourself. It is never counted.",
}
_COLUMNS = [
    "article", "claim", "kind", "says", "expected", "mean", "low", "high", "n", "seeds_needed",
    "rests_on", "verdict",
]  # fmt: skip


def verdicts_frame(articles: Mapping[str, Article], judgements: Judged) -> pd.DataFrame:
    """One row per claim, as in `verdicts.csv`: `low` and `high` bound the 95 % interval.

    The interval is the prediction interval of one more seed; for an order
    claim that of the mean paired difference, and `mean` is that difference.
    `rests_on` names every measurement of the claim, its controls last, so that
    none is dropped unseen.
    """
    rows = []
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        expected = claim.reported if claim.expected is None else claim.expected
        numbers = (expected, found.mean, found.low, found.high, found.n)
        seeds, words = format_seeds_needed(claim, found), (slug, claim.id, claim.kind, claim.says)
        rests_on = "; ".join(claim.references) or "none"
        rows.append((*words, *numbers, seeds, rests_on, found.verdict))
    return pd.DataFrame(rows, columns=_COLUMNS)


def claims_of(articles: Mapping[str, Article]) -> Iterable[tuple[str, Claim]]:
    """Every claim with the slug of its article, in reading order."""
    return ((slug, claim) for slug, article in articles.items() for claim in article.claims)


def answer(claim: Claim, found: Judgement) -> str:
    """The verdict as the answer to a question."""
    if found.verdict == "reproduced" and not claim.controls:
        return "Yes. It holds in our runs. It has no control."
    return ANSWERS[found.verdict]


def format_expected(claim: Claim) -> str:
    """What our numbers are held against: a printed number, an identity, a side, or a picture."""
    if claim.kind == "value":
        return format_value(claim.reported)
    if claim.kind == "exact":
        return f"{format_value(claim.expected)} ± {format_value(claim.tolerance)}"
    return f"{claim.direction}, by seed" if claim.kind == "order" else "a picture"


def format_ours(claim: Claim, found: Judgement) -> str:
    """Our mean with its 95 % interval and the number of seeds; a difference for order claims.

    >>> format_ours(claim, judge(claim, measurements))  # doctest: +SKIP
    '0.7912 [0.7123, 0.8701], n = 5'
    """
    if claim.kind == "reader":
        return "see notebook"
    if found.mean is None:
        return "no run yet, n = 0"
    if claim.kind == "exact":  # judged seed by seed, at the digits of the tables
        return f"{found.mean:.6g}, n = {found.n}"
    sign = "+" if claim.kind == "order" else ""
    interval = f" [{found.low:{sign}.4g}, {found.high:{sign}.4g}]" if found.n > 1 else ""
    return f"{found.mean:{sign}.4g}{interval}, n = {found.n}"


def format_seeds_needed(claim: Claim, found: Judgement) -> str:
    """How many seeds would decide the claim, as a table shows it."""
    return "none" if claim.kind == "reader" else power.format_seeds(found.seeds_needed)


def power_line(claim: Claim, found: Judgement) -> str:
    """How sure the verdict is, in a sentence: what more seeds would do."""
    needed = format_seeds_needed(claim, found)
    if claim.kind == "reader":
        return "A picture is not counted, so no number of seeds decides it."
    if claim.kind == "exact":
        return "An identity holds for every seed or not at all, so one seed decides it."
    if found.n < MIN_SEEDS:
        return f"With n = {found.n} nothing is decided: {MIN_SEEDS} seeds at least are needed."
    if found.verdict == "inconclusive":
        if claim.kind == "value" or found.low > 0 or found.high < 0:
            return f"Undecided with n = {found.n}: {found.reason}."
        return f"Undecided with n = {found.n}; {needed} seeds would decide it, {_ODDS}."
    values = list(found.values.values())
    inside = claim.kind == "value" and found.low <= claim.reported <= found.high
    if inside and power.is_out_for_good(values, claim.reported):
        return (
            f"Inside only because {found.n} seeds leave the interval wide: {needed} seeds would "
            f"exclude the number, {_ODDS}."
        )
    if inside and found.verdict == "vacuous":
        return _power_of_vacuous(found, needed)
    return f"Decided with n = {found.n}; {needed} seeds decide it, {_ODDS}."


def _power_of_vacuous(found: Judgement, needed: str) -> str:
    if found.seeds_needed > found.n:
        return (
            f"Undecided with n = {found.n}, where a control passes as well; {needed} seeds would "
            f"decide it, {_ODDS}."
        )
    return (
        f"Decided with n = {found.n}: with mean and spread as they are, no number of seeds would "
        "exclude the number or the control."
    )


def in_words(claim: Claim, found: Judgement) -> str:
    """What came out, why, and how sure it is: a paragraph of Markdown for a notebook or a page."""
    return (
        f"`{claim.id}`: **{found.verdict}**. {answer(claim, found)} {found.explanation} "
        f"*{power_line(claim, found)}*"
    )


def format_reference(claim: Claim, found: Judgement) -> str:
    """How later runs are checked against ours: anew on every machine, or not by default."""
    if claim.kind == "reader":
        return "not judged"
    if not found.n:
        return "no reference yet"
    seeds = f"{found.n} seed{'s' * (found.n != 1)}"
    return f"{seeds}, run anew" if claim.core else f"{seeds}, read from results"


def markdown_table(articles: Mapping[str, Article], judgements: Judged) -> str:
    """The table of all claims for README, from committed files alone."""
    names = ("article", "claim", "expected", OURS, SEEDS_NEEDED, "verdict", "against ourselves")
    rows = []
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        cells = (
            f"[{articles[slug].number:02d} {slug}]({articles[slug].url})",
            f"`{claim.id}`: {claim.says}",
            format_expected(claim),
            format_ours(claim, found),
            format_seeds_needed(claim, found),
            f"**{found.verdict}**",
            format_reference(claim, found),
        )
        rows.append(cells)
    return markdown(names, rows)


def markdown(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def replace_table(text: str, name: str, table: str, source: str) -> str:
    """A text with the table between the markers of this name replaced.

    Args:
        text: A Markdown document with `<!-- name:begin -->` and `<!-- name:end -->`.
        name: Which table, such as `claims`.
        table: What belongs between the markers.
        source: Name of the document, for messages.

    Raises:
        ClaimError: If the markers are not there exactly once, in order.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    counts = text.count(begin), text.count(end)
    if counts != (1, 1) or text.index(begin) > text.index(end):
        raise ClaimError(
            f"{source}: expected the markers {begin} and {end} once each, in this order, received "
            f"{counts[0]} and {counts[1]}; put them where the table belongs"
        )
    before, rest = text.split(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"

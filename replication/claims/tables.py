"""A claim as every table shows it, and the tables that are rendered from committed files alone.

A row is built once: terminal, README, `verdicts.csv`, JSON and site print its cells.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from replication.claims import Article, Claim, ClaimError
from replication.claims.intervals import MAX_SEEDS
from replication.claims.kinds.judgement import Judgement
from replication.claims.numbers import count
from replication.results.schema import VERDICTS

OURS = "ours: mean [95 % interval], n"
SEEDS_NEEDED = "seeds to decide"
COLUMNS = ("article", "claim", "expected", OURS, SEEDS_NEEDED, "verdict", "stability")
Judged = Mapping[tuple[str, str], Judgement]  # by (slug, claim id)
VOICES = {"article": "What the articles claim", "reading": "What we read into them"}


@dataclass(frozen=True)
class Row:
    """A claim with its judgement, and its cells as they are printed everywhere."""

    slug: str
    claim: Claim
    judgement: Judgement
    expected: str
    ours: str
    seeds_needed: str
    verdict: str
    reference: str


def rows_of(articles: Mapping[str, Article], judgements: Judged) -> tuple[Row, ...]:
    """A row for every claim, in reading order."""
    return tuple(
        row_of(slug, claim, judgements[slug, claim.id]) for slug, claim in claims_of(articles)
    )


def row_of(slug: str, claim: Claim, judgement: Judgement) -> Row:
    """The cells of one claim."""
    return Row(
        slug,
        claim,
        judgement,
        claim.expectation,
        claim.ours(judgement),
        format_seeds(judgement),
        claim.with_caveat(judgement.verdict),
        _reference(claim, judgement),
    )


def claims_of(articles: Mapping[str, Article]) -> Iterable[tuple[str, Claim]]:
    """Every claim with the slug of its article, in reading order."""
    return ((slug, claim) for slug, article in articles.items() for claim in article.claims)


def format_seeds(judgement: Judgement) -> str:
    """How many seeds would decide a claim; a dash where it is decided."""
    if judgement.verdict != "inconclusive":
        return "–"
    if (needed := judgement.seeds_needed) is None:
        return "unknown"
    return f"over {MAX_SEEDS}" if math.isinf(needed) else str(int(needed))


def certainty(claim: Claim, judgement: Judgement) -> str:
    """What anybody can check by counting; where nothing is decided, why, and what would help."""
    if not claim.is_counted:
        return "A picture is shown and not counted."
    told = [f"{fact[0].upper()}{fact[1:]}." for fact in judgement.facts]
    if judgement.verdict == "inconclusive":
        told.append(f"Undecided: {judgement.reason}.")
        if judgement.seeds_needed is not None and judgement.seeds_needed > judgement.n:
            told.append(f"With mean and spread as they are, {_enough(judgement.seeds_needed)}.")
    elif not claim.controls:
        told.append("It has no control.")
    if claim.depends_on_settings:
        told.append(f"It depends on settings of ours: {claim.depends_on_settings}.")
    return " ".join(told)


def _enough(seeds: float) -> str:
    """How many seeds would decide a claim, in words."""
    if math.isinf(seeds):
        return f"even {MAX_SEEDS:,} seeds would not decide it"
    return f"{seeds:.0f} seeds would decide it"


def _reference(claim: Claim, judgement: Judgement) -> str:
    """How later runs are checked against ours: re-run on every machine, or not by default."""
    if not claim.is_counted:
        return "not judged"
    if not judgement.n:
        return "no reference yet"
    seeds = count(judgement.n, "seed")
    return f"{seeds}, re-run" if claim.core else f"{seeds}, read from results"


def verdicts_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """One row per claim, as in `verdicts.csv`: `low` and `high` bound the 95 % interval.

    The interval is the prediction interval of one more seed; for an order
    claim that of the mean difference, and `mean` is that difference.
    `rests_on` names every measurement of the claim, its controls last, so that
    none is dropped unseen.
    """
    cells = [
        (
            row.slug, claim.id, claim.voice, claim.kind, claim.says, claim.target,
            judgement.mean, judgement.low, judgement.high, judgement.n, row.seeds_needed,
            "; ".join(claim.references) or "none", judgement.verdict,
            claim.depends_on_settings or "no",
        )
        for row in rows
        for claim, judgement in [(row.claim, row.judgement)]
    ]  # fmt: skip
    return pd.DataFrame(cells, columns=list(VERDICTS.columns))


def markdown_table(articles: Mapping[str, Article], rows: Iterable[Row]) -> str:
    """The table of all claims, what the articles claim apart from what we read into them."""
    parts, rows = [], list(rows)
    for voice, title in VOICES.items():
        cells = [
            (
                articles[row.slug].linked(f"{articles[row.slug].number:02d} {row.slug}"),
                f"`{row.claim.id}`: {row.claim.says}",
                row.expected,
                row.ours,
                row.seeds_needed,
                row.claim.with_caveat(f"**{row.judgement.verdict}**"),
                row.reference,
            )
            for row in rows
            if row.claim.voice == voice
        ]
        if cells:
            parts.append(f"**{title}**\n\n{markdown(COLUMNS, cells)}")
    return "\n\n".join(parts)


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

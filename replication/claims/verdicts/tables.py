"""Verdicts as tables: `verdicts.csv` and the table in README.

Both are functions of committed files alone, so that a stale one can be told.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from replication.claims import Article, Claim, ClaimError
from replication.claims.verdicts.against_article import Judgement
from replication.results import format_value

README_BEGIN = "<!-- claims:begin -->"
README_END = "<!-- claims:end -->"
OURS = "ours: mean [95 % interval], n"
Judged = Mapping[tuple[str, str], Judgement]  # by (slug, claim id)
_COLUMNS = [
    "article", "claim", "kind", "says", "reported", "mean", "low", "high", "n", "verdict"
]  # fmt: skip


def verdicts_frame(articles: Mapping[str, Article], judgements: Judged) -> pd.DataFrame:
    """One row per claim, as in `verdicts.csv`: `low` and `high` bound the 95 % interval.

    The interval is the prediction interval of one more seed; for an order
    claim that of the mean paired difference, and `mean` is that difference.
    """
    rows = []
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        published = claim.reported if claim.expected is None else claim.expected
        numbers = (published, found.mean, found.low, found.high)
        rows.append((slug, claim.id, claim.kind, claim.says, *numbers, found.n, found.verdict))
    return pd.DataFrame(rows, columns=_COLUMNS)


def claims_of(articles: Mapping[str, Article]) -> Iterable[tuple[str, Claim]]:
    """Every claim with the slug of its article, in reading order."""
    return ((slug, claim) for slug, article in articles.items() for claim in article.claims)


def format_reported(claim: Claim) -> str:
    """What the article has for a number: itself, a side, an identity, or a picture."""
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
    sign = "+" if claim.kind == "order" else ""
    interval = f" [{found.low:{sign}.4g}, {found.high:{sign}.4g}]" if found.n > 1 else ""
    return f"{found.mean:{sign}.4g}{interval}, n = {found.n}"


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
    names = ("article", "claim", "reported", OURS, "verdict", "against ourselves")
    rows = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        cells = (
            f"[{articles[slug].number:02d} {slug}]({articles[slug].url})",
            f"`{claim.id}`: {claim.says}",
            format_reported(claim),
            format_ours(claim, found),
            f"**{found.verdict}**",
            format_reference(claim, found),
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def replace_table(readme: str, table: str, source: str) -> str:
    """The README text with the table between its two markers replaced.

    Raises:
        ClaimError: If the markers are not there exactly once, in order.
    """
    counts = readme.count(README_BEGIN), readme.count(README_END)
    if counts != (1, 1) or readme.index(README_BEGIN) > readme.index(README_END):
        raise ClaimError(
            f"{source}: expected the markers {README_BEGIN} and {README_END} once each, in this "
            f"order, received {counts[0]} and {counts[1]}; put them where the table belongs"
        )
    before, rest = readme.split(README_BEGIN)
    after = rest.split(README_END)[1]
    return f"{before}{README_BEGIN}\n{table}\n{README_END}{after}"

"""What the articles say, as data: one `<slug>.toml` for each article.

A claim names what it `measures` as "experiment/metric" and never how: this
half of the project judges numbers and cannot train. `verdicts` judges,
`report` renders what people read.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, Strict

from replication.claims import prose
from replication.claims.kinds import KINDS
from replication.claims.kinds.claim import (
    AnyText,
    Claim,
    Entry,
    Flag,
    Kebab,
    Line,
    Measure,
    Table,
    Text,
)
from replication.claims.kinds.order import Comparison
from replication.claims.schema import ClaimError, Lines, Written, parse, shown

__all__ = [
    "Alternative",
    "Article",
    "Claim",
    "ClaimError",
    "Comparison",
    "OpenDetail",
    "load",
    "slug_of",
]
Whole = Annotated[
    int, Field(gt=0, lt=10_000, description="a whole number > 0, of at most four digits")
]
Address = Annotated[  # it becomes a link, where `javascript:` would be a program
    str,
    Field(
        pattern=r"^https?://[^\s<>\"'`]+$",
        description="an address that starts with https:// or http://",
    ),
]


class Alternative(Table):
    """One other way to fill in an open detail, and what was measured with it."""

    what: Line
    measures: Measure


class OpenDetail(Entry):
    """Something the article leaves open: what we took, and what else a reader might take.

    `measures` is the number with our choice; each alternative names the same
    number with its own.
    """

    id: Kebab
    detail: Text
    locator: Text
    ours: Text
    measures: Measure
    alternatives: Annotated[
        tuple[Alternative, ...],
        Strict(False),
        Field(
            min_length=1,
            description="one or more tables with a text what of one line, and measures = "
            "'experiment/metric'",
        ),
    ]

    @property
    def references(self) -> tuple[str, ...]:
        """Everything the detail refers to as "experiment/metric"."""
        return (self.measures, *(other.measures for other in self.alternatives))


class _File(Table):
    """A claim file, its claims and open details not yet read."""

    slug: Kebab
    number: Whole
    title: Text
    author: Text
    year: Whole
    url: Address
    language: Text
    claims: Annotated[list[dict], Field(description="one or more [[claims]]")]
    link: Line = ""
    year_estimated: Flag = False
    notes: AnyText = ""
    open: Annotated[list[dict], Field(description="a list of [[open]]")] = []


class Article(_File):
    """One article with its claims and the details it leaves open, in the order of the file.

    `link` says what `url` leads to where that is not the article itself, such
    as "the post that it follows"; `year_estimated` is for a year that the
    article does not tell.
    """

    claims: tuple[Claim, ...]
    open: tuple[OpenDetail, ...] = ()
    path: Path

    @property
    def notebook(self) -> str:
        """The file of its notebook."""
        return f"{self.number:02d}_{self.slug}.ipynb"

    def linked(self, text: str) -> str:
        """A text in Markdown, a link where the address is the article's own."""
        return text if self.link else f"[{text}]({self.url})"


def slug_of(experiment: str, slugs: Iterable[str]) -> str | None:
    """The article that an experiment is named after, if it is one of these.

    >>> slug_of("deep-survey-dense", ["deep", "deep-survey", "deep-sur"])
    'deep-survey'
    """
    named = [slug for slug in slugs if experiment.startswith(f"{slug}-")]
    return max(named, key=len, default=None)


def load(directory: Path | None = None) -> dict[str, Article]:
    """All articles by slug, in reading order.

    Args:
        directory: Where the `<slug>.toml` are; None for this package.

    Raises:
        ClaimError: Naming file, line, claim and key, and what was expected.
    """
    directory = Path(__file__).parent if directory is None else Path(directory)
    if not directory.is_dir():
        raise ClaimError(f"{directory}: expected a folder of <slug>.toml files, found none")
    articles = sorted(map(_load_article, directory.glob("*.toml")), key=lambda a: a.number)
    for before, after in zip(articles, articles[1:], strict=False):
        if before.number == after.number:
            raise ClaimError(
                f"{after.path}: key 'number': expected a number of its own, received "
                f"{after.number}, which {before.path} has too; change one"
            )
    return {article.slug: article for article in articles}


def _load_article(path: Path) -> Article:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text, parse_float=Written)
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{path}: expected TOML, received text that is none: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ClaimError(f"{path}: expected a readable UTF-8 file, received: {error}") from error
    except (RecursionError, ValueError) as error:  # brackets nested deeply; endless numbers
        raise ClaimError(f"{path}: expected TOML of a claim file, received: {error}") from error
    lines = Lines(path, text)
    head = parse(_File, content, lines)
    if head.slug != path.stem:
        problem = (
            f"expected the name of the file, {path.stem!r}, received {head.slug!r}; rename one"
        )
        raise lines.error(problem, key="slug")
    claims = [_claim(entry, index, lines) for index, entry in enumerate(head.claims)]
    details = [
        parse(OpenDetail, entry, lines, index, table="open")
        for index, entry in enumerate(head.open)
    ]
    for table, entries in (("claims", claims), ("open", details)):
        for index, entry in enumerate(entries):
            entry._line = lines.of_entry(index, table)
            if entry.id in {other.id for other in entries[:index]}:
                problem = "expected an id of its own, received one used before"
                raise lines.error(problem, index, "id", table=table)
    read = {"claims": tuple(claims), "open": tuple(details), "path": path}
    return Article.model_construct(**{**dict(head), **read})


def _claim(entry: dict, index: int, lines: Lines) -> Claim:
    fields = dict(entry)
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        problem = f"expected one of {', '.join(KINDS)}, received {shown(kind)}"
        raise lines.error(f"{problem}; say what kind of claim it is", index, "kind")
    claim = parse(KINDS[kind], fields, lines, index)
    try:
        prose.parse(claim.explanation)
    except ClaimError as error:
        raise lines.error(str(error), index, "explanation") from error
    return claim

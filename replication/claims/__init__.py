"""What the articles say, as data: one `<slug>.toml` for each article.

A claim names what it `measures` as "experiment/metric" and never how: this
half of the project judges numbers and cannot train. `verdicts` judges,
`report` renders what people read.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from replication.claims import prose
from replication.claims.schema import ClaimError, Lines, check_article, check_claim, check_open

__all__ = [
    "Alternative",
    "Article",
    "Claim",
    "ClaimError",
    "Comparison",
    "Context",
    "OpenDetail",
    "load",
]


@dataclass(frozen=True)
class Comparison:
    """One measurement against one or more others, all of which it must differ from."""

    measures: str
    compared_with: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """A number from the literature, second-hand: printed beside ours, never judged."""

    label: str
    value: str
    source: str


@dataclass(frozen=True)
class Claim:
    """One thing an article holds, in our words, and how it is measured.

    `kind` decides which fields are set: `reported` (value), `compared_with`
    and `direction` (order), `expected` and `tolerance` (exact), `figure`
    (reader). `controls` are what must visibly fail the same test: measures
    for value and exact, comparisons for order. `verdict` is signed by a human
    and empty before that. `line` is where the claim starts in its file.
    """

    id: str
    says: str
    locator: str
    kind: str
    because: str
    line: int
    measures: str | None = None
    reported: float | None = None
    compared_with: tuple[str, ...] = ()
    direction: str | None = None
    expected: float | None = None
    tolerance: float | None = None
    figure: str | None = None
    controls: tuple[str | Comparison, ...] = ()
    context: tuple[Context, ...] = ()
    verdict: str = ""
    explanation: str = ""
    core: bool = True

    @property
    def judged(self) -> tuple[str, ...]:
        """What the verdict rests on, as "experiment/metric", controls aside."""
        return ((self.measures,) if self.measures else ()) + self.compared_with

    @property
    def references(self) -> tuple[str, ...]:
        """Everything the claim refers to as "experiment/metric", each once."""
        found = list(self.judged)
        for control in self.controls:
            if isinstance(control, Comparison):
                found += [control.measures, *control.compared_with]
            else:
                found.append(control)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Alternative:
    """One other way to fill in an open detail, and what was measured with it."""

    what: str
    measures: str


@dataclass(frozen=True)
class OpenDetail:
    """Something the article leaves open: what we took, and what else a reader might take.

    `measures` is the number with our choice; each alternative names the same
    number with its own.
    """

    id: str
    detail: str
    locator: str
    ours: str
    measures: str
    alternatives: tuple[Alternative, ...]
    line: int

    @property
    def references(self) -> tuple[str, ...]:
        """Everything the detail refers to as "experiment/metric"."""
        return (self.measures, *(other.measures for other in self.alternatives))


@dataclass(frozen=True)
class Article:
    """One article with its claims and the details it leaves open, in the order of the file.

    `link` says what `url` leads to where that is not the article itself, such
    as "the post that it follows"; `year_estimated` is for a year that the
    article does not tell.
    """

    slug: str
    number: int
    title: str
    author: str
    year: int
    url: str
    language: str
    claims: tuple[Claim, ...]
    path: Path
    link: str = ""
    year_estimated: bool = False
    notes: str = ""
    open: tuple[OpenDetail, ...] = ()


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
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{path}: expected TOML, received text that is none: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ClaimError(f"{path}: expected a readable UTF-8 file, received: {error}") from error
    except (RecursionError, ValueError) as error:  # brackets nested deeply; endless numbers
        raise ClaimError(f"{path}: expected TOML of a claim file, received: {error}") from error
    lines = Lines(path, text)
    check_article(content, lines)
    read = {"claims": (check_claim, _claim), "open": (check_open, _open)}
    entries = {}
    for table, (check, build) in read.items():
        found = []
        for index, entry in enumerate(content.get(table, ())):
            check(entry, index, lines)
            _check_numbers(entry, index, lines)
            found.append(build(entry, lines.of_entry(index, table)))
            if found[-1].id in {other.id for other in found[:-1]}:
                problem = "expected an id of its own, received one used before"
                raise lines.error(problem, index, "id", table=table)
        entries[table] = tuple(found)
    return Article(path=path, **{**content, **entries})


def _check_numbers(entry: dict, index: int, lines: Lines) -> None:
    """Raises ClaimError where the numbers of an explanation are not bound as they should be."""
    try:
        prose.parse(entry.get("explanation", ""))
    except ClaimError as error:
        raise lines.error(str(error), index, "explanation") from error


def _claim(table: dict, line: int) -> Claim:
    fields = dict(table)
    fields["compared_with"] = tuple(table.get("compared_with", ()))
    fields["context"] = tuple(Context(**entry) for entry in table.get("context", ()))
    fields["controls"] = tuple(
        control
        if isinstance(control, str)
        else Comparison(control["measures"], tuple(control["compared_with"]))
        for control in table.get("controls", ())
    )
    return Claim(line=line, **fields)


def _open(entry: dict, line: int) -> OpenDetail:
    alternatives = tuple(Alternative(**each) for each in entry["alternatives"])
    return OpenDetail(**{**entry, "alternatives": alternatives}, line=line)

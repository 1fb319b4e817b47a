"""Generated files and marked numbers that are not what the tables say, and how to say so."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication import results
from replication.claims import Article, ClaimError, prose
from replication.claims.tables import claims_of, replace_table

_UPDATE = "update it with `make report`"
_RESTORE = "put the markers back, or restore the file from git"


@dataclass(frozen=True)
class Problem:
    """One disagreement between files and numbers: of what, and how to fix it.

    `place` is the file and line to look at, where there is one. `measures` are the numbers of
    profile full that it puts in doubt, as "experiment/metric".
    """

    subject: str
    expected: str
    found: str
    fix: str
    place: tuple[Path, int] | None = None
    measures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Generated:
    """What follows from claims and tables alone, and is committed beside them.

    `ledger` are the rows of `ledger.csv`; `summaries` are that file and `verdicts.csv` by name;
    `tables` are Markdown tables by the name of their markers in a document; `values_of` finds the
    numbers that a sentence names.
    """

    ledger: pd.DataFrame
    summaries: Mapping[str, str]
    tables: Mapping[str, str]
    values_of: prose.ValuesOf


def stale_summaries(generated: Generated, root: Path) -> Iterator[Problem]:
    """Files beside the articles' folders that are not what the tables say."""
    for name, wanted in generated.summaries.items():
        path = root / name
        text = results.read_text(path) if path.is_file() else ""
        if text != wanted:
            differing = set(wanted.splitlines()[1:]) ^ set(text.splitlines()[1:])
            names = sorted({",".join(line.split(",")[:2]) for line in differing if line})
            yield Problem(
                str(path),
                "the rows as they are recomputed from the tables",
                f"other rows for {'; '.join(names)}" if text else "no file",
                _UPDATE,
                place=(path, 1),
            )


def stale_documents(generated: Generated, documents: Mapping[str, Path]) -> Iterator[Problem]:
    """Documents whose generated tables are not what the tables say."""
    for name, path in documents.items():
        what = f"the table {name!r}"
        if not path.is_file():
            yield Problem(str(path), what, "no file", "restore it from git", (path, 1))
            continue
        text = results.read_text(path)
        try:
            wanted = replace_table(text, name, generated.tables[name], str(path))
        except ClaimError as error:
            yield Problem(str(path), f"{what} between its markers", str(error), _RESTORE, (path, 1))
            continue
        if text != wanted:
            yield Problem(str(path), f"{what} as recomputed", "out of date", _UPDATE, (path, 1))


def unmeasured(articles: Mapping[str, Article], values_of: prose.ValuesOf) -> Iterator[Problem]:
    """Explanations that name numbers which nobody measured."""
    for slug, claim in claims_of(articles):
        if missing := prose.missing(claim.explanation, values_of):
            where = f"{articles[slug].path.name}:{claim.line}"
            yield Problem(
                f"{slug}/{claim.id}",
                "a committed number for everything that `explanation` names",
                f"none for {', '.join(missing)}",
                f"run it and `make accept`, or correct the names at {where}",
                place=(articles[slug].path, claim.line),
            )


def stale_numbers(values_of: prose.ValuesOf, sentences: Iterable[Path]) -> Iterator[Problem]:
    """Marked numbers in sentences that are not the measured ones."""
    for path in sentences:
        try:
            numbers = list(prose.marked(results.read_text(path), str(path)))
        except ClaimError as error:
            yield Problem(str(path), "sentences with marked numbers", str(error), "fix the mark")
            continue
        for each in numbers:
            wanted, place = prose.show(each.bound, values_of), (path, each.line)
            if wanted == prose.NOT_MEASURED:
                fix = "correct the name, or run it and `make accept`"
                yield Problem(f"{path}:{each.line}", str(each.bound), "not measured", fix, place)
            elif wanted != each.shown:
                subject, measured = f"{path}:{each.line}", f"{wanted}, from {each.bound}"
                shown = each.shown or "nothing"
                yield Problem(subject, measured, shown, _UPDATE, place, each.bound.references)

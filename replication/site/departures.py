"""The page on what the articles leave open."""

from dataclasses import dataclass

from markupsafe import Markup

from replication import results
from replication.claims import OpenDetail, ledger
from replication.claims.differences import difference
from replication.site import documents
from replication.site.pages import Site, View
from replication.site.strips import Strip, draw, scale_of


@dataclass(frozen=True)
class _Alternative:
    what: str
    measures: str
    effect: str
    typical: str
    moves: str
    strip: Markup


@dataclass(frozen=True)
class _Detail:
    detail: OpenDetail
    number: str
    alternatives: tuple[_Alternative, ...]


def add_open_details(site: Site) -> None:
    """What each article leaves open, with its effect; and where departures from it are told."""
    view = View(site, "open-details.html", source=documents.OPEN_DETAILS)
    view.headings.used |= {f"open-{slug}" for slug in site.report.articles}  # the template's own
    path = site.project.root / documents.OPEN_DETAILS
    intro = Markup("")
    if path.is_file():
        title = results.read_text(path).partition("\n")[0]
        intro = documents.document(site, view, path, after=title, before="<!-- ledger:begin -->")
    site.add(view, "open-details.html", intro=intro, ledger=_ledger(site))


def _ledger(site: Site) -> dict[str, list[_Detail]]:
    """The open details of each article, with what was measured."""
    frame = dict((table.file_name, frame) for table, frame in site.report.generated.frames)
    rows: dict[tuple[str, str], list] = {}
    for row in frame[results.LEDGER.file_name].itertuples(index=False):
        rows.setdefault((row.article, row.detail), []).append(row)
    found: dict[str, list[_Detail]] = {}
    for slug, detail in ledger.details_of(site.report.articles):
        each = rows.get((slug, detail.id), [])
        number, n = ledger.format_ours(each[0]), len(site.evidence.values_of(detail.measures))
        number += f", n = {n}" if n else ""
        alternatives = tuple(
            _alternative(site, detail, row, f"ledger-{slug}-{detail.id}-{index}")
            for index, row in enumerate(each, 1)
        )
        found.setdefault(slug, []).append(_Detail(detail, number, alternatives))
    return found


def _alternative(site: Site, detail: OpenDetail, row, key: str) -> _Alternative:
    other = next(each for each in detail.alternatives if each.what == row.alternative)
    found = difference({other.measures: 1, detail.measures: -1}, site.evidence.values_of)
    strip = Markup("")
    if found.n:
        shown = Strip(found.values, found.low, found.high, found.mean, target=0.0)
        strip = draw(shown, scale_of(shown.numbers), key, f"{other.what}: difference from ours")
    effect, typical = ledger.format_effect(row), ledger.format_typical(row)
    return _Alternative(other.what, other.measures, effect, typical, row.moves, strip)

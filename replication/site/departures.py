"""The page on what the articles leave open."""

from markupsafe import Markup

from replication import results
from replication.claims import Alternative, OpenDetail, ledger
from replication.claims.differences import difference
from replication.site import documents
from replication.site.pages import Site, View
from replication.site.strips import Strip, draw, scale_of


def add_open_details(site: Site) -> None:
    """What each article leaves open, with its effect; and where departures from it are told."""
    view = View(site, "open-details.html", source=documents.OPEN_DETAILS)
    view.headings.used |= {f"open-{slug}" for slug in site.report.articles}  # the template's own
    path = site.project.root / documents.OPEN_DETAILS
    intro = Markup("")
    if path.is_file():
        title = results.read_text(path).partition("\n")[0]
        intro = documents.document(view, path, after=title, before="<!-- ledger:begin -->")
    formats = {"effect": ledger.format_effect, "typical": ledger.format_typical}
    formats |= {"measured": ledger.in_words}
    site.add(view, "open-details.html", intro=intro, ledger=_ledger(site), **formats)


def _ledger(site: Site) -> dict[str, list[tuple[OpenDetail, str, list]]]:
    """The open details of each article, with our number; of each alternative, row and strip."""
    rows: dict[tuple[str, str], list] = {}
    for row in site.report.generated.ledger.itertuples(index=False):
        rows.setdefault((row.article, row.detail), []).append(row)
    details: dict[str, list[tuple[OpenDetail, str, list]]] = {}
    for slug, detail in ledger.details_of(site.report.articles):
        each = rows.get((slug, detail.id), [])
        number, n = ledger.format_ours(each[0]), len(site.evidence.values_of(detail.measures))
        number += f", n = {n}" if n else ""
        alternatives = [
            (row, _strip(site, detail, other, f"ledger-{slug}-{detail.id}-{index}"))
            for index, (row, other) in enumerate(zip(each, detail.alternatives, strict=True), 1)
        ]
        details.setdefault(slug, []).append((detail, number, alternatives))
    return details


def _strip(site: Site, detail: OpenDetail, other: Alternative, key: str) -> Markup:
    """The difference of an alternative from ours, by seed; empty where it was not run."""
    contrast = difference({other.measures: 1, detail.measures: -1}, site.evidence.values_of)
    if not contrast.n:
        return Markup("")
    shown = Strip(contrast.values, contrast.low, contrast.high, contrast.mean, target=0.0)
    return draw(shown, scale_of(shown.numbers), key, f"{other.what}: difference from ours")

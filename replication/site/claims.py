"""The index with all claims, and a page for each claim."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from replication.claims import Claim
from replication.claims.intervals import Interval
from replication.claims.kinds.judgement import Judgement
from replication.claims.tables import Row, certainty
from replication.site import documents, plots
from replication.site.chips import claim_page, experiment_page
from replication.site.evidence import Measure
from replication.site.pages import Site, View


def add_index(site: Site) -> None:
    """The first page: what this is, how the claims came out, and all of them in a table."""
    groups = {slug: site.rows(slug) for slug in site.report.articles}
    ran_here = any(map(site.today, site.rows()))
    view = View(site, "index.html", source=documents.README)
    findings, below = documents.what_we_found(site, view)
    articles = site.report.articles
    order = {number: place for place, number in enumerate(findings)}
    cards = sorted(articles.items(), key=lambda pair: order.get(pair[1].number, len(order)))
    context = {"groups": groups, "ran_here": ran_here, "cards": cards}
    site.add(view, "index.html", findings=findings, below=below, **context)


def add_claims(site: Site) -> None:
    """A page for each claim, linked in reading order."""
    rows = site.rows()
    for before, row, after in zip([None, *rows], rows, [*rows[1:], None], strict=False):
        _add_claim(site, row, before, after)


def _add_claim(site: Site, row: Row, before: Row | None, after: Row | None) -> None:
    slug, claim, judgement = row.slug, row.claim, row.judgement
    measures = [site.evidence.measure(name) for name in claim.references]
    commands = _commands(claim, judgement, dict.fromkeys(each.experiment for each in measures))
    columns = _columns(site, claim, judgement)
    site.add(
        View(site, claim_page(slug, claim.id), slug=slug),
        "claim.html",
        article=site.report.articles[slug],
        row=row,
        answer=claim.answer(judgement),
        certainty=certainty(claim, judgement),
        verdict_figure=plots.verdict_figure(row, site.evidence),
        sides_figure=plots.sides_figure(claim, site.evidence),
        measured=_declared(measures, claim),
        columns=columns,
        seeds=sorted({seed for each in columns for seed in each.values}),
        made=site.evidence.made(each.experiment for each in measures),
        commands=commands,
        experiments={each.experiment: experiment_page(each.experiment) for each in measures},
        section=f"claim-{claim.id}" in site.sections.get(slug, ()),
        before=before,
        after=after,
    )


def _commands(claim: Claim, judgement: Judgement, experiments: Iterable[str]) -> list[str]:
    """What runs the experiments of a claim, and no other, under as many seeds as it was judged by.

    Where fewer were run than it takes to judge it, under that many.
    """
    last = max(claim.least, judgement.n, *(seed + 1 for seed in judgement.values)) - 1
    sweep = "python -m replication sweep"
    runs = [f"{sweep} --experiments {each} --seeds 0-{last}" for each in experiments]
    return [*runs, "make check" if judgement.n else "make accept"]


def _declared(measures: list[Measure], claim: Claim) -> list[tuple[str, Measure]]:
    """What the claim refers to, with the part that each plays in it."""
    parts = dict.fromkeys(claim.judged, "error over test images")
    parts |= dict.fromkeys(claim.rivals, "compared with") | {claim.measures: "measured"}
    return [(parts.get(each.name, "control"), each) for each in measures]


@dataclass(frozen=True)
class _Column:
    """The numbers of a claim by seed: those of a measure, or a difference."""

    name: str
    unit: str
    values: Mapping[int, float]
    mean: float | None
    interval: Interval | None


def _columns(site: Site, claim: Claim, judgement: Judgement) -> list[_Column]:
    """A column for each measure, then for each difference."""
    measures = [site.evidence.measure(name) for name in claim.judged]
    columns = [_Column(m.name, m.unit, m.values, m.mean, m.interval) for m in measures]
    for rival, each in judgement.contrasts.items():
        name = f"less {rival}" if len(judgement.contrasts) > 1 else "difference"
        mean = each.mean if each.n else None
        interval = Interval(each.mean, each.low, each.high, each.n) if each.n > 1 else None
        columns.append(_Column(name, measures[0].unit, each.values, mean, interval))
    return columns

"""The index with all claims, and a page for each claim."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from replication.claims import Claim, Comparison
from replication.claims.intervals import MIN_SEEDS, Interval
from replication.claims.regression import status_of_claim
from replication.claims.tables import (
    answer,
    format_expected,
    format_ours,
    format_reference,
    format_seeds_needed,
    power_line,
)
from replication.claims.verdicts import Judgement
from replication.site import documents, plots
from replication.site.chips import claim_page, experiment_page
from replication.site.evidence import Control, Measure, prediction
from replication.site.pages import Site, View


@dataclass(frozen=True)
class Row:
    """A claim as a table shows it."""

    claim: Claim
    found: Judgement
    expected: str
    ours: str
    strip: Markup
    seeds_needed: str
    reference: str
    today: str


def row_of(site: Site, slug: str, claim: Claim) -> Row:
    """A claim with its formatted numbers; `today` is empty where nothing was run here."""
    found = site.report.judgements[slug, claim.id]
    today = status_of_claim(claim, site.report.regressions)
    return Row(
        claim,
        found,
        format_expected(claim),
        format_ours(claim, found),
        plots.in_a_cell(slug, claim, found),
        format_seeds_needed(claim, found),
        format_reference(claim, found),
        "" if claim.kind == "reader" or today == "not run" else today,
    )


def add_index(site: Site) -> None:
    """The first page: what this is, how the claims came out, and all of them in a table."""
    groups = {
        slug: [row_of(site, slug, claim) for claim in article.claims]
        for slug, article in site.report.articles.items()
    }
    ran_here = any(row.today for rows in groups.values() for row in rows)
    view = View(site, "index.html", source=documents.README)
    found = documents.what_we_found(site, view)
    site.add(view, "index.html", groups=groups, ran_here=ran_here, found=found)


def add_claims(site: Site) -> None:
    """A page for each claim, linked in reading order."""
    named = site.report.claims
    for index, (slug, claim) in enumerate(named):
        before = named[index - 1] if index else None
        after = named[index + 1] if index + 1 < len(named) else None
        _add_claim(site, slug, claim, (before, after))


def _add_claim(site: Site, slug: str, claim: Claim, neighbours: tuple) -> None:
    found = site.report.judgements[slug, claim.id]
    measures = [site.evidence.measure(name) for name in claim.references]
    commands = _commands(claim, found, dict.fromkeys(each.experiment for each in measures))
    controls = site.evidence.controls(claim, found)
    site.add(
        View(site, claim_page(slug, claim.id), slug=slug),
        "claim.html",
        article=site.report.articles[slug],
        row=row_of(site, slug, claim),
        answer=answer(claim, found),
        power=power_line(claim, found),
        verdict_figure=plots.verdict_figure(claim, found),
        sides_figure=plots.sides_figure(claim, site.evidence),
        measured=_declared(measures, claim),
        seeds=_seeds(site, claim, found),
        controls=[
            (each, plots.control_figure(claim, each, number), _control_rows(each))
            for number, each in enumerate(controls, 1)
        ],
        made=site.evidence.made(each.experiment for each in measures),
        commands=commands,
        experiments={each.experiment: experiment_page(each.experiment) for each in measures},
        section=f"claim-{claim.id}" in site.sections.get(slug, ()),
        before=neighbours[0],
        after=neighbours[1],
    )


def _commands(claim: Claim, found: Judgement, experiments: Iterable[str]) -> list[str]:
    """What runs the experiments of a claim, and no other, under as many seeds as it was judged by.

    Where fewer were run than it takes to judge it, under that many.
    """
    least = MIN_SEEDS if claim.kind in ("value", "order") else 1
    last = max(least, found.n, *(seed + 1 for seed in found.values)) - 1
    seeds = f"0-{last}" if last else "0"
    runs = [f"python -m replication sweep --experiments {e} --seeds {seeds}" for e in experiments]
    return [*runs, "make check" if found.n else "make accept"]


def _declared(measures: list[Measure], claim: Claim) -> list[tuple[str, Measure]]:
    """What the claim refers to, with the part that each plays in it."""
    parts = {claim.measures: "measured", **dict.fromkeys(claim.compared_with, "compared with")}
    return [(parts.get(each.name, "control"), each) for each in measures]


@dataclass(frozen=True)
class Seeds:
    """The numbers of a claim by seed: a column for each measure, then each difference.

    `rows` are by seed; `means` and `intervals` are of the columns.
    """

    columns: tuple[str, ...]
    units: tuple[str, ...]
    rows: dict[int, tuple[float | None, ...]]
    means: tuple[float | None, ...]
    intervals: tuple[Interval | None, ...]


def _seeds(site: Site, claim: Claim, found: Judgement) -> Seeds | None:
    measures = [site.evidence.measure(name) for name in claim.judged]
    columns = [(each.name, each.unit, each.values, prediction(each.values)) for each in measures]
    if claim.kind == "order":
        own = Comparison(claim.measures, claim.compared_with)
        for each in site.evidence.contrasts(own):
            interval = each.interval if each.interval and each.interval.n > 1 else None
            name = "difference" if len(measures) == 2 else f"less {each.rival.name}"
            columns.append((name, each.measured.unit, each.differences, interval))
    numbers = sorted({seed for _, _, values, _ in columns for seed in values})
    if not numbers:
        return None
    return Seeds(
        tuple(name for name, *_ in columns),
        tuple(unit for _, unit, *_ in columns),
        {seed: tuple(values.get(seed) for _, _, values, _ in columns) for seed in numbers},
        tuple(_mean(values) for _, _, values, _ in columns),
        tuple(interval for *_, interval in columns),
    )


def _control_rows(control: Control) -> list[tuple[str, float | None, Interval | None, int]]:
    """Name, mean, interval and number of seeds of everything that a control shows."""
    rows = [
        (each.name, each.mean, prediction(each.values), len(each.values))
        for each in control.measures
    ]
    for each in control.contrasts:
        mean = each.interval.mean if each.interval else None
        interval = each.interval if each.interval and each.interval.n > 1 else None
        name = f"{each.measured.name} less {each.rival.name}"
        rows.append((name, mean, interval, len(each.differences)))
    return rows


def _mean(values) -> float | None:
    return sum(values.values()) / len(values) if values else None

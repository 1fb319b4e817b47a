"""Pages to look things up: experiments and method; and the tables themselves."""

import re
from pathlib import Path

from markupsafe import Markup

from replication.claims import slug_of
from replication.site import documents, plots
from replication.site.chips import experiment_page
from replication.site.pages import Site, View
from replication.site.writing import SiteError

_NO_METHOD = Markup("<h1>How a verdict is reached</h1>\n<p>No document says it here.</p>")
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TABLES = ("measurements.csv", "metrics.csv", "history.csv", "provenance.json")


def add_experiments(site: Site) -> None:
    """A page for each experiment: every metric by seed, and how each run was made."""
    claims: dict[str, list] = {}
    for slug, claim in site.report.claims:
        for name in dict.fromkeys(each.split("/")[0] for each in claim.references):
            claims.setdefault(name, []).append((slug, claim))
    for experiment in site.evidence.experiments:
        if not _KEBAB.fullmatch(experiment):
            raise SiteError(
                f"expected an experiment's name in kebab-case, which names its page, received "
                f"{experiment!r}; correct metrics.csv and measurements.csv"
            )
        measures = site.evidence.measures_of(experiment)
        used = claims.get(experiment, [])
        slug = _slug_of(site, experiment, used)
        view = View(site, experiment_page(experiment), slug=slug)
        rows = [(view.headings.name(f"metric {each.metric}"), each) for each in measures]
        site.add(
            view,
            "experiment.html",
            experiment=experiment,
            rows=[(name, each, plots.measure_strip(each, f"strip-{name}")) for name, each in rows],
            seeds=sorted({seed for each in measures for seed in each.values}),
            claims=used,
            made=site.evidence.made([experiment]),
        )


def _slug_of(site: Site, experiment: str, used: list) -> str | None:
    """The article that an experiment belongs to: of its claims, or of its name."""
    if used:
        return used[0][0]
    return slug_of(experiment, site.report.articles)


def add_method(site: Site) -> None:
    """How verdicts come about: the document, with examples from the tables, and the tables."""
    view = View(site, "method.html", source=documents.METHOD)
    view.headings.used |= {"tables", "decisions"}  # the template's own
    path, rows = site.project.root / documents.METHOD, {}
    for row in site.rows():
        if row.judgement.n >= row.claim.least:
            rows[f"{row.slug}/{row.claim.id}"] = row

    def example(name: str) -> Markup:
        row = rows.get(name)
        figure = row and plots.verdict_figure(row, site.evidence, row.claim.kind)
        if not figure:
            return Markup("")
        template = site.environment.get_template("example.html")
        return Markup(template.render(page=view, row=row, figure=figure))

    body = documents.with_examples(view, path, example) if path.is_file() else _NO_METHOD
    contents = [each for each in view.headings.contents if each[0] in (2, 3)]
    site.add(view, "method.html", body=body, contents=contents, tables=_tables(site))


def add_data(site: Site) -> None:
    """The committed tables themselves, to look numbers up in or to compute with."""
    for name, text in site.report.generated.summaries.items():
        site.files[f"data/{name}"] = text.encode()
    for slug, paths in _tables(site).items():
        site.files |= {f"data/{slug}/{path.name}": path.read_bytes() for path in paths}


def _tables(site: Site) -> dict[str, list[Path]]:
    """The committed tables of each article."""
    root = site.project.results
    tables = {slug: [root / slug / name for name in TABLES] for slug in site.report.articles}
    return {slug: [path for path in paths if path.is_file()] for slug, paths in tables.items()}

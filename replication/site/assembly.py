"""The order in which pages are made, and the files beside them."""

from dataclasses import dataclass
from pathlib import Path

from replication.claims.check import Report
from replication.site import (
    articles,
    claims,
    departures,
    documents,
    formulas,
    reference,
    writing,
)
from replication.site.evidence import Evidence
from replication.site.pages import Project, Site

_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Built:
    """What a build wrote, and what its reader should know besides."""

    num_pages: int
    notices: tuple[str, ...]


def build(report: Report, project: Project, out: Path) -> Built:
    """Writes the whole site; pages of an earlier build that are no more are removed.

    Args:
        report: What `claims.check.check` found.
        project: Where the committed files are.
        out: The folder of the site, which is replaced.

    Raises:
        StaleNumber: If a bound number of a document is not the measured one.
        SiteError: If MathJax is not installed, or the folder cannot be written.
    """
    site = Site(report, project, Evidence(report, project.results))
    documents.refuse_stale_numbers(site)
    documents.add_addresses(site)
    articles.add_articles(site)
    claims.add_index(site)
    claims.add_claims(site)
    reference.add_experiments(site)
    reference.add_method(site)
    departures.add_open_details(site)
    documents.add_documents(site)
    reference.add_data(site)
    _add_static(site)
    writing.replace_folder(out, site.files)
    return Built(sum(name.endswith(".html") for name in site.files), tuple(site.notices))


def _add_static(site: Site) -> None:
    for path in sorted(_STATIC.iterdir()):
        site.files[f"static/{path.name}"] = path.read_bytes()
    site.files |= formulas.files(site.project.root / "LICENSE")

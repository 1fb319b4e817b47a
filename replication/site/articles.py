"""A page for each article: its claims, and the notebook that tells the story."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from replication import cards
from replication.claims import Claim, slug_of
from replication.site import notebooks, pictures
from replication.site.chips import article_page, experiment_page
from replication.site.pages import Site, View


def add_articles(site: Site) -> None:
    """A page for each article, with the figures of its notebook beside it."""
    for slug, article in site.report.articles.items():
        view = View(site, article_page(slug), slug=slug, source=f"notebooks/{article.notebook}")
        path = notebook_path(site, slug)
        html, changed = None, []
        if path.is_file():
            notebook = notebooks.read(path)
            html = render(site, view, notebooks.without_title(notebook))
            _add_thumbnail(site, slug)
            measured = {r.claim.id: _experiments_of(r.claim) for r in site.rows(slug)}
            site.pictures[slug] = pictures.by_claim(html, measured)
            changed = _changed(site, slug, notebook)
            _notice_missing(site, slug, notebook)
        else:
            site.notices.append(f"{slug}: no executed notebook at {path}; run it and `make accept`")
        site.sections[slug] = frozenset(view.headings.used)
        site.add(
            view,
            "article.html",
            article=article,
            notebook=html,
            changed=changed,
            rows=site.rows(slug),
            experiments=[
                each
                for each in site.evidence.experiments
                if slug_of(each, site.report.articles) == slug
            ],
            experiment_page=experiment_page,
            contents=[each for each in view.headings.contents if each[0] in (2, 3)],
        )


def _experiments_of(claim: Claim) -> set[str]:
    """The experiments that a claim rests on, its controls among them."""
    return {each.partition("/")[0] for each in claim.references}


def notebook_path(site: Site, slug: str) -> Path:
    """The executed notebook of an article that is committed with its results."""
    return site.project.results / slug / "notebook.ipynb"


def render(site: Site, view: View, notebook) -> Markup:
    """The cells of a notebook for this page; their figures become files of the site.

    Args:
        site: Receives the figures.
        view: The page, in the scope of an article.
        notebook: The cells.
    """
    rows = {row.claim.id: row for row in site.rows(view.slug)}
    values_of, units = site.evidence.values_of, site.evidence.units

    def card(about: Mapping) -> Markup | None:
        """The card of a claim as it is today, in the words of the notebook."""
        if about["claim"] not in rows:
            return None
        claim, judgement = rows[about["claim"]].claim, rows[about["claim"]].judgement
        words = cards.Words(about["quantity"], about["names"])
        own = {"name": view.chip(view.slug, claim.id), "explanation": view.explanation(claim)}
        made = cards.render(claim, judgement, values_of, units, words, **own)
        anchor = view.headings.name(f"claim-{claim.id}")
        return Markup('<div id="{}">{}</div>\n').format(anchor, Markup(made))

    folder = f"figures/{view.slug}"
    html, figures = notebooks.render(notebook, view.writer, folder=view.href(folder), card=card)
    site.files |= {f"{folder}/{name}": content for name, content in figures.items()}
    known = frozenset(site.evidence.experiments)
    return Markup(
        pictures.with_links(
            html, lambda name: view.href(experiment_page(name)) if name in known else None
        )
    )


def _add_thumbnail(site: Site, slug: str) -> None:
    """The first figure of the notebook, small: notebooks begin with the picture that tells it."""
    folder = f"figures/{slug}/"
    if first := min((name for name in site.files if name.startswith(folder)), default=None):
        content = pictures.small(site.files[first])
        site.files[f"{folder}small.png"] = content
        site.thumbnails[slug] = f"{folder}small.png"


def _notice_missing(site: Site, slug: str, notebook) -> None:
    if missing := notebooks.num_missing(notebook):
        site.notices.append(
            f"{slug}: tables of the committed notebook say NaN {missing} time"
            f"{'s' * (missing != 1)}, shown as a dash; let its cells say what is missing, "
            "execute it again and `make accept`"
        )


def _changed(site: Site, slug: str, notebook) -> list[str]:
    """Claims of which a committed notebook says something else than the committed tables."""
    shown, numbers = notebooks.cards_of(notebook), (site.evidence.values_of, site.evidence.units)
    present = {r.claim.id: cards.plain(r.claim, r.judgement, *numbers) for r in site.rows(slug)}
    changed = [name for name, text in present.items() if shown.get(name, text) != text]
    if changed:
        which = "all claims" if len(changed) == len(shown) else ", ".join(changed)
        site.notices.append(
            f"{slug}: the committed notebook was executed before the present words and numbers "
            f"on {which}; execute it again and `make accept`"
        )
    return changed

"""A page for each article: its claims, and the notebook that tells the story."""

from collections.abc import Callable, Mapping
from pathlib import Path

from markupsafe import Markup

from replication import cards
from replication.claims import Claim
from replication.claims.kinds.judgement import Judgement
from replication.site import notebooks, pictures
from replication.site.chips import article_page
from replication.site.pages import Site, View


def add_articles(site: Site) -> None:
    """A page for each article, with the figures of its notebook beside it."""
    for slug, article in site.report.articles.items():
        view = View(site, article_page(slug), slug=slug, source=f"notebooks/{slug}.ipynb")
        path = notebook_path(site, slug)
        html, changed = None, []
        if path.is_file():
            notebook = notebooks.read(path)
            html = render(site, view, notebooks.without_title(notebook))
            _add_thumbnail(site, slug)
            site.pictures[slug] = pictures.by_claim(html)
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
            contents=[each for each in view.headings.contents if each[0] in (2, 3)],
        )


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
    claims = {claim.id: (claim, found) for claim, found in _judged(site, view.slug)}

    def card(about: Mapping) -> Markup | None:
        """The card of a claim as it is today, in the words of the notebook."""
        if about["claim"] not in claims:
            return None
        claim, found = claims[about["claim"]]
        words = cards.Words(about["quantity"], about["names"])
        name, said = view.chip(view.slug, claim.id), view.explanation(claim)
        made = _card_of(site, cards.render, claim, found, words, name=name, explanation=said)
        anchor = view.headings.name(f"claim-{claim.id}")
        return Markup('<div id="{}">{}</div>\n').format(anchor, Markup(made))

    folder = f"figures/{view.slug}"
    found = notebooks.render(notebook, view.writer, folder=view.href(folder), card=card)
    site.files |= {f"{folder}/{name}": content for name, content in found.figures.items()}
    return found.html


def _add_thumbnail(site: Site, slug: str) -> None:
    """The first figure of the notebook, small: notebooks begin with the picture that tells it."""
    folder = f"figures/{slug}/"
    if first := min((name for name in site.files if name.startswith(folder)), default=None):
        content = pictures.small(site.files[first])
        site.files[f"{folder}small.png"] = content
        site.thumbnails[slug] = f"{folder}small.png"


def _judged(site: Site, slug: str) -> list[tuple[Claim, Judgement]]:
    judgements = site.report.judgements
    return [(claim, judgements[slug, claim.id]) for claim in site.claims_of(slug)]


def _card_of(site: Site, make: Callable[..., str], claim: Claim, found: Judgement, *words, **how):
    """A card of the committed numbers, made by one of the functions of `cards`."""
    rows = site.report.metrics
    units = dict(zip(rows["experiment"] + "/" + rows["metric"], rows["unit"], strict=True))
    return make(claim, found, site.report.generated.values_of, units, *words, **how)


def _notice_missing(site: Site, slug: str, notebook) -> None:
    if missing := notebooks.num_missing(notebook):
        site.notices.append(
            f"{slug}: tables of the committed notebook say NaN {missing} time"
            f"{'s' * (missing != 1)}, shown as a dash; let its cells say what is missing, "
            "execute it anew and `make accept`"
        )


def _changed(site: Site, slug: str, notebook) -> list[str]:
    """Claims of which a committed notebook says something else than the committed tables."""
    shown = notebooks.cards_of(notebook)
    changed = [
        claim.id
        for claim, found in _judged(site, slug)
        if claim.id in shown and shown[claim.id] != _card_of(site, cards.plain, claim, found)
    ]
    if changed:
        which = "all claims" if len(changed) == len(shown) else ", ".join(changed)
        site.notices.append(
            f"{slug}: the committed notebook was executed before the present words and numbers "
            f"on {which}; execute it anew and `make accept`"
        )
    return changed

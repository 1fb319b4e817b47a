"""The frame of every page: what a page may link to and say, and how it is kept."""

import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from replication import cards
from replication.claims import Claim, prose
from replication.claims.check import Report
from replication.claims.kinds import VERDICTS
from replication.claims.prose import Bound
from replication.claims.regression import status_of_claim
from replication.claims.tables import VOICES, Row
from replication.results import format_value
from replication.site import plots
from replication.site.chips import Chips, article_page, claim_page, css_class, relative
from replication.site.evidence import Evidence
from replication.site.texts import Headings, Writer, breakable, placeholder, plain

_HERE = Path(__file__).parent
_NOT_LATIN = re.compile("[\u0370-\u1dff\u2e80-\ud7ff\uf900-\ufdff\U00020000-\U0003ffff]+")


@dataclass(frozen=True)
class Project:
    """Where the committed files are: the checkout, and its results."""

    root: Path
    results: Path


@dataclass
class View:
    """One page while it is written: its address, and the texts and links on it.

    `slug` is the article whose claims may be named by their id alone; `source`
    is the file that relative links of its texts start from.
    """

    site: "Site"
    path: str
    slug: str | None = None
    source: str = ""
    headings: Headings = field(default_factory=Headings)

    @cached_property
    def chips(self) -> Chips:
        """Makes the chips of this page."""
        return Chips(self.site.evidence, self.path, self.slug)

    @cached_property
    def writer(self) -> Writer:
        """Renders the Markdown of this page."""
        return Writer(self._code, self._link, self.headings)

    def href(self, target: str) -> str:
        """The address of another page, as this one writes it."""
        return relative(self.path, target)

    def inline(self, markdown: str) -> Markup:
        """A Markdown text within a sentence or cell."""
        return self.writer.inline(plain(markdown))

    def chip(self, slug: str, claim_id: str) -> Markup:
        """A chip for a claim of any article."""
        name = claim_id if slug == self.slug else f"{slug}/{claim_id}"
        return self.chips.claim(name)

    def explanation(self, claim: Claim) -> Markup:
        """A claim's explanation, each of its numbers a chip."""
        text, numbers = "", []
        for piece in prose.parse(claim.explanation):
            if isinstance(piece, Bound):
                text += placeholder(len(numbers))
                numbers.append(self.chips.number(piece))
            else:
                text += plain(piece)
        return self.writer.inline(text, numbers)

    def pictures(self, claim: Claim) -> list[Markup]:
        """What a claim of this article is about: all of it for a picture, else one figure."""
        figures = self.site.pictures.get(self.slug, {}).get(claim.id, [])
        chosen = figures[:1] if claim.is_counted else figures
        for folder in ("figures/", "experiment/"):
            there, here = relative(article_page(self.slug), folder), self.href(folder)
            chosen = [each.replace(f'"{there}/', f'"{here}/') for each in chosen]
        return list(map(Markup, chosen))

    def _code(self, text: str) -> Markup | None:
        address = self.site.addresses.get(text)
        if address is None or address == self.path:
            return self.chips.claim(text)
        return Markup('<a href="{}"><code>{}</code></a>').format(self.href(address), text)

    def _link(self, url: str) -> str | None:
        if url.startswith("#"):
            return url
        path, mark, fragment = url.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.source), path))
        page = self.site.addresses.get(path)
        return None if page is None else self.href(page) + mark + fragment


@dataclass
class Site:
    """All pages of a build, by address.

    `thumbnails` has the address of a small picture of each article;
    `pictures` the figures of each claim, as the page of its article shows them.
    `addresses` gives the page of a file of the repository, for links between
    documents; `sections` the anchors of each article's page; `documents`
    address and title of each page that was a document.
    """

    report: Report
    project: Project
    evidence: Evidence
    thumbnails: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    sections: dict[str, frozenset[str]] = field(default_factory=dict)
    documents: list[tuple[str, str]] = field(default_factory=list)

    @cached_property
    def environment(self) -> Environment:
        """The templates, with what all of them use."""
        environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            site=self,
            VOICES=VOICES,
            DEPARTURES="departures-from-the-article",  # as every notebook has it
            strip=plots.in_a_cell,
            article_page=article_page,
            claim_page=claim_page,
        )
        environment.filters.update(
            css=css_class,
            number=format_value,
            short="{:.4g}".format,
            in_words=cards.in_words,
            unbroken=_unbroken,
            name_of_language=_language,
            in_script_of=_in_script_of,
            breakable=lambda name: Markup(breakable(str(escape(name)))),
        )
        return environment

    def add(self, view: View, template: str, **context: object) -> None:
        """Renders a page and keeps it."""
        html = self.environment.get_template(template).render(page=view, **context)
        self.files[view.path] = html.encode()

    def tally(self, voice: str, slug: str | None = None) -> dict[str, int]:
        """How many claims came to each verdict, of one article or of all, in one voice."""
        verdicts = [row.judgement.verdict for row in self.rows(slug) if row.claim.voice == voice]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}

    def verdicts(self, slug: str | None = None) -> list[str]:
        """The verdicts that there are, of one article or of all."""
        verdicts = {row.judgement.verdict for row in self.rows(slug)}
        return [verdict for verdict in VERDICTS if verdict in verdicts]

    def rows(self, slug: str | None = None) -> list[Row]:
        """The rows of one article's claims, or of all."""
        return [row for row in self.report.rows if slug in (None, row.slug)]

    def today(self, row: Row) -> str:
        """How today's runs compare with the committed ones; empty where nothing was run here."""
        status = status_of_claim(row.claim, self.report.regressions)
        return "" if status == "not run" or not row.claim.is_counted else status


def _unbroken(text: str) -> str:
    """A formatted number that breaks before its interval and before n, and nowhere else."""
    return re.sub(r"\[[^]]*\]|n = \d+|± \S+", lambda match: match[0].replace(" ", "\u00a0"), text)


def _in_script_of(text: str, language: str) -> Markup:
    """The text with what is not in Latin letters marked as of this language."""
    marked, end = Markup(), 0
    for run in _NOT_LATIN.finditer(text):
        marked += text[end : run.start()]
        marked += Markup('<span lang="{}">{}</span>').format(language, run[0])
        end = run.end()
    return marked + text[end:]


def _language(code: str) -> str:
    return {"en": "English", "zh": "Chinese"}.get(code, code)

"""Where pages are, and the chips that lead to them: of a claim, and of a number in a sentence."""

import posixpath
import re
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from replication.claims import Claim, prose
from replication.claims.prose import Bound
from replication.site.evidence import Evidence


def claim_page(slug: str, claim_id: str) -> str:
    """Address of a claim's page within the site."""
    return f"claim/{slug}/{claim_id}.html"


def article_page(slug: str) -> str:
    """Address of an article's page within the site."""
    return f"article/{slug}.html"


def experiment_page(experiment: str) -> str:
    """Address of an experiment's page within the site."""
    return f"experiment/{experiment}.html"


def metric_anchor(metric: str) -> str:
    """Where a metric stands on the page of its experiment."""
    return "metric-" + re.sub(r"[^a-z0-9]+", "-", metric.lower()).strip("-")


def relative(page: str, target: str) -> str:
    """The address of `target` as a page writes it, so that the site works from any folder."""
    path, mark, fragment = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + mark + fragment


def css_class(verdict: str) -> str:
    """The class that gives a verdict its colour."""
    return "v-" + verdict.replace(" ", "-")


@dataclass(frozen=True)
class Chips:
    """Makes chips for the texts of one page, in the scope of one article.

    Claims are known by "<slug>/<id>", and those of the page's own article by
    their id alone.
    """

    evidence: Evidence
    page: str
    slug: str | None = None

    def claim(self, name: str) -> Markup | None:
        """A chip that links to a claim and shows its verdict; None where there is no such claim."""
        slug, _, claim_id = name.rpartition("/")
        slug = slug or self.slug
        claim = self.evidence.claims.get((slug, claim_id))
        if claim is None:
            return None
        found = self.evidence.report.judgements[slug, claim_id]
        title = f"verdict: {found.verdict}. {claim.says} Ours: {claim.ours(found)}"
        return self._chip(
            claim_page(slug, claim_id),
            found.verdict,
            title,
            escape(name),
            data_claim=claim_id if slug == self.slug else name,
        )

    def number(self, bound: Bound) -> Markup:
        """A chip for a number of a sentence: the number as measured, linked to where it is from."""
        shown = prose.show(bound, self.evidence.values_of)
        claim = self._claim_of(bound)
        seeds = set.intersection(*(set(self.evidence.values_of(r)) for r in bound.references))
        what = f"{bound} over {len(seeds)} seed{'s' * (len(seeds) != 1)}"
        if claim is None:
            experiment, metric = bound.references[0].split("/")
            target = f"{experiment_page(experiment)}#{metric_anchor(metric)}"
            return self._chip(target, "", what, escape(shown))
        slug, found = claim[0], self.evidence.report.judgements[claim[0], claim[1].id]
        title = f"{what}. Claim {claim[1].id}, verdict: {found.verdict}"
        target = claim_page(slug, claim[1].id) + "#seeds"
        return self._chip(target, "", title, escape(shown))

    def _claim_of(self, bound: Bound) -> tuple[str, Claim] | None:
        """The first claim, of this article if it can be, that is judged by the bound number."""
        claims = sorted(self.evidence.report.claims, key=lambda pair: pair[0] != self.slug)
        for rests_on in ("judged", "references"):
            for slug, claim in claims:
                if set(bound.references) <= set(getattr(claim, rests_on)):
                    return slug, claim
        return None

    def _chip(
        self, target: str, verdict: str, title: str, text: str, *, data_claim: str = ""
    ) -> Markup:
        name = f' data-claim="{escape(data_claim)}"' if data_claim else ""
        kind = "chip" if data_claim else "chip number"
        kind += f" {css_class(verdict)}" if verdict else ""
        said = f' data-verdict="{escape(verdict)}"' if verdict else ""
        href = escape(relative(self.page, target))
        return Markup(
            f'<a class="{kind}" href="{href}" title="{escape(title)}"{name}{said}>{text}</a>'
        )

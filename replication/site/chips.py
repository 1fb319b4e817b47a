"""Where pages are, and the chips that lead to them: of a claim, and of a number in a sentence."""

import posixpath
import re
from dataclasses import dataclass

from markupsafe import Markup

from replication.claims import Claim, prose
from replication.claims.numbers import count
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
        judgement = self.evidence.report.judgements[slug, claim_id]
        return Markup(
            '<a class="chip {}" href="{}" title="{}" data-claim="{}" data-verdict="{}">{}</a>'
        ).format(
            css_class(judgement.verdict),
            relative(self.page, claim_page(slug, claim_id)),
            f"verdict: {judgement.verdict}. {claim.says} Ours: {claim.ours(judgement)}",
            claim_id if slug == self.slug else name,
            judgement.verdict,
            name,
        )

    def number(self, bound: Bound) -> Markup:
        """A chip for a number of a sentence: the number as measured, linked to where it is from."""
        seeds = set.intersection(*(set(self.evidence.values_of(r)) for r in bound.references))
        title = f"{bound} over {count(len(seeds), 'seed')}"
        if slug_and_claim := self._claim_of(bound):
            slug, claim = slug_and_claim
            verdict = self.evidence.report.judgements[slug, claim.id].verdict
            title += f". Claim {claim.id}, verdict: {verdict}"
            target = claim_page(slug, claim.id) + "#seeds"
        else:
            experiment, metric = bound.references[0].split("/")
            target = f"{experiment_page(experiment)}#{metric_anchor(metric)}"
        return Markup('<a class="chip number" href="{}" title="{}">{}</a>').format(
            relative(self.page, target), title, prose.show(bound, self.evidence.values_of)
        )

    def _claim_of(self, bound: Bound) -> tuple[str, Claim] | None:
        """The first claim, of this article if it can be, that is judged by the bound number."""
        claims = sorted(self.evidence.report.claims, key=lambda pair: pair[0] != self.slug)
        for rests_on in ("judged", "references"):
            for slug, claim in claims:
                if set(bound.references) <= set(getattr(claim, rests_on)):
                    return slug, claim
        return None

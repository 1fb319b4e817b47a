"""The project's documents as pages; a number that is bound to a row becomes a chip."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

from markupsafe import Markup

from replication import results
from replication.claims import prose
from replication.claims.staleness import stale_numbers
from replication.site.chips import article_page
from replication.site.pages import Site, View
from replication.site.texts import placeholder, plain
from replication.site.writing import StaleNumber

README = "README.md"
OPEN_DETAILS = "docs/open-details.md"
METHOD = "docs/method.md"
OWN_PAGES = {
    README: "index.html",
    OPEN_DETAILS: "open-details.html",
    "docs/claims.md": "index.html",  # the same table
    METHOD: "method.html",  # there with examples
}
_EXAMPLE = re.compile(r"^<!-- example: ([a-z0-9-]+/[a-z0-9-]+) -->$", re.MULTILINE)
_FOUND = "## What we found\n"
_ITEM = re.compile(r"^- \*\*(\d\d), (.*?)(?: \[[^]]*\]\([^)]*\))?\n(?=- |\n|\Z)", re.DOTALL | re.M)
_MARKS = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|(?P<number><!-- =.*? -->.*?<!-- / -->)|<!--.*?-->", re.DOTALL
)


def add_addresses(site: Site) -> None:
    """Which page stands for which file of the repository."""
    site.addresses |= OWN_PAGES
    for slug, article in site.report.articles.items():
        page = article_page(slug)
        site.addresses[f"notebooks/{article.notebook}"] = page
        site.addresses[f"results/{slug}/notebook.ipynb"] = page
    for path in _documents(site):
        name = path.relative_to(site.project.root).as_posix()
        site.addresses[name] = f"document/{path.stem.lower()}.html"
        title = re.search(r"^# (.+)$", results.read_text(path), re.MULTILINE)
        site.documents.append((site.addresses[name], title[1] if title else path.stem))


def _documents(site: Site) -> list[Path]:
    """The documents that become pages, in order; those with a page of their own left out."""
    folder = site.project.root / "docs"
    paths = [*sorted(folder.glob("*.md")), *sorted(folder.glob("decisions/*.md"))]
    own = {site.project.root / name for name in OWN_PAGES}
    return [path for path in paths if path not in own]


def add_documents(site: Site) -> None:
    """A page for each document; its bound numbers become chips."""
    for path in _documents(site):
        name = path.relative_to(site.project.root).as_posix()
        view = View(site, site.addresses[name], source=name)
        body = document(view, path)
        contents = [each for each in view.headings.contents if each[0] in (2, 3)]
        title = dict(site.documents)[view.path]
        site.add(view, "document.html", title=title, body=body, contents=contents, source=name)


def refuse_stale_numbers(site: Site) -> None:
    """Raises StaleNumber where a document's bound number is not the measured one, naming all."""
    own = (site.project.root / name for name in (README, METHOD, OPEN_DETAILS))
    paths = [*filter(Path.is_file, own), *_documents(site)]
    if stale := list(stale_numbers(site.evidence.values_of, paths)):
        told = (f"{each.subject}: {each.found} instead of {each.expected}" for each in stale)
        raise StaleNumber(
            "expected every bound number of a document to be the measured one, received "
            f"{'; '.join(told)}; run `make report`, which writes them again"
        )


def document(view: View, path: Path, *, after: str = "", before: str = "") -> Markup:
    """A document as HTML, from `after` to `before`; its bound numbers become chips."""
    part = plain(results.read_text(path))
    for mark, side in ((after, 2), (before, 0)):
        part = part.partition(mark)[side] if mark and mark in part else part
    return _rendered(view, part)


def with_examples(view: View, path: Path, example: Callable[[str], Markup]) -> Markup:
    """A document as HTML; where it has a mark for one, the example of the claim that it names."""
    text, *rest = _EXAMPLE.split(plain(results.read_text(path)))
    parts = [_rendered(view, text)]
    for name, part in zip(rest[::2], rest[1::2], strict=True):
        parts += [example(name), _rendered(view, part)]
    return Markup("").join(parts)


def _rendered(view: View, part: str) -> Markup:
    """A document whose marks are in order, its bound numbers as chips, without its comments."""
    numbers = [view.chips.number(each.bound) for each in prose.marked(part, view.source)]
    places = map(placeholder, count())

    def replaced(match: re.Match) -> str:
        if match["code"]:
            return match[0]
        return next(places) if match["number"] else ""

    return view.writer.html(_MARKS.sub(replaced, part), numbers)


def what_we_found(site: Site, view: View) -> tuple[dict[int, Markup], Markup]:
    """By the number of its article, the finding that README has of it; and what stands below."""
    path = site.project.root / README
    if not path.is_file():
        return {}, Markup("")
    part = plain(results.read_text(path)).partition(_FOUND)[2].partition("\n## ")[0] + "\n"
    items = {
        int(number): _rendered(view, f"**{said[0].upper()}{said[1:]}")
        for number, said in _ITEM.findall(part)
    }
    return items, _rendered(view, _ITEM.sub("", part))

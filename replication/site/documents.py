"""The project's documents as pages; a number that is bound to a row becomes a chip."""

import re
from pathlib import Path

from markupsafe import Markup

from replication import results
from replication.claims import ClaimError, prose
from replication.site.chips import article_page
from replication.site.pages import Site, View
from replication.site.texts import placeholder, plain
from replication.site.writing import SiteError, StaleNumber

README = "README.md"
OPEN_DETAILS = "docs/open-details.md"
OWN_PAGES = {
    README: "index.html",
    OPEN_DETAILS: "open-details.html",
    "docs/claims.md": "index.html",  # the same table
    "docs/method.md": "method.html",  # the same rules, there with examples
}
_FOUND = "## What we found\n"
_ITEM = re.compile(r"^- \*\*(\d\d), (.*?)(?: \[[^]]*\]\([^)]*\))?\n(?=- |\n|\Z)", re.DOTALL | re.M)
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MARKED = re.compile(r"<!-- =.*? -->.*?<!-- / -->", re.DOTALL)


def add_addresses(site: Site) -> None:
    """Which page stands for which file of the repository."""
    site.addresses |= OWN_PAGES
    for slug, article in site.report.articles.items():
        page = article_page(slug)
        site.addresses[f"notebooks/{article.number:02d}_{slug}.ipynb"] = page
        site.addresses[f"results/{slug}/notebook.ipynb"] = page
    for path in _documents(site):
        name = path.relative_to(site.project.root).as_posix()
        site.addresses[name] = f"document/{path.stem.lower()}.html"
        title = re.search(r"^# (.+)$", results.read_text(path), re.MULTILINE)
        site.documents.append((site.addresses[name], title[1] if title else path.stem))


def _documents(site: Site) -> list[Path]:
    """The documents that become pages, in order; those with a page of their own left out."""
    folder = site.project.root / "docs"
    found = [*sorted(folder.glob("*.md")), *sorted(folder.glob("decisions/*.md"))]
    own = {site.project.root / name for name in OWN_PAGES}
    return [path for path in found if path not in own]


def add_documents(site: Site) -> None:
    """A page for each document; its bound numbers become chips."""
    for path in _documents(site):
        name = path.relative_to(site.project.root).as_posix()
        view = View(site, site.addresses[name], source=name)
        body = document(site, view, path)
        contents = [each for each in view.headings.contents if each[0] in (2, 3)]
        title = dict(site.documents)[view.path]
        site.add(view, "document.html", title=title, body=body, contents=contents, source=name)


def refuse_stale_numbers(site: Site) -> None:
    """Raises StaleNumber where a document's bound number is not the measured one, naming all."""
    if site.stale:
        raise StaleNumber(
            "expected every bound number of a document to be the measured one, received "
            + "; ".join(site.stale)
            + "; run `make report`, which writes them anew"
        )


def document(site: Site, view: View, path: Path, *, after: str = "", before: str = "") -> Markup:
    """A document as HTML, from `after` to `before`; its bound numbers become chips.

    `site.stale` receives what the numbers of the whole document should be.
    """
    text, place = results.read_text(path), path.relative_to(site.project.root).as_posix()
    _compare_numbers(site, text, place)
    part = plain(text)
    for mark, side in ((after, 2), (before, 0)):
        part = part.partition(mark)[side] if mark and mark in part else part
    return _rendered(view, part, place)


def _rendered(view: View, part: str, place: str) -> Markup:
    numbers = [view.chips.number(each.bound) for each in prose.marked(part, place)]
    return view.writer.html(_with_placeholders(part, len(numbers)), numbers)


def _compare_numbers(site: Site, text: str, place: str) -> None:
    try:
        marked = list(prose.marked(text, place))
    except ClaimError as error:
        raise SiteError(str(error)) from error
    for each in marked:
        measured = prose.show(each.bound, site.evidence.values_of)
        if each.shown.strip() != measured:
            site.stale.append(
                f"{place}:{each.line}: {each.shown!r} for {each.bound}, which the tables say is "
                f"{measured}"
            )


def what_we_found(site: Site, view: View) -> tuple[dict[int, Markup], Markup]:
    """By the number of its article, the finding that README has of it; and what stands below."""
    path = site.project.root / README
    if not path.is_file():
        return {}, Markup("")
    text = results.read_text(path)
    _compare_numbers(site, text, README)
    part = plain(text).partition(_FOUND)[2].partition("\n## ")[0] + "\n"
    items = {
        int(number): _rendered(view, f"**{said[0].upper()}{said[1:]}", README)
        for number, said in _ITEM.findall(part)
    }
    return items, _rendered(view, _ITEM.sub("", part), README)


def _with_placeholders(text: str, expected: int) -> str:
    """A document with a placeholder for each marked number, and without comments."""
    parts, count = _CODE.split(text), 0
    for index in range(0, len(parts), 2):  # what is not code
        while found := _MARKED.search(parts[index]):
            before, after = parts[index][: found.start()], parts[index][found.end() :]
            parts[index] = before + placeholder(count) + after
            count += 1
        parts[index] = _COMMENT.sub("", parts[index])
    if count != expected:
        raise SiteError(f"expected {expected} bound numbers, received {count}; check the marks")
    return "".join(parts)

"""Reads a built site the way a strict browser would; shared by the tests of the site."""

import posixpath
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"meta", "link", "img", "br", "hr", "input", "wbr"}
LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")}


@dataclass
class Page(HTMLParser):
    """One page: its elements with their attributes, and its text; unbalanced tags are noted."""

    html: str
    tags: list = field(default_factory=list)
    mistakes: list = field(default_factory=list)
    text: str = ""

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self._open = []
        self.feed(self.html)
        self.close()
        self.mistakes += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.mistakes.append(f"<{tag}> has an attribute twice: {names}")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.mistakes.append(f"</{tag}> at {self.getpos()} closes another element")

    def handle_data(self, data):
        if not self._open or self._open[-1] not in ("script", "style"):
            self.text += data.replace("\u00a0", " ")

    def all(self, tag=None, **attributes):
        """Attributes of every element of this tag that has these attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            found
            for name, found in self.tags
            if tag in (None, name) and all(found.get(k) == v for k, v in wanted.items())
        ]

    @property
    def ids(self):
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    @property
    def links(self):
        return [each["href"] for each in self.all("a") if "href" in each]

    @property
    def loads(self):
        return [
            found[name]
            for tag, found in self.tags
            for of, name in LOADS
            if tag == of and name in found
        ]


def read_site(folder):
    """Every page of a site by its address."""
    folder = Path(folder)
    return {
        path.relative_to(folder).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }


def target(page, link):
    """The file and the fragment that a link of a page leads to; None if it leaves the site."""
    parts = urlsplit(link)
    if parts.scheme or link.startswith("//"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    return (path if parts.path else page), unquote(parts.fragment)


def broken_links(folder, pages):
    """Links and loads that lead to no file, or to no element of it."""
    broken = []
    for name, page in pages.items():
        for link in [*page.links, *page.loads]:
            found = target(name, link)
            if found is None:
                continue
            path, fragment = found
            state_of_filters = fragment.startswith("?")
            if not (Path(folder) / path).is_file():
                broken.append(f"{name}: {link}")
            elif fragment and not state_of_filters and fragment not in pages[path].ids:
                broken.append(f"{name}: {link}, no such id")
    return broken

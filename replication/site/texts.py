"""Markdown as HTML, with what it names made into links: claims, and numbers bound to a row.

Raw HTML in a text is shown as text and never becomes part of a page.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import urlsplit

import mistune
from markupsafe import Markup
from mistune.plugins.math import math, math_in_list, math_in_quote, render_block_math
from mistune.plugins.table import table
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from replication.site.tables import readable

_PLACEHOLDER = "\ue000{}\ue001"  # of the private use area: no text means anything by them
_PLACEHOLDERS = re.compile("\ue000([0-9]+)\ue001")
_PRIVATE = re.compile("[\ue000-\ue001]")
_TAGS = re.compile(r"<[^>]*>")
_BEFORE_PERCENT = re.compile(r"(?<=[0-9]) (?=%)")


@dataclass
class Headings:
    """The headings of one page: their ids, each given once, and the table of contents."""

    used: set[str] = field(default_factory=lambda: {"main"})  # the frame's own
    contents: list[tuple[int, str, str]] = field(default_factory=list)  # level, id, text

    def name(self, text: str) -> str:
        """An id from the words of a heading that no other element of the page has."""
        base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
        name, count = base, 1
        while name in self.used:
            count += 1
            name = f"{base}-{count}"
        self.used.add(name)
        return name


@dataclass
class Writer:
    """Renders the texts of one page.

    `code` makes a link of text in backticks that names a claim or a document,
    and gives None for any other; `link` gives the address of a relative link
    from this page, or None where the site has no such page.
    """

    code: Callable[[str], Markup | None]
    link: Callable[[str], str | None]
    headings: Headings = field(default_factory=Headings)

    def html(self, text: str, inserts: list[Markup] = ()) -> Markup:
        """A Markdown text.

        Args:
            text: Markdown; `placeholder(i)` stands where the i-th insert goes.
            inserts: HTML that was made elsewhere.
        """
        html = mistune.create_markdown(
            renderer=_Renderer(self),
            plugins=[table, math, math_in_list, math_in_quote],
        )(text)
        return Markup(_PLACEHOLDERS.sub(lambda each: str(inserts[int(each[1])]), html))

    def inline(self, text: str, inserts: list[Markup] = ()) -> Markup:
        """A text of one paragraph, without the paragraph around it."""
        html = self.html(text, inserts).strip()
        return Markup(html.removeprefix("<p>").removesuffix("</p>"))

    def heading(self, html: str, level: int) -> Markup:
        """A heading with a link to itself."""
        text = " ".join(_TAGS.sub("", html).split())
        name = self.headings.name(unescape(text))
        self.headings.contents.append((level, name, text))
        return Markup(
            f'<h{level} id="{name}">{html} <a class="self" href="#{name}" '
            f'aria-label="Link to this section">#</a></h{level}>\n'
        )


def placeholder(index: int) -> str:
    """What stands in a Markdown text for the index-th insert."""
    return _PLACEHOLDER.format(index)


def plain(text: str) -> str:
    """The text without the characters that placeholders are made of."""
    return _PRIVATE.sub("", text)


class _Renderer(mistune.HTMLRenderer):
    """HTML with our headings, chips, links and tables; raw HTML is escaped."""

    def __init__(self, writer: Writer):
        super().__init__(escape=True)
        self._writer = writer

    def text(self, text: str) -> str:
        return _BEFORE_PERCENT.sub("\u00a0", super().text(text))  # a line does not begin with %

    def heading(self, text: str, level: int, **attrs) -> str:
        return self._writer.heading(text, level)

    def codespan(self, text: str) -> str:
        linked = self._writer.code(text)
        return f"<code>{escape(text)}</code>" if linked is None else str(linked)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        scheme = urlsplit(url).scheme
        if scheme in ("http", "https"):
            return f'<a class="out" href="{escape(url)}" rel="noopener">{text}</a>'
        address = None if scheme else self._writer.link(url)
        return text if address is None else f'<a href="{escape(address)}">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f"<em>{text}</em>"  # a page shows the notebook's own figures and no other

    def block_code(self, code: str, info: str | None = None) -> str:
        if info == "python":
            return f'<div class="highlight">{highlighted(code)}</div>\n'
        return super().block_code(code, info).replace("<pre>", '<pre tabindex="0">')

    def block_math(self, text: str) -> str:
        return render_block_math(self, text).replace("<div ", '<div tabindex="0" ')

    def table(self, text: str) -> str:
        return scrolling(readable(f"<table>\n{text}</table>"))


def scrolling(html: str, label: str = "Table") -> Markup:
    """A wide element in a box of its own that scrolls, by keyboard as well."""
    return Markup(
        f'<div class="scroll" role="group" aria-label="{escape(label)}" tabindex="0">{html}</div>\n'
    )


def highlighted(code: str) -> str:
    """Python in colours; a box that scrolls, by keyboard as well."""
    spans = highlight(code, PythonLexer(), HtmlFormatter(nowrap=True))
    return f'<pre tabindex="0">{spans}</pre>'


def breakable(name: str) -> str:
    """The name of a metric, as HTML or text, that may be broken after each underscore."""
    return re.sub(r"(?<=\w)_(?=\w)", "_<wbr>", name)

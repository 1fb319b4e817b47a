"""The static site: every page and link, what hostile texts become, and equal builds.

A small project with every kind of claim, then the committed results. The
pages are opened in a browser by tests/browser.
"""

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from site_pages import broken_links, read_site

from replication import results, site
from replication.claims import load
from replication.claims.verdicts import check

matplotlib.use("agg")

ROOT = Path(__file__).parent.parent
HOSTILE = """<script>alert(1)</script> "onload="alert(2)" <img src=x onerror=alert(3)>"""
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PURITY = {"demo-run": (0.83, 0.84, 0.86), "demo-rival": (0.60, 0.62, 0.61)}
CLAIMS = f"""slug = "demo"
number = 1
title = "Demo"
author = "无名 (Nobody)"
year = 2018
url = "https://example.org/article"
language = "zh"

[[claims]]
id = "high"
says = "It is high | very."
locator = "section 1"
kind = "value"
because = "printed so"
measures = "demo-run/purity"
reported = 0.845
controls = ["demo-rival/purity"]
context = [{{ label = "theirs", value = "84 %", source = "Others (2016)" }}]
verdict = "reproduced"
explanation = "It has {{demo-run/purity:.1%}}, see `better`, and {{demo-run/spread:.2f}} of spread."

[[claims]]
id = "better"
says = '''{HOSTILE}'''
locator = '''{HOSTILE}'''
kind = "order"
because = '''{HOSTILE}'''
measures = "demo-run/purity"
compared_with = ["demo-rival/purity"]
direction = "greater"
verdict = "reproduced"
explanation = '''{HOSTILE}'''

[[claims.controls]]
measures = "demo-rival/purity"
compared_with = ["demo-run/purity"]

[[claims]]
id = "identity"
says = "It is one."
locator = "eq. (1)"
kind = "exact"
because = "round-off"
measures = "demo-run/ratio"
expected = 1.0
tolerance = 1e-6
verdict = "reproduced"
explanation = "It is."

[[claims]]
id = "grid"
says = "It looks good."
locator = "figure"
kind = "reader"
because = "a picture"
figure = "grid"
verdict = "shown"
explanation = "Seen."

[[claims]]
id = "later"
says = "It beats another."
locator = "section 2"
kind = "order"
because = "said so"
measures = "demo-run/purity"
compared_with = ["demo-extended/purity"]
direction = "greater"
core = false
verdict = "inconclusive"
explanation = "Not run yet."

[[open]]
id = "start"
detail = "How it starts."
locator = "nowhere"
ours = "well"
measures = "demo-run/purity"
alternatives = [{{ what = "badly", measures = "demo-rival/purity" }}]
"""
README = """# Demo

## What we found

It has <!-- =demo-run/purity:.1% -->84.3 %<!-- / -->.

<!-- claims:begin -->
<!-- claims:end -->
"""
DECISION = """# 0001. A decision

It rests on <!-- =demo-run/purity - demo-rival/purity:.1p -->23.3<!-- / --> points, see
[the ledger](../open-details.md#open), [the notebook](../../notebooks/01_demo.ipynb),
[the code](../../replication/site.py) and [a trap](javascript:alert(1)).

| column | of numbers |
|---|---|
| `high` | 1 |
"""
OPEN = "# Open\n\nThe intro.\n\n<!-- ledger:begin -->\n<!-- ledger:end -->\n"
TABLE = f"""<style>td {{ color: red }}</style><script>alert(4)</script>
<table border="1" onclick="alert(5)"><tbody><tr style="color: red"><th>high</th><td>0.5</td>
<td>{HOSTILE}</td></tr></tbody></table><a href="javascript:alert(6)">x</a>"""


def record(root, experiment, seed, **measured):
    """Records a full run with these metrics and a hostile reason."""
    results.record(
        root,
        "demo",
        experiment=experiment,
        profile="full",
        seed=seed,
        metrics=[(name, "fraction", "higher") for name in measured],
        tier="core",
        measurements={name: (value, 1000) for name, value in measured.items()},
        history=None,
        provenance={
            "fingerprint": "here",
            "commit": "abc123def456",
            "minutes": 1.5,
            "accepted_because": HOSTILE,
            "environment": {"keras": "3.15.1", "device": "cpu", "threads": 2},
        },
    )


def notebook():
    """An executed notebook with a formula, a chip, a figure and outputs that mean harm."""
    data = {"text/html": TABLE, "text/plain": "table"}
    picture = {"image/png": base64.b64encode(PIXEL).decode()}
    about = {"image/png": {"alt": 'A "dot"', "width": 1}}
    caption = '<p class="figure-caption"><small>One dot. <em>demo, n = 1.</em></small></p>'
    outputs = [
        new_output("display_data", data),
        new_output("display_data", picture, metadata=about),
        new_output("display_data", {"text/html": caption}),
        new_output("stream", text=HOSTILE),
        new_output("display_data", {"text/markdown": HOSTILE, "text/plain": ""}),
        new_output("display_data", {"text/markdown": "`later`: **vacuous**. Long ago."}),
    ]
    cells = [
        new_markdown_cell("# 01 · Demo\n\nBy [the article](https://example.org/article)."),
        new_markdown_cell(f"## Question\n\nIs $x_1 < y$? {HOSTILE}\n\n$$\n\\frac{{1}}{{2}}\n$$"),
        new_markdown_cell("### Claims `high` and `better`\n\nWe ask `high`, not `purity`."),
        new_code_cell("first = 1"),
        new_code_cell(f"print({HOSTILE!r})", outputs=outputs),
        new_markdown_cell("## Question"),
        new_markdown_cell("## Departures from the article\n\n1. None, but for `high`."),
        new_markdown_cell("## Conclusion"),
    ]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small project whose committed files all agree."""
    root = tmp_path_factory.mktemp("project")
    for name, text in {
        "claims/demo.toml": CLAIMS,
        "README.md": README,
        "docs/decisions/0001-a-decision.md": DECISION,
        "docs/open-details.md": OPEN,
        "LICENSE": "Apache License",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for experiment, values in PURITY.items():
        for seed, value in enumerate(values):
            spread = {"ratio": 1.0, "spread": 0.25} if experiment == "demo-run" else {}
            record(root / "results", experiment, seed, purity=value, **spread)
    nbformat.write(notebook(), root / "results" / "demo" / "notebook.ipynb")
    return root


def build(root, out, today=None):
    """Builds the site of a project."""
    report = check(root / "claims", root / "results", today)
    return site.build(report, site.Project(root, root / "results"), out)


@pytest.fixture(scope="module")
def built(project, tmp_path_factory):
    """The folder of the small project's site, what the build said, and its pages."""
    folder = tmp_path_factory.mktemp("out") / "site"
    told = build(project, folder)
    return folder, told, read_site(folder)


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """The site of the committed results, by the command line, and what it loaded."""
    folder = tmp_path_factory.mktemp("committed") / "site"
    script = (
        "import sys; from replication.__main__ import app\n"
        f"app(['site', '--out', {str(folder)!r}], standalone_mode=False)\n"
        "print(sorted({'keras', 'tensorflow', 'torch', 'jax', 'sphinx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder, done, read_site(folder)


@pytest.fixture(params=["small", "committed"])
def pages(request):
    """Folder and pages of both sites, one after the other."""
    folder, _, found = request.getfixturevalue({"small": "built"}.get(request.param, "committed"))
    return folder, found


def files(folder):
    """Every file of a folder with its content."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_link_leads_to_a_file_and_every_anchor_to_an_element(pages):
    folder, found = pages

    assert broken_links(folder, found) == []


def test_pages_are_well_formed_with_unique_ids_a_language_and_one_title(pages):
    for name, page in pages[1].items():
        assert page.mistakes == [], name
        assert len(page.ids) == len(set(page.ids)), name
        assert page.all("html")[0]["lang"] == "en", name
        assert len(page.all("h1")) == 1, name
        assert [tag for tag, _ in page.tags].count("title") >= 1, name
        assert all(image.get("alt") for image in page.all("img")), name
        assert page.all("main", id="main"), f"{name}: the skip link leads nowhere"


def test_nothing_is_fetched_from_elsewhere(pages):
    folder, found = pages
    for name, page in found.items():
        assert not [each for each in page.loads if re.match(r"([a-z]+:)?//", each)], name
        assert all(each == "data:," or not each.startswith("data:") for each in page.loads), name
        assert "default-src 'none'" in page.html
    style = (folder / "static" / "site.css").read_text()
    assert "url(" not in style and "@import" not in style


def test_only_our_scripts_run_and_no_element_has_a_handler(pages):
    ours = {"site.js", "formulas.js", "tex-svg.js"}
    for name, page in pages[1].items():
        scripts = page.all("script")
        assert {each["src"].rsplit("/", 1)[1] for each in scripts} <= ours, name
        assert not [a for _, found in page.tags for a in found if a.startswith("on")], name
        assert not [link for link in page.links if link.startswith("javascript")], name


def test_formulas_are_loaded_only_where_there_are_some(pages):
    for name, page in pages[1].items():
        loaded = any("mathjax" in each for each in page.loads)
        assert loaded == bool(page.all(class_="math")), name


def test_every_claim_is_two_clicks_from_the_runs_behind_it(pages):
    """Index, claim, run: every claim has a row and a page, which names commits and experiments."""
    folder, found = pages
    articles = load(folder.parent / "claims") if (folder.parent / "claims").is_dir() else None
    index = found["index.html"]
    rows = [each["id"] for each in index.all("tr") if "data-verdict" in each]

    assert rows and len(rows) == len(set(rows))
    assert articles is None or len(rows) == sum(len(a.claims) for a in articles.values())
    for row in rows:
        address = f"claim/{row}.html"
        assert address in index.links
        page = found[address]
        experiments = [link for link in page.links if "/experiment/" in link]
        if "no run yet" not in page.text and "a picture" not in page.text:
            assert experiments and "commit" in page.text, row
            assert page.all("tfoot"), row


def test_the_committed_site_has_every_claim_and_needs_no_training_library(committed):
    folder, done, found = committed
    claims = [(slug, claim.id) for slug, a in load().items() for claim in a.claims]

    assert done.stdout.splitlines()[-1] == "[]"
    assert f"{len(found)} pages" in done.stdout
    assert all(f"claim/{slug}/{claim}.html" in found for slug, claim in claims)
    assert {f"{slug}/{claim}" for slug, claim in claims} <= set(found["index.html"].ids)
    assert (folder / "static/mathjax/LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert not {row.get("data-verdict") for row in found["index.html"].all("tr")} - {
        None,
        *site.pages.VERDICTS,
    }


def test_hostile_texts_are_shown_as_text(built):
    """In a claim, in provenance, in a notebook's prose, code, streams and tables."""
    folder, _, found = built
    index, claim = found["index.html"], found["claim/demo/better.html"]

    assert ESCAPED in index.html and HOSTILE in index.text
    assert claim.html.count(ESCAPED) >= 5  # statement, locator, explanation, reason, provenance
    assert HOSTILE in claim.text
    article = found["article/demo.html"]
    assert article.text.count("alert(1)") >= 4 and "alert(4)" not in article.text
    assert not [image for image in article.all("img") if image["src"] == "x"]
    for page in found.values():
        assert "<script>" not in page.html


def test_a_table_of_a_notebook_keeps_its_cells_and_loses_its_style(built):
    page = built[2]["article/demo.html"]

    assert "color: red" not in page.html and "border=" not in page.html
    assert '<td class="number">0.5</td>' in page.html
    assert {"class": "scroll", "role": "group", "aria-label": "Table", "tabindex": "0"} in page.all(
        "div"
    )
    assert re.search(r'<th><a class="chip v-reproduced"[^>]*>high</a></th>', page.html)


def test_claims_in_prose_become_chips_and_other_code_stays_code(built):
    page = built[2]["article/demo.html"]
    chip = page.all("a", data_claim="high")[0]

    assert chip["href"] == "../claim/demo/high.html"
    assert chip["title"].startswith("verdict: reproduced. It is high | very.")
    assert "<code>purity</code>" in page.html
    assert {"claim-high", "claim-better", "question", "question-2"} <= set(page.ids)
    back = "../../article/demo.html#claim-high"
    assert back in built[2]["claim/demo/high.html"].links


def test_a_figure_keeps_its_words_its_caption_and_its_pixels(built):
    folder, _, found = built
    (image,) = found["article/demo.html"].all("img")

    assert image["alt"] == 'A "dot"' and (image["width"], image["height"]) == ("1", "1")
    assert (folder / "article" / image["src"]).resolve().read_bytes() == PIXEL
    caption = "<figcaption>One dot. <em>demo, n = 1.</em></figcaption></figure>"
    assert caption in found["article/demo.html"].html


def test_bound_numbers_become_chips_that_lead_to_their_rows(built):
    """To the claim that rests on the number, else to the row of the experiment."""
    pages = built[2]
    mean = f"{100 * np.mean(PURITY['demo-run']):.1f} %"  # by another library than the build's
    html = pages["claim/demo/high.html"].html
    numbers = re.findall(r'<a class="chip number[^"]*" href="([^"]*)"[^>]*>([^<]*)</a>', html)

    assert numbers == [
        ("high.html#seeds", mean),
        ("../../experiment/demo-run.html#metric-spread", "0.25"),
    ]
    index = re.findall(r'<a class="chip number[^"]*"[^>]*>([^<]*)</a>', pages["index.html"].html)
    assert index == [mean]
    document = pages["document/0001-a-decision.html"].html
    assert re.search(
        r'title="demo-run/purity - demo-rival/purity:.1p over 3 seeds[^>]*>23.3<', document
    )


def test_links_of_documents_lead_to_pages_or_are_text(built):
    page = built[2]["document/0001-a-decision.html"]

    assert "../open-details.html#open" in page.links
    assert "../article/demo.html" in page.links
    assert "the code" in page.text and "a trap" in page.text
    assert not [link for link in page.links if "replication" in link or "alert" in link]
    assert "=demo-run" not in page.text


@pytest.mark.parametrize(
    ("path", "before", "place"),
    [
        ("docs/decisions/0001-a-decision.md", "23.3", "docs/decisions/0001-a-decision.md:3"),
        ("README.md", "84.3 %", "README.md:5"),
    ],
)
def test_a_bound_number_that_no_longer_matches_fails_the_build(
    project, tmp_path, path, before, place
):
    """It names place, number and what the tables say, and leaves the old site as it was."""
    copy = shutil.copytree(project, tmp_path / "project")
    build(copy, tmp_path / "site")
    old = files(tmp_path / "site")
    (copy / path).write_text((copy / path).read_text().replace(before, "99.9"))

    with pytest.raises(site.StaleNumber, match=f"{place}.*'99.9'.*the tables say is {before}"):
        build(copy, tmp_path / "site")
    assert files(tmp_path / "site") == old


def test_the_numbers_of_a_claim_are_all_there(built):
    """Reported, ours, each seed, interval, controls and context."""
    page = built[2]["claim/demo/high.html"]
    interval = interval_of(PURITY["demo-run"])

    for text in ("0.845", "0.83", "0.84", "0.86", *interval, "84 %", "Others (2016)", "fails"):
        assert text in page.text, text
    assert "abc123def456" in page.text and "1.5" in page.text and "keras 3.15.1" in page.text
    assert {"href": "https://example.org/article", "hreflang": "zh"}.items() <= next(
        a for a in page.all("a") if a.get("href") == "https://example.org/article"
    ).items()
    assert page.all("span", lang="zh")


def interval_of(values):
    """The 95 % interval of one more draw, by scipy's own distribution."""
    from scipy import stats

    mean, scale = np.mean(values), np.std(values, ddof=1) * np.sqrt(1 + 1 / len(values))
    bounds = stats.t.interval(0.95, len(values) - 1, mean, scale)
    return [f"{bound:.6g}" for bound in bounds]


def test_a_control_is_put_to_the_claims_own_test(built):
    """The rival is not better than the run, as it should not be."""
    page = built[2]["claim/demo/better.html"]
    mean = np.mean(np.subtract(PURITY["demo-rival"], PURITY["demo-run"]))

    assert "demo-rival / purity less demo-run / purity" in page.text
    assert f"{mean:.6g}" in page.text
    assert "fails as it should" in " ".join(page.text.split())


def test_what_was_never_run_says_so(built):
    page = built[2]["claim/demo/later.html"]

    assert "no run yet, n = 0" in page.text
    assert not page.all("table", class_="seeds")
    assert "ALL=1" in page.text


def test_the_ledger_and_the_departures_are_on_one_page(built):
    page = built[2]["open-details.html"]

    assert "None, but for" in page.text and "How it starts." in page.text
    assert "-23.33 points" in page.text and "The intro." in page.text


def test_a_notebook_older_than_its_claims_is_noticed(built, project):
    told = built[1]

    assert told.num_pages == len(built[2])
    assert len(told.notices) == 1 and "demo" in told.notices[0]
    assert "have changed on" in built[2]["article/demo.html"].text


def test_what_ran_in_this_checkout_is_beside_the_claims(project, tmp_path):
    """Drift of today shows in the table; without runs of today nothing is said."""
    record(tmp_path / "today", "demo-run", 0, purity=0.83, ratio=1.0, spread=0.25)
    build(project, tmp_path / "site", tmp_path / "today")
    page = read_site(tmp_path / "site")["index.html"]

    assert len(page.all("span", class_="today t-stable")) == 2  # `high`, `identity`: no rival
    assert "This checkout has runs of its own" in page.text


def test_two_builds_are_equal_and_the_second_removes_what_is_gone(project, built, tmp_path):
    folder = shutil.copytree(built[0], tmp_path / "site")
    (folder / "claim" / "demo" / "gone.html").write_text("stale")
    build(project, folder)

    assert files(folder) == files(built[0])


def test_a_folder_of_something_else_is_not_replaced(project, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(site.SiteError, match="choose another with --out"):
        build(project, tmp_path)
    assert files(tmp_path) == {Path("thesis.tex"): b"years of work"}


def test_an_article_without_a_notebook_has_a_page_that_says_so(project, tmp_path):
    copy = shutil.copytree(project, tmp_path / "project")
    (copy / "results" / "demo" / "notebook.ipynb").unlink()
    told = build(copy, tmp_path / "site")
    pages = read_site(tmp_path / "site")

    assert "has not been executed" in pages["article/demo.html"].text
    assert broken_links(tmp_path / "site", pages) == []
    assert "no executed notebook" in told.notices[0]

"""Tables and figures of executed notebooks, as pages show them."""

import io
import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from PIL import Image
from site_demo import build, make_project
from site_pages import read_site

from replication.site import pictures
from replication.site.notebooks import clean, num_missing

HEAD = "<thead><tr><th></th><th>mean</th></tr></thead>"


def table(body, head=HEAD):
    return str(clean(f"<table>{head}<tbody>{body}</tbody></table>"))


@pytest.mark.parametrize("written", ["nan", "NaN", "NaT", "&lt;NA&gt;"])
def test_no_cell_says_nan(written):
    """Alone it is a number that is missing; a table said "0.795 ± nan" of one run."""
    html = table(f"<tr><th>a</th><td>{written}</td><td>0.795 ± {written}</td></tr>")

    assert '<td class="number">–</td>' in html and "<td>0.795 ± –</td>" in html
    assert written not in html


def test_words_that_hold_those_letters_stay():
    assert "nano, Nan, nan-safe" in table("<tr><td>nano, Nan, nan-safe</td></tr>")


def test_the_build_says_how_often_a_notebook_does(tmp_path):
    """It goes on: the cure is to run something."""
    project = make_project(tmp_path / "project")
    path = project / "results" / "demo" / "notebook.ipynb"
    notebook = nbformat.read(path, as_version=4)
    html = f"<table>{HEAD}<tbody><tr><th>a</th><td>NaN</td><td>1 ± nan</td></tr></tbody></table>"
    notebook.cells.append(
        new_code_cell("x", outputs=[new_output("display_data", {"text/html": html})])
    )
    nbformat.write(notebook, path)
    told = build(project, tmp_path / "site")

    assert num_missing(notebook) == 2
    assert any("say NaN 2 times, shown as a dash" in notice for notice in told.notices)
    assert "NaN" not in read_site(tmp_path / "site")["article/demo.html"].html


def test_headers_of_a_table_say_what_they_head_and_an_empty_one_is_none():
    """For a screen reader; pandas writes neither."""
    head = '<thead><tr><th></th><th colspan="2">both</th><th>n</th></tr></thead>'
    html = table('<tr><th rowspan="2">a</th><th>b</th><td>1</td></tr><tr><th>c</th></tr>', head)

    assert "<td></td>" in html and "<th></th>" not in html
    assert '<th colspan="2" scope="colgroup">both</th><th scope="col">n</th>' in html
    assert '<th rowspan="2" scope="rowgroup">a</th><th scope="row">b</th>' in html
    assert html.count("<th") - html.count("<thead") == html.count("scope=")


def test_a_header_stands_over_the_numbers_of_its_column():
    """It stood to the left of them, of the first table on the first page."""
    html = table("<tr><th>a</th><td>1</td></tr><tr><th>b</th><td>20 %</td></tr>")

    assert '<th class="number" scope="col">mean</th>' in html
    assert '"number" scope' not in table(
        "<tr><th>a</th><td>1</td></tr><tr><th>b</th><td>x</td></tr>"
    )


def test_a_dash_stands_where_the_words_of_its_column_do():
    """It stood on the right of a column of words, as if a number were missing."""
    words = table("<tr><th>a</th><td>frozen</td></tr><tr><th>b</th><td>–</td></tr>")
    numbers = table("<tr><th>a</th><td>1</td></tr><tr><th>b</th><td>–</td></tr>")

    assert "<td>–</td>" in words
    assert '<td class="number">–</td>' in numbers


def test_a_phone_shows_rows_of_sentences_as_cards_and_numbers_as_a_table():
    """Of open details a phone showed three columns of five."""
    head = "<thead><tr><th>left open</th><th>effect</th></tr></thead>"
    words = table(
        "<tr><th>how it starts</th><td>by a tenth of a point, at the most</td></tr>", head
    )

    assert '<table class="stacked">' in words
    assert '<td data-label="effect">by a tenth' in words
    assert "stacked" not in table("<tr><th>how it starts</th><td>0.1</td></tr>", head)
    assert "stacked" not in table('<tr><th rowspan="2">x</th><td>of many words and more</td></tr>')


def test_a_long_table_of_sentences_is_folded_and_says_what_is_in_it():
    """One of open details took 1,300 pixels of a page; the page of open details has them all."""
    head = "<thead><tr><th>left open</th><th>effect</th></tr></thead>"
    row = "<tr><th>how it starts</th><td>by a tenth of a point, at the most</td></tr>"
    folded = "<details><summary>Table of 6 rows: left open, effect</summary>"

    assert table(6 * row, head).startswith(folded)
    assert "<details>" not in table(5 * row, head)
    assert "<details>" not in table(9 * "<tr><th>a</th><td>1</td></tr>")


def test_names_of_metrics_may_be_broken_at_underscores():
    """Nine of them side by side made a page of paper shrink to seven points."""
    assert '<th scope="row">test_<wbr>mse</th>' in table("<tr><th>test_mse</th></tr>")


def test_a_figure_leads_to_its_picture(tmp_path):
    """Its labels are too small for a phone, where the picture alone can be enlarged."""
    folder = tmp_path / "site"
    build(make_project(tmp_path / "project"), folder)
    page = read_site(folder)["article/demo.html"]
    (image,) = page.all("img")

    assert re.search(rf'<a href="{re.escape(image["src"])}"[^>]*><img ', page.html)
    shutil.rmtree(folder)


CODE = '<details class="code">many lines of code that nobody reads</details>'


def figure(name, data, code=""):
    """A figure as a page shows it, the experiments that it shows behind a fold."""
    source = f"<details><summary><small>Data</small></summary><small>{data}.</small></details>"
    return f"<figure>{name}{code}<figcaption>{source}</figcaption></figure>"


def claim_box(name):
    return f'<div id="claim-{name}">How it came out.</div>'


def test_a_claim_finds_the_nearest_figure_of_its_own_section():
    """Before it or after it, and in the chapter where its section has none; code is not counted."""
    one, two, three = (figure(name, "a-run, profile full") for name in ("one", "two", "three"))
    html = f"<h2>A</h2>{one}{CODE}{claim_box('a')}<p>words</p>{two}{claim_box('b')}<h3>B</h3>"
    html += f"{claim_box('c')}<h2>C</h2>{three}{claim_box('d')}"
    measured = dict.fromkeys("abcd", {"a-run"})

    expected = {"a": [one, two], "b": [two, one], "c": [two, one], "d": [three]}
    assert pictures.by_claim(html, measured) == expected
    inside = figure("one", "a-run, profile full", CODE)
    assert pictures.by_claim(f"<h2>A</h2>{inside}{claim_box('a')}", measured) == {"a": [one]}


def test_a_claim_shows_no_figure_of_experiments_that_it_does_not_measure():
    """The nearest one stood on 49 pages whose claim it was not about."""
    other, own = figure("other", "a-run-wide, seed 0"), figure("own", "a-run, b-run, seed 0")
    html = f"<h2>A</h2>{other}{claim_box('a')}<p>words</p>{own}{claim_box('b')}{claim_box('c')}"
    measured = {"a": {"a-run"}, "b": {"c-run"}, "c": set()}

    assert pictures.by_claim(html, measured) == {"a": [own], "b": [], "c": [own, other]}


def test_a_drawing_is_of_the_claim_beside_it():
    """It has no experiment to tell by."""
    drawing = figure("rows", "A drawing")
    html = f"<h2>A</h2>{drawing}<p>words</p>{claim_box('a')}{claim_box('b')}"

    found = pictures.by_claim(html, dict.fromkeys("ab", {"a-run"}))
    assert found == {"a": [drawing], "b": []}


def test_experiments_behind_a_figure_are_links():
    """Pages of 21 experiments could be reached from nowhere."""
    html = f"a-run {figure('one', 'a-run, profile full; on half-tone images')}"
    linked = pictures.with_links(html, {"a-run": "../a-run.html"}.get)

    assert linked.count("<a ") == 1
    assert '<small><a href="../a-run.html">a-run</a>, profile full; on half-tone' in linked


def test_a_picture_is_shown_no_taller_than_a_page_allows():
    drawn = io.BytesIO()
    Image.new("RGB", (1248, 2 * pictures.TALLEST + 624)).save(drawn, "png")
    width, height = pictures.size(drawn.getvalue(), 624)

    assert height == pictures.TALLEST and width < 624


def test_a_small_picture_is_whole_and_the_same_each_time():
    """One was cut through its second panel."""
    drawn, tall = io.BytesIO(), Image.new("RGB", (1600, 3000), "navy")
    tall.paste("red", (0, 2900, 1600, 3000))
    tall.save(drawn, "png")
    small = pictures.small(drawn.getvalue())
    middle = [Image.open(io.BytesIO(small)).convert("RGB").getpixel((290, y)) for y in (9, 385)]

    assert pictures.size(small) == pictures.SMALL
    assert middle[0][2] > 100 > middle[0][0] and middle[1][0] > 200 > middle[1][2]  # navy, red
    assert small == pictures.small(drawn.getvalue()) and len(small) < 10_000  # bytes
    pictures.require_whole(small)
    with pytest.raises(ValueError, match="damaged"):
        pictures.require_whole(small[:-20])

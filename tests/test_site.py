"""The static site: every page and link, that nothing is fetched, and equal builds.

A small project with every kind of claim, then the committed results. What the
pages say is tested in test_site_texts.py; tests/browser opens them.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from site_demo import build, files, record
from site_pages import broken_links, read_site, target

from replication import site
from replication.claims import load
from replication.runner.jobs import parse_seeds
from replication.site.chips import metric_anchor

ROOT = Path(__file__).parent.parent


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


def test_every_page_can_be_reached(pages):
    """A link leads to each, from a page other than itself; those of 21 experiments had none."""
    _, found = pages
    targets = [(name, target(name, link)) for name, page in found.items() for link in page.links]
    linked = {to[0] for name, to in targets if to and to[0] != name}

    assert sorted(set(found) - linked) == []


def test_every_link_leads_to_a_file_and_every_anchor_to_an_element(pages):
    folder, found = pages

    assert broken_links(folder, found) == []


def test_every_sweep_that_a_page_says_is_understood(pages):
    """A claim that one seed decides said `--seeds 0`, which is refused."""
    seeds = {each for page in pages[1].values() for each in re.findall(r"--seeds (\S+)", page.html)}

    assert seeds and all(map(parse_seeds, seeds))


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
    found = pages[1]
    index = found["index.html"]
    rows = [each["id"] for each in index.all("tr") if "data-verdict" in each]

    assert rows and len(rows) == len(set(rows))
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


def test_every_claim_that_is_a_picture_shows_it(committed):
    """A page said "look for yourself" and had nothing to look at."""
    found = committed[2]
    pictures = [(slug, c.id) for slug, a in load().items() for c in a.claims if c.kind == "reader"]

    without = {
        f"{slug}/{claim}"
        for slug, claim in pictures
        if not found[f"claim/{slug}/{claim}.html"].all("img")
    }
    assert pictures
    assert not without


def test_a_mean_is_the_same_on_the_page_of_a_claim_and_of_its_experiment(committed):
    """Of one sum of seeds two ways to add made 0.9025 and 0.9026."""
    cell = r'<td class="number">([^<]*)</td>'
    for name, page in committed[2].items():
        if not (seeds := re.search(r'<table class="seeds">.*?</table>', page.html, re.DOTALL)):
            continue
        measures = re.findall(r'class="number">([a-z0-9-]+) / ([^< ]*)', seeds[0])
        means = re.search(r"mean</th>(.*)</tr>", seeds[0])[1]
        for (experiment, metric), mean in zip(measures, re.findall(cell, means), strict=False):
            row = rf'<tr id="{metric_anchor(metric)}">.*?{cell}'
            there = committed[2][f"experiment/{experiment}.html"].html
            assert re.search(row, there, re.DOTALL)[1].replace("not run", "–") == mean, (
                f"{name}: {metric}"
            )


def test_where_other_test_images_count_the_page_says_so(committed):
    """Their error is no rival, and it is in the interval that is drawn."""
    claims = [(slug, claim) for slug, article in load().items() for claim in article.claims]
    told = {}
    for slug, claim in claims:
        text = committed[2][f"claim/{slug}/{claim.id}.html"].text
        told[claim.id] = "error over test images" in text, "other test images included" in text

    expected = {claim.id: (bool(getattr(claim, "image_error", ())),) * 2 for _, claim in claims}
    assert (True, True) in expected.values()
    assert told == expected


def test_each_article_has_a_small_picture_on_the_first_page(committed):
    index = committed[2]["index.html"]
    sources = [image["src"] for image in index.all("img")]

    assert sorted(sources) == sorted(f"figures/{slug}/small.png" for slug in load())


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

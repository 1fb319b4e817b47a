"""What the pages of the site say: numbers, chips, figures; and what hostile texts become."""

import re
import shutil

import numpy as np
import pytest
from scipy import stats
from site_demo import ESCAPED, HOSTILE, PIXEL, PURITY, build, files, make_project
from site_pages import read_site

from replication import site


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small project whose committed files all agree."""
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def built(project, tmp_path_factory):
    """The folder of the small project's site, what the build said, and its pages."""
    folder = tmp_path_factory.mktemp("out") / "site"
    told = build(project, folder)
    return folder, told, read_site(folder)


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
    assert '<a href="../open-details.html"><code>docs/open-details.md</code></a>' in page.html
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
    runs = len(PURITY) * len(PURITY["demo-run"])
    assert page.text.count("abc123def456") == page.links.count("#reason-1") == runs
    assert page.ids.count("reason-2") == 0  # all six were accepted for one reason
    assert "1.5" in page.text and "keras 3.15.1" in page.text
    assert {"href": "https://example.org/article", "hreflang": "zh"}.items() <= next(
        a for a in page.all("a") if a.get("href") == "https://example.org/article"
    ).items()
    assert page.all("span", lang="zh")


def interval_of(values):
    """The 95 % interval of one more draw, by scipy's own distribution."""
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
    assert not page.all("svg", aria_labelledby="strip-verdict-title strip-verdict-desc")
    assert page.html.count('<td class="number">–</td>') >= 2 * len(PURITY["demo-run"])
    assert "ALL=1" in page.text


def test_the_ledger_and_the_departures_are_on_one_page(built):
    page = built[2]["open-details.html"]

    assert "None, but for" in page.text and "How it starts." in page.text
    assert "-23.33 points" in page.text and "The intro." in page.text

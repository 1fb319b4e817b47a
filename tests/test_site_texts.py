"""What the pages of the site say: numbers, chips, figures; and what hostile texts become."""

import re
import shutil

import numpy as np
import pytest
from scipy import stats
from site_demo import ESCAPED, HOSTILE, PIXEL, PURITY, build, files, record
from site_pages import read_site

from replication import site


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
    assert '<th scope="row">high</th>' in page.html  # a word of a table is no claim's name
    assert '<th scope="col">column</th>' in built[2]["document/0001-a-decision.html"].html


def test_claims_in_prose_become_chips_and_other_code_stays_code(built):
    page = built[2]["article/demo.html"]
    chip = page.all("a", data_claim="high")[0]

    assert chip["href"] == "../claim/demo/high.html"
    assert chip["title"].startswith("verdict: reproduced. It is high | very.")
    assert "<code>purity</code>" in page.html
    assert {"claim-high", "question", "question-2"} <= set(page.ids)
    back = "../../article/demo.html#claim-high"
    assert back in built[2]["claim/demo/high.html"].links


def test_no_line_begins_with_the_sign_of_a_share(built):
    """Of "82.6 %" the sign stood alone at the left edge."""
    assert "84\u00a0%." in built[2]["article/demo.html"].html


def test_a_figure_keeps_its_words_its_caption_and_its_pixels(built):
    folder, _, found = built
    (image,) = found["article/demo.html"].all("img")

    assert image["alt"] == 'A "dot"' and (image["width"], image["height"]) == ("1", "1")
    assert (folder / "article" / image["src"]).resolve().read_bytes() == PIXEL
    caption = "<figcaption><small>One dot.</small><details><summary>Data</summary><small>"
    caption += '<a href="../experiment/demo-run.html">demo-run</a>, n = 1.</small></details>'
    caption += "</figcaption></figure>"
    assert caption in found["article/demo.html"].html


def test_a_claim_shows_its_figure_as_the_article_does(built):
    """With caption, words and links, from the same file."""
    page = built[2]["claim/demo/high.html"]
    (image,) = page.all("img")

    assert image["src"] == "../../figures/demo/01.png" and image["alt"] == 'A "dot"'
    assert "One dot." in page.text
    assert '<small><a href="../../experiment/demo-run.html">demo-run</a>, n = 1.' in page.html


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
        r'title="demo-run/purity - demo-rival/purity:.1p over 6 seeds[^>]*>23.3<', document
    )


def test_links_of_documents_lead_to_pages_or_are_text(built):
    page = built[2]["document/0001-a-decision.html"]

    assert "../open-details.html#open-demo" in page.links
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

    with pytest.raises(site.StaleNumber, match=f"{place}: 99.9 instead of {before}"):
        build(copy, tmp_path / "site")
    assert files(tmp_path / "site") == old


def test_the_numbers_of_a_claim_are_all_there(built):
    """Reported, ours, each seed, interval, controls and context."""
    page = built[2]["claim/demo/high.html"]
    interval = interval_of(PURITY["demo-run"])

    texts = ("0.845", "0.83", "0.84", "0.86", *interval, "84 %", "Others", "fails", "1,000")
    for text in texts:
        assert text in page.text, text
    assert "https://example.org/theirs" in page.links
    runs = len(PURITY) * len(PURITY["demo-run"])
    assert page.text.count("abc123def456") == page.links.count("#reason-1") == runs
    assert page.ids.count("reason-2") == 0  # all six were accepted for one reason
    assert "1.5" in page.text and "keras 3.15.1" in page.text
    assert {"href": "https://example.org/article", "hreflang": "zh"}.items() <= next(
        a for a in page.all("a") if a.get("href") == "https://example.org/article"
    ).items()
    assert page.all("span", lang="zh")


def test_seeds_that_stand_apart_are_on_no_page_either(built, project, tmp_path):
    """Where a device makes a difference its seeds are not judged, but pages showed them."""
    copy = shutil.copytree(project, tmp_path / "project")
    record(copy / "results", "demo-run", 6, device="gpu", purity=0.5, ratio=1.0, spread=0.25)
    build(copy, tmp_path / "site")
    found = read_site(tmp_path / "site")

    for name in ("claim/demo/high.html", "experiment/demo-run.html"):
        tables = (each[name].html.partition('id="provenance"')[0] for each in (built[2], found))
        assert len(set(tables)) == 1, name


def interval_of(values):
    """The 95 % interval of one more draw, by scipy's own distribution."""
    mean, scale = np.mean(values), np.std(values, ddof=1) * np.sqrt(1 + 1 / len(values))
    bounds = stats.t.interval(0.95, len(values) - 1, mean, scale)
    return [f"{bound:.4g}" for bound in bounds]


def test_a_control_is_told_as_it_was_judged(built):
    """The rival is not better than the run, as it should not be."""
    page = built[2]["claim/demo/better.html"]
    mean = np.mean(np.subtract(PURITY["demo-run"], PURITY["demo-rival"]))
    table = page.html.partition('id="controls"')[2].partition("</table>")[0]

    assert f'<td data-label="our effect, less its own" class="number">{2 * mean:.4g}</td>' in table
    assert "fails, as it should" in table and ">passes<" not in table


def test_no_control_fails_as_it_should_where_too_few_runs_can_tell(project, tmp_path):
    """With one seed a page showed three controls in green, each of them "fails as it should"."""
    copy = shutil.copytree(project, tmp_path / "project")
    path = copy / "results/demo/measurements.csv"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(row for row in rows if ",full," not in row or ",full,0," in row))
    (copy / "docs/decisions/0001-a-decision.md").unlink()  # which has a number of all seeds
    (copy / "README.md").unlink()
    build(copy, tmp_path / "site")
    pages = read_site(tmp_path / "site")

    for claim in ("high", "better"):
        assert "fails, as it should" not in pages[f"claim/demo/{claim}.html"].text
        assert "cannot be told" in pages[f"claim/demo/{claim}.html"].text


def test_our_interval_is_drawn_across_the_controls(built):
    """So that one sees whether a control lies in it."""
    page = built[2]["claim/demo/high.html"]
    figure = page.html.partition('<figure class="strips">')[2].partition("</figure>")[0]
    ours, control = re.findall(r'<svg class="strip".*?</svg>', figure, re.S)
    place = re.search(r'class="interval" x="([\d.]+)%" width="([\d.]+)%"', ours).groups()

    assert "across" not in ours
    assert re.search(r'class="across" x="([\d.]+)%" width="([\d.]+)%"', control).groups() == place


def test_what_was_never_run_says_so(built):
    page = built[2]["claim/demo/later.html"]

    assert "no run yet, n = 0" in page.text
    assert not page.all("svg", aria_labelledby="strip-verdict-title strip-verdict-desc")
    assert page.html.count('<td class="number">–</td>') >= 2 * len(PURITY["demo-run"])
    assert "To run it:" in page.text
    assert commands(page) == [
        "python -m replication sweep --experiments demo-run --seeds 0-5",
        "python -m replication sweep --experiments demo-extended --seeds 0-5",
        "make accept",
    ]


def commands(page):
    return re.search(r'<pre class="commands"><code>(.*?)</code>', page.html, re.S)[1].split("\n")


def test_a_claim_says_how_to_run_it_under_enough_seeds(built, project, tmp_path):
    """It said SEEDS=1 of claims that need three."""
    again = built[2]["claim/demo/better.html"]
    copy = shutil.copytree(project, tmp_path / "project")
    rows = (copy / "results/demo/measurements.csv").read_text().splitlines(keepends=True)
    kept = [row for row in rows if not row.startswith("demo-rival,full,") or ",0," in row]
    (copy / "results/demo/measurements.csv").write_text("".join(kept))
    (copy / "docs/decisions/0001-a-decision.md").unlink()  # which has a number of all seeds
    build(copy, tmp_path / "site")
    once = read_site(tmp_path / "site")["claim/demo/better.html"]

    assert "n = 1" in once.text and commands(once) == commands(again)
    assert "To run it again, beside the committed numbers:" in again.text
    assert commands(again) == [
        "python -m replication sweep --experiments demo-run --seeds 0-5",
        "python -m replication sweep --experiments demo-rival --seeds 0-5",
        "make check",
    ]


def test_minutes_say_that_they_hold_shared_training(built):
    """One training counted for everything that rests on it; device and threads are told once."""
    for name in ("claim/demo/high.html", "experiment/demo-run.html"):
        head = re.search(r'<table class="runs">\s*<thead>(.*?)</thead>', built[2][name].html, re.S)[
            1
        ]

        assert "minutes, with the training it rests on" in head
        assert "device" not in head and "threads" not in head
        assert "device cpu" in built[2][name].text and "threads 2" in built[2][name].text


def test_an_experiment_shows_its_mean_first(built):
    """Of 63 such pages none had a number in view on a phone: unit and dots came before."""
    html = built[2]["experiment/demo-run.html"].html
    rows = re.search(r'<table class="seeds metrics">(.*?)</table>', html, re.S)[1]
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", rows.partition("<tbody>")[2])

    assert re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", rows)[:3] == [
        "metric", "mean", "one more seed, 95 %"
    ]  # fmt: skip
    assert cells[0] == '<code>purity</code> <span class="unit">fraction</span>'
    assert cells[1] == f"{np.mean(PURITY['demo-run']):.4g}"


def test_pictures_are_no_claims(built):
    """The first page counted 86 claims where 81 are judged, and gave pictures a part of the bar."""
    index, article = built[2]["index.html"], built[2]["article/demo.html"]

    assert "What the articles claim: 3 claims; 1 picture shown" in index.text
    assert "1 reading of ours" in index.text
    assert "3 claims; 1 picture shown:" in article.text
    bars = re.findall(r'<span class="bar"[^>]*>(.*?)</span></span>', index.html)
    assert bars and not any("v-shown" in bar for bar in bars)


def test_colour_is_for_verdicts_and_each_is_told_in_words(built):
    """A number in a sentence had the colour of a claim that happened to rest on it."""
    for page in built[2].values():
        for chip in page.all("a"):
            if "number" in chip.get("class", "").split():
                assert chip["class"] == "chip number" and "data-verdict" not in chip
    for name in ("index.html", "article/demo.html"):
        assert re.search(
            r'<span class="badge v-reproduced">\d reproduced</span>', built[2][name].html
        )


def test_the_first_page_has_each_articles_finding_on_its_card(built):
    """As README says it, its number linked to where it is from, and no claim counted twice."""
    page = built[2]["index.html"]
    card = page.html.partition('<ul class="cards">')[2].partition("</ul>")[0]

    assert "<strong>A demo.</strong> It has" in card and ">84.3 %</a>" in card
    assert "3 claims; 1 picture shown" in card and "1 reading of ours" in card


def test_an_identifier_keeps_its_letters(built):
    """A page said "Demo-run/purity and": a sentence does not begin with it."""
    page = built[2]["claim/demo/better.html"]

    assert "The verdict in short: the interval of the difference lies on that side" in page.text


def test_an_address_that_is_not_the_articles_own_is_not_called_it(built, project, tmp_path):
    """Three of five links led to a home page, a post in English and a reference."""
    copy = shutil.copytree(project, tmp_path / "project")
    toml = copy / "claims" / "demo.toml"
    told = 'year = 2018\nyear_estimated = true\nlink = "the post <it> follows"\n'
    toml.write_text(toml.read_text().replace("year = 2018\n", told))
    build(copy, tmp_path / "site")
    other = read_site(tmp_path / "site")

    for name in ("index.html", "article/demo.html", "claim/demo/high.html"):
        (link,) = source_links(built[2][name])
        assert link["hreflang"] == "zh", name
        (link,) = source_links(other[name])
        assert "hreflang" not in link, name
        assert "he post <it> follows" in other[name].text, name
        assert "2018 (estimated)" in other[name].text, name
        assert "(estimated)" not in built[2][name].text, name
        assert "he article itself" not in other[name].text, name
    assert "The article itself" in built[2]["article/demo.html"].text
    assert "is not known to us" in other["claim/demo/high.html"].text


def source_links(page):
    """The links to the article that a template wrote; a notebook's text has its own."""
    found = re.findall(r'<a class="out" href="https://example.org/article"([^>]*)>', page.html)
    told = [dict(re.findall(r'(\w+)="([^"]*)"', each)) for each in found]
    return told[:1] if "Question" in page.text else told


def test_only_what_is_not_latin_is_marked_as_of_its_language(built):
    assert '<span lang="zh">无名</span> (Nobody)' in built[2]["article/demo.html"].html


def test_the_ledger_leads_to_the_departures(built):
    page = built[2]["open-details.html"]

    assert "article/demo.html#departures-from-the-article" in page.links
    assert "How it starts." in page.text
    assert "-23.33 points" in page.text and "The intro." in page.text
    assert f"purity: {np.mean(PURITY['demo-run']):.4g}, n = 6" in " ".join(page.text.split())

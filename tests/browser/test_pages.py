"""Every page of the site in a real browser, from the file system, at phone and desktop width."""

import contextlib
import re

import pytest

from tests.browser.pages import DESK, PHONE

SMALLEST = {"width": 320, "height": 568}  # of the phones
DARK = ("index.html", "method.html", "open-details.html")  # and one page of each other kind
READY = """() => ({
    width: document.documentElement.scrollWidth,
    formulas: document.querySelectorAll("mjx-container").length,
    written: document.querySelectorAll(".math").length,
    broken: document.querySelectorAll("[data-mjx-error], mjx-merror").length,
    missing: [...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src),
    styled: getComputedStyle(document.querySelector("header.top")).display === "flex",
})"""
MEAN_AND_NAME = """() => {
    const table = document.querySelector(".metrics"), box = table.parentElement;
    const at = (cell) => table.querySelector(cell).getBoundingClientRect();
    const mean = at("tbody td.number").right <= box.getBoundingClientRect().right;
    const before = at("tbody th").left;
    box.scrollLeft = 100;
    const stays = before === at("tbody th").left;
    box.scrollLeft = 0;
    return [mean, stays];
}"""


def picture(page, screenshots, address, name):
    page.screenshot(
        path=screenshots / f"{address.replace('/', '-').removesuffix('.html')}.{name}.png"
    )


def load_images(page):
    """Figures load when they come into view; here, all at once."""
    page.evaluate(
        """() => Promise.all([...document.images].map((image) => {
            image.loading = "eager";
            return image.decode().catch(() => {});  // what is missing has no width afterwards
        }))"""
    )


def until(page, expression, argument=None):
    """Waits for an expression to hold. Playwright's own way is forbidden by the pages' policy."""
    for _ in range(200):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"still not so after ten seconds: {expression}")


@pytest.fixture
def camera(pictured, screenshots):
    """Takes a picture of the page a visitor sees in the end, if it is wanted, or something fails.

    A quarter of a second a page, which nobody looks at where nothing is wrong.
    """

    @contextlib.contextmanager
    def watching(visitor, address, name):
        wanted = pictured is None or address in pictured
        try:
            yield
        except AssertionError:
            wanted = True
            raise
        finally:
            if wanted:
                picture(visitor.page, screenshots, address, name)

    return watching


def look(visitor, address):
    """Opens a page, and fails if anything is wrong with it."""
    visitor.wrong.clear()
    page = visitor.open(address)
    load_images(page)
    found = page.evaluate(READY)

    assert visitor.wrong == []
    assert found["styled"], "the style sheet did not apply"
    assert found["missing"] == []
    assert found["formulas"] >= found["written"] and found["broken"] == 0
    assert found["width"] <= page.viewport_size["width"], "it scrolls sideways"
    return page


def test_a_page_opens_without_a_fault(address, desktop, camera):
    """No error, no missing file, no request off the machine, no formula that fails, no overflow."""
    with camera(desktop, address, "desktop"):
        look(desktop, address)


def test_a_page_fits_a_phone(address, phone, camera):
    """Nor does it scroll sideways on the smallest one; the name of a processor did.

    On an experiment's page each row's mean lies in view, and its name stays when the table is
    moved.
    """
    with camera(phone, address, "phone"):
        page = look(phone, address)

        if address.startswith("experiment/"):
            assert page.evaluate(MEAN_AND_NAME) == [True, True]
        page.set_viewport_size(SMALLEST)
        width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size(PHONE)
        if address.startswith(("claim/", "experiment/")):
            assert width <= SMALLEST["width"], "it scrolls sideways on the smallest phone"


def test_some_pages_have_formulas_to_draw(folder):
    """Else the test above would hold because of nothing."""
    pages = [path.read_text(encoding="utf-8") for path in folder.glob("article/*.html")]

    assert any('class="math"' in page for page in pages)


def first(folder, pattern):
    return min(folder.glob(pattern)).relative_to(folder).as_posix()


def test_dark_pages_are_dark(visit, folder, screenshots):
    """Paper is darker than ink; at both widths, for one page of each kind."""
    kinds = [first(folder, f"{kind}/**/*.html") for kind in ("article", "claim", "experiment")]
    for viewport, name in ((PHONE, "phone"), (DESK, "desktop")):
        visitor = visit(viewport=viewport, color_scheme="dark")
        for address in (*DARK, *kinds):
            page = visitor.open(address)
            body = "getComputedStyle(document.body)"
            paper, ink = (page.evaluate(f"{body}.{each}") for each in ("backgroundColor", "color"))
            picture(page, screenshots, address, f"{name}.dark")

            assert sum(rgb(paper)) < 150 < 500 < sum(rgb(ink))
        assert visitor.wrong == []


def rgb(color):
    return [int(each) for each in re.findall(r"\d+", color)[:3]]


@pytest.fixture
def index(desktop):
    desktop.wrong.clear()
    page = desktop.open("index.html")
    yield page
    page.close()
    assert desktop.wrong == []


def shown(page):
    """The ids of the rows that are visible."""
    return page.eval_on_selector_all(
        "tr.claim", "rows => rows.filter((row) => row.offsetParent).map((row) => row.id)"
    )


def test_the_filters_leave_the_rows_that_fit(index):
    """By verdict, by article, by words; the address holds them, and a reload brings them back."""
    everything = shown(index)
    verdict = index.locator("tr.claim").first.get_attribute("data-verdict")
    fitting = index.locator(f'tr.claim[data-verdict="{verdict}"]').evaluate_all(
        "rows => rows.map((row) => row.id)"
    )
    index.select_option("#filter-verdict", verdict)

    assert shown(index) == fitting != everything
    assert index.inner_text("#filter-count") == f"{len(fitting)} of {len(everything)} rows"
    assert index.evaluate("location.hash") == "#?verdict=" + verdict.replace(" ", "+")
    slug = fitting[-1].split("/")[0]
    index.select_option("#filter-article", slug)
    assert shown(index) == [each for each in fitting if each.startswith(f"{slug}/")]
    index.reload()
    assert shown(index) == [each for each in fitting if each.startswith(f"{slug}/")]
    index.click("#filter-reset")
    assert shown(index) == everything and index.evaluate("location.hash") == ""


def test_words_are_searched_together_and_nothing_found_is_said(index):
    row = shown(index)[0]
    index.fill("#filter-q", row.split("/")[1].upper())

    assert row in shown(index) and len(shown(index)) < len(index.query_selector_all("tr.claim"))
    index.fill("#filter-q", "no such words anywhere")
    assert shown(index) == [] and index.is_visible("#filter-none")


def test_a_link_to_a_row_shows_the_row_and_one_to_a_filter_filters(index):
    row = shown(index)[-1]
    index.evaluate("row => { location.hash = '#' + row }", row)
    until(
        index,
        "row => { const box = document.getElementById(row).getBoundingClientRect();"
        " const head = document.querySelector('.claims thead th').getBoundingClientRect();"
        " return box.top >= head.bottom && box.bottom <= innerHeight }",  # which stays in view
        row,
    )

    index.locator(".tally a").first.click()
    kept = index.locator(".tally a b").first.inner_text()
    until(index, "location.hash.startsWith('#?voice=')")
    assert len(shown(index)) == int(kept)
    index.go_back()
    until(index, "!location.hash.startsWith('#?')")
    assert len(shown(index)) > int(kept)


def test_a_newcomer_is_two_clicks_from_the_origin_of_a_number(index):
    """From the index to a claim, and from there to its experiment: commit, versions, minutes."""
    row = index.locator("tr.claim", has=index.locator("svg")).first
    row.locator("a.says").click()
    index.wait_for_selector("h1.statement")

    assert index.locator("#provenance").is_visible()
    assert re.search(r"\b[0-9a-f]{7,}\b", index.locator("table.runs").inner_text())
    index.locator("section a[href*='/experiment/']").first.click()
    index.wait_for_selector("#numbers")
    assert index.locator("table.runs td code").count() > 0


def test_a_chip_tells_its_verdict_on_hover_and_leads_to_its_claim(desktop, folder):
    page = desktop.open(first(folder, "article/*.html"))
    chip = page.locator("article p a.chip[data-claim]").first
    chip.hover()
    tip = chip.evaluate("chip => getComputedStyle(chip, '::after').content")
    verdict = chip.get_attribute("data-verdict")

    assert tip == f'"{verdict}"'
    assert chip.get_attribute("title").startswith(f"verdict: {verdict}. ")
    chip.click()
    page.wait_for_selector("h1.statement")
    assert page.locator("section.verdict .badge").inner_text() == verdict
    page.close()


def test_without_scripts_every_claim_is_there_and_no_dead_filter(visit):
    visitor = visit(viewport=DESK, java_script_enabled=False)
    page = visitor.open("index.html")

    assert page.locator("tr.claim").count() == page.locator("tr.claim:visible").count() > 0
    assert not page.locator("#filters").is_visible()


def test_the_keyboard_reaches_the_content_and_the_filters(index):
    """The first stop skips the navigation, and every stop can be seen."""
    index.keyboard.press("Tab")
    assert index.evaluate("document.activeElement.className") == "skip"
    index.focus("#filter-q")
    stops = []
    for _ in range(5):
        stops.append(index.evaluate("document.activeElement.id"))
        outline = index.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", stops
        index.keyboard.press("Tab")

    assert stops == ["filter-q", "filter-article", "filter-voice", "filter-verdict", "filter-reset"]


def test_paper_gets_tables_and_daylight(visit, folder):
    """A4 is as wide as a large phone; a table of claims stays one, and fits."""
    visitor = visit(viewport={"width": 718, "height": 1000}, color_scheme="dark")
    article = first(folder, "article/contractive.html")
    for address in ("index.html", "open-details.html", article):
        page = visitor.open(address)
        page.emulate_media(media="print")
        found = page.evaluate("""() => [
            Math.max(...[...document.querySelectorAll("table")].map(
                (table) => table.getBoundingClientRect().right)),
            [...new Set([...document.querySelectorAll("tr.claim")].map(
                (row) => getComputedStyle(row).display))],
            getComputedStyle(document.body).color,
        ]""")

        assert found[0] <= 719, f"{address}: a table is wider than the paper"  # a rounded pixel
        assert found[1] == (["table-row"] if address == "index.html" else [])
        assert sum(rgb(found[2])) == 0


def test_a_page_prints_its_text_and_not_its_navigation(index):
    index.emulate_media(media="print")

    assert not index.locator("header.top nav").is_visible()
    assert not index.locator("#filters").is_visible()
    assert index.locator("tr.claim:visible").count() > 0
    index.emulate_media(media="screen")

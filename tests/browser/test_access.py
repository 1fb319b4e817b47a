"""What keeps people from reading a page: looked for by axe-core, and measured."""

import pytest

from tests.browser.pages import DESK, MEASURED, PHONE

FAULTS = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations
        .filter((each) => ["serious", "critical"].includes(each.impact))
        .map((each) => `${each.id}: ${each.help}: ${each.nodes[0].target.join(" ")}`);
}"""
WITHOUT_WORDS = """() => [...document.images]
    .filter((image) => !image.alt.trim())
    .map((image) => image.src)"""
NARROWED = """() => [...document.querySelectorAll("table")]
    .filter((table) => getComputedStyle(table).display === "block")
    .flatMap((table) => [...table.querySelectorAll("td")])
    .filter((cell) => cell.getBoundingClientRect().right > innerWidth)
    .map((cell) => cell.textContent)"""
FIRST_FIGURE = 1200  # pixels from the top: on the second screen of a phone, at the latest


@pytest.fixture(scope="module", params=["light", "dark"])
def examiner(request, visit, axe):
    """A visitor with axe-core on every page, which their policy would not let in."""
    options = {"light": {"viewport": DESK}, "dark": {"viewport": PHONE, "is_mobile": True}}
    made = visit(color_scheme=request.param, bypass_csp=True, **options[request.param])
    made.context.add_init_script(axe)
    return made


def test_nothing_serious_keeps_anybody_from_reading_it(examiner, kind):
    """Contrast, names, headings, focus: on a desk by day, on a phone by night."""
    page = examiner.open(kind)
    found = page.evaluate(FAULTS)

    assert found == []


def test_every_image_says_what_it_shows(phone, kind):
    page = phone.open(kind)
    found = page.evaluate(WITHOUT_WORDS)

    assert found == []


def test_a_table_that_becomes_cards_loses_no_cell(phone, kind):
    """On a phone all of a claim or an open detail is in view, and nothing to be scrolled to."""
    page = phone.open(kind)
    found = page.evaluate(NARROWED)

    assert found == []


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_an_article_shows_a_figure_before_it_explains(visit, folder, viewport):
    """It stood three screens down."""
    visitor, tops = visit(viewport=viewport), {}
    for path in folder.glob("article/*.html"):
        page = visitor.open(path.relative_to(folder).as_posix())
        tops[path.stem] = page.evaluate(MEASURED)[1]

    assert tops and all(top is not None and top <= FIRST_FIGURE for top in tops.values()), tops

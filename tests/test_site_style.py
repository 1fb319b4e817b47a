"""The style sheet: words can be read on their ground, by day and by night."""

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).parent.parent / "replication" / "site" / "static" / "site.css"
READABLE = 4.5  # WCAG 2.2, level AA, text of normal size
VISIBLE = 3.0  # the same for parts of a figure
WORDS = [("ink", "paper"), ("quiet", "paper"), ("link", "paper"), ("ink", "raised")]
WORDS += [("quiet", "raised"), ("ink", "empty-bg"), ("paper", "ink"), ("link", "raised")]
WORDS += [(name, f"{name}-bg") for name in ("yes", "no", "out", "empty", "open", "pic")]
PARTS = [("accent", "paper"), ("tick", "paper"), ("accent", "shade"), ("tick", "shade")]
PARTS += [("edge", "paper"), ("edge", "shade")]  # of the claimed side, the tolerance


def colors(scheme):
    """The custom properties that hold a colour; those of the night replace those of the day."""
    text = STYLE.read_text(encoding="utf-8")
    day, night = re.findall(r":root \{(.*?)\}", text, flags=re.DOTALL)[:2]
    found = {}
    for block in (day, night)[: 1 if scheme == "light" else 2]:
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    return found


def luminance(color):
    """Relative luminance of an sRGB colour, as WCAG 2.2 defines it."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted(map(luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_figures_stand_out_from_their_ground(scheme):
    found = colors(scheme)
    faint = {
        f"{front} on {ground}": round(contrast(found[front], found[ground]), 2)
        for pairs, enough in ((WORDS, READABLE), (PARTS, VISIBLE))
        for front, ground in pairs
        if contrast(found[front], found[ground]) < enough
    }

    assert faint == {}


def test_black_on_white_has_the_contrast_that_everybody_quotes():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_only_the_named_colours_are_used():
    """So that the night knows all of them; white behind figures and on paper aside."""
    rules = re.sub(r":root \{.*?\}", "", STYLE.read_text(encoding="utf-8"), flags=re.DOTALL)

    assert set(re.findall(r"#[0-9a-fA-F]{3,6}\b", rules)) == {"#fff", "#000"}


def test_words_are_not_faded():
    """A caption's source was quiet and faded: 4.33 to 1."""
    rules = STYLE.read_text(encoding="utf-8").replace("fill-opacity", "")

    faded = re.findall(r"([^{}]+) \{[^{}]*opacity: (?!1)", rules)
    assert [each.strip() for each in faded] == ["a.self"]  # until it is needed


def test_shaded_parts_of_a_figure_have_an_edge():
    """The shade alone stands out 1.1 to 1, the bar 1.5 to 1."""
    rules = STYLE.read_text(encoding="utf-8")

    assert re.search(r"\.strip \.band \{[^}]*stroke: var\(--edge\)", rules)
    assert re.search(r"\.strip \.interval \{[^}]*stroke: var\(--accent\)", rules)


def test_paper_gets_neither_the_cards_of_a_phone_nor_the_colours_of_the_night():
    """A page of paper is as narrow as a phone: the first page took 28 of them."""
    queries = re.findall(r"@media ([^{]*(?:max-width|dark)[^{]*)", STYLE.read_text("utf-8"))

    assert len(queries) >= 4 and all(each.startswith("screen and ") for each in queries)

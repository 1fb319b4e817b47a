"""A claim on a card: one line for both sides, seeds as dots, whatever it says escaped."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from replication import cards
from replication.cards import Words, headline, plain, render
from replication.claims.kinds import KINDS
from replication.claims.kinds.judgement import Evidence
from replication.claims.numbers import distinct, in_digits, to_tolerance

STATIC = Path(cards.__file__).parent / "site" / "static"
HOSTILE = "<script>alert(1)</script> & `code`"
RUNS = {
    "demo-run/lost": {0: 0.08, 1: 0.09, 2: 0.082},
    "demo-rival/lost": {0: 0.21, 1: 0.22, 2: 0.23},
    "demo-free/lost": {0: 0.3},
}
UNITS = dict.fromkeys(RUNS, "fraction")


def values_of(reference):
    return RUNS.get(reference, {})


def claim(kind="order", **fields):
    given = {"id": "less-lost", "says": "Less is lost.", "locator": "section 1"}
    given |= {"because": "a reason", "voice": "article", "measures": "demo-run/lost"}
    if kind == "value":
        given |= {"controls": []}
    elif kind == "order":
        given |= {"compared_with": ["demo-rival/lost"], "direction": "less", "matters": 0.01}
    return KINDS[kind](**given | fields)


def judged(made, runs=RUNS):
    return replace(made.judge(Evidence(runs)), explanation=made.explanation)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0843219, "fraction", "8.43 %"),
        (0.999, "fraction", "99.9 %"),
        (0.0660, "share of variance", "6.60 %"),
        (0.9996, "fraction", "100 %"),
        (9.996, "nats", "10.0"),
        (9.996e-6, "", "1.00 × 10⁻⁵"),
        (12.3456, "nats", "12.3"),
        (50992, "", "50,992"),
        (0, "", "0"),
        (-0.5, "", "−0.500"),
        (1.2e-6, "", "1.20 × 10⁻⁶"),
        (float("nan"), "", "–"),
    ],
)
def test_numbers_have_three_digits_and_fractions_are_per_cent(value, unit, text):
    assert in_digits(value, unit) == text


def test_what_is_compared_is_named_by_the_sides_and_not_by_their_error_over_images():
    """Scores of a code and of pixels are accuracies, whatever the error is called."""
    code, pixels = "demo-run/code_lost", "demo-run/pixels_lost"
    error = "demo-run/code_against_pixels_image_error"
    made = claim(measures=code, compared_with=[pixels], image_error=[error])
    values = {code: RUNS["demo-run/lost"], pixels: RUNS["demo-rival/lost"], error: {0: 0.001}}

    assert " (lost); " in headline(made, judged(made, values), values.get, {code: "fraction"})


def test_both_sides_of_an_order_stand_in_one_line():
    made = claim()

    assert headline(made, judged(made), values_of, UNITS, Words("of the variance lost")) == (
        "8.40 % against 22.0 % of the variance lost; lower on 3 of 3 seeds."
    )


def test_numbers_that_would_read_alike_get_more_digits():
    close = {"demo-run/lost": {0: 0.50012}, "demo-rival/lost": {0: 0.50043}}
    made = claim()
    found = judged(made, close)

    assert headline(made, found, lambda name: close[name], {}, Words("of it")).startswith(
        "0.5001 against 0.5004 of it"
    )


def test_equal_numbers_get_no_more_digits_than_others():
    """Two zeros made a third row read 7.7257 %."""
    assert distinct([0.0, 0.0, 0.077257], "fraction") == ["0 %", "0 %", "7.73 %"]


def test_a_printed_number_stands_beside_ours_with_how_many_reach_it():
    made = claim(kind="value", reported=0.09)
    text = headline(made, judged(made), values_of, UNITS, Words("lost"))

    assert text == (
        "The article has 9.00 % lost; ours is 8.40 % in the mean of 3 seeds, 8.00 % to 9.00 %; "
        "1 of 3 reach the printed number."
    )


@pytest.mark.parametrize(
    ("measures", "span", "seeds"),
    [("run", "8.00 % to 9.00 %", "3 seeds"), ("free", "30.0 %", "1 seed")],
)
def test_an_identity_stands_beside_its_number_and_tolerance(measures, span, seeds):
    made = claim(kind="exact", measures=f"demo-{measures}/lost", expected=0.1, tolerance=0.02)
    text = headline(made, judged(made), values_of, UNITS, Words("lost"))

    assert text == f"{span} lost; expected 10.0 % ± 2 %; {seeds}."


@pytest.mark.parametrize(
    ("value", "tolerance", "text"),
    [(91.8532, 0.005, "91.85"), (353.564, 0.005, "353.56"), (0.1, 1e-5, "0.100"), (0, 1e-6, "0")],
)
def test_an_identity_has_the_digits_that_its_tolerance_tells_apart(value, tolerance, text):
    """91.9 stood beside 91.8 ± 0.005, and held."""
    assert to_tolerance(value, tolerance) == text


@pytest.mark.parametrize(("benchmark", "text"), [(0.5, "50.0 %"), (None, "nothing yet")])
def test_an_order_is_against_a_fixed_number_or_what_is_not_run_yet(benchmark, text):
    rivals = [] if benchmark else ["demo-later/lost"]
    made = claim(compared_with=rivals, benchmark=benchmark, direction="greater")
    told = headline(made, judged(made), values_of, UNITS, Words("lost"))

    assert told.startswith(f"8.40 % against {text} lost")
    assert told.endswith("; higher on 0 of 3 seeds." if benchmark else "lost.")


def test_the_edge_of_a_card_has_the_colour_of_its_chip():
    """One colour code for a verdict, in notebooks and on pages."""
    style = (STATIC / "site.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--b-(\w+): (#\w+);", style))
    chips = {
        verdict: colours[name]
        for selectors, name in re.findall(
            r"^(\.v-[^{]*){[^}]*--solid: var\(--b-(\w+)\)", style, re.M
        )
        for verdict in re.findall(r"\.v-([a-z-]+)", selectors)
    }

    assert {name.replace(" ", "-"): edge for name, edge in cards._BORDERS.items()} == chips
    assert set(cards._BORDERS) == {verdict for kind in KINDS.values() for verdict in kind.answers}


def test_a_claim_without_a_run_has_no_card_and_says_so_in_plain_text():
    """A box of its own lists it; five such cards in a row were a status report."""
    made = claim(measures="demo-later/lost")

    assert render(made, judged(made), values_of, UNITS) == ""
    assert "Not run yet." in plain(made, judged(made), values_of, UNITS)


def test_why_stands_open_where_an_article_is_contradicted_and_else_behind_the_fold():
    why = '<p class="why">Because.</p>'

    def card(verdict, voice="article"):
        made = claim(voice=voice)
        found = replace(judged(made), verdict=verdict, explanation="Because.")
        return render(made, found, values_of, UNITS)

    assert why in card("contradicted")
    for folded in (card("reproduced"), card("inconclusive"), card("contradicted", "reading")):
        assert why not in folded and "</summary><p>Because.</p>" in folded


def test_a_verdict_of_those_who_sign_is_said_in_words():
    made = claim()
    html = render(made, replace(judged(made), verdict="vacuous"), values_of, UNITS)

    assert "Test too weak." in html and "Vacuous" not in html


def test_a_verdict_that_another_setting_turns_says_so_beside_the_word():
    made = claim(depends_on_settings="the activation")
    found = judged(made)

    assert "<strong>Inconclusive, depends on settings.</strong>" in render(
        made, found, values_of, UNITS
    )
    assert "\ninconclusive, depends on settings. " in plain(made, found, values_of, UNITS)
    assert "depends" not in plain(claim(), judged(claim()), values_of, UNITS)


def test_every_seed_is_a_dot_and_controls_are_grey():
    controls = ["demo-free/lost"]
    made = claim(kind="value", reported=0.09, controls=controls)
    html = render(made, judged(made), values_of, UNITS)

    assert html.count("<circle") == 4
    assert "control: free" in html and cards._QUIET in html
    assert html.count("<svg role=") == 3, "printed, ours, the control"


def test_rows_are_called_by_what_tells_them_apart():
    assert cards._labels(("demo-run/lost", "demo-rival/lost")) == {
        "demo-run/lost": "run",
        "demo-rival/lost": "rival",
    }


def test_what_a_claim_says_is_escaped():
    made = claim(says=HOSTILE, explanation=HOSTILE, locator=HOSTILE, because=HOSTILE)
    html = render(
        made,
        judged(made),
        values_of,
        UNITS,
        Words(HOSTILE, {"demo-run/lost": HOSTILE}),
    )

    assert "<script" not in html
    assert "<code>code</code>" in html


def test_the_plain_card_changes_with_numbers_and_words():
    made = claim()
    text = plain(made, judged(made), values_of, UNITS)

    assert text.startswith("less-lost: Less is lost.\n8.40 % against 22.0 %")
    assert plain(claim(explanation="Other."), judged(made), values_of, UNITS) == text
    other = claim(explanation="Other.")
    assert plain(other, judged(other), values_of, UNITS).endswith("Other.")

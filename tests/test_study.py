"""The study of a notebook: cards, sentences with bound numbers, tables, sources, one box."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib as mpl
import pandas as pd
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from replication import cards, study
from replication.cards import Words, headline, in_digits, plain, render
from replication.claims.kinds import KINDS
from replication.claims.kinds.judgement import Evidence
from replication.claims.verdicts import judge_article

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
    else:
        given |= {"compared_with": ["demo-rival/lost"], "direction": "less", "matters": 0.01}
    return KINDS[kind](**given | fields)


def judged(made, runs=RUNS):
    return replace(made.judge(Evidence(runs)), explanation=made.explanation)


def told(made, words=None):
    """The texts of a card, as a reader meets them."""
    parser, read = HTMLParser(), []
    parser.handle_data = read.append
    parser.feed(render(made, judged(made), values_of, UNITS, words))
    return read


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0843219, "fraction", "8.43 %"),
        (0.999, "fraction", "99.9 %"),
        (0.0660, "share of variance", "6.60 %"),
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


def test_both_sides_of_an_order_stand_in_one_line():
    made = claim()

    assert headline(made, judged(made), values_of, UNITS, Words("of the variance lost")) == (
        "8.40 % against 22.0 % of the variance lost; less on 3 of 3 seeds."
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
    assert cards._distinct([0.0, 0.0, 0.077257], "fraction") == ["0 %", "0 %", "7.73 %"]


def test_a_printed_number_stands_beside_ours_with_how_many_reach_it():
    made = claim(kind="value", reported=0.09)
    text = headline(made, judged(made), values_of, UNITS, Words("lost"))

    assert text == (
        "The article has 9.00 % lost; ours is 8.40 % in the mean of 3 seeds, 8.00 % to 9.00 %; "
        "1 of 3 reach the printed number."
    )


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


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as a notebook would receive it."""
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(InteractiveShell, "initialized", classmethod(lambda cls: True))
    shell = type("Shell", (), {"display_pub": publisher})
    monkeypatch.setattr(InteractiveShell, "instance", classmethod(lambda cls: shell))
    return publisher.outputs


@pytest.fixture
def contractive(monkeypatch, shown):
    """A study that shows committed full runs, and may train nothing."""
    monkeypatch.setattr(study, "profile_name", lambda experiments: "full")
    monkeypatch.setattr(study, "measurements", lambda slug: _committed("read_measurements", slug))
    monkeypatch.setattr(study, "history", lambda slug: _committed("read_history", slug))
    monkeypatch.setattr(study, "run", lambda *args, **kwargs: pytest.fail("nothing may be run"))
    with mpl.rc_context():
        yield study.Study("contractive")


def _committed(read, slug):
    found = getattr(study.results, read)(study.settings.RESULTS, slug)
    return found[found["profile"] == "full"]


def last(shown):
    data = shown[-1]["data"]
    return data.get("text/markdown") or data.get("text/html")


def test_a_study_of_no_article_is_refused():
    with pytest.raises(ValueError, match="slug must be one of .*contractive.*received 'nothing'"):
        study.Study("nothing")


def test_a_card_says_of_itself_which_claim_it_is(contractive, shown):
    contractive.card("contracts", "of it", {"as-intended": "with", "no-penalty": "without"})

    about = shown[-1]["metadata"]["card"]
    assert about["claim"] == "contracts" and about["quantity"] == "of it"
    assert about["names"]["contractive-as-intended/jacobian_norm"] == "with"
    assert json.dumps(about), "it travels in the notebook"
    assert "<svg" in last(shown) and "with" in last(shown)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.card("nothing"), "expected a claim of article contractive"),
        (lambda s: s.card("contracts", names={"formula": "x"}), "must belong to"),
        (lambda s: s.mean("as-intended/nothing"), "expected an experiment/metric"),
        (lambda s: s.arrays("nothing"), "expected an experiment of article"),
    ],
)
def test_unknown_names_are_named_with_what_there_is(contractive, call, words):
    with pytest.raises(ValueError, match=words):
        call(contractive)


def test_a_sentence_has_its_numbers_from_full_runs(contractive, shown):
    contractive.say(
        """
        It is {as-intended/jacobian_norm:.1f},
        $much.
        """,
        much="so {much}",
    )
    mean = contractive.mean("as-intended/jacobian_norm")

    assert last(shown) == f"It is {mean:.1f},\nso {{much}}."


def test_a_sentence_whose_verdict_has_changed_gives_way_to_the_claim(contractive, shown):
    contractive.say("The listing contracts.", holds={"contracts-as-published": "yes"})

    assert "The listing contracts" not in last(shown)
    verdict = contractive.judgement("contracts-as-published").verdict
    assert f"**{verdict.capitalize()}.**" in last(shown)


def test_a_table_has_three_digits_and_leaves_out_what_was_not_run(contractive, shown):
    rows = {"as intended": "as-intended/", "nothing": "open-details/"}
    contractive.table(rows, {"error": "test_mse", "right": "knn_accuracy"}, corner="<variant>")

    html = last(shown)
    assert "&lt;variant&gt;" in html and html.count("<tr>") == 2
    assert "%" in html, "fractions are per cent"


def test_lines_and_histories_have_a_column_for_each_seed(contractive):
    line = contractive.lines({0.1: "as-intended/contraction_ratio_0_1"})
    epochs = contractive.history("as-intended", "jacobian_norm")

    seeds = len(contractive.numbers("as-intended/jacobian_norm"))
    assert line.shape == (1, seeds)
    assert epochs.shape == (3, seeds)


def test_the_typical_run_is_the_stored_one_nearest_to_the_mean(contractive, monkeypatch):
    values = pd.Series({0: 1.0, 1: 2.1, 2: 3.0, 3: 2.0})
    monkeypatch.setattr(contractive, "numbers", lambda name: values)
    stored = {0, 1, 2}
    path = property(lambda job: type("Path", (), {"exists": lambda _: job.seed in stored})())
    monkeypatch.setattr(study.Job, "path", path)

    assert contractive.typical("as-intended", "jacobian_norm") == 1
    stored.clear()
    assert contractive.typical("as-intended", "jacobian_norm") is None


def test_sources_come_without_docstrings():
    code = study.source_of(_example)

    assert code == "def _example(x):\n    return x + 1  # kept"


def _example(x):
    """Says
    something.
    """
    return x + 1  # kept


def test_what_was_not_run_stands_in_one_box_and_nothing_in_none(contractive, shown):
    contractive.evidence = contractive.evidence.iloc[:0]
    contractive.judgements = judge_article(contractive.article, Evidence({}))
    contractive.not_run()
    assert last(shown).startswith("> **Not run at full size yet:**")
    assert "\n> - The penalty makes the encoder's Jacobian smaller. (`contracts`)" in last(shown)

    before = len(shown)
    contractive.claims, contractive.experiments = {}, {}
    contractive.not_run()
    assert len(shown) == before

"""Details that an article leaves open: how far each alternative moves a number."""

import pandas as pd
import pytest
import scipy.stats

from replication import claims
from replication.claims import ClaimError
from replication.claims.ledger import format_effect, format_typical, ledger_frame, ledger_table
from tests.test_claims import ARTICLE, VALUE
from tests.test_verdicts import measured

OPEN = """[[open]]
id = "initialiser"
detail = "How weights are drawn."
locator = "section 1"
ours = "uniform"
measures = "ours/m"
alternatives = [
    { what = "normal", measures = "normal/m" },
    { what = "zero", measures = "zero/m" },
]
"""


@pytest.fixture
def articles(tmp_path):
    """One article with one open detail and two alternatives."""
    (tmp_path / "demo.toml").write_text(ARTICLE + VALUE + "\n" + OPEN)
    return claims.load(tmp_path)


def ledger(articles, unit="fraction", **values):
    """The ledger by alternative."""
    metrics = pd.DataFrame([("ours", "m", unit)], columns=["experiment", "metric", "unit"])
    frame = ledger_frame(articles, measured(**values), metrics)
    return {row.alternative: row for row in frame.itertuples(index=False)}, frame


def test_a_row_holds_the_paired_difference_with_its_interval(articles):
    """Oracle: scipy's paired test; seeds without a partner count for the mean of ours alone."""
    ours, normal = [0.80, 0.82, 0.84, 0.9], [0.85, 0.88, 0.89]
    rows, _ = ledger(articles, ours=ours, normal=normal)
    found = rows["normal"]
    oracle = scipy.stats.ttest_rel(normal, ours[:3]).confidence_interval(0.95)

    assert (found.n, found.moves) == (3, "yes")
    assert found.ours == pytest.approx(0.84)  # of four seeds
    assert found.difference == pytest.approx(0.16 / 3)
    assert (found.low, found.high) == pytest.approx(tuple(oracle))
    assert format_effect(found).startswith("+5.33 points [+3.90, +6.77], n = 3")
    assert format_typical(found) == "5.35 points"  # the root of (25 + 36 + 25) / 3


@pytest.mark.parametrize(
    ("normal", "n", "moves"),
    [([], 0, "unknown"), ([0.9, 0.9], 2, "unknown"), ([0.7, 0.9, 0.81], 3, "not seen")],
)
def test_few_seeds_or_a_wide_interval_move_nothing(articles, normal, n, moves):
    """And what was not run is a row all the same."""
    rows, frame = ledger(articles, ours=[0.80, 0.82, 0.84], normal=normal)

    assert (rows["normal"].n, rows["normal"].moves) == (n, moves)
    assert rows["zero"].n == 0
    assert ledger_table(articles, frame).count("not run yet") == (4 if n == 0 else 2)


def test_ours_is_over_all_seeds_whatever_ran_of_an_alternative(articles):
    """It was that of the common seeds: "not run yet" beside three runs, or seed 0's number."""
    rows, frame = ledger(articles, ours=[0.80, 0.82, 0.84], normal=[0.9])
    table = ledger_table(articles, frame)

    assert [rows[name].ours for name in ("normal", "zero")] == pytest.approx([0.82, 0.82])
    assert table.count("| m: 0.82 |") == 2
    assert "+10.00 points, n = 1" in table and "moves the mean by (n seeds with both)" in table
    nothing, frame = ledger(articles, normal=[0.9])
    assert nothing["normal"].n == 0
    assert "m: not run yet" in ledger_table(articles, frame)


def test_differences_that_cancel_in_the_mean_still_move_a_run(articles):
    """Another order of the images moves every run, and no mean."""
    rows, _ = ledger(articles, ours=[0.8, 0.8, 0.8, 0.8], normal=[0.9, 0.7, 0.9, 0.7])

    assert rows["normal"].moves == "not seen"
    assert rows["normal"].typical == pytest.approx(0.1)


def test_numbers_that_are_no_fractions_are_given_in_their_unit_and_per_cent(articles):
    """A squared norm of 12 is no 1,200 points."""
    rows, _ = ledger(articles, unit="squared norm", ours=[10.0], normal=[12.5])

    assert format_effect(rows["normal"]) == "+2.5, +25 %, n = 1"


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        (
            'ours = "uniform"\n',
            "",
            21,
            "key 'ours': expected a text that is not empty, .* rec",
        ),
        ('"ours/m"', '"ours"', 25, "key 'measures': expected 'experiment-name/metric_name'"),
        ("what = ", "whit = ", 26, "key 'alternatives': expected one or more tables with a text"),
        ('id = "initialiser"', 'id = "A B"', 21, "key 'id': expected a kebab-case name"),
    ],
)
def test_a_wrong_open_detail_is_named_with_its_line(tmp_path, before, after, line, message):
    """Behind a claim with the same keys."""
    text = (ARTICLE + VALUE + "\n" + OPEN).replace(before, after, 1)
    (tmp_path / "demo.toml").write_text(text)

    with pytest.raises(ClaimError, match=rf"demo\.toml:{line}: open detail .*{message}"):
        claims.load(tmp_path)


def test_an_id_may_stand_once(tmp_path):
    """Claims and open details have ids of their own kind."""
    (tmp_path / "demo.toml").write_text(ARTICLE + VALUE + "\n" + OPEN + "\n" + OPEN)

    with pytest.raises(ClaimError, match=r'open detail "initialiser", key \'id\': expected an id'):
        claims.load(tmp_path)


def test_no_effect_and_a_slight_one_are_said_in_words(articles):
    """They were "+0 [+0, +0], +0 %" and "-0 %"."""
    same, _ = ledger(articles, unit="loss", ours=[10.0, 11.0], normal=[10.0, 11.0])
    slight, _ = ledger(articles, unit="loss", ours=[10.0], normal=[9.99])

    assert format_effect(same["normal"]) == "0 on every seed, n = 2"
    assert format_effect(slight["normal"]) == "-0.01, under 1 %, n = 1"

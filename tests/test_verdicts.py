"""Verdicts against the article and against ourselves, on numbers made for the purpose."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.claims import Article, Comparison, verdicts
from replication.claims.intervals import prediction_interval
from replication.claims.kinds import KINDS
from replication.claims.regression import compare, roll_up, status_of_claim
from replication.claims.verdicts import evidence_of, judge_all, judge_article

COLUMNS = ["experiment", "profile", "seed", "metric", "value", "num_examples"]
QUICK = settings(max_examples=40, deadline=None)  # a busy machine is no failure
VALUES = st.lists(st.floats(-1e3, 1e3).map(lambda v: float(f"{v:.6g}")), min_size=1, max_size=8)


def measured(profile="full", **values):
    """Rows of experiments with one metric `m`; values by name, seeds counted from 0."""
    rows = [
        (name, profile, seed, "m", value, 10)
        for name, sequence in values.items()
        for seed, value in enumerate(sequence)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def claim(kind, **fields):
    """A claim that measures `ours/m`."""
    about = {"id": "c", "says": "s", "locator": "l", "because": "b", "voice": "article"}
    return KINDS[kind](**about | {"measures": "ours/m"} | fields)


def value_claim(reported, controls=()):
    """A value claim."""
    return claim("value", reported=reported, controls=controls)


def order_claim(compared_with=("other/m",), direction="greater", controls=(), **fields):
    """An order claim against `other/m`."""
    about = {"compared_with": compared_with, "direction": direction, "matters": 1e-6}
    return claim("order", controls=tuple(controls), **about | fields)


def judge(claim, measurements, metrics=None):
    """The verdict of one claim by itself, from the rows of tables."""
    return verdicts.judge(claim, evidence_of(measurements, metrics))


@QUICK
@given(VALUES.filter(lambda values: len(set(values)) > 1))
def test_intervals_agree_with_scipy(values):
    """Independent oracle: scipy's t distribution and numpy's standard deviation."""
    mean, std, n = np.mean(values), np.std(values, ddof=1), len(values)
    t = scipy.stats.t.ppf(0.975, n - 1)
    predicted = prediction_interval(values)
    close = {"rel": 1e-7, "abs": 1e-9 * max(map(abs, values))}  # round-off of mean and std

    assert (predicted.low, predicted.high) == (
        pytest.approx(mean - t * std * np.sqrt(1 + 1 / n), **close),
        pytest.approx(mean + t * std * np.sqrt(1 + 1 / n), **close),
    )
    assert predicted.mean == pytest.approx(mean, **close)


def test_a_prediction_interval_holds_one_more_draw_in_95_percent():
    """Its definition, on 4,000 Gaussian draws of 5 + 1."""
    draws = np.random.default_rng(0).normal(size=(4000, 6))
    inside = [prediction_interval(list(row[:5])).holds(row[5]) for row in draws]

    assert np.mean(inside) == pytest.approx(0.95, abs=0.014)  # 4 standard errors of a share


def test_an_identity_must_hold_for_every_seed():
    """A mean inside the tolerance is not enough; one seed may do."""
    identity = claim("exact", expected=91.85, tolerance=0.005)

    assert judge(identity, measured(ours=[91.8507])).verdict == "reproduced"
    assert judge(identity, measured(ours=[91.84, 91.85, 91.86])).verdict == "not reproduced"
    assert judge(identity, measured(ours=[])).verdict == "inconclusive"
    controlled = claim("exact", expected=0.0, tolerance=0.1, controls=("other/m",))
    assert judge(controlled, measured(ours=[0.0], other=[0.05])).verdict == "vacuous"
    assert judge(controlled, measured(ours=[0.0], other=[0.2])).verdict == "reproduced"
    assert judge(controlled, measured(ours=[0.0])).verdict == "inconclusive"


def test_a_picture_is_shown_and_only_full_runs_are_judged():
    """Digits and smoke tests say nothing about the article."""
    picture = claim("reader", figure="grid", explanation="Is {ours/m:.1f}.")
    assert judge(picture, measured(ours=[3.0])).verdict == "shown"
    assert judge(picture, measured(ours=[3.0])).explanation == "Is 3.0."
    for profile in ("embedded", "smoke"):
        rows = measured(profile, ours=[0.83, 0.84, 0.86])
        assert judge(value_claim(0.845), rows).n == 0


def test_an_order_pairs_seeds_and_ignores_the_unpaired():
    """Differences exist only where both were run with the same seed."""
    rows = pd.concat([measured(ours=[3, 4, 5, 99]), measured(other=[1, 2.1, 3])])

    assert judge(order_claim(), rows).values == pytest.approx({0: 2, 1: 1.9, 2: 2})


def test_the_rival_shown_is_the_one_that_decides():
    """The closest where all are beaten, else one that refutes; whatever their names."""
    ours = [3, 4, 5, 6, 7, 8]
    rows = measured(
        ours=ours,
        far=[v - 2 - v / 100 for v in ours],
        near=[v - 0.1 - v / 1000 for v in ours],
        best=[v + 1 + v / 100 for v in ours],
    )
    held = judge(order_claim(("far/m", "near/m")), rows)
    lost = judge(order_claim(("far/m", "near/m", "best/m")), rows)

    assert (held.verdict, held.mean) == ("reproduced", pytest.approx(0.1055))
    assert (lost.verdict, lost.mean) == ("contradicted", pytest.approx(-1.055))
    assert list(lost.contrasts) == ["far/m", "near/m", "best/m"]


def test_a_metric_says_which_side_is_better_and_where_it_ends():
    """From metrics.csv: a fraction ends at one, and of an error less is better."""
    runs = [0.97, 0.98, 0.99, 0.985, 0.995]
    columns = ["experiment", "metric", "unit", "better"]
    accuracy = pd.DataFrame([("ours", "m", "fraction", "higher")], columns=columns)
    error = pd.DataFrame([("ours", "m", "ratio", "lower")], columns=columns)

    rows = measured(ours=runs).assign(num_examples=10_000)

    assert judge(value_claim(0.96), rows, accuracy).verdict == "pessimistic"
    assert judge(value_claim(0.96), rows, error).verdict == "optimistic"
    assert judge(value_claim(0.96), rows, accuracy).high == 1 < judge(value_claim(0.96), rows).high
    near_zero = measured(ours=[1 - v for v in runs])
    assert (
        judge(value_claim(0.04), near_zero, accuracy).low
        == 0
        > judge(value_claim(0.04), near_zero).low
    )
    few = rows.assign(num_examples=20)  # images: one of them is 0.05
    assert judge(value_claim(0.96), few, accuracy).verdict == "reproduced"


def test_a_difference_of_shares_may_lie_below_zero():
    """A bug of 27 November: its interval was cut at zero, and left out a run that was shown."""
    columns = ["experiment", "metric", "unit", "better"]
    gain = pd.DataFrame([("ours", "m", "fraction", "lower")], columns=columns)
    rows = measured(ours=[-0.0001, 0.002, 0.004, 0.003, 0.001]).assign(num_examples=10_000)

    assert judge(value_claim(0.002), rows, gain).low < -0.0001


def test_holm_counts_the_comparisons_of_the_article_and_no_readings():
    """Ten weak ones take each other's verdict; as readings of ours they do not."""
    weak = measured(ours=[0.02, 0.05, 0.01, 0.06, 0.03, 0.02], other=[0.0] * 6)

    def verdicts(voice):
        claims = tuple(
            order_claim(voice=voice).model_copy(update={"id": f"c{i}"}) for i in range(10)
        )
        article = Article.model_construct(slug="a", claims=claims)
        found = judge_article(article, evidence_of(weak))
        assert list(found) == [each.id for each in claims]
        everything = judge_all({"a": article}, evidence_of(weak))
        assert everything == {("a", name): each for name, each in found.items()}
        return {each.verdict for each in found.values()}

    assert verdicts("article") == {"inconclusive"}
    assert verdicts("reading") == {"reproduced"}


@QUICK
@given(VALUES, VALUES, st.floats(-1e3, 1e3))
def test_fewer_seeds_than_are_needed_never_decide(ours, other, reported):
    """Five runs for a value, six pairs for an order."""
    rows = measured(ours=ours[:4], other=other)

    assert judge(value_claim(reported), rows).verdict == "inconclusive"
    assert judge(order_claim(), measured(ours=ours[:5], other=other)).verdict == "inconclusive"


@QUICK
@given(VALUES, st.floats(-1e3, 1e3), st.randoms(use_true_random=False))
def test_names_and_row_order_do_not_matter(ours, reported, random):
    """Renaming the experiment and shuffling the rows leaves the judgement as it is."""
    rows = measured(ours=ours)
    order = random.sample(range(len(rows)), len(rows))
    renamed = rows.assign(experiment="renamed").iloc[order]
    also = claim("value", reported=reported, controls=(), measures="renamed/m")

    assert judge(also, renamed) == judge(value_claim(reported), rows)


def test_values_by_seed_against_a_loop():
    """Only full runs, seeds ascending, nothing for what was never measured."""
    rows = pd.concat([measured(ours=[1.5, 2.5, 3.5]).iloc[::-1], measured("smoke", ours=[9.0])])

    found = evidence_of(rows).values_of

    expected = {}
    for row in sorted(rows.to_dict("records"), key=lambda row: row["seed"]):
        if row["profile"] == "full":
            expected[row["seed"]] = row["value"]
    assert list(found("ours/m").items()) == list(expected.items())
    assert found("ours/other") == {}


def made(where):
    """How a run was made, where the probe finds these bits."""
    return {"fingerprint": "any", "numerics": {"matrix products": where}}


def test_the_most_alarming_status_speaks_for_a_group():
    """`not run` only where nothing was run."""
    assert roll_up(["stable", "not run", "drifted"]) == "drifted"
    assert roll_up(["stable", "not run", "undecided"]) == "undecided"
    assert roll_up(["stable", "not run"]) == "stable"
    assert roll_up([]) == "not run"


def test_a_claim_is_not_run_while_one_side_of_it_is_missing():
    """A control alone does not speak for a claim; its drift does."""

    def of(today):
        committed = measured(ours=[1], other=[2], control=[3])
        here = {f"{name}/full/0": made("x") for name in ("ours", "other", "control")}
        rows = compare(committed, today, committed_provenance=here, today_provenance=here)
        return status_of_claim(
            order_claim(controls=[Comparison(measures="control/m", compared_with=("other/m",))]),
            rows,
        )

    assert of(measured(ours=[1], other=[2])) == "stable"
    assert of(measured(ours=[1], control=[3])) == "not run"
    assert of(measured(control=[4])) == "drifted"
    assert of(measured()) == "not run"


def test_two_controls_that_measure_the_same_are_two_controls():
    """They differ in what they are compared with; the first to be written was once lost."""
    values = {
        "ours": [2, 2.1, 2.2], "other": [1, 1.2, 1.1], "low": [0, 0.1, 0],
        "mid": [5, 5.1, 5.3], "top": [9, 9, 9.1],
    }  # fmt: skip
    rows = measured(**{name: each * 2 for name, each in values.items()})
    passing = Comparison(measures="mid/m", compared_with=("low/m",))
    failing = Comparison(measures="mid/m", compared_with=("top/m",))

    for controls in ((passing, failing), (failing, passing)):
        assert judge(order_claim(controls=controls), rows).verdict == "vacuous"


def test_the_interval_shown_is_the_one_that_decides():
    """The closest rival on average need not be the one that refutes, or leaves it open."""
    noisy, sure = [0.6, -0.9, 0.9] * 2, [0.3, 0.31, 0.29] * 2

    def judged(direction, **rivals):
        names = tuple(f"{name}/m" for name in rivals)
        return judge(order_claim(names, direction), measured(ours=[0.0] * 6, **rivals))

    lost = judged("greater", noisy=[0.8, -0.5, 1.2] * 2, sure=sure)
    assert lost.verdict == "contradicted" and lost.low < lost.high < 0
    left_open = judged("less", noisy=noisy, sure=[0.19, 0.2, 0.21] * 2, near=[0.1, 0.11, 0.09] * 2)
    assert left_open.verdict == "inconclusive" and left_open.low < 0 < left_open.high

"""Verdicts against the article and against ourselves, on numbers made for the purpose."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.claims import Claim, Comparison
from replication.claims.intervals import mean_interval, prediction_interval
from replication.claims.regression import compare, roll_up, same_environment, status_of_claim
from replication.claims.verdicts import judge

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
    fields = {"measures": "ours/m"} | fields
    return Claim(id="c", says="s", locator="l", kind=kind, because="b", line=1, **fields)


def value_claim(reported, controls=()):
    """A value claim."""
    return claim("value", reported=reported, controls=controls)


def order_claim(compared_with=("other/m",), direction="greater", controls=()):
    """An order claim against `other/m`."""
    return claim(
        "order", compared_with=compared_with, direction=direction, controls=tuple(controls)
    )


@QUICK
@given(VALUES.filter(lambda values: len(set(values)) > 1))
def test_intervals_agree_with_scipy(values):
    """Independent oracle: scipy's t distribution and numpy's standard deviation."""
    mean, std, n = np.mean(values), np.std(values, ddof=1), len(values)
    t = scipy.stats.t.ppf(0.975, n - 1)
    predicted, mean_of = prediction_interval(values), mean_interval(values)
    close = {"rel": 1e-7, "abs": 1e-9 * max(map(abs, values))}  # round-off of mean and std

    assert (predicted.low, predicted.high) == (
        pytest.approx(mean - t * std * np.sqrt(1 + 1 / n), **close),
        pytest.approx(mean + t * std * np.sqrt(1 + 1 / n), **close),
    )
    assert mean_of.high == pytest.approx(mean + t * std / np.sqrt(n), **close)
    assert predicted.mean == mean_of.mean == pytest.approx(mean, **close)


def test_a_prediction_interval_holds_one_more_draw_in_95_percent():
    """Its definition, on 4,000 Gaussian draws of 5 + 1."""
    draws = np.random.default_rng(0).normal(size=(4000, 6))
    inside = [prediction_interval(list(row[:5])).holds(row[5]) for row in draws]

    assert np.mean(inside) == pytest.approx(0.95, abs=0.014)  # 4 standard errors of a share


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ([], "inconclusive"),
        ([0.84, 0.85], "inconclusive"),
        ([0.83, 0.84, 0.86], "reproduced"),
        ([0.70, 0.71, 0.72], "not reproduced"),
    ],
)
def test_a_value_is_reproduced_inside_the_prediction_interval(ours, verdict):
    """And with fewer than three seeds nothing is known of the noise."""
    found = judge(value_claim(0.845), measured(ours=ours))

    assert (found.verdict, found.n) == (verdict, len(ours))
    assert found.values == dict(enumerate(ours))


def test_a_control_inside_the_interval_makes_a_value_vacuous():
    """What k-means on pixels gives as well, the article's method need not have given."""
    rows = measured(ours=[0.83, 0.84, 0.86], near=[0.85], far=[0.5])

    assert judge(value_claim(0.845, ("far/m",)), rows).verdict == "reproduced"
    assert judge(value_claim(0.845, ("far/m", "near/m")), rows).verdict == "vacuous"
    missing = judge(value_claim(0.845, ("far/m", "absent/m")), rows)
    assert missing.verdict == "inconclusive"
    assert "absent/m" in missing.reason


def test_a_control_cannot_rescue_a_value_outside():
    """Outside is outside, with or without rows of the controls."""
    found = judge(value_claim(0.845, ("absent/m",)), measured(ours=[0.70, 0.71, 0.72]))

    assert found.verdict == "not reproduced"


def test_seeds_without_any_spread_are_compared_at_six_digits():
    """A deterministic measurement has an interval without width."""
    rows = measured(ours=[0.845, 0.845, 0.845])

    assert judge(value_claim(0.845), rows).verdict == "reproduced"
    assert judge(value_claim(0.8450000001), rows).verdict == "reproduced"
    assert judge(value_claim(0.8451), rows).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("ours", "other", "verdict"),
    [
        ([3, 4, 5], [1, 2.1, 3], "reproduced"),
        ([1, 2.1, 3], [3, 4, 5], "contradicted"),
        ([1, 2, 3], [3, 2, 1], "inconclusive"),
        ([3, 4], [1, 2.1], "inconclusive"),
        ([10, 10, 10], [1, 1, 1], "reproduced"),
        ([10, 10, 10], [10, 10, 10], "inconclusive"),
        ([3, 4, 5], [], "inconclusive"),
    ],
)
def test_an_order_is_judged_by_the_paired_difference(ours, other, verdict):
    """Large common seed noise does not hide a steady difference."""
    assert judge(order_claim(), measured(ours=ours, other=other)).verdict == verdict


def test_an_order_pairs_seeds_and_ignores_the_unpaired():
    """Differences exist only where both were run with the same seed."""
    rows = pd.concat([measured(ours=[3, 4, 5, 99]), measured(other=[1, 2.1, 3])])

    assert judge(order_claim(), rows).values == pytest.approx({0: 2, 1: 1.9, 2: 2})


def test_an_order_must_hold_against_everything_compared():
    """The closest rival is shown, one that wins contradicts, an unrun one is inconclusive."""
    rows = measured(ours=[3, 4, 5], other=[1, 2.1, 3], close=[2.9, 3.88, 4.9], best=[9, 9.1, 9.3])

    both = judge(order_claim(("other/m", "close/m")), rows)
    assert (both.verdict, both.values) == ("reproduced", pytest.approx({0: 0.1, 1: 0.12, 2: 0.1}))
    assert judge(order_claim(("other/m", "best/m")), rows).verdict == "contradicted"
    assert judge(order_claim(("other/m", "absent/m")), rows).verdict == "inconclusive"


def test_a_control_with_the_same_difference_makes_an_order_vacuous():
    """A control that shows nothing, or the opposite, does not."""
    rows = measured(
        ours=[3, 4, 5], other=[1, 2.1, 3], too=[4, 5, 6.1], less=[0, 1, 2.2], two=[9, 9]
    )

    def verdict(name):
        return judge(order_claim(controls=[Comparison(f"{name}/m", ("other/m",))]), rows).verdict

    assert verdict("too") == "vacuous"
    assert verdict("less") == "reproduced"
    assert verdict("other") == "reproduced"
    assert verdict("two") == verdict("absent") == "inconclusive"


def test_an_identity_must_hold_for_every_seed():
    """A mean inside the tolerance is not enough; one seed may do."""
    identity = claim("exact", expected=91.85, tolerance=0.005)

    assert judge(identity, measured(ours=[91.8507])).verdict == "reproduced"
    assert judge(identity, measured(ours=[91.84, 91.85, 91.86])).verdict == "not reproduced"
    assert judge(identity, measured(ours=[])).verdict == "inconclusive"
    controlled = claim("exact", expected=0.0, tolerance=0.1, controls=("other/m",))
    assert judge(controlled, measured(ours=[0.0], other=[0.05])).verdict == "vacuous"


def test_a_picture_is_shown_and_only_full_runs_are_judged():
    """Digits and smoke tests say nothing about the article."""
    assert judge(claim("reader", figure="grid", measures=None), measured()).verdict == "shown"
    for profile in ("embedded", "smoke"):
        rows = measured(profile, ours=[0.83, 0.84, 0.86])
        assert judge(value_claim(0.845), rows).n == 0


@QUICK
@given(VALUES, VALUES, st.floats(-1e3, 1e3))
def test_fewer_than_three_seeds_never_reproduce(ours, other, reported):
    """Neither a value nor an order."""
    rows = measured(ours=ours[:2], other=other)

    assert judge(value_claim(reported), rows).verdict == "inconclusive"
    assert judge(order_claim(), rows).verdict == "inconclusive"


@QUICK
@given(VALUES, VALUES, st.floats(-1e3, 1e3))
def test_a_control_that_is_the_measurement_itself_always_passes(ours, other, reported):
    """So `reproduced` is out of reach: at best the claim is vacuous."""
    rows = measured(ours=ours, other=other)
    own = Comparison("ours/m", ("other/m",))

    assert judge(value_claim(reported, ("ours/m",)), rows).verdict != "reproduced"
    assert judge(order_claim(controls=[own]), rows).verdict != "reproduced"


@QUICK
@given(VALUES, VALUES)
def test_swapping_the_sides_of_an_order_swaps_its_verdict(ours, other):
    """Greater of A over B is less of B against A, and the opposite of greater of B over A."""
    rows, swapped = measured(ours=ours, other=other), measured(ours=other, other=ours)
    opposite = {"reproduced": "contradicted", "contradicted": "reproduced"}
    verdict = judge(order_claim(), rows).verdict

    assert judge(order_claim(direction="less"), swapped).verdict == verdict
    assert judge(order_claim(), swapped).verdict == opposite.get(verdict, verdict)


RANK = {"contradicted": 0, "not reproduced": 0, "inconclusive": 1, "reproduced": 2}
ROUND = st.floats(0, 1e3).map(lambda v: float(f"{v:.3g}"))


@QUICK
@given(VALUES.filter(lambda values: len(values) > 2), VALUES, ROUND)
def test_an_order_is_monotone_in_the_evidence(ours, other, gain):
    """Ours raised on every seed, the verdict never falls."""
    rows = measured(ours=ours, other=other)
    raised = measured(ours=[value + gain for value in ours], other=other)
    before, after = judge(order_claim(), rows), judge(order_claim(), raised)

    assert RANK[after.verdict] >= RANK[before.verdict]


@QUICK
@given(VALUES.filter(lambda values: len(values) > 2), VALUES)
def test_an_order_once_decided_stays_so_when_the_same_seeds_come_again(ours, other):
    """More evidence of the same kind never takes a verdict back."""
    before = judge(order_claim(), measured(ours=ours, other=other)).verdict
    shared = min(len(ours), len(other))
    twice = measured(ours=ours[:shared] * 2, other=other[:shared] * 2)

    if before != "inconclusive":
        assert judge(order_claim(), twice).verdict == before


@QUICK
@given(VALUES.filter(lambda values: len(values) > 2), st.floats(-1e3, 1e3), ROUND)
def test_a_value_is_monotone_in_its_distance(ours, reported, further):
    """A number that lies outside stays outside when it moves away from our mean."""
    rows = measured(ours=ours)
    sign = 1 if reported >= np.mean(ours) else -1
    before = judge(value_claim(reported), rows).verdict
    after = judge(value_claim(reported + sign * further), rows).verdict

    assert RANK[after] <= RANK[before]


@QUICK
@given(VALUES, st.floats(-1e3, 1e3), st.randoms(use_true_random=False))
def test_names_and_row_order_do_not_matter(ours, reported, random):
    """Renaming the experiment and shuffling the rows leaves the judgement as it is."""
    rows = measured(ours=ours)
    order = random.sample(range(len(rows)), len(rows))
    renamed = rows.assign(experiment="renamed").iloc[order]
    also = claim("value", reported=reported, measures="renamed/m")

    assert judge(also, renamed) == judge(value_claim(reported), rows)


def made(where):
    """How a run was made, where the probe finds these bits."""
    return {"fingerprint": "any", "numerics": {"matrix products": where}}


def status(before, after, *, same=True, profile="full", seed=0):
    """Status of the number of seed 0 among committed seeds, in the same or another environment."""
    today = measured(profile, ours=[after]).assign(seed=seed)
    rows = compare(
        measured(profile, ours=before),
        today,
        committed_provenance={f"ours/{profile}/0": made("here")},
        today_provenance={f"ours/{profile}/0": made("here" if same else "there")},
    )
    return {row.seed: row.status for row in rows}.get(seed)


def test_the_same_environment_must_give_the_same_six_digits():
    """One unit of the sixth digit is drift, a seventh digit is not."""
    assert status([0.123456], 0.1234561) == "stable"
    assert status([0.123456], 0.123457) == "drifted"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (made("a"), made("a"), True),
        (made("a"), {**made("a"), "fingerprint": "another name"}, True),
        (made("a"), made("b"), False),
        (made("unknown"), made("unknown"), False),
        (made("a"), {"fingerprint": "any"}, False),
        ({"fingerprint": "any"}, {"fingerprint": "any"}, False),
        (made("a"), {**made("a"), "fingerprint": "one+two"}, False),
        (made("a"), None, False),
    ],
)
def test_environments_are_equal_by_what_they_compute(before, after, same):
    """Not by their names; no probe, or one that failed, equals nothing, not even itself."""
    assert same_environment(before, after) is same


def test_another_environment_must_stay_inside_the_seeds():
    """With fewer than three committed seeds only equal digits are known to be stable."""
    assert status([0.80, 0.84, 0.86], 0.85, same=False) == "stable"
    assert status([0.80, 0.84, 0.86], 0.20, same=False) == "drifted"
    assert status([0.80, 0.84], 0.81, same=False) == "undecided"
    assert status([0.80, 0.84], 0.80, same=False) == "stable"
    assert status([10, 10, 10], 9, same=False) == "drifted"


def test_a_seed_without_a_committed_row_is_new_and_smoke_is_never_judged():
    """New numbers are accepted by a human, not compared."""
    assert status([0.8], 0.1, seed=7) == "new"
    assert status([0.8], 0.1, profile="embedded") == "drifted"
    assert status([0.8], 0.1, profile="smoke") is None


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
        return status_of_claim(order_claim(controls=[Comparison("control/m", ("other/m",))]), rows)

    assert of(measured(ours=[1], other=[2])) == "stable"
    assert of(measured(ours=[1], control=[3])) == "not run"
    assert of(measured(control=[4])) == "drifted"
    assert of(measured()) == "not run"


def test_two_controls_that_measure_the_same_are_two_controls():
    """They differ in what they are compared with; the first to be written was once lost."""
    rows = measured(
        ours=[2, 2.1, 2.2], other=[1, 1.2, 1.1], low=[0, 0.1, 0], mid=[5, 5.1, 5.3], top=[9, 9, 9.1]
    )
    passing = Comparison("mid/m", ("low/m",))
    failing = Comparison("mid/m", ("top/m",))

    for controls in ((passing, failing), (failing, passing)):
        assert judge(order_claim(controls=controls), rows).verdict == "vacuous"


def test_the_interval_shown_is_the_one_that_decides():
    """The closest rival on average need not be the one that refutes, or leaves it open."""
    noisy, sure = [0.6, -0.9, 0.9], [0.3, 0.31, 0.29]
    zero = [0.0, 0.0, 0.0]

    def judged(direction, **rivals):
        names = tuple(f"{name}/m" for name in rivals)
        return judge(order_claim(names, direction), measured(ours=zero, **rivals))

    lost = judged("greater", noisy=[0.8, -0.5, 1.2], sure=sure)
    assert lost.verdict == "contradicted" and lost.low < lost.high < 0
    left_open = judged("less", noisy=noisy, sure=[0.19, 0.2, 0.21], near=[0.1, 0.11, 0.09])
    assert left_open.verdict == "inconclusive" and left_open.low < 0 < left_open.high

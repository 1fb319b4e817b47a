"""Verdicts once more: against a judge written a second time, and at the edges of every rule."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from replication.claims import Comparison
from replication.claims.intervals import Interval, moments, prediction_interval, t_quantile
from replication.claims.regression import (
    compare,
    roll_up,
    status_by_experiment,
    status_of_claim,
)
from tests.test_verdicts import QUICK, claim, judge, measured, order_claim, value_claim

FEW = st.lists(st.integers(-4, 4).map(lambda value: value / 4), min_size=5, max_size=8)


def interval_of(values, *, draws):
    """The 95 % t interval of one more draw, or of the mean, by scipy."""
    if len(values) < 2 or min(values) == max(values):
        return values[0], values[0]
    spread = np.std(values, ddof=1) * math.sqrt(draws + 1 / len(values))
    return scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), spread)


def side_of(differences):
    """`claimed`, `other`, `across` or `unknown`, from the differences by seed."""
    if len(differences) < 6:
        return "unknown"
    low, high = interval_of(differences, draws=0)
    clear = "claimed" if low > 0 else "other" if high < 0 else "across"
    ranks = scipy.stats.rankdata(np.abs([d for d in differences if d]))
    signs = np.sign([d for d in differences if d])
    sums = [np.dot(ranks, each) for each in itertools.product([1, -1], repeat=len(ranks))]
    exact = np.mean(np.abs(sums) >= abs(np.dot(ranks, signs)) - 1e-9) if len(ranks) else 1.0
    return clear if exact <= 0.05 else "across"


def verdict_of(ours, others, controls, sign):
    """The rules of `kinds.order`, written out a second time, with nothing that is too small."""

    def less(one, two):
        return [a - b for a, b in zip(one, two, strict=False)]

    effects = [[sign * d for d in less(ours, other)] for other in others]
    sides = [side_of(each) for each in effects]
    for side, verdict in (("unknown", "inconclusive"), ("other", "contradicted"),
                          ("across", "inconclusive")):  # fmt: skip
        if side in sides:
            return verdict
    verdict = "reproduced"
    for control in controls:
        own = [[sign * d for d in less(control, other)] for other in others]
        between = [side_of(less(one, two)) for one, two in zip(effects, own, strict=True)]
        if all(side == "claimed" for side in between):
            continue
        shows = all(side_of(each) == "claimed" for each in own)
        if "unknown" in between or not shows:
            verdict = "inconclusive" if verdict == "reproduced" else verdict
        else:
            verdict = "vacuous"
    return verdict


@QUICK
@given(
    st.sampled_from(["greater", "less"]),
    st.lists(FEW, min_size=4, max_size=4),
    st.integers(1, 2),
    st.integers(0, 2),
)
def test_orders_against_a_judge_written_again(direction, values, num_others, num_controls):
    """All rivals must be beaten, and every control told apart: with scipy, and all signs."""
    ours, *rest = values
    ours = [v + 2 for v in ours]  # or hardly any would be decided
    names = dict(zip(("first", "second", "third"), rest, strict=True))
    rivals, controls = list(names)[:num_others], list(names)[3 - num_controls :]
    compared = tuple(f"{name}/m" for name in rivals)
    made = order_claim(
        compared,
        direction,
        [Comparison(measures=f"{c}/m", compared_with=compared) for c in controls],
    )

    found = judge(made, measured(ours=ours, **names))

    assert found.verdict == verdict_of(
        ours,
        [names[name] for name in rivals],
        [names[name] for name in controls],
        1 if direction == "greater" else -1,
    )


@QUICK
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9).filter(lambda v: max(v) - min(v) > 1e-3)
)
def test_moments_against_numpy(values):
    """Mean and sample standard deviation."""
    mean, std = moments(values)

    assert mean == pytest.approx(np.mean(values), abs=1e-9)  # sums of numbers up to a thousand
    assert std == pytest.approx(np.std(values, ddof=1), rel=1e-6)  # the same


def test_moments_of_equal_values_are_exact():
    """0.1 + 0.1 + 0.1 is not 0.3, and three equal seeds still have no spread."""
    assert moments([0.1, 0.1, 0.1]) == (0.1, 0.0)
    assert moments([0.7]) == (0.7, 0.0)


@pytest.mark.parametrize("freedom", [1, 2, 4, 30])
def test_the_t_quantile_is_that_of_scipy_stats(freedom):
    """Two-sided, 95 %: 2.5 % lie above it."""
    assert t_quantile(freedom) == pytest.approx(
        scipy.stats.t.isf(0.025, freedom), rel=1e-9
    )  # series


def test_an_interval_without_values_is_refused_and_one_value_has_no_width():
    """And its ends are inside."""
    with pytest.raises(ValueError, match="at least one value, received none"):
        prediction_interval([])

    assert prediction_interval([0.25]) == Interval(0.25, 0.25, 0.25, 1)
    wide = Interval(0.5, 0.25, 0.75, 3)
    assert [wide.holds(x) for x in (0.2499, 0.25, 0.5, 0.75, 0.7501)] == [0, 1, 1, 1, 0]
    assert wide.holds(0.24999999) and wide.holds(0.75000001)  # the sixth digit rounds to the edge


def test_reasons_say_what_decided():
    """Whole clauses, since people read them beside the verdict."""
    ours = [3, 4, 5, 3.5, 4.5, 4]
    low = [v - 2 - v / 100 for v in ours]
    rows = measured(ours=ours, low=low, two=[1, 2], same=[3, 4.1, 5, 3.4, 4.5, 4], far=[90] * 5)
    control = Comparison(measures="two/m", compared_with=("low/m",))
    reasons = {
        judge(value_claim(4.5), measured(ours=[3])).reason,
        judge(value_claim(4.5), measured()).reason,
        judge(value_claim(4.5, ("far/m",)), rows).reason,
        judge(value_claim(90, ("far/m",)), rows).reason,
        judge(value_claim(4.5, ("two/m",)), rows).reason,
        judge(order_claim(("two/m",)), rows).reason,
        judge(order_claim(("low/m",)), rows).reason,
        judge(order_claim(("low/m",), controls=[control]), rows).reason,
        judge(order_claim(("low/m",), "less"), rows).reason,
        judge(order_claim(("same/m",)), rows).reason,
        judge(claim("exact", expected=4.0, tolerance=0.9), rows).reason,
        judge(claim("exact", expected=4.0, tolerance=1.0), rows).reason,
        judge(claim("reader", figure="grid"), rows).reason,
    }

    assert reasons == {
        "1 seed; at least 5 are needed",
        "nothing was run with profile full",
        "27.1 % of runs like ours are predicted at least as far out as the printed 4.5",
        "far/m could print 90 as well",
        "too few runs of the control two/m",
        "2 pairs of ours/m and two/m; at least 6 are needed",
        "the interval of the difference lies on that side",
        "the interval of the difference lies on that side, but the control two/m (2 seeds; at "
        "least 6 are needed) decides nothing",
        "the interval of the difference lies on the other side",
        "the interval of the difference reaches across zero",
        "outside 4 ± 0.9 for seeds [0, 2]",
        "within 4 ± 1 for every seed",
        "a picture, never counted: grid",
    }


PROBED = {"fingerprint": "x", "numerics": {"products": "x"}}  # in one environment


def test_a_run_that_names_no_environment_is_of_another_one():
    """On either side; then only the seeds can tell."""
    before, after = measured(ours=[0.5, 0.6, 0.7]), measured(ours=[0.55])
    known = {"ours/full/0": {"fingerprint": "here"}}

    for ours, theirs in (({}, known), (known, {}), ({}, {})):
        rows = compare(before, after, committed_provenance=ours, today_provenance=theirs)
        assert [row.status for row in rows] == ["stable", "not run", "not run"]


def test_seeds_of_other_metrics_profiles_and_experiments_are_not_mixed():
    """The interval is that of the same metric, profile and experiment."""
    other = measured(ours=[50, 60, 70]).assign(metric="other")
    digits = measured("embedded", ours=[50, 60, 70])
    before = pd.concat([measured(ours=[0.5, 0.6, 0.7], theirs=[50, 60, 70]), other, digits])

    rows = compare(before, measured(ours=[5.0]), committed_provenance={}, today_provenance={})

    assert [row.status for row in rows if row.status != "not run"] == ["drifted"]


def test_the_status_of_an_experiment_is_that_of_its_worst_number():
    """By experiment and profile."""
    before = pd.concat([measured(ours=[1, 2], quiet=[1]), measured("embedded", ours=[1])])
    after = pd.concat([measured(ours=[1, 9], late=[1]), measured("embedded", ours=[1])])
    here = {f"ours/{profile}/{seed}": PROBED for profile in ("full", "embedded")
            for seed in (0, 1)}  # fmt: skip
    rows = compare(before, after, committed_provenance=here, today_provenance=here)

    assert status_by_experiment(rows) == {
        ("ours", "full"): "drifted",
        ("ours", "embedded"): "stable",
        ("quiet", "full"): "not run",
        ("late", "full"): "new",
    }


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["new", "undecided"], "undecided"),
        (["stable", "new"], "new"),
        (["undecided", "drifted"], "drifted"),
        (["not run"], "not run"),
    ],
)
def test_the_order_of_alarm(statuses, expected):
    """Drifted before undecided before new before stable before not run."""
    assert roll_up(statuses) == expected


def test_a_claim_has_the_status_of_profile_full_and_of_everything_it_names():
    """Drift in another profile does not count; an unrun control does not hide the rest."""
    here = {f"{name}/{profile}/0": PROBED for name in ("ours", "other", "control")
            for profile in ("full", "embedded")}  # fmt: skip
    committed = pd.concat(
        [measured(ours=[1], other=[2], control=[3]), measured("embedded", ours=[1], other=[2])]
    )
    today = pd.concat([measured(ours=[1], other=[2]), measured("embedded", ours=[7], other=[2])])
    rows = compare(committed, today, committed_provenance=here, today_provenance=here)
    made = order_claim(controls=[Comparison(measures="control/m", compared_with=("other/m",))])

    assert status_of_claim(made, rows) == "stable"
    assert status_of_claim(value_claim(1.0), rows) == "stable"
    assert (
        status_of_claim(claim("value", reported=1.0, controls=(), measures="control/m"), rows)
        == "not run"
    )


def test_what_did_not_run_says_nothing_of_the_rest():
    """A control that was not run does not make a stable claim `not run`, nor hide a new number."""
    here = {"ours/full/0": PROBED}
    committed = measured(ours=[1], control=[3])
    rows = compare(committed, measured(ours=[1]), committed_provenance=here, today_provenance=here)

    assert status_of_claim(value_claim(1.0, ("control/m",)), rows) == "stable"
    assert roll_up(["not run", "no such status"]) == "not run"

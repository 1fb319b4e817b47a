"""Verdicts once more: against a judge written a second time, and at the edges of every rule."""

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
from replication.claims.verdicts import judge, judge_by, values_by_seed
from tests.test_verdicts import QUICK, claim, measured, order_claim, value_claim

FEW = st.lists(st.integers(-4, 4).map(lambda value: value / 4), max_size=6)


def interval_of(values, *, draws):
    """The 95 % t interval of one more draw, or of the mean, by scipy."""
    if len(values) < 2 or min(values) == max(values):
        return values[0], values[0]
    spread = np.std(values, ddof=1) * math.sqrt(draws + 1 / len(values))
    return scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), spread)


def inside(value, bounds):
    """Whether it lies in the interval, to the digits of the tables."""
    return bounds[0] <= value <= bounds[1] or math.isclose(value, bounds[0]) or math.isclose(
        value, bounds[1]
    )  # fmt: skip


def side_of(ours, others, sign):
    """`claimed`, `other`, `across` or `unknown`, from lists by seed."""
    sides = []
    for other in others:
        pairs = [sign * (a - b) for a, b in zip(ours, other, strict=False)]
        if len(pairs) < 3:
            return "unknown"
        low, high = interval_of(pairs, draws=0)
        sides.append("claimed" if low > 0 else "other" if high < 0 else "across")
    if "other" in sides:
        return "other"
    return "across" if "across" in sides else "claimed"


def controlled(passing):
    """The verdict of a claim that holds, given what its controls do (None: too few runs)."""
    if True in passing:
        return "vacuous"
    return "inconclusive" if None in passing else "reproduced"


def verdict_of(kind, ours, others, controls, *, sign=1, reported=0.0):
    """The rules of the docstring of `judge`, written out a second time."""
    if kind == "order":
        side = side_of(ours, others, sign)
        if side != "claimed":
            return "contradicted" if side == "other" else "inconclusive"
        sides = [side_of(each, others, sign) for each in controls]
        return controlled([None if s == "unknown" else s == "claimed" for s in sides])
    if not ours:
        return "inconclusive"
    if kind == "exact":
        if any(abs(each - reported) > 0.3 for each in ours):
            return "not reproduced"
        return controlled(
            [all(abs(v - reported) <= 0.3 for v in c) if c else None for c in controls]
        )
    if len(ours) < 3:
        return "inconclusive"
    bounds = interval_of(ours, draws=1)
    if not inside(reported, bounds):
        return "not reproduced"
    return controlled([inside(np.mean(c), bounds) if c else None for c in controls])


@QUICK
@given(
    st.sampled_from(["greater", "less"]),
    st.lists(FEW, min_size=4, max_size=4),
    st.integers(1, 2),
    st.integers(0, 2),
)
def test_orders_against_a_judge_written_again(direction, values, num_others, num_controls):
    """All rivals must be beaten, and no control may beat them: with scipy's intervals."""
    ours, *rest = values
    names = dict(zip(("first", "second", "third"), rest, strict=True))
    rivals, controls = list(names)[:num_others], list(names)[3 - num_controls :]
    compared = tuple(f"{name}/m" for name in rivals)
    made = order_claim(compared, direction, [Comparison(f"{c}/m", compared) for c in controls])

    found = judge(made, measured(ours=ours, **names))

    expected = verdict_of(
        "order",
        ours,
        [names[name] for name in rivals],
        [names[name] for name in controls],
        sign=1 if direction == "greater" else -1,
    )
    assert found.verdict == expected


@QUICK
@given(
    st.sampled_from(["value", "exact"]),
    FEW,
    st.lists(FEW, max_size=2),
    st.sampled_from([0.0, 0.25, 1]),
)
def test_values_and_identities_against_a_judge_written_again(kind, ours, controls, reported):
    """Inside the interval, or within the tolerance for every seed; then the controls."""
    names = {f"control{index}": values for index, values in enumerate(controls)}
    number = {"reported": reported} if kind == "value" else {"expected": reported, "tolerance": 0.3}
    made = claim(kind, controls=tuple(f"{name}/m" for name in names), **number)

    found = judge(made, measured(ours=ours, **names))

    assert found.verdict == verdict_of(kind, ours, [], controls, reported=reported)
    assert found.n == len(ours)
    if ours:
        assert found.mean == pytest.approx(np.mean(ours), abs=1e-12)  # a sum of six
        assert (found.low, found.high) == pytest.approx(interval_of(ours, draws=1), abs=1e-9)  # t


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


def test_values_by_seed_against_a_loop():
    """Only full runs, seeds ascending, nothing for what was never measured."""
    rows = pd.concat([measured(ours=[1.5, 2.5, 3.5]).iloc[::-1], measured("smoke", ours=[9.0])])

    found = values_by_seed(rows)

    expected = {}
    for row in sorted(rows.to_dict("records"), key=lambda row: row["seed"]):
        if row["profile"] == "full":
            expected[row["seed"]] = row["value"]
    assert list(found("ours/m").items()) == list(expected.items())
    assert found("ours/other") == {}
    assert judge_by(value_claim(2.0), found) == judge(value_claim(2.0), rows)


def test_reasons_say_what_decided():
    """Whole sentences, since people read them beside the verdict."""
    rows = measured(ours=[3, 4, 5], low=[1, 2.1, 3], two=[1, 2], same=[3, 4, 5.1], far=[90])
    reasons = {
        judge(value_claim(9.5), measured(ours=[3])).reason,
        judge(value_claim(9.5), rows).reason,
        judge(value_claim(4.5), rows).reason,
        judge(value_claim(4.5, ("far/m",)), rows).reason,
        judge(value_claim(4.5, ("low/m", "same/m")), rows).reason,
        judge(value_claim(4.5, ("none/m",)), rows).reason,
        judge(order_claim(("two/m",)), rows).reason,
        judge(order_claim(("none/m",)), rows).reason,
        judge(order_claim(("low/m",)), rows).reason,
        judge(order_claim(("low/m",), "less"), rows).reason,
        judge(order_claim(("same/m",)), rows).reason,
        judge(claim("exact", expected=4.0, tolerance=0.5), rows).reason,
        judge(claim("exact", expected=4.0, tolerance=1.0), rows).reason,
        judge(claim("exact", expected=4.0, tolerance=1.0), measured()).reason,
        judge(claim("reader", figure="grid", measures=None), rows).reason,
    }

    assert reasons == {
        "1 seed, at least 3 are needed to know seed noise",
        "2 seeds, at least 3 are needed to know seed noise",
        "reported 9.5 lies outside",
        "reported 4.5 lies inside",
        "reported 4.5 lies inside; no control does",
        "reported 4.5 lies inside, but so does the control low/m, same/m",
        "reported 4.5 lies inside, but too few runs of the control none/m",
        "ours/m and none/m have no seed of profile full in common",
        "the interval of the difference lies on that side",
        "the interval of the difference lies on the other side",
        "the interval of the difference reaches across zero",
        "outside 4 ± 0.5 for seeds [0, 2]",
        "within 4 ± 1 for every seed",
        "ours/m has no run of profile full",
        "a picture, never counted: grid",
    }


def test_explanations_and_seeds_needed_come_with_the_verdict():
    """The numbers in place; one seed for an identity; none known where the spread is not."""
    rows = measured(ours=[3, 4, 5], low=[1, 2.1, 3], one=[2])

    told = judge(claim("value", reported=4.5, explanation="It is {ours/m:.1f}."), rows)
    picture = judge(claim("reader", figure="grid", explanation="Is {ours/m:.1f}."), rows)
    assert (told.explanation, picture.explanation) == ("It is 4.0.", "Is 4.0.")
    assert picture.n == 0 and picture.seeds_needed is None
    assert judge(claim("exact", expected=4.0, tolerance=9.0), rows).seeds_needed == 1
    assert judge(order_claim(("low/m",)), rows).seeds_needed == 3
    assert judge(order_claim(("one/m",)), rows).seeds_needed is None
    assert judge(order_claim(("low/m", "one/m")), rows).seeds_needed is None
    assert judge(value_claim(4.5), measured(ours=[3])).seeds_needed is None


def test_a_small_interval_across_zero_decides_nothing():
    """Whatever the claim says, and however near to zero both ends are."""
    rows = measured(ours=[0.1, 0.2, 0.3], near=[0.12, 0.19, 0.285])

    for direction in ("greater", "less"):
        assert judge(order_claim(("near/m",), direction), rows).verdict == "inconclusive"


def test_equal_rivals_neither_win_nor_lose():
    """A difference of exactly zero, and an interval that only touches it, decide nothing."""
    rows = measured(ours=[1, 1, 1], same=[1, 1, 1], less=[0, 0, 0], more=[2, 2, 2])

    for direction in ("greater", "less"):
        assert judge(order_claim(("same/m",), direction), rows).verdict == "inconclusive"
        assert judge(order_claim(("same/m",), direction), rows).seeds_needed == math.inf
    assert judge(order_claim(("less/m", "same/m")), rows).verdict == "inconclusive"
    assert judge(order_claim(("more/m", "same/m")), rows).verdict == "contradicted"


def statuses(before, after, fingerprints=("here", "here")):
    """What `compare` says of runs of profile full, embedded and smoke, by profile and seed."""
    committed, today = ({"ours/full/0": {"fingerprint": f}} for f in fingerprints)
    rows = compare(before, after, committed_provenance=committed, today_provenance=today)
    return {(row.profile, row.seed): (row.status, row.expected, row.found) for row in rows}


def test_comparison_against_itself_in_words():
    """Each status says what would have been stable, and what was found."""
    before = measured(ours=[0.5, 0.6, 0.7])

    assert statuses(before, measured(ours=[0.5])) == {
        ("full", 0): ("stable", "0.5", "0.5"),
        ("full", 1): ("not run", "0.6", "nothing today"),
        ("full", 2): ("not run", "0.7", "nothing today"),
    }
    assert statuses(measured(), measured(ours=[0.5])) == {
        ("full", 0): ("new", "nothing committed", "0.5")
    }
    drifted = statuses(before, measured(ours=[0.51]))[("full", 0)]
    assert drifted == ("drifted", "0.5, as in the same environment", "0.51")
    elsewhere = ("here", "there")
    low, high = interval_of([0.5, 0.6, 0.7], draws=1)
    inside_of = f"in [{low:.6g}, {high:.6g}]"
    assert statuses(before, measured(ours=[0.51]), elsewhere)[("full", 0)] == (
        "stable", inside_of, "0.51",
    )  # fmt: skip
    assert statuses(before, measured(ours=[5.1]), elsewhere)[("full", 0)] == (
        "drifted", inside_of, "5.1",
    )  # fmt: skip
    assert statuses(before.iloc[:2], measured(ours=[0.51]), elsewhere)[("full", 0)] == (
        "undecided", "near 0.5; 2 committed seeds are too few", "0.51",
    )  # fmt: skip


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
    here = {f"ours/{profile}/{seed}": {"fingerprint": "x"} for profile in ("full", "embedded")
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


def test_a_claim_has_the_status_of_its_profile_and_of_everything_it_names():
    """Another profile counts where it is asked for; an unrun control does not hide the rest."""
    here = {f"{name}/{profile}/0": {"fingerprint": "x"} for name in ("ours", "other", "control")
            for profile in ("full", "embedded")}  # fmt: skip
    committed = pd.concat(
        [measured(ours=[1], other=[2], control=[3]), measured("embedded", ours=[1], other=[2])]
    )
    today = pd.concat([measured(ours=[1], other=[2]), measured("embedded", ours=[7], other=[2])])
    rows = compare(committed, today, committed_provenance=here, today_provenance=here)
    made = order_claim(controls=[Comparison("control/m", ("other/m",))])

    assert status_of_claim(made, rows) == "stable"
    assert status_of_claim(made, rows, "embedded") == "drifted"
    assert status_of_claim(made, rows, "smoke") == "not run"
    assert status_of_claim(value_claim(1.0), rows) == "stable"
    assert status_of_claim(claim("value", reported=1, measures="control/m"), rows) == "not run"


def test_what_did_not_run_says_nothing_of_the_rest():
    """A control that was not run does not make a stable claim `not run`, nor hide a new number."""
    here = {"ours/full/0": {"fingerprint": "x"}}
    committed = measured(ours=[1], control=[3])
    rows = compare(committed, measured(ours=[1]), committed_provenance=here, today_provenance=here)

    assert status_of_claim(value_claim(1.0, ("control/m",)), rows) == "stable"
    assert roll_up(["not run", "no such status"]) == "not run"


def test_the_closest_rival_is_shown_whatever_its_name():
    """The one that comes closest to refuting the claim, not the first of the alphabet."""
    rows = measured(ours=[3, 4, 5], far=[0, 1.1, 2], near=[2.9, 3.88, 4.9])

    found = judge(order_claim(("far/m", "near/m")), rows)
    assert found.values == pytest.approx({0: 0.1, 1: 0.12, 2: 0.1})
    less = judge(order_claim(("far/m", "near/m"), "less"), rows)
    assert less.values == pytest.approx({0: 3, 1: 2.9, 2: 3})

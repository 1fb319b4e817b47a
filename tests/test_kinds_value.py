"""Verdicts on printed numbers: the three questions in their order, and how often they are right."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.claims.kinds import value
from replication.claims.kinds.claim import Sides
from replication.claims.kinds.judgement import Scale
from replication.claims.schema import Written
from tests.test_verdicts import value_claim

QUICK = settings(max_examples=40, deadline=None)  # a busy machine is no failure
NUMBER = st.floats(-1e3, 1e3).map(lambda v: float(f"{v:.6g}"))
RUNS = st.lists(NUMBER, min_size=5, max_size=9)
SPREAD = [0.80, 0.81, 0.82, 0.83, 0.84]  # mean 0.82, std 0.0158: ± 0.048 for one more
FAR = [0.10, 0.11, 0.12, 0.11, 0.11]


def by_seed(values):
    return dict(enumerate(values))


def judged(values, reported, controls=None, **scale):
    return value.judge(by_seed(values), reported, controls or {}, Scale(**scale))


@QUICK
@given(RUNS, NUMBER)
def test_a_control_equal_to_the_model_is_never_reproduced(runs, reported):
    found = judged(runs, reported, {"control": runs}).verdict

    assert found in ("vacuous", "inconclusive", "not reproduced")


@QUICK
@given(RUNS, NUMBER, st.floats(0, 1e3))
def test_a_number_further_out_is_never_judged_better(runs, reported, further):
    """Monotone in the evidence: away from our mean the words only get worse."""
    mean = np.mean(runs)
    out = reported + np.copysign(further, reported - mean)
    rank = {"reproduced": 0, "optimistic": 1, "pessimistic": 1, "not reproduced": 2}

    assert rank[judged(runs, out).verdict] >= rank[judged(runs, reported).verdict]
    assert judged(runs, out).p <= judged(runs, reported).p + 1e-12  # round-off


@QUICK
@given(RUNS, NUMBER, RUNS, st.floats(0, 1e3))
def test_a_control_nearer_to_the_number_never_helps(runs, reported, control, shift):
    """Monotone in the evidence: once a control could print it, none nearer makes it reproduced."""
    mean = np.mean(control)
    nearer = [reported + (v - mean) for v in control]

    if judged(runs, reported, {"c": control}).verdict == "vacuous":
        assert judged(runs, reported, {"c": nearer}).verdict == "vacuous"


@QUICK
@given(RUNS.filter(lambda runs: max(runs) - min(runs) > 1e-3), NUMBER)
def test_the_share_further_out_against_scipy(runs, reported):
    n, mean, std = len(runs), np.mean(runs), np.std(runs, ddof=1)
    tail = scipy.stats.t.sf(abs(reported - mean) / (std * np.sqrt(1 + 1 / n)), n - 1)

    if abs(reported - mean) > value.resolution(reported, None):
        assert judged(runs, reported).p == pytest.approx(tail, rel=1e-6, abs=1e-5)  # six digits
    else:  # what rounds to the printed number is it
        assert judged(runs, reported).p == 0.5


@pytest.mark.parametrize(
    ("reported", "verdict"),
    [
        (0.82, "reproduced"),
        (0.845, "reproduced"),  # t = 1.44: 11 % of runs are further out
        (0.855, "optimistic"),  # t = 2.02: 5.7 %
        (0.785, "pessimistic"),
        (0.87, "not reproduced"),  # t = 2.89: 2.2 %
        (0.77, "not reproduced"),
    ],
)
def test_the_word_is_chosen_by_the_share_further_out(reported, verdict):
    assert judged(SPREAD, reported, {"chance": FAR}).verdict == verdict


def test_where_lower_is_better_a_lower_number_is_the_optimistic_one():
    assert judged(SPREAD, 0.785, higher_is_better=False).verdict == "optimistic"
    assert judged(SPREAD, 0.855, higher_is_better=False).verdict == "pessimistic"


def test_a_control_that_could_print_the_number_is_asked_first():
    """Its own spread counts, not ours: 0.84 lies outside of what ours give, and is vacuous."""
    ours, control = [0.50, 0.51, 0.52, 0.53, 0.54], SPREAD
    found = judged(ours, 0.84, {"k-means": control, "chance": FAR})

    assert found.verdict == "vacuous"
    assert found.reason == "k-means could print 0.84 as well"
    assert [each.passes for each in found.controls] == [True, False]
    assert judged(ours, 0.90, {"k-means": control}).verdict == "not reproduced"


def test_a_model_without_spread_is_not_saved_by_a_control_inside_its_interval():
    """The old rule called 84.5 % vacuous since k-means lay near our *mean*."""
    ours = [0.60, 0.62, 0.64, 0.66, 0.68]
    kmeans = [0.591, 0.592, 0.593, 0.592, 0.592]

    assert judged(ours, 0.845, {"k-means": kmeans}).verdict == "not reproduced"


def test_a_spread_wider_than_the_distance_to_a_control_decides_nothing():
    ours = [0.5, 0.6, 0.7, 0.8, 0.9]  # ± 0.48 for one more
    found = judged(ours, 0.75, {"k-means": [0.59, 0.592, 0.594, 0.591, 0.59]})

    assert found.verdict == "inconclusive"
    assert "our runs spread wider" in found.reason
    assert found.seeds_needed == np.inf  # 1.96 s = 0.31, and k-means is 0.16 away


def test_the_seeds_it_takes_are_the_first_that_make_the_interval_narrow_enough():
    ours = [0.66, 0.68, 0.70, 0.72, 0.74]
    found = judged(ours, 0.68, {"k-means": [0.6] * 5})
    std = np.std(ours, ddof=1)
    enough = [
        n
        for n in range(5, 1001)
        if scipy.stats.t.ppf(0.975, n - 1) * std * np.sqrt(1 + 1 / n) <= 0.68 - 0.6
    ]

    assert found.verdict == "inconclusive"
    assert found.seeds_needed == enough[0] == 8


def test_nothing_is_decided_with_four_runs():
    found = judged(SPREAD[:4], 0.82, {"chance": FAR})

    assert found.verdict == "inconclusive"
    assert found.reason == "4 seeds; at least 5 are needed"
    assert found.facts and found.mean and found.p is None


def test_a_control_with_four_runs_decides_nothing():
    found = judged(SPREAD, 0.82, {"chance": FAR[:4]})

    assert found.verdict == "inconclusive"
    assert found.reason == "too few runs of the control chance"
    assert found.controls[0].passes is None
    assert found.controls[0].too_few


def test_without_any_run_there_is_no_number():
    found = judged([], 0.82)

    assert (found.verdict, found.n, found.mean) == ("inconclusive", 0, None)


def test_a_control_without_spread_prints_what_rounds_to_its_number():
    """Half a digit, or one image of the test set, is the least half-width."""
    kmeans = {"k-means": [0.8448] * 5}

    assert judged(SPREAD, 0.845, kmeans).verdict == "vacuous"
    assert judged(SPREAD, 0.846, kmeans).verdict != "vacuous"
    assert judged(SPREAD, 0.846, kmeans, num_examples=500).verdict == "vacuous"  # one is 0.002
    assert judged([0.8448] * 5, 0.845).verdict == "reproduced"
    assert judged([0.8448] * 5, 0.846).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("reported", "num_examples", "expected"),
    [
        (0.845, 10_000, 0.0005),
        (0.84, None, 0.005),
        (0.123456, 100, 0.01),
        (91.0, None, 0.05),
        (0.0, None, 0.05),
        (1e-05, None, 5e-06),
        (85, None, 0.5),
        (Written("0.840"), None, 0.0005),
    ],
)
def test_the_resolution_is_one_image_or_half_a_digit(reported, num_examples, expected):
    assert value.resolution(reported, num_examples) == pytest.approx(expected)


def test_intervals_are_clipped_to_the_range():
    """No purity of 1.18: the bounds are those that the metric can have."""
    found = judged([0.2, 0.9, 0.4, 0.95, 0.99], 0.9, {"chance": FAR}, low=0.0, high=1.0)

    assert (found.low, found.high) == (0.0, 1.0)
    assert all(0 <= each.low <= each.high <= 1 for each in found.controls)


def test_facts_are_counted():
    runs = [0.61, 0.63, 0.64, 0.66, 0.67, 0.68, 0.70, 0.71, 0.72, 0.73]
    found = judged(runs, 0.845)

    assert found.facts == (
        "0 of 10 runs reach 0.845; with 95 % confidence fewer than 26 % of runs do",
        "among our runs it would rank 1 of 11",
        "on average, the best of 5 runs is 0.7214 and the best of 10 runs is 0.73",
    )


def test_the_facts_of_a_number_that_all_reach():
    found = judged(SPREAD, 0.8).facts

    assert found[0] == "5 of 5 runs reach 0.8; with 95 % confidence more than 55 % of runs do"
    assert found[1] == "among our runs it would rank 5 of 6"
    assert judged(SPREAD, 0.8, higher_is_better=False).facts[0].startswith("1 of 5 runs reach")


def test_what_it_is_held_against_and_the_verdicts_it_comes_to():
    made = value_claim(0.845)

    assert (made.target, made.printed, made.expectation) == (0.845, 0.845, "0.845")
    assert set(value.Value.answers) == {
        "reproduced", "optimistic", "pessimistic", "not reproduced", "vacuous", "inconclusive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([0.80], "The article has 84.5 % of it; ours is 80.0 %."),
        (
            [0.80, 0.86],
            "The article has 84.5 % of it; ours is 83.0 % in the mean of 2 seeds, 80.0 % to "
            "86.0 %; 1 of 2 reach the printed number.",
        ),
    ],
)
def test_the_headline_counts_the_runs_that_reach_the_number(runs, told):
    sides = Sides(by_seed(runs), (), "fraction", "of it")

    assert value_claim(0.845).headline(judged(runs, 0.845), sides) == told


def test_a_run_reaches_the_number_from_its_better_side():
    assert judged(SPREAD, 0.81).num_reached == 4
    low = judged(SPREAD, 0.81, higher_is_better=False)
    assert low.num_reached == 2
    assert low.facts[1] == "among our runs it would rank 2 of 6"


def test_a_number_as_far_off_as_can_be_told_is_no_distance():
    """A quarter: one of four examples, and floats hold it exactly."""
    assert judged([0.25, 0.5, 0.75, 0.5, 0.5], 0.75, num_examples=4).p == 0.5


def test_two_runs_tell_a_spread_and_one_does_not():
    near = {"k-means": [0.6] * 5}

    assert judged([0.7, 0.72], 0.68, near).seeds_needed == 5
    assert judged([0.7], 0.68, near).seeds_needed is None


def test_a_control_says_what_it_found():
    found = judged(SPREAD, 0.82, {"chance": FAR, "k-means": SPREAD, "umap": []}).controls

    assert [(each.passes, each.reason) for each in found] == [
        (False, "could not print it"),
        (True, "could print it as well"),
        (None, "0 seeds; at least 5 are needed"),
    ]


def test_the_nearest_control_is_named():
    ours = [0.5, 0.6, 0.7, 0.8, 0.9]
    found = judged(ours, 0.75, {"a-far": FAR, "near": [0.59, 0.592, 0.594, 0.591, 0.59]})

    assert found.reason.endswith("is away from near (0.1586)")


@pytest.mark.parametrize(
    ("share", "told"), [(0.015, "1.5 %"), (0.0015, "0.1 %"), (0.0005, "fewer than 0.1 %")]
)
def test_a_share_is_told_in_tenths_of_a_per_cent(share, told):
    spread = np.std(SPREAD, ddof=1) * np.sqrt(1.2)
    reported = 0.82 + scipy.stats.t.isf(share, 4) * spread

    assert judged(SPREAD, reported).reason.startswith(f"{told} of runs like ours")

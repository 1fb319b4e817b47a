"""How many seeds would decide a claim: against tables, simulation and limits."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from replication.claims import power
from replication.claims.intervals import mean_interval, prediction_interval
from replication.claims.tables import answer, power_line
from replication.claims.verdicts import judge
from tests.test_verdicts import QUICK, claim, measured, order_claim, value_claim


def standardised(mean, n=50):
    """Numbers with this mean and standard deviation 1, exactly but for round-off."""
    draws = np.random.default_rng(0).normal(size=n)
    return list((draws - draws.mean()) / draws.std(ddof=1) + mean)


@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_for_a_mean_are_those_of_the_printed_tables(effect, seeds):
    """One-sample t test, two-sided 5 %, power 80 %: the sample sizes that textbooks print."""
    assert power.seeds_for_mean(standardised(effect)) == seeds
    assert power.seeds_for_mean(standardised(-effect)) == seeds


def test_seeds_for_a_mean_decide_in_four_of_five_simulated_experiments():
    """And one seed fewer does not quite."""
    seeds = power.seeds_for_mean(standardised(1.5))
    rng = np.random.default_rng(1)

    def decided(n):
        intervals = [mean_interval(list(rng.normal(1.5, 1, n))) for _ in range(1500)]
        return np.mean([i.low > 0 or i.high < 0 for i in intervals])

    assert decided(seeds) > 0.8 - 0.04  # four standard errors of a share of 1,500
    assert decided(seeds - 1) < 0.8 + 0.04


def test_seeds_for_a_draw_decide_in_four_of_five_simulated_experiments():
    """A number five standard deviations away is excluded in that share of experiments."""
    seeds = power.seeds_for_draw(standardised(0.0), 5.0)
    rng = np.random.default_rng(2)

    def excluded(n):
        return np.mean(
            [not prediction_interval(list(rng.normal(size=n))).holds(5.0) for _ in range(1500)]
        )

    assert 3 < seeds < 20
    assert excluded(seeds) > 0.8 - 0.04
    assert excluded(seeds - 1) < 0.8 + 0.04


def test_a_number_near_the_mean_is_inside_at_once_and_for_good():
    """The prediction interval never shrinks below the spread of the seeds."""
    values = standardised(0.0)

    assert power.seeds_for_draw(values, 0.5) == 3
    assert not power.is_out_for_good(values, 1.9)
    assert power.is_out_for_good(values, 2.0)  # 1.96 standard deviations


def test_without_spread_or_without_seeds():
    """Equal numbers decide at once, or never; one number has no spread."""
    assert power.seeds_for_mean([0.1, 0.1]) == 3
    assert power.seeds_for_mean([0.0, 0.0, 0.0]) == math.inf
    assert power.seeds_for_draw([0.84, 0.84], 0.845) == 3
    assert power.seeds_for_mean([0.1]) is None
    assert power.seeds_for_draw([], 0.845) is None


@QUICK
@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_a_larger_effect_never_needs_more_seeds(one, other):
    """Nor does the series break down far from the centre."""
    small, large = sorted((one, other))

    assert power.seeds_for_mean(standardised(small)) >= power.seeds_for_mean(standardised(large))


def test_an_order_waits_for_its_slowest_rival_unless_one_wins():
    """All must be beaten; a single winner contradicts."""
    close, far = standardised(-0.5), standardised(-2.0)
    rows = measured(ours=[0.0] * 50, close=close, far=far, winner=standardised(1.0))

    def needed(*others):
        return judge(order_claim(tuple(f"{name}/m" for name in others)), rows).seeds_needed

    assert needed("close") == 34
    assert needed("close", "far") == 34
    assert needed("close", "far", "winner") == 10


@pytest.mark.parametrize(
    ("ours", "reported", "begins"),
    [
        ([0.84], 0.845, "With n = 1 nothing is decided: 3 seeds at least"),
        ([0.70, 0.71, 0.72], 0.845, "Decided with n = 3; 3 seeds decide it"),
        ([0.70, 0.75, 0.80], 0.86, "Inside only because 3 seeds leave the interval wide: "),
        ([0.80, 0.84, 0.88], 0.845, "Decided with n = 3; 3 seeds decide it"),
    ],
)
def test_the_power_line_says_how_sure_a_value_is(ours, reported, begins):
    """Too few, out, in by want of seeds, in."""
    wanted = value_claim(reported)

    assert power_line(wanted, judge(wanted, measured(ours=ours))).startswith(begins)


@pytest.mark.parametrize(
    ("control", "needed", "begins"),
    [
        ([0.59, 0.61], 5, "Undecided with n = 3, where a control passes as well; 5 seeds would"),
        ([0.69, 0.71], 3, "Decided with n = 3: with mean and spread as they are, no number"),
        ([0.1, 0.2], 3, "Decided with n = 3; 3 seeds decide it"),
        ([], 3, "Undecided with n = 3: reported 0.74 lies inside, but too few runs of the control"),
    ],
)
def test_the_power_line_says_whether_more_seeds_would_exclude_a_control(control, needed, begins):
    """A control that passes for want of seeds, one that passes for good, one that fails, none."""
    wanted = value_claim(0.74, ("control/m",))
    found = judge(wanted, measured(ours=[0.70, 0.7354, 0.7708], control=control))

    assert (found.verdict == "vacuous") == (sum(control) > 1)
    assert found.seeds_needed == needed
    assert power_line(wanted, found).startswith(begins)


def test_a_verdict_without_a_control_says_so():
    """It is not said of a control that it failed where there is none."""
    rows = measured(ours=[0.84, 0.85, 0.86], control=[0.1, 0.2, 0.1])
    bare, controlled = value_claim(0.85), value_claim(0.85, ("control/m",))

    assert answer(bare, judge(bare, rows)).endswith("It has no control.")
    assert answer(controlled, judge(controlled, rows)).endswith("and in no control.")


def test_the_power_line_of_an_undecided_order_names_the_seeds_it_needs():
    """Identities and pictures need none."""
    wanted, rows = order_claim(), measured(ours=[1, 2, 3], other=[1.5, 1.2, 2.9])
    found = judge(wanted, rows)

    assert found.verdict == "inconclusive"
    assert power_line(wanted, found).startswith(
        f"Undecided with n = 3; {found.seeds_needed} seeds would decide it"
    )
    identity = claim("exact", expected=1.0, tolerance=0.1)
    assert "one seed decides" in power_line(identity, judge(identity, rows))
    picture = claim("reader", figure="grid", measures=None)
    assert "not counted" in power_line(picture, judge(picture, rows))


def chance_outside(effect, n, widening):
    """Of |mean| > t * widening * std / sqrt(n), by scipy's noncentral t distribution."""
    threshold = scipy.stats.t.isf(0.025, n - 1) * widening
    shifted = scipy.stats.nct(n - 1, effect * np.sqrt(n))
    return shifted.sf(threshold) + np.nan_to_num(shifted.cdf(-threshold))  # nan: nothing is there


@pytest.mark.parametrize("effect", [0.15, 0.45, 0.5, 0.9, 1.7, 3.2])
def test_seeds_for_a_mean_against_a_loop_over_scipy(effect):
    """The first n whose chance is four in five."""
    n = np.arange(3, 1001)
    expected = n[chance_outside(effect, n, 1) >= 0.8][0]

    assert power.seeds_for_mean(standardised(effect)) == expected


def seeds_by_a_loop(effect):
    """Whether a number so far away is out for good, and the seeds until it is out or in."""
    out_for_good = effect > scipy.stats.norm.isf(0.025)
    n = np.arange(3, 1001)
    out = chance_outside(effect, n, np.sqrt(n + 1))
    enough = (out if out_for_good else 1 - out) >= 0.8
    return out_for_good, next((each for each in n if enough[n >= each].all()), math.inf)


@pytest.mark.parametrize("effect", [0.3, 1.2, 1.9, 2.1, 2.5, 4.0, 9.0])
def test_seeds_for_a_draw_against_a_loop_over_scipy(effect):
    """Out where it will be out for good, in where it will be in."""
    out_for_good, expected = seeds_by_a_loop(effect)

    assert power.seeds_for_draw(standardised(0.0), effect) == expected
    assert power.seeds_for_draw(standardised(5.0), 5.0 - effect) == expected
    assert power.is_out_for_good(standardised(0.0), effect) == out_for_good


@pytest.mark.parametrize(
    ("reported", "controls", "decisive"),
    [
        (4.0, [0.5, 2.5], 4.0),  # out: whatever the controls do
        (9.0, [2.5], 9.0),
        (0.5, [], 0.5),
        (0.5, [4.0, 2.5, 9.0], 2.5),  # in: the last control to leave
        (0.5, [4.0, 1.9], 1.9),  # in, and a control as well
        (0.5, [2.5, 1.95, 0.3], 0.3),  # the first of two that stay is enough
        (1.95, [0.3], 1.95),
        (1.95, [9.0], 1.95),
    ],
)
def test_seeds_for_a_value_against_a_loop_over_scipy(reported, controls, decisive):
    """The one number that everything waits for, on either side of the mean."""
    _, expected = seeds_by_a_loop(decisive)

    assert power.seeds_for_value(standardised(0.0), reported, controls) == expected
    mirrored = [-each for each in controls]
    assert power.seeds_for_value(standardised(0.0), -reported, mirrored) == expected
    assert power.seeds_for_value([0.84], reported, controls) is None


def test_a_number_at_the_edge_is_not_decided_by_a_wide_interval():
    """Three seeds hold it in 85 % of all tries, ten in 70 %: 3 was once said to decide it."""
    rng = np.random.default_rng(5)

    def inside(n):
        return np.mean(
            [prediction_interval(list(rng.normal(size=n))).holds(1.954) for _ in range(3000)]
        )

    assert inside(3) > 0.8 > inside(10)
    assert power.seeds_for_draw(standardised(0.0), 1.954) == math.inf
    assert power.seeds_for_draw(standardised(0.0), 1.5) == 3


def test_seeds_for_a_value_decide_in_four_of_five_simulated_experiments():
    """A control 3.4 standard deviations away is excluded, and the number is not."""
    seeds = power.seeds_for_value(standardised(0.0), 0.4, [-3.4, 8.0])
    rng = np.random.default_rng(4)

    def reproduced(n):
        intervals = [prediction_interval(list(rng.normal(size=n))) for _ in range(1500)]
        return np.mean([i.holds(0.4) and not i.holds(-3.4) for i in intervals])

    assert 3 < seeds < 20
    assert reproduced(seeds) > 0.8 - 0.05  # four standard errors of a share of 1,500, and 0.4's own
    assert reproduced(seeds - 1) < 0.8 + 0.04


@pytest.mark.parametrize(("effect", "n"), [(2.5, 20), (4.0, 5), (9.0, 3)])
def test_the_chance_holds_where_the_series_of_the_other_side_gives_up(effect, n):
    """There the whole chance once was a normal one: 94 % for 82 %, 13 seeds for 19."""
    draws = np.random.default_rng(3).normal(effect, 1, (20_000, n))
    half = scipy.stats.t.isf(0.025, n - 1) * draws.std(axis=1, ddof=1) * math.sqrt(1 + 1 / n)
    share = np.mean(np.abs(draws.mean(axis=1)) > half)

    found = power._chance_outside(effect, np.array([float(n)]), np.sqrt([n + 1.0]))[0]

    assert found == pytest.approx(share, abs=0.011)  # four standard errors of a share of 20,000


@pytest.mark.parametrize(("effect", "n"), [(1.9, 408), (5.0, 58), (10.0, 18), (1e4, 79)])
def test_the_chance_is_one_where_the_series_gives_up_far_above(effect, n):
    """Dozens of standard errors away."""
    found = power._chance_outside(effect, np.array([float(n)]), np.ones(1))[0]

    assert found == pytest.approx(1, abs=1e-12)  # doubles


@pytest.mark.parametrize("n", [3, 4, 10, 400])
def test_by_chance_alone_one_in_twenty_lies_outside(n):
    """Half of them on either side."""
    found = power._chance_outside(0.0, np.array([float(n)]), np.ones(1))[0]

    assert found == pytest.approx(0.05, abs=1e-9)  # ten digits of SciPy's distribution


def test_the_chance_is_none_where_the_series_gives_up_far_below():
    """A number in the middle of very many seeds does not leave their interval."""
    n = np.arange(900.0, 1001.0)

    found = power._chance_outside(0.005, n, np.sqrt(n + 1))

    np.testing.assert_allclose(found, 0, atol=1e-12)  # doubles


def test_no_number_of_seeds_is_left_out():
    """Smaller and smaller effects need one seed more each time."""
    found = {power.seeds_for_mean(standardised(effect)) for effect in np.arange(0.4, 0.8, 0.0005)}

    assert found == set(range(min(found), max(found) + 1))
    assert min(found) < 20 and max(found) > 50


def test_more_seeds_than_anybody_runs_are_infinitely_many():
    """1,000 are the last that are counted, and said as a number; two values do give a spread."""
    effects = np.arange(0.0880, 0.0900, 1e-5)
    last = effects[chance_outside(effects, 1000, 1) >= 0.8][0]

    assert power.seeds_for_mean(standardised(last)) == 1000
    assert power.seeds_for_mean(standardised(last - 2e-5)) == math.inf
    assert power.seeds_for_mean([1.0, 1.1]) == 3
    assert power.seeds_for_draw([1.0, 1.1], 1.05) == 3
    assert [power.format_seeds(n) for n in (None, 3, 12.0, 1000, math.inf)] == [
        "at least 3", "3", "12", "1000", "over 1000",
    ]  # fmt: skip

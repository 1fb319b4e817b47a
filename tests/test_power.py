"""How many seeds would decide a claim: against tables, simulation and limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.claims import power
from replication.claims.intervals import mean_interval, prediction_interval
from replication.claims.judge import judge
from replication.claims.tables import power_line
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

"""Exact tests and bounds, against scipy and against counting."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.claims.differences import by_seed
from replication.claims.exact_tests import (
    expected_best,
    holm,
    rank_sum_p,
    share_bounds,
    signed_rank_p,
)
from replication.claims.intervals import seeds_until, tail

QUICK = settings(max_examples=40, deadline=None)  # a busy machine is no failure
WHOLE = st.integers(-6, 6).map(float)  # few values, so that ties are common


@QUICK
@given(st.lists(WHOLE, min_size=1, max_size=9))
def test_the_signed_rank_test_against_all_signs(differences):
    kept = [d for d in differences if d]
    ranks = scipy.stats.rankdata(np.abs(kept)) if kept else np.zeros(0)
    observed = ranks[np.array(kept) > 0].sum() if kept else 0.0
    sums = [
        ranks[np.array(signs, bool)].sum()
        for signs in itertools.product([False, True], repeat=len(kept))
    ]
    tails = np.mean(np.array(sums) <= observed), np.mean(np.array(sums) >= observed)

    assert signed_rank_p(differences) == pytest.approx(min(1, 2 * min(tails)))  # round-off


@QUICK
@given(st.lists(WHOLE, min_size=1, max_size=5), st.lists(WHOLE, min_size=1, max_size=5))
def test_the_rank_sum_test_against_all_ways_to_share_the_ranks(ours, others):
    ranks = scipy.stats.rankdata([*ours, *others])
    observed = ranks[: len(ours)].sum()
    sums = np.array([sum(each) for each in itertools.combinations(ranks, len(ours))])
    tails = np.mean(sums <= observed), np.mean(sums >= observed)

    assert rank_sum_p(ours, others) == pytest.approx(min(1, 2 * min(tails)))  # round-off


def test_without_ties_both_agree_with_scipy():
    rng = np.random.default_rng(0)
    ours, others = rng.normal(0.5, 1, 12), rng.normal(0, 1, 12)
    signed = scipy.stats.wilcoxon(ours, method="exact").pvalue
    ranked = scipy.stats.mannwhitneyu(ours, others, method="exact").pvalue

    assert signed_rank_p(list(ours)) == pytest.approx(signed)  # round-off
    assert rank_sum_p(list(ours), list(others)) == pytest.approx(ranked)  # round-off


def test_five_pairs_cannot_reach_five_percent_and_four_against_four_can():
    assert signed_rank_p([1.0] * 5) > 0.05 >= signed_rank_p([1.0] * 6)
    assert rank_sum_p([2.0] * 3, [1.0] * 3) > 0.05 >= rank_sum_p([2.0] * 4, [1.0] * 4)


def test_round_off_makes_no_ties_and_no_signs():
    """0.3 - 0.1 and 0.2 are one number to us, and 1e-17 is none."""
    assert signed_rank_p([0.3 - 0.1, -0.2]) == 1
    assert signed_rank_p([1.0] * 6 + [-1e-17]) == signed_rank_p([1.0] * 6)


def test_differences_of_zero_show_nothing_however_many():
    assert signed_rank_p([0.0] * 6) == 1


@pytest.mark.parametrize("n", [1, 5, 10, 20])
def test_the_bounds_of_a_share_are_those_of_scipy(n):
    for reached in range(n + 1):
        low, high = share_bounds(reached, n)
        one_sided = [
            scipy.stats.binomtest(reached, n, alternative=side).proportion_ci(method="exact")
            for side in ("greater", "less")
        ]

        assert low == pytest.approx(one_sided[0].low, abs=1e-9)  # round-off
        assert high == pytest.approx(one_sided[1].high, abs=1e-9)


@QUICK
@given(st.lists(WHOLE, min_size=2, max_size=8), st.data())
def test_the_expected_best_is_the_mean_over_all_choices(values, data):
    of = data.draw(st.integers(1, len(values)))
    choices = list(itertools.combinations(values, of))

    assert expected_best(values, of, higher=True) == pytest.approx(np.mean(list(map(max, choices))))
    assert expected_best(values, of, higher=False) == pytest.approx(
        np.mean(list(map(min, choices)))
    )


@QUICK
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_raises_and_keeps_the_order(p_values):
    adjusted = holm(p_values)

    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    assert min(adjusted) == min(1, len(p_values) * min(p_values))
    assert max(adjusted) >= max(p_values)
    for (p, a), (q, b) in itertools.combinations(zip(p_values, adjusted, strict=True), 2):
        assert (a <= b) if p < q else (b <= a) if q < p else a == b


def test_holm_keeps_the_false_alarms_of_a_family_at_one_in_twenty():
    rng = np.random.default_rng(0)
    alarms = np.mean([min(holm(rng.uniform(size=10))) <= 0.05 for _ in range(4000)])

    assert alarms == pytest.approx(0.05, abs=0.0104)  # three standard errors of 4,000 tries


def test_holm_of_nothing_is_nothing():
    assert holm([]) == []


@pytest.mark.parametrize("freedom", [1, 4, 9.5, 30])
def test_the_tail_of_student_against_scipy(freedom):
    for t in (-1.0, 0.0, 0.5, 2.776, 12.0):
        assert tail(t, freedom) == pytest.approx(scipy.stats.t.sf(t, freedom), rel=1e-9)  # series


@QUICK
@given(st.floats(0.01, 3), st.booleans(), st.integers(3, 8))
def test_the_seeds_until_an_interval_is_narrow_against_a_loop(half_width, draw, least):
    widths = {
        n: scipy.stats.t.ppf(0.975, n - 1) * np.sqrt(1 / n + draw) for n in range(least, 1001)
    }
    enough = [n for n, width in widths.items() if width <= half_width]

    found = seeds_until(half_width, 1.0, draw=draw, least=least)
    assert found == (enough[0] if enough else np.inf)


@QUICK
@given(st.lists(st.dictionaries(st.integers(0, 5), WHOLE), min_size=2, max_size=4))
def test_a_sum_by_seed_against_a_loop(groups):
    names = [f"run-{index}/m" for index in range(len(groups))]
    weights = {name: (-1) ** index for index, name in enumerate(names)}
    found = by_seed(weights, dict(zip(names, groups, strict=True)).__getitem__)

    for seed in range(6):
        values = [group.get(seed) for group in groups]
        if None in values:
            assert seed not in found
        else:
            assert found[seed] == sum(value * (-1) ** i for i, value in enumerate(values))

"""Verdicts on comparisons: intervals, exact tests, controls, and how often they are right."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.claims.differences import difference
from replication.claims.kinds import order
from replication.claims.kinds.order import Comparison, Order, adjust

QUICK = settings(max_examples=40, deadline=None)  # a busy machine is no failure
NUMBER = st.floats(-1e3, 1e3).map(lambda v: float(f"{v:.6g}"))
RUNS = st.lists(NUMBER, min_size=6, max_size=6)
TRIES = 1000  # of each simulated study: one standard error is at most 1.6 %
ABOUT = {"id": "c", "says": "s", "locator": "l", "because": "b", "voice": "article"}
WHY = "they share no weights"


def order_claim(**fields):
    """A claim that `ours/m` is greater than `other/m` by 0.005 at least."""
    about = {"compared_with": ("other/m",), "direction": "greater", "matters": 0.005}
    return Order(**ABOUT | {"measures": "ours/m"} | about | fields)


def replace(claim, **fields):
    """The claim with other fields."""
    return claim.model_copy(update=fields)


def comparison(name, rivals=("other/m",)):
    """A control."""
    return Comparison(measures=name, compared_with=rivals)


TEST = order_claim()
WITH_CONTROL = replace(TEST, controls=(comparison("control/m"),))
CLEAR = [0.91, 0.92, 0.91, 0.93, 0.92, 0.91]
LESS = [0.80, 0.81, 0.82, 0.80, 0.83, 0.81]


def lookup(**values):
    """Values by seed of `<name>/m`."""
    found = {f"{name}/m": dict(enumerate(each)) for name, each in values.items()}
    return lambda reference: found.get(reference, {})


def judged(test=TEST, **values):
    return order.judge(test, lookup(**values))


def simulated(effect, n, test=TEST, seed=0):
    """The rate of each verdict, where differences have this mean and a deviation of one."""
    rng, std = np.random.default_rng(seed), np.sqrt(0.5)
    found = [
        judged(
            replace(test, matters=0.01),
            ours=effect + std * rng.normal(size=n),
            other=std * rng.normal(size=n),
        ).verdict
        for _ in range(TRIES)
    ]
    return {word: found.count(word) / TRIES for word in Order.answers}


@pytest.mark.parametrize(("n", "unpaired"), [(6, False), (10, False), (20, False), (4, True)])
def test_no_effect_is_reproduced_in_at_most_5_percent(n, unpaired):
    rates = simulated(0.0, n, replace(TEST, unpaired=WHY if unpaired else ""))
    print(f"no effect, n = {n}, unpaired = {unpaired}: {rates}")

    assert rates["reproduced"] + rates["contradicted"] <= 0.05 + 0.0207  # three standard errors
    assert rates["reproduced"] <= 0.05


@pytest.mark.parametrize(("n", "unpaired"), [(6, False), (10, False), (20, False), (4, True)])
def test_an_effect_of_three_deviations_is_reproduced_in_80_percent(n, unpaired):
    rates = simulated(3.0, n, replace(TEST, unpaired=WHY if unpaired else ""))
    print(f"3 sd, n = {n}, unpaired = {unpaired}: {rates}")

    assert rates["reproduced"] >= 0.8


@pytest.mark.parametrize("n", [6, 10])
def test_after_holm_over_ten_comparisons(n):
    """None true: at most one article in twenty has a false alarm. All true: most are found."""
    rng = np.random.default_rng(0)

    def article(effect):
        return adjust(
            [judged(ours=effect + rng.normal(size=n), other=np.zeros(n)) for _ in range(10)]
        )

    alarms = [
        any(j.verdict in ("reproduced", "contradicted") for j in article(0)) for _ in range(200)
    ]
    found = np.mean([j.verdict == "reproduced" for _ in range(40) for j in article(3)])
    print(f"10 comparisons, n = {n}: false alarm {np.mean(alarms)}, 3 sd found {found}")

    assert np.mean(alarms) <= 0.05 + 0.046  # three standard errors of 200 articles
    assert found >= 0.8


@pytest.mark.parametrize("n", [6, 10])
def test_a_control_like_the_model_is_taken_for_less_in_at_most_5_percent(n):
    rng = np.random.default_rng(0)
    found = [
        judged(
            WITH_CONTROL,
            ours=3 + rng.normal(size=n),
            other=rng.normal(size=n),
            control=3 + rng.normal(size=n),
        ).verdict
        for _ in range(TRIES)
    ]
    rates = {word: found.count(word) / TRIES for word in Order.answers}
    print(f"control like the model, n = {n}: {rates}")

    assert rates["reproduced"] <= 0.05
    assert rates["vacuous"] >= 0.5


@QUICK
@given(RUNS, RUNS)
def test_the_interval_against_scipy(ours, other):
    found = difference({"ours/m": 1, "other/m": -1}, lookup(ours=ours, other=other))
    wanted = scipy.stats.ttest_rel(ours, other)
    low, high = wanted.confidence_interval()

    if np.ptp(np.subtract(ours, other)) > 1e-3:  # where round-off is no part of the spread
        assert (found.low, found.high) == (
            pytest.approx(low, abs=1e-6),
            pytest.approx(high, abs=1e-6),
        )
        assert found.p == pytest.approx(wanted.pvalue, rel=1e-5, abs=1e-12)


@QUICK
@given(st.lists(NUMBER, min_size=4, max_size=7), st.lists(NUMBER, min_size=4, max_size=7))
def test_the_interval_of_groups_against_scipy(ours, other):
    weights = {"ours/m": 1, "other/m": -1}
    found = difference(weights, lookup(ours=ours, other=other), unpaired=True)
    wanted = scipy.stats.ttest_ind(ours, other, equal_var=False)
    low, high = wanted.confidence_interval()

    if np.ptp(ours) > 1e-3 and np.ptp(other) > 1e-3:
        assert (found.low, found.high) == (
            pytest.approx(low, abs=1e-5),
            pytest.approx(high, abs=1e-5),
        )
        assert found.p == pytest.approx(wanted.pvalue, rel=1e-5, abs=1e-12)
    assert found.n == min(len(ours), len(other))


@QUICK
@given(RUNS, RUNS)
def test_a_control_equal_to_the_model_is_never_reproduced(ours, other):
    by_name = replace(TEST, controls=(comparison("ours/m"),))

    for test in (WITH_CONTROL, by_name, replace(WITH_CONTROL, unpaired=WHY)):
        assert judged(test, ours=ours, other=other, control=ours).verdict != "reproduced"


@QUICK
@given(RUNS, RUNS, st.floats(0, 1e3))
def test_a_larger_difference_is_never_judged_worse(ours, other, gain):
    """Monotone in the evidence: all seeds moved to the claimed side."""
    rank = {"contradicted": 0, "inconclusive": 1, "no difference": 1, "reproduced": 2}
    before = judged(ours=ours, other=other).verdict
    after = judged(ours=[v + gain for v in ours], other=other).verdict

    assert rank[after] >= rank[before]


@QUICK
@given(RUNS, RUNS)
def test_swapping_the_sides_swaps_the_verdict(ours, other):
    swapped = {"reproduced": "contradicted", "contradicted": "reproduced"}
    found = judged(ours=ours, other=other).verdict

    assert judged(ours=other, other=ours).verdict == swapped.get(found, found)
    mirrored = judged(replace(TEST, direction="less"), ours=ours, other=other).verdict
    assert mirrored == swapped.get(found, found)


def test_five_pairs_and_three_against_three_decide_nothing():
    paired = judged(ours=CLEAR[:5], other=LESS[:5])
    grouped = judged(replace(TEST, unpaired=WHY), ours=CLEAR[:3], other=LESS[:3])

    assert (paired.verdict, grouped.verdict) == ("inconclusive", "inconclusive")
    assert paired.reason == "5 pairs of ours/m and other/m; at least 6 are needed"
    assert judged(ours=CLEAR, other=LESS).verdict == "reproduced"
    four = judged(replace(TEST, unpaired=WHY), ours=CLEAR[:4], other=LESS[:4])
    assert four.verdict == "reproduced"
    assert four.facts == ("exact rank-sum test: p = 0.029",)


def test_a_reading_that_fails_is_no_contradiction_of_the_article():
    assert judged(ours=LESS, other=CLEAR).verdict == "contradicted"
    assert judged(replace(TEST, voice="reading"), ours=LESS, other=CLEAR).verdict == "does not hold"


def test_a_difference_smaller_than_what_matters_is_none():
    other = [v - 0.003 for v in CLEAR]

    assert judged(ours=CLEAR, other=other).verdict == "no difference"
    assert judged(replace(TEST, matters=0.001), ours=CLEAR, other=other).verdict == "reproduced"


def test_the_exact_test_has_to_agree():
    """Five of six clear seeds and one small one on the other side: t alone would decide."""
    found = judged(replace(TEST, matters=1e-9), ours=[1, 1.1, 0.9, 1, 1.05, -0.01], other=[0] * 6)

    assert found.low > 0 and found.exact_p == 0.0625
    assert found.verdict == "inconclusive"
    assert found.reason == "the exact test does not agree (p = 0.062)"


def test_every_rival_must_be_beaten_and_one_is_enough_to_lose():
    both = replace(TEST, compared_with=("other/m", "rival/m"))

    assert judged(both, ours=CLEAR, other=LESS, rival=LESS).verdict == "reproduced"
    assert judged(both, ours=CLEAR, other=LESS, rival=CLEAR).verdict == "no difference"
    better = [v + 0.05 for v in CLEAR[::-1]]
    found = judged(both, ours=CLEAR, other=LESS, rival=better)
    assert found.verdict == "contradicted"
    assert found.mean < 0


def test_a_control_that_shows_as_much_makes_it_vacuous_and_one_that_shows_less_does_not():
    found = judged(WITH_CONTROL, ours=CLEAR, other=LESS, control=CLEAR[::-1])

    assert found.verdict == "vacuous"
    assert found.controls[0].passes and found.controls[0].reason == "shows it as well"
    less = [v + 0.03 for v in LESS]
    found = judged(WITH_CONTROL, ours=CLEAR, other=LESS, control=less)
    assert found.verdict == "reproduced"
    assert found.controls[0].reason == "shows it too, but clearly less"


def test_a_control_that_fails_by_noise_proves_nothing():
    """The old rule let any control pass for a failure whose interval reached across zero."""
    noisy = [0.5, 1.2, 0.6, 1.3, 0.7, 1.1]
    found = judged(WITH_CONTROL, ours=CLEAR, other=LESS, control=noisy)

    assert found.verdict == "inconclusive"
    assert found.controls[0].passes is None
    assert found.controls[0].reason == "does not show it, but cannot be told apart either"


def test_a_control_without_runs_decides_nothing():
    found = judged(WITH_CONTROL, ours=CLEAR, other=LESS)

    assert found.verdict == "inconclusive"
    assert found.controls[0].reason == "0 seeds; at least 6 are needed"


def test_a_fixed_benchmark_is_subtracted_and_cancels_between_model_and_control():
    control = comparison("control/m", ())
    test = order_claim(compared_with=(), benchmark=0.84, controls=(control,))
    found = judged(test, ours=CLEAR, control=LESS)

    assert found.verdict == "reproduced"
    assert found.mean == pytest.approx(np.mean(CLEAR) - 0.84)
    assert found.controls[0].mean == pytest.approx(np.mean(CLEAR) - np.mean(LESS))
    assert judged(test, ours=LESS, control=LESS).verdict == "contradicted"


def test_the_error_of_the_images_widens_a_small_difference():
    test = replace(TEST, matters=1e-9, image_error="error/m")
    other = [v - 0.004 - 0.0001 * i for i, v in enumerate(CLEAR)]

    assert judged(replace(test, image_error=""), ours=CLEAR, other=other).verdict == "reproduced"
    found = judged(test, ours=CLEAR, other=other, error=[0.003] * 6)
    assert found.verdict == "inconclusive"
    assert found.high - found.mean == pytest.approx(1.96 * 0.003, rel=0.01)  # the seeds add little
    assert judged(test, ours=CLEAR, other=other, error=[0.0] * 6).verdict == "reproduced"


def test_holm_takes_back_what_is_clear_only_alone():
    weak = judged(ours=[0.02, 0.05, 0.01, 0.06, 0.03, 0.02], other=[0] * 6)
    strong = judged(ours=CLEAR, other=[v / 1000 for v in LESS])
    assert weak.verdict == strong.verdict == "reproduced"

    found = adjust([weak] * 10 + [strong])
    assert found[0].verdict == "inconclusive"
    assert "one of the 11 comparisons" in found[0].reason
    assert found[-1].verdict == "reproduced"
    assert adjust([weak])[0].verdict == "reproduced"


def test_seeds_are_named_only_where_nothing_is_decided():
    noisy = judged(ours=[0.1, -0.1, 0.3, 0.2, -0.2, 0.15], other=[0] * 6)
    std, mean = np.std(list(noisy.values.values()), ddof=1), noisy.mean
    enough = [n for n in range(6, 1001) if scipy.stats.t.ppf(0.975, n - 1) * std / n**0.5 < mean]

    assert noisy.verdict == "inconclusive" and noisy.seeds_needed == enough[0]
    assert judged(ours=CLEAR, other=LESS).seeds_needed is None

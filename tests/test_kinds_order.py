"""Verdicts on comparisons: intervals, exact tests, controls, and how often they are right."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from replication.claims.differences import difference
from replication.claims.intervals import CONFIDENCE
from replication.claims.kinds import order
from replication.claims.kinds.claim import Sides
from replication.claims.kinds.order import Comparison, Order, adjust

QUICK = settings(max_examples=40, deadline=None)  # a busy machine is no failure
NUMBER = st.floats(-1e3, 1e3).map(lambda v: float(f"{v:.6g}"))
RUNS = st.lists(NUMBER, min_size=6, max_size=6)
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


def test_what_is_worse_by_less_than_the_margin_is_no_worse():
    """0.004 behind is within 0.01 and not within 0.001, whichever side is the better one."""
    behind = [v + 0.004 + 0.0001 * i for i, v in enumerate(CLEAR)]
    test = replace(TEST, matters=1e-9, margin=0.01)
    found = judged(test, ours=CLEAR, other=behind)

    assert found.verdict == "reproduced"
    assert found.mean == pytest.approx(np.mean(CLEAR) - np.mean(behind) + 0.01)
    assert judged(replace(test, margin=0.001), ours=CLEAR, other=behind).verdict == "contradicted"
    less = replace(test, direction="less")
    ahead = judged(less, ours=behind, other=CLEAR)
    assert ahead.verdict == "reproduced"
    assert ahead.mean == pytest.approx(-found.mean)
    assert test.expectation == "no worse by 0.01, by seed"
    told = test.headline(found, Sides(dict(enumerate(CLEAR)), (dict(enumerate(behind)),), "", "m"))
    assert told.endswith("; within 0.01 on 6 of 6 seeds.")


def test_a_margin_cancels_between_model_and_control():
    """A control that is as good as the model is within it, too; one that is far off is not."""
    control = comparison("control/m", ("other/m",))
    test = replace(TEST, margin=0.01, controls=(control,))

    same = judged(test, ours=CLEAR, other=CLEAR, control=CLEAR)
    assert same.verdict == "vacuous"
    assert same.controls[0].mean == 0
    far = judged(test, ours=CLEAR, other=CLEAR, control=LESS)
    assert far.verdict == "reproduced"
    assert far.controls[0].mean == pytest.approx(np.mean(CLEAR) - np.mean(LESS))


@pytest.mark.parametrize(
    ("fields", "key", "told"),
    [
        ({"margin": 0.01, "unpaired": WHY}, "margin", "drop margin or unpaired"),
        ({"image_error": ("a/m", "b/m")}, "image_error", "one for each of compared_with, or none"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields, key, told):
    """The rank-sum test has no place for a margin; each rival has an error of its own."""
    with pytest.raises(ValidationError) as refused:
        order_claim(**fields)
    (error,) = refused.value.errors()
    assert error["ctx"]["key"] == key
    assert error["msg"].endswith(told)


def test_the_error_of_the_images_widens_a_small_difference():
    test = replace(TEST, matters=1e-9, image_error=("error/m",))
    other = [v - 0.004 - 0.0001 * i for i, v in enumerate(CLEAR)]

    assert judged(replace(test, image_error=()), ours=CLEAR, other=other).verdict == "reproduced"
    found = judged(test, ours=CLEAR, other=other, error=[0.003] * 6)
    assert found.verdict == "inconclusive"
    assert found.high - found.mean == pytest.approx(1.96 * 0.003, rel=0.01)  # the seeds add little
    assert found.seeds_needed == math.inf  # of other images they know nothing
    groups = judged(replace(test, unpaired=WHY), ours=CLEAR, other=other, error=[0.003] * 6)
    assert (groups.verdict, groups.seeds_needed) == ("inconclusive", math.inf)
    assert judged(test, ours=CLEAR, other=other, error=[0.0] * 6).verdict == "reproduced"


def test_each_rival_has_the_image_error_of_its_own_difference():
    errors = ("error/m", "small/m")
    test = replace(TEST, compared_with=("other/m", "rival/m"), image_error=errors, matters=1e-9)
    other = [v - 0.004 - 0.0001 * i for i, v in enumerate(CLEAR)]
    known = {"ours": CLEAR, "other": other, "rival": other}

    found = judged(test, **known, error=[0.003] * 6, small=[0.0001] * 6)
    assert found.verdict == "inconclusive"
    errors = [each.error for each in found.contrasts.values()]
    assert errors == pytest.approx([0.003, 0.0001])  # means of six
    assert judged(test, **known, error=[0.0] * 6, small=[0.0001] * 6).verdict == "reproduced"


def test_an_image_error_is_given_for_every_rival_or_for_none():
    with pytest.raises(ValidationError, match="one for each of compared_with"):
        order_claim(compared_with=("other/m", "rival/m"), image_error=("error/m",))


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


def test_what_it_is_held_against_and_the_verdicts_it_comes_to():
    fixed = order_claim(compared_with=(), benchmark=0.84)

    assert (TEST.target, fixed.target) == (None, 0.84)
    assert TEST.band == (0.0, np.inf)
    assert replace(TEST, direction="less").band == (-np.inf, 0.0)
    assert TEST.expectation == "greater, by seed"
    assert replace(TEST, unpaired=WHY).expectation == "greater, unpaired"
    assert fixed.expectation == "greater than 0.84"
    assert set(Order.answers) == {
        "reproduced", "no difference", "vacuous", "inconclusive", "does not hold", "contradicted",
    }  # fmt: skip


def test_a_claim_compared_with_nothing_or_signed_with_no_verdict_is_refused():
    for fields in ({"compared_with": ()}, {"benchmark": 0.84}):
        with pytest.raises(ValidationError) as refused:
            order_claim(**fields)
        (told,) = refused.value.errors()
        assert told["ctx"]["key"] == "compared_with"
        assert told["msg"] == "expected either compared_with or a benchmark; give one"
    with pytest.raises(ValidationError, match="expected one of reproduced, no difference"):
        order_claim(verdict="optimistic")


def test_our_difference_is_told_with_its_sign_and_by_counting():
    found = judged(ours=[1, 2, 3, 4, 5, 7], other=[1, 1, 1, 1, 1, 1])

    assert TEST.ours(found) == "+2.667 [+0.3996, +4.934], n = 6"
    assert found.facts == (
        "5 of 6 seeds lie on the claimed side",  # one is no better
        "exact signed-rank test: p = 0.062",
    )
    assert judged(ours=[1], other=[0]).facts == ("1 of 1 seeds lie on the claimed side",)
    fixed = order_claim(compared_with=(), benchmark=0.84, unpaired=WHY)
    assert judged(fixed, ours=CLEAR).facts == ()


def test_a_control_is_not_asked_where_the_claim_fails_and_counted_where_runs_are_missing():
    failed = judged(WITH_CONTROL, ours=LESS, other=CLEAR, control=[v + 0.1 for v in CLEAR])
    early = judged(WITH_CONTROL, ours=CLEAR[:5], other=LESS[:5], control=LESS)

    assert failed.controls[0].passes is early.controls[0].passes is None
    assert failed.controls[0].reason == "decides nothing here, as the claim fails without it"
    assert early.controls[0].reason == "5 seeds; at least 6 are needed"


def test_a_control_with_too_few_seeds_is_named_where_the_claim_fails_too():
    """That it was not asked overwrote why it could not be, so that `check` was silent."""
    benchmark = order_claim(
        compared_with=(), benchmark=0.95, controls=(comparison("control/m", ()),)
    )
    for test in (WITH_CONTROL, benchmark):
        found = judged(test, ours=LESS, other=CLEAR, control=CLEAR[:3])
        (doubt,) = test.doubts(found)

        assert found.verdict == "contradicted"
        assert found.controls[0].reason == "3 seeds; at least 6 are needed"
        assert doubt[:2] == ("at least 6 seeds of the control control/m", "3")
        assert dataclasses.replace(found.controls[0], reason="").too_few, (
            "it was read off the words"
        )
        assert not [*test.doubts(judged(test, ours=LESS, other=CLEAR, control=CLEAR))]


def test_a_control_keeps_its_own_differences():
    found = judged(WITH_CONTROL, ours=CLEAR, other=LESS, control=LESS)

    assert found.controls[0].reason == "does not show it"
    assert found.controls[0].contrasts["other/m"].mean == 0
    assert found.controls[0].mean == pytest.approx(np.mean(CLEAR) - np.mean(LESS))


def test_a_contradiction_is_taken_back_by_holm_as_well_and_five_percent_is_enough():
    lost = judged(ours=[0] * 6, other=[0.02, 0.05, 0.01, 0.06, 0.03, 0.02])

    assert adjust([lost] * 11)[0].verdict == "inconclusive"
    assert adjust([dataclasses.replace(lost, p=0.0499)])[0].verdict == "contradicted"
    assert adjust([dataclasses.replace(lost, p=1 - CONFIDENCE)])[0].verdict == "contradicted"
    assert adjust([dataclasses.replace(lost, p=0.0501)])[0].verdict == "inconclusive"


def test_two_pairs_tell_a_spread_and_one_does_not():
    assert judged(ours=[0.5, 0.7], other=[0, 0]).seeds_needed == 6
    one_below = judged(ours=[0.5, 0.6, 0.55, 0.45, 0.5, -0.01], other=[0] * 6)
    assert one_below.low > 0 and one_below.verdict == "inconclusive"
    assert one_below.seeds_needed == 7, "six there are, and the exact test does not agree"
    assert judged(ours=[0.5], other=[0]).seeds_needed is None

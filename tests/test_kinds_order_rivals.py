"""Verdicts on a comparison with several rivals: which one decides, and what p the claim has."""

import pytest

from tests.test_kinds_order import CLEAR, LESS, TEST, WHY, comparison, judged, order_claim, replace

BOTH = replace(TEST, compared_with=("other/m", "rival/m"), matters=0.05)
ZEROS = [0.0] * 6
WIDE = [0.1, 2.1, 1.1, 0.1, 2.1, 1.1]  # mean 1.1: the interval begins at 0.16


@pytest.mark.parametrize(
    ("rivals", "verdict", "mean"),
    [
        # Fewer pairs, though the name comes later and the interval lies higher.
        ({"other": [1.0] * 5, "rival": [0.5] * 3}, "inconclusive", 0.5),
        # Both refute it: the one that is further on the other side, though its name comes later.
        ({"other": [1.5, 1.6, 1.5, 1.6, 1.5, 1.6], "rival": [2.5] * 6}, "contradicted", -1.5),
        # One makes no difference, and lies higher than the other's interval begins.
        ({"other": [1 - v for v in [0.01, 1.45, 0.65] * 2], "rival": [0.96] * 6}, "no difference",
         0.04),
        # The exact test does not agree with one, whose interval lies higher than the other's.
        ({"other": [1 - v for v in [0.1, 2.1, 1.1] * 2],
          "rival": [1 - v for v in [1.0, 1.1, 0.9, 1.0, 1.05, -0.01]]}, "inconclusive", 0.84),
        # Both are beaten: the one that comes closest to zero, though its interval ends higher.
        ({"other": [0.5] * 6, "rival": [1 - v for v in [0.1, 2.1, 1.1] * 2]}, "reproduced", 1.1),
    ],
)  # fmt: skip
def test_the_rival_that_decides(rivals, verdict, mean):
    found = judged(BOTH, ours=[1.0] * 6, **rivals)

    assert found.verdict == verdict
    assert found.mean == pytest.approx(mean)


def test_reasons_count_pairs_or_runs():
    few = {"ours": CLEAR[:3], "other": LESS[:3]}
    fixed = order_claim(compared_with=(), benchmark=0.84)

    assert judged(replace(TEST, unpaired=WHY), **few).reason == (
        "3 runs of ours/m and other/m; at least 4 are needed"
    )
    assert judged(fixed, ours=CLEAR[:5]).reason == "5 runs of ours/m; at least 6 are needed"


def test_each_rival_goes_with_that_of_the_control_in_order_or_all_with_all():
    """Rivals of different sizes cancel only where each goes with itself."""
    values = {"ours": [9.0] * 6, "control": [5.0] * 6, "other": [1.0] * 6, "rival": [4.0] * 6}
    paired = replace(BOTH, controls=(comparison("control/m", ("other/m", "rival/m")),))
    crossed = replace(BOTH, controls=(comparison("control/m", ("other/m",)),))

    assert judged(paired, **values).controls[0].mean == 4.0
    assert judged(crossed, **values).controls[0].mean == 1.0  # ours - rival - (control - other)


LOST = [2, 6, 1, 7, 3, 1]


def test_a_claim_that_loses_to_one_of_two_has_the_p_of_that_one():
    """It was doubled, which took it above 5 % for a claim whose interval says that it is lost."""
    both = judged(BOTH, ours=ZEROS, other=LOST, rival=[-v for v in WIDE])

    assert both.verdict == "contradicted"
    assert both.p == both.contrasts["other/m"].p < 0.05


def test_a_claim_that_loses_to_one_of_more_must_be_clear_as_one_of_so_many():
    """Each rival is one more chance to be lost to, on one side."""
    ahead = {f"rival{i}": [-v for v in WIDE] for i in range(5)}
    found = [
        judged(
            replace(BOTH, compared_with=("other/m", *(f"{name}/m" for name in [*ahead][:num - 1]))),
            ours=ZEROS, other=LOST, **ahead,
        )
        for num in (3, 6)
    ]  # fmt: skip
    alone = found[0].contrasts["other/m"].p

    assert [each.p for each in found] == pytest.approx([1.5 * alone, 3 * alone])
    assert [each.verdict for each in found] == ["contradicted", "inconclusive"]
    assert found[1].reason == (
        f"clear beside other/m alone (p = {alone:.2g}), "
        f"but not as one of 6 rivals (p = {3 * alone:.2g})"
    )


def test_of_several_controls_differences_the_weakest_counts():
    """The control's mean is that of the rival against which it comes closest to the model."""
    two = replace(BOTH, controls=(comparison("control/m", ("other/m",)),))
    steady = {"ours": [10.0] * 6, "control": [5.0] * 6, "other": [1.0] * 6}
    found = judged(two, **steady, rival=[0.0, 1.0] * 3).controls[0]

    assert found.mean == pytest.approx(5.5)  # from 4.9 on; the other one is 5, without spread
    assert found.low < 5 and found.passes is False

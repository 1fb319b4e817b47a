"""Verdicts on identities: every seed counts, and so does every control."""

import pytest

from replication.claims.kinds.exact import Exact
from tests.test_verdicts import claim, judge, measured


def identity(**fields):
    """A claim that `ours/m` is 4 within 1; numbers that floats hold exactly."""
    return claim("exact", **{"expected": 4.0, "tolerance": 1.0} | fields)


def judged(made=None, **values):
    """The claim judged by the values of each `<name>/m`."""
    return judge(made or identity(), measured(**values))


def test_what_it_is_held_against():
    assert identity().target == 4.0
    assert identity().band == (3.0, 5.0)
    assert identity().expectation == "4 ± 1"
    assert not Exact.has_interval


def test_it_comes_to_four_verdicts():
    assert set(Exact.answers) == {"reproduced", "not reproduced", "vacuous", "inconclusive"}


def test_ours_is_a_mean_without_an_interval():
    assert identity().ours(judged()) == "no run yet, n = 0"
    assert identity().ours(judged(ours=[3.5, 4.0])) == "3.75, n = 2"


def test_the_edge_of_the_tolerance_belongs_to_it_for_ours_and_for_a_control():
    both = identity(controls=("control/m",))

    assert judged(ours=[3.0, 5.0]).verdict == "reproduced"
    assert judged(ours=[3.0, 5.25]).verdict == "not reproduced"
    assert judged(both, ours=[4.0], control=[5.0]).verdict == "vacuous"
    assert judged(both, ours=[4.0], control=[5.25]).verdict == "reproduced"


def test_a_control_says_what_it_found():
    both = identity(controls=("control/m",))

    passing, failing, missing = (
        judged(both, ours=[4.0], control=values).controls[0] for values in ([4.5], [-4.0], [])
    )
    assert (passing.passes, passing.reason, passing.mean) == (True, "satisfies it as well", 4.5)
    assert (failing.passes, failing.reason, failing.n) == (False, "does not satisfy it", 1)
    assert (missing.passes, missing.reason) == (None, "0 seeds; at least 1 are needed")
    assert missing.too_few


def test_without_runs_it_says_so():
    found = judged()

    assert (found.verdict, found.reason) == ("inconclusive", "nothing was run with profile full")


@pytest.mark.parametrize(
    ("values", "doubted"),
    [
        ([1.0, 7.0], False),  # two seeds tell no spread
        ([1.0, 4.0, 7.0], True),
        ([3.9, 4.0, 4.1], False),
        ([4.0] * 3, False),
    ],
)
def test_a_tolerance_narrower_than_seed_noise_is_doubted(values, doubted):
    assert len(list(identity().doubts(judged(ours=values)))) == doubted


def test_the_noise_that_a_tolerance_is_held_against_is_half_the_interval():
    """± 4.303 × 0.1 × sqrt(4 / 3) for three seeds with a deviation of 0.1."""
    runs = judged(ours=[3.9, 4.0, 4.1])

    assert not list(identity(tolerance=0.497).doubts(runs))
    half_width = (runs.high - runs.low) / 2
    assert not list(identity(tolerance=half_width).doubts(runs))  # as wide is wide enough
    assert list(identity(tolerance=0.496).doubts(runs)) == [
        (
            "a tolerance of at least the seed noise, 0.496828",
            "0.496",
            "measure it with less noise, or widen `tolerance` and say so in `because`",
        )
    ]


def test_a_control_without_runs_is_doubted_too():
    both = identity(controls=("control/m",))

    (doubt,) = both.doubts(judged(both, ours=[4.0]))
    assert doubt[0] == "at least 1 seeds of the control control/m"

"""How far off one number of another machine is, by machines, seeds and rounding."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication.claims.noise import Noise, limit, misfits, noises, normal_score
from replication.results.schema import METRICS, NOISE

SEEDS = {0: 0.80, 1: 0.84, 2: 0.86, 3: 0.82, 4: 0.83}
MACHINES = {"plain": 0.80, "old": 0.801, "new": 0.799, "odd": 0.8005}


def tables(value, *, unit="fraction", num_examples=1000, rows=()):
    """Measurements of two metrics with seeds 0 to 2, what they are, and rows of noise.csv."""
    found = [
        ("e", "embedded", seed, name, number, num_examples)
        for seed in range(3)
        for name, number in (("m", value), ("largest", 0.01))
    ]
    columns = ["experiment", "profile", "seed", "metric", "value", "num_examples"]
    about = [("e", name, unit, "lower", "core") for name in ("m", "largest")]
    return (
        pd.DataFrame(found, columns=columns),
        pd.DataFrame(list(rows), columns=list(NOISE.columns)),
        pd.DataFrame(about, columns=list(METRICS.columns)),
    )


def test_a_t_becomes_a_normal_number_that_is_as_unlikely():
    """Against scipy.stats, with the sign kept; beyond all chances it ends at 37."""
    for t, dof in ((2.5, 4), (-3.0, 7), (0.0, 3)):
        chance = 2 * stats.t.sf(abs(t), dof)
        assert 2 * stats.norm.sf(abs(normal_score(t, dof))) == pytest.approx(chance)
        assert math.copysign(1, normal_score(t, dof)) == math.copysign(1, t)
    assert normal_score(math.inf, 4) == 37


def test_the_widest_noise_counts():
    """Inside the seeds, or inside the machines, is inside; outside of both is not."""
    both = Noise(SEEDS, MACHINES, 1e-6)
    alone = Noise({0: 0.80}, MACHINES, 1e-6)

    assert abs(both.deviation(0, 0.85)) < 1.2  # among the seeds, far from the machines
    assert alone.deviation(0, 0.85) > 4
    assert abs(alone.deviation(0, 0.8007)) < 1
    assert both.deviation(0, 0.2) < -4


def test_ten_seeds_let_a_number_lie_as_far_out_as_five():
    """Ten times as far as their spread is unlikely by four degrees of freedom, not by nine."""
    seeds = {seed: 1.0 + (-1) ** seed for seed in range(10)}
    mean, std = 1.0, math.sqrt(10 / 9)

    far = Noise(seeds, {}, 1e-9).from_seeds(mean + 10 * std * math.sqrt(1.1))

    assert far == pytest.approx(stats.norm.isf(stats.t.sf(10, 4)), rel=1e-6)


def _score(t, degrees_of_freedom):
    """The normal number of the same tail, with the sign of t."""
    return math.copysign(stats.norm.isf(stats.t.sf(abs(t), degrees_of_freedom)), t)


@pytest.mark.parametrize("num_seeds", [2, 3, 5, 9])
@pytest.mark.parametrize("num_machines", [0, 2, 3, 6])
@pytest.mark.parametrize("scatter", [0.03, 0.0001])  # of machines; less than a step is no less
@pytest.mark.parametrize("step", [0.004, 0.02])
def test_deviations_are_those_of_the_formulas(num_seeds, num_machines, scatter, step):
    """Written again with SciPy: the least of what machines, seeds and rounding say."""
    rng = np.random.default_rng(num_seeds + 10 * num_machines)
    seeds, values = rng.normal(5, 0.1, num_seeds), rng.normal(5, scatter, num_machines)
    noise = Noise(dict(enumerate(seeds)), dict(zip("abcdef", values, strict=False)), step)
    value = seeds[0] + 0.3

    expected = [2 * (0.3 - 2 * step) / step]
    if num_machines >= 3:
        apart = max(values.std(ddof=1) * math.sqrt(2), step / 2)
        expected.append(_score((0.3 - 2 * step) / apart, num_machines - 1))
    if num_seeds >= 3:
        spread = seeds.std(ddof=1) * math.sqrt(1 + 1 / num_seeds)
        expected.append(_score((value - seeds.mean() - 2 * step) / spread, min(num_seeds - 1, 4)))
    assert noise.deviation(0, value) == pytest.approx(min(expected))
    assert noise.is_known() == (num_machines >= 3 or num_seeds >= 3)
    assert noise.is_known(same_draws=False) == (num_seeds >= 3)


@pytest.mark.parametrize("count", [3, 5, 8])
@pytest.mark.parametrize("scatter", [0.1, 0.0001])
@pytest.mark.parametrize("step", [0.001, 0.04])
def test_one_is_held_against_the_others(count, scatter, step):
    """Each seed against the others, each machine against another by all but itself."""
    values = np.random.default_rng(count).normal(2, scatter, count)
    values[0] += 0.2
    noise = Noise(dict(enumerate(values)), dict(zip("abcdefgh", values, strict=False)), step)

    others, apart = values[1:], values[0] - values[1:].mean()
    t = (abs(apart) - 2 * step) / (others.std(ddof=1) * math.sqrt(1 + 1 / len(others)))
    expected = math.copysign(max(0, t), apart), min(count - 2, 4)
    assert noise.seed_left_out(0) == pytest.approx(expected)
    spread = max(others.std(ddof=1) * math.sqrt(2), step / 2)
    apart = values[0] - values[1]
    t = (abs(apart) - 2 * step) / spread
    expected = math.copysign(max(0, t), apart), count - 2
    assert noise.machines_left_out("a", "b") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "num_examples", "step"),
    [
        ("fraction", 1000, 1e-3),
        ("fraction", 10**9, 1e-7),  # the sixth digit of 0.01
        ("fraction", 0, 1e-7),
        ("squared intensity", 1000, 1e-7),
        *((unit, 1000, math.inf) for unit in ("class", "inverse of C", "learning rate")),
        *(
            (unit, 1000, 1)
            for unit in ("classes", "clusters", "codes", "colours", "listings", "names", "units")
        ),
    ],
)
def test_what_a_number_cannot_resolve(unit, num_examples, step):
    """By its unit; the largest number with that unit in the experiment is 0.01."""
    committed, machines, metrics = tables(5e-14, unit=unit, num_examples=num_examples)

    found = noises(committed, machines, metrics)["e", "embedded", "m"]

    assert found.step == pytest.approx(step)
    assert found.better == "lower"


def test_what_no_table_describes_has_digits_and_no_direction():
    """A metric that is not in metrics.csv; and one that is zero for every seed."""
    committed, machines, metrics = tables(0.0)
    known = noises(committed[committed["metric"] == "m"], machines, metrics.iloc[:0])

    assert (known["e", "embedded", "m"].step, known["e", "embedded", "m"].better) == (
        1e-300,
        "none",
    )


def test_steps_are_never_held_against_a_number():
    """Two images of 297 are nothing and twenty are; an error of 5e-14 beside 0.01 is zero."""
    share, *rest = tables(0.9428, num_examples=297)
    accuracy = noises(share, rest[0], rest[1])["e", "embedded", "m"]
    error, *rest = tables(5.15e-14, unit="squared intensity")
    tiny = noises(error, rest[0], rest[1])["e", "embedded", "m"]

    assert accuracy.deviation(0, 0.9428 - 2 / 297) == 0
    assert accuracy.deviation(0, 0.9428 - 20 / 297) < -5
    assert tiny.deviation(0, 3.22e-14) == 0
    assert tiny.deviation(0, 1e-4) > 5


def test_a_count_is_as_fine_as_one_and_a_name_is_no_quantity():
    """Two clusters of ten are nothing and six are; another label has no distance."""
    used, *rest = tables(10.0, unit="clusters")
    clusters = noises(used, rest[0], rest[1])["e", "embedded", "m"]
    label, *rest = tables(3.0, unit="class")
    class_of = noises(label, rest[0], rest[1])["e", "embedded", "m"]

    assert clusters.deviation(0, 8.0) == 0
    assert clusters.deviation(0, 4.0) < -5
    assert class_of.deviation(0, 9.0) == 0
    assert class_of.seed_left_out(0)[0] == 0


def test_machine_noise_is_known_from_the_seed_that_most_machines_ran():
    """One seed's values, by machine; rows of another seed are another question."""
    rows = [(name, "e", "embedded", 0, "m", 0.5) for name in ("a", "b", "c")]
    rows += [("a", "e", "embedded", 1, "m", 0.9)]
    committed, machines, metrics = tables(0.5, rows=rows)

    found = noises(committed, machines, metrics)["e", "embedded", "m"]

    assert found.machines == {"a": 0.5, "b": 0.5, "c": 0.5}
    assert found.is_known()
    assert not Noise({0: 1.0}, {"a": 1.0}, 1e-6).is_known()


def test_the_limit_keeps_the_chance_of_the_whole_check():
    """A thousand normal numbers exceed it once in a hundred checks; one number by its own level."""
    for count in (1, 1000):
        inside = (1 - 2 * stats.norm.sf(limit(count, 0.01))) ** count
        assert inside == pytest.approx(0.99)


def test_a_deviation_of_a_healthy_machine_is_normal():
    """Of draws like the seeds, five in a hundred are beyond 1.96 (1,500 draws: 3.8 to 6.4)."""
    rng = np.random.default_rng(0)
    far = []
    for _ in range(1500):
        *seeds, value = rng.standard_normal(6)
        far.append(Noise(dict(enumerate(seeds)), {}, 1e-9).from_seeds(value))

    assert np.mean(np.abs(far) > 1.96) == pytest.approx(0.05, abs=0.013)  # 2.3 standard errors


def test_a_noise_table_that_does_not_fit_is_named():
    """An unknown metric, a missing one, an unknown experiment, no share, and too few machines."""
    rows = [
        ("a", "e", "embedded", 0, "m", -0.5),
        ("a", "e", "embedded", 0, "invented", 1.0),
        ("b", "gone", "embedded", 0, "m", 1.0),
    ]
    committed, machines, metrics = tables(0.5, rows=rows)

    named = misfits(machines, committed, metrics)
    found = {(where, expected): value for where, expected, value in named}

    where = "noise.csv, a, e, embedded, seed 0"
    assert found[where, "metrics that are measured"] == "invented"
    assert found[where, "a number for every metric"] == "none for largest"
    assert (
        found["noise.csv, b, gone, embedded, seed 0", "an experiment with such numbers"] == "none"
    )
    assert found["noise.csv, e, embedded", "3 machines or more, to tell a spread"] == "1"
    assert found[where, "a share from 0 to 1 as m"] == "-0.5"


def test_a_share_of_none_and_of_all_are_shares():
    """So 0 and 1 are named nowhere, nor what our own seeds have beyond them: that is no share."""
    rows = [
        (machine, "e", "embedded", 0, name, value)
        for machine, value in (("a", 0.0), ("b", 1.0), ("c", 1.5))
        for name in ("m", "largest")
    ]
    for ours, named in ((1.0, 2), (0.0, 2), (1.1, 1), (-0.1, 1)):
        committed, machines, metrics = tables(ours, rows=rows)
        found = [(where, what) for where, what, _ in misfits(machines, committed, metrics)]

        assert len(found) == named  # "largest" is a share in each
        assert ("noise.csv, c, e, embedded, seed 0", "a share from 0 to 1 as largest") in found


def test_several_unknown_metrics_are_listed():
    """By name, in order."""
    rows = [("a", "e", "embedded", 0, name, 1.0) for name in ("z", "y", "m", "largest")]
    committed, machines, metrics = tables(0.5, rows=rows)

    assert "y, z" in [found for _, _, found in misfits(machines, committed, metrics)]


def test_a_core_experiment_without_machines_is_named_where_others_have_some():
    """A table that was deleted is noticed; a project without machine noise is none."""
    committed, machines, metrics = tables(0.5, rows=[("a", "other", "embedded", 0, "m", 0.5)])
    found = {where: value for where, _, value in misfits(machines, committed, metrics)}

    assert found["noise.csv, e, embedded"] == "0"
    assert not list(misfits(machines.iloc[:0], committed, metrics))

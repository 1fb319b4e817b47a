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


def test_a_core_experiment_without_machines_is_named_where_others_have_some():
    """A table that was deleted is noticed; a project without machine noise is none."""
    committed, machines, metrics = tables(0.5, rows=[("a", "other", "embedded", 0, "m", 0.5)])
    found = {where: value for where, _, value in misfits(machines, committed, metrics)}

    assert found["noise.csv, e, embedded"] == "0"
    assert not list(misfits(machines.iloc[:0], committed, metrics))

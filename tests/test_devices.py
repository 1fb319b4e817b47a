"""Seeds from several devices: pooled unless a test finds a difference."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import devices

HERE = {"environment": {"backend": "tensorflow", "tensorflow": "2.21.0", "device": "cpu-x86_64"}}
THERE = {"environment": {"backend": "jax", "jax": "0.10.2", "device": "gpu"}}
METRICS = ("purity", "loss", "entropy")


def measured(here, there, *, shift=0.0, metrics=METRICS, seed=0):
    """Rows and provenance: normal values at seeds on two devices, one metric shifted there."""
    rng = np.random.default_rng(seed)
    rows, provenance = [], {}
    for number in range(here + there):
        elsewhere = number >= here
        provenance[f"a-run/full/{number}"] = THERE if elsewhere else HERE
        for metric in metrics:
            moved = shift * (elsewhere and metric == metrics[0])
            rows.append(("a-run", "full", number, metric, rng.normal(0.8, 0.01) + moved, 100))
    columns = ["experiment", "profile", "seed", "metric", "value", "num_examples"]
    return pd.DataFrame(rows, columns=columns), provenance


@pytest.mark.parametrize("there", [1, 2, 6])
def test_seeds_of_a_device_that_makes_no_difference_are_pooled(there):
    """All rows are judged together."""
    rows, provenance = measured(10, there)

    judged, apart = devices.pool(rows, provenance)

    pd.testing.assert_frame_equal(judged, rows)
    assert apart == []


@pytest.mark.parametrize("there", [1, 2, 6])
def test_seeds_of_a_device_that_differs_stand_apart_and_it_is_said(there):
    """By one metric of three, whose p is corrected; the whole run stands apart."""
    rows, provenance = measured(10, there, shift=0.1)

    judged, [apart] = devices.pool(rows, provenance)

    assert set(judged["seed"]) == set(range(10))
    assert (apart.metric, apart.seeds) == ("purity", tuple(range(10, 10 + there)))
    said = str(apart)
    assert "on jax 0.10.2 on gpu differ from those on tensorflow 2.21.0 on cpu-x86_64" in said
    assert "purity, p = " in said and "not judged with them" in said


def test_equal_devices_are_told_apart_in_no_more_than_5_of_100():
    """The level that is stated, whatever the number of seeds and metrics."""
    for there in (1, 6):
        drawn = [devices.pool(*measured(10, there, seed=seed))[1] for seed in range(100)]
        wrong = sum(bool(apart) for apart in drawn)

        assert wrong <= 11  # 5 are expected; 12 or more have a chance of 0.4 %


def test_round_off_is_no_difference():
    """Numbers without seed noise differ in a sixth digit on every other machine."""
    assert devices.p_value([0.728452] * 5, [0.72844] * 5) == 1.0
    assert devices.p_value([5e-14] * 5, [3e-14]) == 1.0
    assert devices.p_value([0.7] * 5, [0.9]) == 0.0


def test_a_count_without_spread_says_nothing_against_another_device():
    """Five runs that name a cluster alike are no proof that a sixth and a seventh must."""
    assert devices.p_value([4.0] * 5, [2.0, 4.0]) == pytest.approx(4 / 7)
    assert devices.p_value([10.0] * 5, [9.0]) == pytest.approx(1 / 3)


def test_other_profiles_and_runs_that_say_nothing_of_their_device_are_left_alone():
    """Only full runs are judged; an unknown device is one device."""
    rows, provenance = measured(5, 5, shift=0.5)

    for some, made in (
        (rows.assign(profile="embedded"), provenance),
        (rows, {}),
        (rows.iloc[:0], provenance),
    ):
        judged, apart = devices.pool(some, made)

        assert apart == []
        assert len(judged) == len(some)

"""Today's numbers against the committed ones: by bits in one environment, by noise in another."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import regression
from replication.claims.collective import Finding
from replication.claims.regression import compare, kernels, same_environment, upgrades
from replication.results.schema import METRICS, NOISE


def measured(values, *, profile="full", first_seed=0, metric="m"):
    """Measurements of one metric, a value a seed."""
    rows = [
        ("ours", profile, first_seed + n, metric, value, 1000) for n, value in enumerate(values)
    ]
    columns = ["experiment", "profile", "seed", "metric", "value", "num_examples"]
    return pd.DataFrame(rows, columns=columns)


def made(where, **versions):
    """How a run was made, where the probe finds these bits."""
    return {
        "fingerprint": "any",
        "numerics": {"matrix products": where},
        "environment": {"backend": "tensorflow", "processor": where, **versions},
    }


def rows_of(before, after, *, same=False, profile="full", seed=0, machines=None, **versions):
    """What `compare` says of the number of one seed."""
    today = measured([after], profile=profile, first_seed=seed)
    run = f"ours/{profile}/{seed}"
    found = compare(
        measured(before, profile=profile),
        today,
        committed_provenance={run: made("here")},
        today_provenance={run: made("here" if same else "there", **versions)},
        machines=machines,
        metrics=pd.DataFrame(
            [("ours", "m", "nats", "lower", "core")], columns=list(METRICS.columns)
        ),
    )
    return [row for row in found if row.seed == seed]


def emulated(values, profile="full"):
    """Rows of noise.csv: seed 0 on as many machines."""
    rows = [(f"k{n}", "ours", profile, 0, "m", value) for n, value in enumerate(values)]
    return pd.DataFrame(rows, columns=list(NOISE.columns))


def status(*arguments, **options):
    """The status alone."""
    return next((row.status for row in rows_of(*arguments, **options)), None)


def test_the_same_environment_must_give_the_same_six_digits():
    """One unit of the sixth digit is drift, a seventh digit is not."""
    assert status([0.123456], 0.1234561, same=True) == "stable"
    assert status([0.123456], 0.123457, same=True) == "drifted"


def test_another_environment_must_stay_inside_the_noise_of_seeds():
    """Far out is drift, near is none, and the row says how far in standard deviations."""
    seeds = [0.80, 0.84, 0.86, 0.82, 0.83]

    [near], [far] = rows_of(seeds, 0.85), rows_of(seeds, 9.0)

    assert (near.status, far.status) == ("stable", "drifted")
    assert near.elsewhere and abs(near.deviation) < 2
    assert far.deviation > 3 and not far.together
    assert "sd off" in far.expected


def test_a_number_without_seed_noise_has_no_interval_of_width_zero():
    """The old rule cried wolf over one unit in the sixth digit; many of them are still drift."""
    assert status([0.123456] * 5, 0.123457) == "stable"
    assert status([0.123456] * 5, 0.124) == "drifted"


def test_machine_noise_decides_where_seeds_are_few():
    """One committed seed is no reason to be undecided where machines were emulated."""
    machines = emulated([0.8, 0.801, 0.799, 0.8005, 0.7995, 0.8])

    assert status([0.8], 0.8008, machines=machines) == "stable"
    assert status([0.8], 0.9, machines=machines) == "drifted"
    assert status([0.8], 0.8008) == status([0.80, 0.84], 0.81) == "undecided"
    assert status([0.8], 0.8) == status([0.80, 0.84], 0.80) == "stable"


def test_machines_say_nothing_of_a_backend_that_draws_other_numbers():
    """Untrained networks under JAX were 9 sd off, by the noise of machines that draw alike."""
    machines = emulated([0.8, 0.801, 0.799, 0.8005, 0.7995, 0.8])
    seeds = [0.8, 0.9, 0.85, 0.95, 0.88]

    assert status([0.8], 0.9, machines=machines, backend="jax") == "undecided"
    assert status([0.8], 0.8, machines=machines, backend="jax") == "stable"
    assert status(seeds, 0.9, machines=machines, backend="jax") == "stable"
    assert status(seeds, 9.0, machines=machines, backend="jax") == "drifted"


def test_an_upgrade_is_named_as_the_likely_cause():
    """Versions that differ; processors, devices, threads and Python are none."""
    before = made("here", **{"scikit-learn": "1.9.1", "python": "3.11.7", "threads": 2})
    after = made("there", **{"scikit-learn": "1.7.2", "python": "3.13.0", "device": "gpu"})

    assert upgrades(before, after) == "scikit-learn 1.9.1 -> 1.7.2"
    assert upgrades(before, {**after, "environment": before["environment"]}) == ""
    [row] = rows_of([0.8] * 5, 3.0, keras="3.12", scipy="1.16.3")
    assert row.upgrades == "keras unknown -> 3.12, scipy unknown -> 1.16.3"


def test_a_thousand_numbers_of_a_healthy_machine_are_all_stable():
    """At 95 % each, fifty of them would have drifted; the level is that of the whole check."""
    rng = np.random.default_rng(1)  # 0 is one of the two hundred with an alarm, at 4.7 sd
    committed = [measured(rng.standard_normal(5), metric=f"m{n}") for n in range(1000)]
    today = [measured(rng.standard_normal(1), metric=f"m{n}") for n in range(1000)]

    rows = compare(
        pd.concat(committed),
        pd.concat(today),
        committed_provenance={"ours/full/0": made("here")},
        today_provenance={"ours/full/0": made("there")},
    )

    held = [row for row in rows if row.status != "not run"]
    assert len(held) == 1000
    assert {row.status for row in held} == {"stable"}
    assert 20 < sum(abs(row.deviation) > 1.96 for row in held) < 80  # 50 ± 4.4 standard errors


def test_one_alarm_in_a_hundred_is_shared_by_numbers_alone_and_together(monkeypatch):
    """Half of it each: the chances add up."""
    given = []

    def limit(count, alarms):
        given.append((count, alarms))
        return 4.0

    def findings(numbers, known, *, alarms):
        given.append((len(numbers), alarms))
        return []

    monkeypatch.setattr(regression, "limit", limit)
    monkeypatch.setattr(regression, "findings", findings)

    assert status([0.80, 0.84, 0.86, 0.82, 0.83], 0.85) == "stable"
    assert given == [(1, 0.005), (1, 0.005)]


def test_a_number_drifts_with_others_that_does_not_drift_alone(monkeypatch):
    """It says with which; one that drifts alone says by how much."""
    seeds = [0.80, 0.84, 0.86, 0.82, 0.83]

    def findings(numbers, known, *, alarms):
        return [Finding("all of them are too large", 1e-6, tuple(numbers))]

    monkeypatch.setattr(regression, "findings", findings)
    [near], [far] = rows_of(seeds, 0.85), rows_of(seeds, 9.0)

    assert (near.status, near.together) == ("drifted", True)
    assert near.expected.endswith("sd off, and with others: all of them are too large")
    assert (far.status, far.together) == ("drifted", False)
    assert "at most" in far.expected


def test_a_row_says_of_its_environment_what_there_is_to_say():
    """Nothing where it is the same; else which part of the probe differs, and what is not known."""
    [same], [other] = rows_of([0.8], 0.8, same=True), rows_of([0.8], 0.81)

    assert (same.elsewhere, same.deviation, same.together) == (False, None, False)
    assert (same.upgrades, same.kernels) == ("", ())
    assert other.elsewhere and other.kernels == ("matrix products",)
    assert other.expected.startswith("near 0.8; too few seeds")


def test_a_seed_without_a_committed_row_is_new_and_smoke_is_never_judged():
    """New numbers are accepted by a human, not compared."""
    [new] = rows_of([0.8], 0.1, same=True, seed=7)
    tables = measured([0.8]), measured([0.1], first_seed=7)
    [missing, _] = compare(*tables, committed_provenance={}, today_provenance={})

    assert (new.status, new.expected, new.found) == ("new", "nothing committed", "0.1")
    assert (missing.status, missing.expected, missing.found) == ("not run", "0.8", "nothing today")
    assert status([0.8], 0.1, same=True, profile="embedded") == "drifted"
    assert status([0.8], 0.1, same=True, profile="smoke") is None


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (made("a"), made("a"), True),
        (made("a"), {**made("a"), "fingerprint": "another name"}, True),
        (made("a"), made("b"), False),
        (made("unknown"), made("unknown"), False),
        (made("a"), {"fingerprint": "any"}, False),
        ({"fingerprint": "any"}, {"fingerprint": "any"}, False),
        (made("a"), {**made("a"), "fingerprint": "one+two"}, False),
        (made("a"), None, False),
    ],
)
def test_environments_are_equal_by_what_they_compute(before, after, same):
    """Not by their names; no probe, or one that failed, equals nothing, not even itself."""
    assert same_environment(before, after) is same


def test_kernels_that_compute_otherwise_are_named():
    """Nothing is said of a run without a probe."""
    before, after = ({"numerics": {"matmul": "1", "svd": each}} for each in ("2", "3"))

    assert kernels(before, after) == ("svd",)
    assert kernels(before, before) == kernels(before, {}) == kernels(None, after) == ()

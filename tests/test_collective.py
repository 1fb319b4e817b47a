"""Numbers of another machine together: no alarm where all is well, and shifts that are seen."""

import numpy as np
import pytest

from replication.claims.collective import Number, findings
from replication.claims.noise import Noise

EXPERIMENTS, ALARMS = 12, 0.005


def world(seed, *, chaos=0.05, shift=0.0, same_draws=True):
    """Experiments with five seeds and six machines, and one new machine: `(numbers, noises)`.

    Numbers of a run have half their variance in common. Machines differ by `chaos` of what seeds
    do, and the new one is off by `shift` seed standard deviations to the worse.
    """
    rng = np.random.default_rng(seed)
    noises, numbers = {}, []
    for experiment in range(EXPERIMENTS):
        size = int(rng.integers(2, 20))

        def draw(size=size):
            common = rng.standard_normal()
            return (common + rng.standard_normal(size)) / np.sqrt(2)

        seeds = [draw() for _ in range(5)]
        machines = [seeds[0], *(seeds[0] + chaos * draw() for _ in range(5))]
        new = (seeds[0] + chaos * draw() if same_draws else draw()) - shift
        for metric in range(size):
            cell = f"e{experiment}", "embedded", f"m{metric}"
            noise = Noise(
                {index: values[metric] for index, values in enumerate(seeds)},
                {f"k{index}": values[metric] for index, values in enumerate(machines)},
                1e-9,
                "higher",
            )
            noises[cell] = noise
            far = noise.deviation(0, new[metric])
            numbers.append(Number(cell, 0, new[metric], far, same_draws))
    return numbers, noises


HEALTHY = pytest.mark.parametrize("options", [{}, {"chaos": 1.0}, {"same_draws": False}], ids=str)


@HEALTHY
def test_a_healthy_machine_gives_no_alarm(options):
    """Twenty checks; at one alarm in two hundred, two of them would happen once in 200 times."""
    alarms = [seed for seed in range(20) if findings(*world(seed, **options), alarms=ALARMS)]

    assert len(alarms) <= 1


@pytest.mark.long
@HEALTHY
def test_alarms_are_no_more_than_were_asked_for(options):
    """Of 400 checks; at one alarm in two hundred, eight of them happen once in 950 times."""
    alarms = [seed for seed in range(400) if findings(*world(seed, **options), alarms=ALARMS)]
    print(f"{options}: {len(alarms)} alarms in 400 checks")

    assert len(alarms) < 8


@pytest.mark.parametrize("seed", range(3))
def test_a_small_shift_of_one_sign_is_seen_where_machines_hardly_differ(seed):
    """Half a seed standard deviation, of which no number shows anything alone."""
    numbers, noises = world(seed, shift=0.5)

    found = findings(numbers, noises, alarms=ALARMS)

    assert any("by what machines differ" in each.words for each in found)
    assert all(each.numbers for each in found)


def test_any_shift_is_seen_where_machines_do_not_differ_at_all():
    """Their moments are 0 and 0; it was a ZeroDivisionError."""
    found = findings(*world(0, chaos=0.0, shift=0.5), alarms=ALARMS)

    assert any("by what machines differ" in each.words and not each.chance for each in found)


def test_runs_are_held_against_machines_at_their_own_size():
    """One machine far out where trainings are long says nothing of short ones."""
    numbers, noises = world(0, shift=0.5)
    machines = {"far": 1.0, **dict.fromkeys("abcde", 0.0)}
    rough = {(name, "full", metric): Noise({}, machines, 1e-9) for name, _, metric in noises}

    found = findings(numbers, {**noises, **rough}, alarms=ALARMS)

    assert any("by what machines differ" in each.words for each in found)


def test_large_shifts_are_seen_by_what_seeds_show_alone():
    """Where equal seeds draw other numbers, machine noise says nothing: counts and signs do."""
    numbers, noises = world(0, shift=2.5, same_draws=False)

    words = " ".join(each.words for each in findings(numbers, noises, alarms=ALARMS))

    assert "numbers outside of 95 %" in words
    assert "are worse by" in words
    assert "machines" not in words


def test_nothing_to_compare_and_too_little_to_estimate_from_are_no_alarm():
    """An empty check, and one of a single experiment."""
    numbers, noises = world(0, shift=5)
    few = {cell: noise for cell, noise in noises.items() if cell[0] == "e0"}

    assert findings([], noises, alarms=ALARMS) == []
    assert not [
        each
        for each in findings([n for n in numbers if n.cell in few], few, alarms=ALARMS)
        if "outside of 95" in each.words
    ]

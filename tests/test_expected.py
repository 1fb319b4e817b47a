"""Minutes that jobs take here, from past wall times, and what fits a budget."""

import pytest

from replication import experiments, fingerprints
from replication.runner import Job, expected, settings
from replication.runner.expected import Budget, Expected, parse_minutes
from tests import table_files

QUICK, LONG = "clustering-identities", "clustering-eq5-mnist"


def about(minutes, **changes):
    """Provenance of a run on this machine, or on one that differs."""
    here = {**fingerprints.environment(), "threads": 2, **changes}
    return {
        "commit": "",
        "data": {},
        "environment": here,
        "fingerprint": "f",
        "key": "k",
        "minutes": minutes,
        "source": "s",
    }


@pytest.fixture
def past(tmp_path, monkeypatch):
    """Writes the runs that were made before: committed, or in this checkout."""
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "today")

    def write(runs, *, today=False):
        root = settings.TODAY if today else settings.RESULTS
        table_files.write_provenance(root, "clustering", runs)
        return Expected(threads=2)

    return write


def job(name=LONG, profile="full", seed=0):
    return Job(experiments.find(name), profile, seed)


def test_the_median_over_earlier_seeds_is_expected(past):
    """Any seed is expected to take what the others took, here and with as many threads."""
    runs = {
        f"{LONG}/full/{seed}": about(minutes) for seed, minutes in enumerate([20.0, 90.0, 30.0])
    }

    assert past(runs).minutes(job(seed=7)) == 30


@pytest.mark.parametrize("change", [{"processor": "another"}, {"threads": 1}, {"device": "gpu"}])
def test_wall_times_of_another_machine_say_nothing(past, change):
    """Then the experiment's own declaration stands."""
    found = past({f"{LONG}/full/0": about(500.0, **change)})

    assert found.minutes(job()) == experiments.find(LONG).minutes


def test_a_profile_that_declares_nothing_is_expected_as_elsewhere(past):
    """Better than nothing: another machine took that long for the digits."""
    found = past({f"{LONG}/embedded/0": about(3.0, processor="another")})

    assert found.minutes(job(profile="embedded")) == 3


def test_runs_of_this_checkout_count_too(past):
    """A first run sets what the next ones are held against."""
    assert past({f"{LONG}/full/0": about(12.0)}, today=True).minutes(job()) == 12


def test_what_never_ran_is_declared_at_the_pace_of_this_machine(past):
    """A machine that took twice the declared minutes for one takes twice for all."""
    twice = 2 * experiments.find(LONG).minutes
    found = past({f"{LONG}/full/0": about(twice)})

    assert found.minutes(job(QUICK)) == pytest.approx(2 * experiments.find(QUICK).minutes)


def test_nothing_is_known_of_a_profile_that_never_ran(past):
    """Declared minutes are those of the full profile."""
    found = past({f"{QUICK}/smoke/0": about(0.5)})

    assert found.minutes(job(LONG, "smoke")) is None
    assert found.total([job(LONG, "smoke")]) is None
    assert found.total([job(LONG, "smoke"), job(QUICK, "smoke")]) == 0.5


@pytest.mark.parametrize(("minutes", "together"), [([30], 30), ([30, 1], 30), ([30, 30, 30], 45)])
def test_jobs_side_by_side_take_no_less_than_the_longest(past, minutes, together):
    """One job of 30 minutes was promised in 15 with two workers, of which one has nothing to do."""
    names = [QUICK, LONG, "clustering-eq5-fashion"][: len(minutes)]
    runs = {f"{name}/full/0": about(float(m)) for name, m in zip(names, minutes, strict=True)}

    assert past(runs).total(map(job, names), side_by_side=2) == together


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("20m", 20), ("1h30m", 90), ("1.5h", 90), ("90s", 1.5), (" 2H ", 120), ("1h1m30s", 61.5)],
)
def test_durations_have_units(text, minutes):
    """Hours, minutes and seconds, in this order."""
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "20", "m", "-5m", "0m", "20 minutes", "30m1h", "1e9h"])
def test_other_durations_are_refused(text):
    """A bare number could be anything; the message shows how to write one."""
    with pytest.raises(ValueError, match="expected one such as 20m"):
        parse_minutes(text)


class Known:
    """Expectations by experiment."""

    def __init__(self, **minutes):
        self._minutes = minutes

    def minutes(self, job):
        return self._minutes[job]


def test_a_budget_takes_what_ends_in_time(monkeypatch):
    """A job is allowed if it ends before the budget does, by what is expected; others are noted."""
    now = [0.0]
    monkeypatch.setattr(expected.time, "monotonic", lambda: now[0])
    budget = Budget(20, Known(short=5, long=18, unknown=None))

    assert budget.allows("long") and budget.allows("short")
    now[0] = 10 * 60
    assert not budget.allows("long")
    assert budget.allows("short") and budget.allows("unknown")
    assert budget.left == ["long"]


def test_with_a_budget_the_shortest_come_first():
    """What nothing is known about comes before all."""

    class Named(str):
        name = property(str)

    known = Known(a=3, b=1, c=None)
    jobs = [Named("a"), Named("b"), Named("c")]

    assert Budget(1, known).in_order(jobs) == ["c", "b", "a"]

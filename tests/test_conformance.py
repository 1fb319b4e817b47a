"""Every experiment keeps the rules of the house, and runs at smoke size.

A new experiment is tested here without a line of its own.
"""

import re
import sys

import numpy as np
import pytest

from replication import claims, datasets, experiments, fingerprints
from replication.experiments import Outcome, Profile
from replication.store import Checkpoints
from tests import rates

REGISTRY = experiments.registry()
BETTER = {"higher", "lower", "none"}
each = pytest.mark.parametrize("name", REGISTRY)


@pytest.fixture(scope="module")
def outcome(smoke):
    """The outcome of an experiment by name, run once.

    At this size every data set is the digits, so that of an experiment with several one is run;
    what chooses among learning rates has one to choose from, and few pictures are drawn.
    """
    found = {}

    def run(name):
        each = REGISTRY[name]
        variant = each.function, repr(each.arguments)
        if variant not in found:
            found[variant] = each.run(0, smoke)
        return found[variant]

    with pytest.MonkeyPatch.context() as patch:
        rates.only_the_first(patch.setattr)
        rates.few_pictures(patch.setattr)
        yield run


@each
def test_it_runs_and_returns_what_it_declares(name, outcome):
    """Finite numbers under the declared names, each with how many examples it rests on."""
    found = outcome(name)

    assert isinstance(found, Outcome)
    assert set(found.metrics) == {metric.name for metric in REGISTRY[name].metrics}
    for metric in REGISTRY[name].metrics:
        value, num_examples = found.metrics[metric.name]
        assert np.isfinite(value), metric.name
        assert isinstance(num_examples, int | np.integer), metric.name
        assert num_examples > 0, metric.name
        if metric.unit == "fraction":
            assert 0 <= value <= 1, metric.name


@each
def test_its_history_and_arrays_can_be_stored(name, outcome):
    """One dict of finite floats per epoch with the same names, and arrays without objects."""
    found = outcome(name)

    for epoch in found.history:
        assert epoch.keys() == found.history[0].keys()
        assert all(type(value) is float and np.isfinite(value) for value in epoch.values())
    for array in found.arrays.values():
        assert isinstance(array, np.ndarray)
        assert array.dtype != object


@each
def test_its_name_slug_and_tier_are_consistent(name):
    """Kebab-case that starts with the slug, which is the file it is declared in."""
    found = REGISTRY[name]

    assert found.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
    assert name.startswith(f"{found.slug}-")
    where = f"replication.experiments.{found.slug}"
    assert f"{found.function.__module__}.".startswith(f"{where}.")
    assert found.tier in {"core", "extended"}
    assert found.function.__doc__, "say what it measures"


@each
def test_its_metrics_are_declared_completely(name):
    """Distinct names in snake case, a unit, and which direction is better."""
    names = [metric.name for metric in REGISTRY[name].metrics]

    assert names
    assert len(set(names)) == len(names)
    for metric in REGISTRY[name].metrics:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
        assert metric.unit
        assert metric.better in BETTER


@each
def test_its_seeds_cost_and_data_make_sense(name):
    """Distinct seeds from zero, so that `SEEDS=n` means the first n; minutes; known data."""
    found = REGISTRY[name]

    assert found.seeds == tuple(range(len(found.seeds)))
    assert found.seeds
    assert 0 < found.minutes < 24 * 60
    assert set(found.datasets) <= set(datasets.DIGESTS)
    assert found.dataset in {None, *found.datasets}


@each
def test_its_key_cannot_reach_what_articles_report(name):
    """Nothing that it depends on lies in claims/ or results/: blind measurement."""
    halves = {each.split(".")[1] for each in fingerprints.source_closure(REGISTRY[name].function)}

    assert "experiments" in halves
    assert not halves & {"claims", "results", "notebooks", "runner", "__main__"}


def test_measuring_opens_no_file_of_claims_or_results(library, tmp_path):
    """Watched by the interpreter: one experiment runs and never looks at a reported number."""
    opened = []
    watching = True

    def watch(event, arguments):
        if watching and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(watch)
    profile = Profile("smoke", library, Checkpoints(tmp_path))

    REGISTRY["clustering-untrained-kmeans-mnist"].run(0, profile)
    with open(tmp_path / "seen", "w"):
        watching = False

    assert str(tmp_path / "seen") in opened, "the hook sees files"
    forbidden = [
        path for path in opened if re.search(r"replication/claims|/results/|\.toml$", path)
    ]
    assert not forbidden


def test_the_same_run_twice_gives_the_same_numbers(library, outcome):
    """Anew, without a store: equal to the last digit."""
    name = "clustering-eq5-mnist"
    again = REGISTRY[name].run(0, Profile("smoke", library))

    assert again.metrics == outcome(name).metrics
    assert again.history == outcome(name).history
    for array, value in again.arrays.items():
        np.testing.assert_array_equal(value, outcome(name).arrays[array])


def test_another_seed_gives_other_numbers(smoke, outcome):
    """The seed reaches the weights."""
    name = "clustering-untrained-kmeans-mnist"

    assert REGISTRY[name].run(1, smoke).metrics != outcome(name).metrics


def test_experiments_share_what_they_train(smoke, outcome):
    """The headline's model is not trained again for its shuffled labels."""
    outcome("clustering-eq5-mnist")
    store = Checkpoints(smoke.checkpoints.root, on_epoch=lambda *_: pytest.fail("trained again"))

    REGISTRY["clustering-shuffled-labels-mnist"].run(0, Profile("smoke", smoke.library, store))


def test_identities_have_the_constants_derived_by_hand(outcome):
    """353.56 and 91.85 nats, and a batched product equal to the loop."""
    found = {name: value for name, (value, _) in outcome("clustering-identities").metrics.items()}

    assert found["one_sample_constant"] == pytest.approx(353.566, abs=0.01)  # float32 losses
    assert found["eq5_constant"] == pytest.approx(91.853, abs=0.01)  # float32 losses
    assert found["batch_dot_max_error"] < 1e-4  # float32 product of numbers up to a hundred


def test_shuffled_labels_know_nothing(outcome):
    """Clusters of the headline against labels in random order: mutual information near zero."""
    found = outcome("clustering-shuffled-labels-mnist").metrics

    value = found["all_normalized_mutual_information"][0]
    assert value < 0.1  # chance: about (10 - 1)**2 / (2 * 809 * log 10) = 0.02 for 809 examples


@pytest.mark.parametrize("slug", [slug for slug in claims.load() if slug in experiments.slugs()])
def test_claims_refer_to_what_is_declared(slug):
    """No claim waits for an experiment or a metric that a typo keeps from ever being run."""
    declared = {
        f"{found.name}/{metric.name}": found.tier
        for found in REGISTRY.values()
        for metric in found.metrics
    }
    for claim in claims.load()[slug].claims:
        assert set(claim.references) <= set(declared), claim.id
        if claim.core:
            tiers = {declared[reference] for reference in claim.judged}
            assert tiers <= {"core"}, f"{claim.id} rests on extended runs; mark it core = false"
    for detail in claims.load()[slug].open:
        assert set(detail.references) <= set(declared), detail.id

"""Experiments: declared once, found by name, and held to their declaration."""

import numpy as np
import pytest

from replication import datasets, experiments, fingerprints
from replication.experiments import (
    Experiment,
    ExperimentError,
    Metric,
    Outcome,
    Profile,
    experiment,
)

METRICS = [Metric("test_purity", "fraction", "higher"), Metric("loss", "nats", "lower")]
GOOD = {"test_purity": (0.5, 10), "loss": (1.5, 10)}


@pytest.fixture
def declared(monkeypatch):
    """An empty registry, so that declarations of a test stay in it."""
    registry = {}
    monkeypatch.setattr(experiments, "_REGISTRY", registry)
    return registry


def of_toy(function):
    """The function, as if it stood in the file of an article `toy`."""
    function.__module__ = f"{experiments.__name__}.toy"
    return function


def declare(outcome, name="toy-run", **options):
    """An experiment that returns `outcome` whatever it is given."""
    options = {"minutes": 1, "metrics": METRICS, **options}
    return experiment(name, **options)(of_toy(lambda *_: Outcome(outcome)))


def run(registry, name="toy-run"):
    return registry[name].run(0, Profile("smoke", library=None))


def test_an_experiment_that_keeps_its_word_returns_its_outcome(declared):
    """Declared names and finite values pass unchanged."""
    declare(GOOD)

    assert run(declared).metrics == GOOD


@pytest.mark.parametrize(
    ("returned", "missing", "undeclared"),
    [
        ({"loss": (1.5, 10)}, ["test_purity"], []),
        ({**GOOD, "extra": (1.0, 10)}, [], ["extra"]),
        ({}, ["loss", "test_purity"], []),
    ],
)
def test_other_metrics_than_declared_are_refused(declared, returned, missing, undeclared):
    """Neither a forgotten nor a new number slips into a table."""
    declare(returned)

    with pytest.raises(ExperimentError, match="toy-run returned other metrics") as caught:
        run(declared)

    assert f"missing {missing}, undeclared {undeclared}" in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float32("nan")])
def test_a_value_that_is_not_finite_is_refused(declared, value):
    """The message names experiment, seed and metric."""
    declare({**GOOD, "loss": (value, 10)})

    with pytest.raises(ExperimentError, match="toy-run, seed 0: expected finite values.*'loss'"):
        run(declared)


def test_a_failing_experiment_is_not_swallowed(declared):
    """Its own error comes through."""

    @experiment("toy-run", minutes=1, metrics=METRICS)
    @of_toy
    def broken(seed, profile):
        raise ZeroDivisionError("in the experiment")

    with pytest.raises(ZeroDivisionError, match="in the experiment"):
        run(declared)


def test_one_declaration_serves_several_data_sets(declared):
    """`{dataset}` gives one experiment each, by the article's short name, bound to its data."""

    @experiment("toy-{dataset}", minutes=1, metrics=METRICS, datasets=("mnist", "fashion_mnist"))
    @of_toy
    def toy(seed, profile, dataset):
        return Outcome({"test_purity": (0.5, 10), "loss": (float(len(dataset)), 10)})

    assert list(declared) == ["toy-mnist", "toy-fashion"]
    assert declared["toy-fashion"].datasets == ("fashion_mnist",)
    assert run(declared, "toy-mnist").metrics["loss"] == (5.0, 10)
    assert run(declared, "toy-fashion").metrics["loss"] == (13.0, 10)


def test_a_name_can_be_declared_once(declared):
    """The second declaration is an error, not a replacement."""
    declare(GOOD)

    with pytest.raises(ExperimentError, match="'toy-run' is declared twice"):
        declare(GOOD)


def test_a_name_that_asks_for_data_sets_needs_some(declared):
    """Without them it would declare nothing, in silence."""
    with pytest.raises(ExperimentError, match="'toy-{dataset}' declares no data sets"):
        declare(GOOD, name="toy-{dataset}")


def test_declaring_leaves_the_function_as_it_is(declared):
    """What is decorated can be called and fingerprinted as before."""

    @of_toy
    def function(seed, profile):
        return None

    assert experiment("toy-run", minutes=1, metrics=METRICS)(function) is function
    assert declared["toy-run"].function is function


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"name": "toy-Run"}, "a name in kebab case, received 'toy-Run'"),
        ({"name": "other-run"}, "a name that starts with 'toy-'"),
        ({"tier": "slow"}, "the tier core or extended, received 'slow'"),
        ({"seeds": range(990, 1001)}, "seeds from 0 to 999"),
        ({"seeds": ()}, "seeds from 0 to 999"),
        ({"metrics": []}, "metrics in snake case"),
        ({"metrics": [Metric("test-purity", "fraction")]}, "metrics in snake case"),
        ({"metrics": METRICS + METRICS}, "metrics with names of their own"),
        ({"metrics": [Metric("loss", "nats", "less")]}, "better: higher, lower or none"),
    ],
)
def test_a_declaration_that_tables_and_commands_cannot_do_with_is_refused(
    declared, options, expected
):
    """Where it is declared, not after it was run."""
    with pytest.raises(ExperimentError, match=f"expected {expected}"):
        declare(GOOD, **options)

    assert not declared


def test_every_file_of_experiments_is_found():
    """The registry is the folder; there is no list to edit."""
    folder = experiments.__path__[0]
    files = {path.stem for path in datasets.Path(folder).glob("[!_]*")}

    assert experiments.slugs() == sorted(files)
    assert {each.slug for each in experiments.registry().values()} == files


def test_find_gives_the_experiment_of_a_name():
    """By its name, as in claims and on the command line."""
    found = experiments.find("clustering-eq5-mnist")

    assert isinstance(found, Experiment)
    assert (found.slug, found.dataset, found.tier) == ("clustering", "mnist", "core")


def test_an_unknown_name_is_refused_with_those_there_are():
    """One sentence that names what exists."""
    with pytest.raises(ExperimentError, match="'clustering-eq6'; expected one of") as caught:
        experiments.find("clustering-eq6")

    assert "clustering-eq5-mnist" in str(caught.value)


def test_smoke_profile_is_small(library):
    """512 digits and a single epoch, whatever the article asks for."""
    profile = Profile("smoke", library)
    data = profile.dataset("mnist")

    assert (data.name, len(data.x_train), len(data.x_test)) == ("digits", 512, 297)
    assert profile.epochs(50) == 1


def test_embedded_profile_is_all_digits_and_all_epochs(library):
    """The digits stand in for any data set; epochs are the article's."""
    profile = Profile("embedded", library)
    data = profile.dataset("fashion_mnist")

    assert (data.name, len(data.x_train)) == ("digits", 1500)
    assert profile.epochs(50) == 50


def test_full_profile_reads_the_data_set_itself(real_mnist, library):
    """No stand-in, nothing cut off."""
    data = Profile("full", library).dataset("mnist")

    assert (data.name, len(data.x_train)) == ("mnist", 60_000)


def test_inputs_name_what_a_result_depends_on():
    """Source, parameters, the digest of the data that stand behind the profile, environment."""
    found = experiments.find("clustering-eq5-mnist").inputs(3, "full")

    assert set(found) == {"source", "parameters", "data", "environment"}
    assert found["parameters"]["seed"] == 3
    assert found["data"] == {"mnist": datasets.DIGESTS["mnist"]}
    assert "replication.losses.gaussian_kl" in found["source"]


def test_inputs_differ_between_runs_that_may_differ():
    """By seed, profile, data set and experiment; never between two equal calls."""
    eq5 = experiments.find("clustering-eq5-mnist")
    fashion = experiments.find("clustering-eq5-fashion")
    other = experiments.find("clustering-one-sample-mnist")
    found = [
        eq5.inputs(0, "full"),
        eq5.inputs(1, "full"),
        eq5.inputs(0, "embedded"),
        fashion.inputs(0, "full"),
        fashion.inputs(0, "embedded"),
        other.inputs(0, "full"),
    ]

    assert eq5.inputs(0, "full") == found[0]
    for index, one in enumerate(found):
        assert one not in found[:index]


def test_versions_of_an_experiments_own_packages_are_in_its_key(declared, monkeypatch):
    """Another version of one makes another key; an experiment without any has the common one."""
    declare(GOOD, packages=("umap-learn", "not-installed"))
    declare(GOOD, name="toy-plain")
    monkeypatch.setattr(fingerprints, "source_closure", lambda function: {})

    toy, plain = (
        declared[name].inputs(0, "full")["environment"] for name in ("toy-run", "toy-plain")
    )
    monkeypatch.setattr(fingerprints.importlib.metadata, "version", lambda name: "99.9")
    later, same = (
        declared[name].inputs(0, "full")["environment"] for name in ("toy-run", "toy-plain")
    )

    assert plain == same == fingerprints.key_environment()
    assert set(toy) - set(plain) == {"umap-learn", "not-installed"}
    assert (toy["not-installed"], later["umap-learn"]) == ("missing", "99.9")
    assert later != toy

"""Article 05's fairer tests: deranged labels, codes at their means, and (4) against (5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import experiments, metrics
from replication.experiments import Profile
from replication.experiments.clustering import alignment, covariance, diagnosis


@pytest.fixture(scope="module")
def found(at_smoke_size):
    """By the middle of a name, an experiment's metrics and the keys of its models."""

    def run(name):
        outcome, keys = at_smoke_size(f"clustering-{name}-mnist")
        return outcome.metrics, keys

    return run


def test_every_experiment_takes_up_the_model_that_was_trained(found):
    """Two models in all, the judge and the headline, whatever asks for them first."""
    samples, labelled, aligned = (
        found(name)[1] for name in ("samples", "eq5-labelled", "eq5-alignment")
    )

    assert len(samples | labelled | aligned) == 2  # the judge, and the headline


def test_samples_agree_as_in_the_experiment_that_draws_them(found):
    """The same pictures, judge and labels as in `clustering-samples`: the same number."""
    samples, labelled = (found(name)[0] for name in ("samples", "eq5-labelled"))

    for name in ("sample_agreement", "untrained_sample_agreement"):
        assert labelled[name] == samples[name]


def test_agreement_by_hand():
    """Three clusters named 7, 7 and 2: a derangement names the first two 2, the third 7."""
    labels, clusters = np.array([7, 7, 2]), np.array([0, 0, 1, 2, 2])
    seen = np.array([7, 2, 7, 7, 5])

    assert metrics.label_agreement(seen, clusters, labels) == 2 / 5
    assert metrics.deranged_agreement(seen, clusters, labels) == 2 / 5  # the second and fourth


def test_where_all_clusters_have_one_label_nothing_agrees_deranged():
    labels = np.array([3, 3])

    assert metrics.deranged_agreement(np.array([3, 3]), np.array([0, 1]), labels) == 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 10))
def test_a_judge_that_guesses_agrees_by_chance_both_ways(seed, num_clusters):
    """It cannot tell true labels from deranged ones: both lie at one in ten."""
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, num_clusters, 20_000)
    seen, labels = rng.integers(0, 10, len(clusters)), np.arange(num_clusters)

    bound = 5 * np.sqrt(0.1 * 0.9 / len(clusters))  # five standard errors of a share
    assert metrics.label_agreement(seen, clusters, labels) == pytest.approx(0.1, abs=bound)
    assert metrics.deranged_agreement(seen, clusters, labels) == pytest.approx(0.1, abs=bound)


def test_a_draw_of_its_normal_lies_at_the_number_of_dimensions():
    """20 from its own mean; from another at 20 and the squared distance of the two means."""
    rng = np.random.default_rng(0)
    means = np.zeros((2, 20))
    means[1, 0] = 3.0
    chosen = np.repeat([0, 1], 20_000)
    codes = means[chosen] + np.sqrt(0.75) * rng.normal(size=(len(chosen), 20))

    own, other = alignment.own_and_other(codes, np.full(codes.shape, 0.25), means, chosen)

    error = np.sqrt(2 * 20 * 0.75**2 / len(own))  # of the mean of a sum of squared normals
    assert own.mean() == pytest.approx(20, abs=5 * error)
    assert other.mean() == pytest.approx(29, abs=5 * (error + 6 / np.sqrt(len(own))))


def test_before_training_all_means_are_one(found):
    """The control cannot tell its own mean from another: both distances are equal."""
    metrics, _ = found("eq5-alignment")

    own, other = (metrics[f"untrained_{name}_squared_distance"] for name in ("own", "other"))
    assert own == other


def test_the_equations_differ_by_the_covariance_in_a_monte_carlo():
    """(4) and (5) from draws, without quadrature: the difference is that of the quadrature."""
    rng = np.random.default_rng(0)
    (example,) = covariance.random_problem(rng, num_examples=1)
    fourth, fifth, between = covariance.both_equations(**example)
    mean, std, means = example["z_mean"], example["std"], example["means"]

    z = mean + std * rng.normal(size=(400_000, 2))
    logits = z @ example["weights"] + example["biases"]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    log_ratio = 0.5 * ((z[:, None] - means) ** 2).sum(axis=-1)
    log_ratio -= (0.5 * ((z - mean) / std) ** 2 + np.log(std)).sum(axis=1, keepdims=True)
    each = (p * log_ratio).sum(axis=1)

    error = each.std() / np.sqrt(len(each))
    assert each.mean() == pytest.approx(fourth, abs=5 * error)
    drawn = p.mean(axis=0) @ log_ratio.mean(axis=0)
    assert drawn == pytest.approx(fifth, abs=5 * error)
    sampled = diagnosis.summed_covariance(p, 0.5 * ((z[:, None] - means) ** 2).sum(axis=-1))
    assert sampled == pytest.approx(between, abs=5 * error)
    assert fourth - fifth == pytest.approx(between, abs=1e-9)  # quadrature in doubles


@pytest.mark.parametrize("seed", range(3))
def test_the_difference_is_no_constant_and_has_no_sign_but_that_of_the_classifier(seed):
    """It varies with the example; where the classifier follows the means, it is below zero."""
    examples = covariance.random_problem(np.random.default_rng(seed), num_examples=8)
    follows = {
        "weights": examples[0]["means"].T,
        "biases": -0.5 * (examples[0]["means"] ** 2).sum(1),
    }

    found = [covariance.both_equations(**{**each, **follows}) for each in examples]

    differences = np.array([fourth - fifth for fourth, fifth, _ in found])
    assert (differences < 0).all()
    assert differences.std() > 0.1


def test_equal_equations_where_the_classifier_ignores_the_code():
    """With weights of zero p(y|z) does not depend on z, and (4) is (5)."""
    (example,) = covariance.random_problem(np.random.default_rng(0), num_examples=1)

    fourth, fifth, between = covariance.both_equations(**{**example, "weights": np.zeros((2, 10))})

    assert fourth == pytest.approx(fifth, abs=1e-9)  # quadrature in doubles
    assert between == pytest.approx(0, abs=1e-9)  # likewise


def test_the_identity_holds_and_its_control_does_not(library):
    found = experiments.find("clustering-covariance").run(0, Profile("smoke", library)).metrics

    assert found["identity_max_error"][0] < 1e-7  # quadrature of a smooth function, in doubles
    assert found["difference_std"][0] > 0.01

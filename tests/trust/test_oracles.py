# ruff: noqa: E501 (names of tests)
"""Every metric, loss and verdict has an oracle: a second implementation, or a closed form.

The table names, for each public function and class, a test that computes the same thing another
way. A new one without a line here fails, and so does a line whose test is gone or never names it.
"""

import ast
from pathlib import Path

import pytest

from replication import metrics

ROOT = Path(__file__).parents[2]
METRICS = {path.stem for path in (ROOT / "replication" / "metrics").glob("*.py")} - {"__init__"}
MODULES = (
    *(f"metrics/{name}" for name in sorted(METRICS)),
    "losses",
    *(
        f"claims/{name}"
        for name in ("differences", "exact_tests", "intervals", "regression", "verdicts")
    ),
)
ORACLES = {
    "metrics/clusters": {
        "contingency_matrix": "test_metrics.py::test_contingency_matrix_against_sklearn",
        "majority_mapping": "test_metrics.py::test_mappings_against_loops",
        "hungarian_mapping": "test_metrics.py::test_mappings_against_loops",
        "mapped_accuracy_score": "test_metrics.py::test_mapped_accuracy_against_a_loop",
        "purity_score": "test_metrics.py::test_purity_against_a_loop",
        "hungarian_accuracy_score": "test_metrics.py::test_hungarian_accuracy_against_all_permutations",
        "assignment_entropy": "test_metrics.py::test_assignment_entropy_against_scipy",
        "clustering_protocol": "test_metrics.py::protocol",
        "protocol_metric_name": "test_metrics.py::test_names_of_the_protocol_are_written_out",
        "protocol_metric_names": "test_metrics.py::test_names_of_the_protocol_are_written_out",
        "label_agreement": "test_clustering_fairer.py::test_agreement_by_hand",
        "deranged_agreement": "test_clustering_fairer.py::test_agreement_by_hand",
    },
    "metrics/curves": {"first_reached": "test_curves.py::test_first_reached_by_hand"},
    "metrics/detectors": {
        "balanced_accuracy": "test_detectors.py::test_balanced_accuracy_is_that_of_scikit_learn",
        "balanced_accuracy_error": "test_detectors.py::test_the_error_of_two_thresholds_is_that_of_a_bootstrap",
        "auroc_pseudo_values": "test_detectors.py::test_pseudo_values_have_the_mean_of_scikit_learn_and_the_error_of_a_bootstrap",
        "best_threshold": "test_detectors.py::test_no_threshold_is_better_than_the_best",
    },
    "metrics/generated": {
        "frechet_distance": "test_generated.py::test_frechet_distance_by_the_root_of_the_product",
        "covered_share": "test_generated.py::test_covered_share_by_hand",
    },
    "metrics/information": {
        "mutual_information": "test_information.py::test_information_against_scikit_learn",
        "best_unit_information": "test_information.py::test_a_unit_for_every_class_tells_all",
        "bin_edges": "test_information.py::test_bins_hold_equal_shares_by_hand",
        "unit_bins": "test_information.py::test_bins_hold_equal_shares_by_hand",
        "guess_information": "test_information.py::test_information_of_guesses",
    },
    "metrics/codes": {
        "hoyer_sparsity": "test_codes.py::test_hoyer_sparsity_against_norms_of_numpy",
        "active_share": "test_codes.py::test_active_share_against_a_loop",
        "class_selectivity": "test_codes.py::test_class_selectivity_against_a_loop",
        "most_active_units": "test_codes.py::test_most_active_units_against_a_sorted_list",
        "most_active_only": "test_codes.py::test_most_active_units_of_each_example_stay",
        "thresholded": "test_codes.py::test_a_threshold_for_every_unit_leaves_the_share_asked_for",
        "code_shift": "test_codes.py::test_code_shift_by_hand",
    },
    "metrics/directions": {
        "tangent_vectors": "test_directions.py::test_rotations_are_by_five_degrees_interpolated_linearly",
        "tangent_planes": "test_directions.py::test_tangent_planes_are_orthonormal_and_hold_every_tangent",
        "subspace_shares": "test_directions.py::test_subspace_shares_by_hand",
        "random_directions": "test_directions.py::test_random_directions_favour_no_pixel",
    },
    "metrics/jacobians": {
        "sigmoid_slopes": "test_jacobians.py::test_the_explicit_matrix_is_the_derivative_of_the_layer",
        "jacobian_squared_norms": "test_jacobians.py::test_mean_squared_gain_of_random_directions_is_the_norm_over_inputs",
        "jacobian_svd": "test_jacobians.py::test_singular_vectors_are_orthonormal_and_stretched_by_their_values",
        "jacobian_singular_values": "test_jacobians.py::test_singular_values_of_orthogonal_features_are_the_slopes",
        "effective_rank": "test_jacobians.py::test_effective_rank_against_its_formula",
        "gains": "test_jacobians.py::test_gains_are_lengths_under_the_explicit_matrices",
    },
    "metrics/paired": {
        "paired_standard_error": "test_paired.py::test_the_error_over_images_is_that_of_a_paired_bootstrap",
    },
    "metrics/probes": {
        "fit_tuned_probe": "test_probes.py::test_a_tuned_probe_takes_the_penalty_that_held_out_examples_choose",
        "fit_linear_probe": "test_probes.py::test_linear_probe_against_an_optimiser_of_scipy",
        "linear_probe_accuracy": "test_probes.py::test_linear_probe_accuracy_is_the_share_of_right_predictions",
        "fit_knn": "test_probes.py::test_knn_accuracy_against_brute_force",
        "knn_accuracy": "test_probes.py::test_knn_accuracy_against_brute_force",
        "pca_codes": "test_probes.py::test_pca_error_and_codes_against_the_svd_of_numpy",
    },
    "metrics/signals": {
        "psnr": "test_signals.py::test_psnr_of_powers_of_ten",
        "unexplained_variance": "test_signals.py::test_unexplained_variance_against_sklearn",
    },
    "losses": {
        "gaussian_reconstruction_loss": "test_losses.py::test_reconstruction_loss_is_a_gaussian_log_density_less_its_constant",
        "gaussian_kl": "test_losses.py::test_gaussian_kl_against_quadrature",
        "gaussian_one_sample_kl": "test_losses.py::test_one_sample_kl_against_densities",
        "class_weighted_kl": "test_losses.py::test_class_weighted_kl_against_a_loop_and_einsum",
        "negative_entropy": "test_losses.py::test_negative_entropy_against_scipy",
        "squared_error": "test_losses.py::test_squared_error_against_a_loop",
        "squared_norm": "test_penalties.py::test_squared_norm_is_that_of_frobenius_added_over_matrices",
        "l1_activity": "test_penalties.py::test_l1_activity_is_the_l1_norm_of_each_code",
        "bernoulli_kl": "test_penalties.py::test_bernoulli_kl_against_scipy",
        "guarded_bernoulli_kl": "test_penalties.py::test_guarded_bernoulli_kl_against_a_loop",
        "binary_cross_entropy": "test_penalties.py::test_binary_cross_entropy_against_a_formula_in_double_precision",
        "contractive_penalty": "test_penalties.py::test_contractive_penalty_against_a_loop",
    },
    "claims/intervals": {
        "Interval": "test_verdict_edges.py::test_an_interval_without_values_is_refused_and_one_value_has_no_width",
        "t_quantile": "test_verdict_edges.py::test_the_t_quantile_is_that_of_scipy_stats",
        "tail": "test_exact_tests.py::test_the_tail_of_student_against_scipy",
        "seeds_until": "test_exact_tests.py::test_the_seeds_until_an_interval_is_narrow_against_a_loop",
        "prediction_interval": "test_verdicts.py::test_intervals_agree_with_scipy",
        "moments": "test_verdict_edges.py::test_moments_against_numpy",
    },
    "claims/exact_tests": {
        "signed_rank_p": "test_exact_tests.py::test_the_signed_rank_test_against_all_signs",
        "rank_sum_p": "test_exact_tests.py::test_the_rank_sum_test_against_all_ways_to_share_the_ranks",
        "share_bounds": "test_exact_tests.py::test_the_bounds_of_a_share_are_those_of_scipy",
        "expected_best": "test_exact_tests.py::test_the_expected_best_is_the_mean_over_all_choices",
        "holm": "test_exact_tests.py::test_holm_keeps_the_false_alarms_of_a_family_at_one_in_twenty",
    },
    "claims/differences": {
        "Difference": "test_kinds_order.py::test_the_interval_against_scipy",
        "by_seed": "test_exact_tests.py::test_a_sum_by_seed_against_a_loop",
        "difference": "test_kinds_order.py::test_the_interval_of_groups_against_scipy",
        "seeds_needed": "test_kinds_order.py::test_seeds_are_named_only_where_nothing_is_decided",
    },
    "claims/verdicts": {
        "judge": "test_verdict_edges.py::test_orders_against_a_judge_written_again",
        "judge_all": "test_verdicts.py::test_holm_counts_the_comparisons_of_the_article_and_no_readings",
        "judge_article": "test_verdicts.py::test_holm_counts_the_comparisons_of_the_article_and_no_readings",
        "evidence_of": "test_verdicts.py::test_values_by_seed_against_a_loop",
    },
    "claims/regression": {
        "Regression": "test_regression.py::test_the_same_environment_must_give_the_same_six_digits",
        "compare": "test_verdict_edges.py::test_seeds_of_other_metrics_profiles_and_experiments_are_not_mixed",
        "same_environment": "test_regression.py::test_environments_are_equal_by_what_they_compute",
        "upgrades": "test_regression.py::test_an_upgrade_is_named_as_the_likely_cause",
        "kernels": "test_regression.py::test_kernels_that_compute_otherwise_are_named",
        "roll_up": "test_verdict_edges.py::test_the_order_of_alarm",
        "status_of_claim": "test_verdict_edges.py::test_a_claim_has_the_status_of_profile_full_and_of_everything_it_names",
        "status_by_experiment": "test_verdict_edges.py::test_the_status_of_an_experiment_is_that_of_its_worst_number",
    },
    "claims/check": {
        "check": "test_check.py::test_documents",
        "Problem": "test_check.py::test_drift",
        "Report": "test_check.py::test_a_report_holds_what_it_was_made_from",
        "Generated": "test_check.py::test_a_report_holds_what_it_was_made_from",
    },
}  # fmt: skip
RETURNED = {"Difference", "Regression", "Report", "Generated"}  # tests see them, and name no class


def public(module):
    """Names of the public functions and classes that a module defines."""
    tree = ast.parse((ROOT / "replication" / f"{module}.py").read_text(encoding="utf-8"))
    defined = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return {node.name for node in defined if not node.name.startswith("_")}


def names_in(test):
    """Every name that a test function uses; None where there is no such test."""
    path, _, function = test.partition("::")
    file = ROOT / "tests" / path
    nodes = ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else []
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            inside = list(ast.walk(node))
            return {each.id for each in inside if isinstance(each, ast.Name)} | {
                each.attr for each in inside if isinstance(each, ast.Attribute)
            }
    return None


def unproven(oracles):
    """What is wrong with a table of oracles, a line each."""
    found = []
    for module in MODULES:
        listed = oracles.get(module, {})
        found += [f"{module}.{name} has no oracle" for name in sorted(public(module) - set(listed))]
        found += [f"{module}.{name} is gone" for name in sorted(set(listed) - public(module))]
        for name, test in listed.items():
            names = names_in(test)
            if names is None:
                found.append(f"{test} does not exist")
            elif name not in names | RETURNED:
                found.append(f"{test} never names {name}")
    return found


def test_every_public_name_has_an_oracle():
    """Add a new metric, loss or rule with a test that computes it another way."""
    assert unproven(ORACLES) == []


def test_no_module_is_left_out():
    """Whatever metrics/ exports is defined in a file that the table covers."""
    defined = set().union(*(public(f"metrics/{name}") for name in METRICS))

    assert {name for name in metrics.__all__ if callable(getattr(metrics, name))} <= defined


@pytest.mark.parametrize(
    ("module", "name", "test", "complaint"),
    [
        ("losses", "squared_error", None, "losses.squared_error has no oracle"),
        ("losses", "cubed_error", "test_losses.py::test_squared_error_against_a_loop", "is gone"),
        ("losses", "squared_error", "test_losses.py::test_nothing", "does not exist"),
        ("losses", "squared_error", "test_codes.py::test_active_share_by_hand", "never names"),
    ],
)
def test_a_hole_in_the_table_is_found(module, name, test, complaint):
    """A name without a test, a test without the name, and what is no longer there."""
    listed = {**ORACLES[module], name: test}
    if test is None:
        del listed[name]

    assert [line for line in unproven({**ORACLES, module: listed}) if complaint in line]

"""Metrics: clusters against classes, statistics of codes, Jacobians, and probes.

`*_score` is higher-is-better, `*_error` lower-is-better. Nothing here knows
Keras: arrays go in, numbers come out.
"""

from replication.metrics.clusters import (
    UNMAPPED,
    assignment_entropy,
    clustering_protocol,
    contingency_matrix,
    deranged_agreement,
    hungarian_accuracy_score,
    hungarian_mapping,
    label_agreement,
    majority_mapping,
    mapped_accuracy_score,
    protocol_metric_names,
    purity_score,
)
from replication.metrics.codes import (
    active_share,
    class_selectivity,
    code_shift,
    hoyer_sparsity,
    most_active_only,
    most_active_units,
    thresholded,
)
from replication.metrics.curves import first_reached
from replication.metrics.detectors import (
    auroc_pseudo_values,
    balanced_accuracy,
    balanced_accuracy_error,
    best_threshold,
)
from replication.metrics.directions import (
    SMOOTHING,
    random_directions,
    subspace_shares,
    tangent_planes,
    tangent_vectors,
)
from replication.metrics.generated import covered_share, frechet_distance
from replication.metrics.information import (
    best_unit_information,
    guess_information,
    mutual_information,
)
from replication.metrics.jacobians import (
    effective_rank,
    gains,
    jacobian_singular_values,
    jacobian_squared_norms,
    jacobian_svd,
    sigmoid_slopes,
)
from replication.metrics.paired import paired_standard_error
from replication.metrics.probes import (
    fit_knn,
    fit_linear_probe,
    fit_tuned_probe,
    knn_accuracy,
    linear_probe_accuracy,
    pca_codes,
)
from replication.metrics.signals import psnr, unexplained_variance

__all__ = [
    "SMOOTHING",
    "UNMAPPED",
    "active_share",
    "assignment_entropy",
    "auroc_pseudo_values",
    "balanced_accuracy",
    "balanced_accuracy_error",
    "best_threshold",
    "best_unit_information",
    "class_selectivity",
    "clustering_protocol",
    "code_shift",
    "contingency_matrix",
    "covered_share",
    "deranged_agreement",
    "effective_rank",
    "first_reached",
    "fit_knn",
    "fit_linear_probe",
    "fit_tuned_probe",
    "frechet_distance",
    "gains",
    "guess_information",
    "hoyer_sparsity",
    "hungarian_accuracy_score",
    "hungarian_mapping",
    "jacobian_singular_values",
    "jacobian_squared_norms",
    "jacobian_svd",
    "knn_accuracy",
    "label_agreement",
    "linear_probe_accuracy",
    "majority_mapping",
    "mapped_accuracy_score",
    "most_active_only",
    "most_active_units",
    "mutual_information",
    "paired_standard_error",
    "pca_codes",
    "protocol_metric_names",
    "psnr",
    "purity_score",
    "random_directions",
    "sigmoid_slopes",
    "subspace_shares",
    "tangent_planes",
    "tangent_vectors",
    "thresholded",
    "unexplained_variance",
]

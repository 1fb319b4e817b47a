"""Metrics: clusters against classes, statistics of codes, Jacobians, and probes.

`*_score` is higher-is-better, `*_error` lower-is-better. Nothing here knows
Keras: arrays go in, numbers come out.
"""

from replication.metrics.clusters import (
    UNMAPPED,
    assignment_entropy,
    clustering_protocol,
    contingency_matrix,
    hungarian_accuracy_score,
    hungarian_mapping,
    majority_mapping,
    mapped_accuracy_score,
    protocol_metric_names,
    purity_score,
)
from replication.metrics.codes import (
    active_share,
    class_selectivity,
    hoyer_sparsity,
    most_active_units,
)
from replication.metrics.directions import SMOOTHING, random_directions, tangent_vectors
from replication.metrics.jacobians import (
    effective_rank,
    gains,
    jacobian_singular_values,
    jacobian_squared_norms,
    jacobian_svd,
    sigmoid_slopes,
)
from replication.metrics.probes import (
    fit_linear_probe,
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
    "class_selectivity",
    "clustering_protocol",
    "contingency_matrix",
    "effective_rank",
    "fit_linear_probe",
    "gains",
    "hoyer_sparsity",
    "hungarian_accuracy_score",
    "hungarian_mapping",
    "jacobian_singular_values",
    "jacobian_squared_norms",
    "jacobian_svd",
    "knn_accuracy",
    "linear_probe_accuracy",
    "majority_mapping",
    "mapped_accuracy_score",
    "most_active_units",
    "pca_codes",
    "protocol_metric_names",
    "psnr",
    "purity_score",
    "random_directions",
    "sigmoid_slopes",
    "tangent_vectors",
    "unexplained_variance",
]

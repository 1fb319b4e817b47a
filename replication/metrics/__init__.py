"""Metrics: clusters against classes, codes by their statistics, and probes on codes.

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

__all__ = [
    "UNMAPPED",
    "assignment_entropy",
    "clustering_protocol",
    "contingency_matrix",
    "hungarian_accuracy_score",
    "hungarian_mapping",
    "majority_mapping",
    "mapped_accuracy_score",
    "protocol_metric_names",
    "purity_score",
]

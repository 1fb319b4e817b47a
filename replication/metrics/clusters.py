"""How well clusters match classes, and the protocols they are scored by.

A cluster is matched to a class by a mapping,
fitted on one set of examples and scored on another; a cluster that was empty
where the mapping was fitted is mapped to `UNMAPPED`, and its examples count as
wrong.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

UNMAPPED = -1


def contingency_matrix(y_true, clusters, *, num_classes: int, num_clusters: int) -> np.ndarray:
    """Counts of examples by cluster and class.

    Args:
        y_true: Integer labels in [0, num_classes), shape `(n,)`.
        clusters: Integer clusters in [0, num_clusters), shape `(n,)`.
        num_classes: Number of classes.
        num_clusters: Number of clusters; empty ones keep their row of zeros.

    Returns:
        Int64 array of shape `(num_clusters, num_classes)`.

    Raises:
        ValueError: If shapes differ or a value is out of range.

    Examples:
        >>> contingency_matrix([0, 0, 1, 1], [1, 1, 0, 1], num_classes=2, num_clusters=2)
        array([[0, 1],
               [2, 1]])
    """
    y_true, clusters = np.asarray(y_true), np.asarray(clusters)
    if y_true.shape != clusters.shape or y_true.ndim != 1:
        raise ValueError(
            "y_true and clusters must be vectors of the same length; received shapes "
            f"{y_true.shape} and {clusters.shape}. Pass one label and one cluster per example."
        )
    for name, values, limit in (
        ("y_true", y_true, num_classes),
        ("clusters", clusters, num_clusters),
    ):
        if values.size and not (0 <= values.min() and values.max() < limit):
            raise ValueError(
                f"{name} must lie in [0, {limit}); received values from {values.min()} to "
                f"{values.max()}. Number classes and clusters from zero."
            )
    flat = clusters.astype(np.int64) * num_classes + y_true.astype(np.int64)
    counts = np.bincount(flat, minlength=num_clusters * num_classes)
    return counts.reshape(num_clusters, num_classes)


def majority_mapping(contingency: np.ndarray) -> np.ndarray:
    """The most frequent class of every cluster; `UNMAPPED` for an empty one.

    Several clusters may map to one class. Ties go to the lowest class number.

    Args:
        contingency: Counts of shape `(num_clusters, num_classes)`.

    Returns:
        Int64 array of shape `(num_clusters,)`.

    Source: 苏剑林 (2018), results paragraph: a cluster takes the label that is
    most numerous in it.

    Examples:
        >>> majority_mapping(np.array([[5, 1], [3, 1], [0, 0]]))
        array([ 0,  0, -1])
    """
    return np.where(contingency.sum(axis=1) > 0, contingency.argmax(axis=1), UNMAPPED)


def hungarian_mapping(contingency: np.ndarray) -> np.ndarray:
    """The one-to-one mapping of clusters to classes that matches most examples.

    Args:
        contingency: Counts of shape `(num_clusters, num_classes)`.

    Returns:
        Int64 array of shape `(num_clusters,)`; `UNMAPPED` for an empty cluster
        and, with more clusters than classes, for those left over.

    Source: Xie, Girshick & Farhadi (2016), equation (10).

    Examples:
        >>> hungarian_mapping(np.array([[5, 1], [3, 1]]))
        array([0, 1])
    """
    mapping = np.full(len(contingency), UNMAPPED)
    rows, columns = linear_sum_assignment(contingency, maximize=True)
    mapping[rows] = columns
    return np.where(contingency.sum(axis=1) > 0, mapping, UNMAPPED)


def mapped_accuracy_score(mapping: np.ndarray, contingency: np.ndarray) -> float:
    """Share of examples whose cluster is mapped to their class.

    Args:
        mapping: A class or `UNMAPPED` for every cluster.
        contingency: Counts of the examples to score.

    Returns:
        Fraction in [0, 1].
    """
    mapped = np.flatnonzero(mapping != UNMAPPED)
    return float(contingency[mapped, mapping[mapped]].sum() / contingency.sum())


MAPPINGS = {"purity": majority_mapping, "hungarian_accuracy": hungarian_mapping}


def purity_score(contingency: np.ndarray) -> float:
    """Share of examples in the majority class of their cluster, in [0, 1].

    The article calls this accuracy. It never falls when a cluster is split.

    Examples:
        >>> purity_score(np.array([[5, 1], [3, 1]]))
        0.8
    """
    return mapped_accuracy_score(majority_mapping(contingency), contingency)


def hungarian_accuracy_score(contingency: np.ndarray) -> float:
    """Share of examples matched by the best one-to-one mapping, in [0, 1].

    What DEC and most later papers report; never above `purity_score`.

    Examples:
        >>> hungarian_accuracy_score(np.array([[5, 1], [3, 1]]))
        0.6
    """
    return mapped_accuracy_score(hungarian_mapping(contingency), contingency)


def assignment_entropy(probabilities: np.ndarray) -> float:
    """Entropy of the mean assignment over examples, in nats.

    Zero when every example goes to one cluster, log(num_clusters) when the
    clusters are used evenly.

    Args:
        probabilities: p(y|x) of shape `(n, num_clusters)`, rows sum to 1.

    Returns:
        Entropy in [0, log(num_clusters)].

    Examples:
        >>> round(assignment_entropy([[1, 0], [0, 1]]), 3)
        0.693
    """
    mean = np.asarray(probabilities, dtype=np.float64).mean(axis=0)
    used = mean[mean > 0]
    return float(-(used * np.log(used)).sum())


def clustering_protocol(
    y_train, clusters_train, y_test, clusters_test, *, num_classes: int, num_clusters: int
) -> dict[str, tuple[float, int]]:
    """Every way the literature scores one clustering, by metric name.

    `<split>_<score>`: mapping fitted on the split it is scored on.
    `<split>_<score>_fit_on_<other>`: mapping fitted elsewhere. `all` is train
    and test together. NMI (arithmetic mean) and ARI need no mapping.
    `clusters_used` counts clusters that hold a test example.

    Args:
        y_train: Training labels; used only to name clusters, never to train.
        clusters_train: Clusters of the training examples.
        y_test: Test labels.
        clusters_test: Clusters of the test examples.
        num_classes: Number of classes.
        num_clusters: Number of clusters.

    Returns:
        Mapping from name to `(value, number of examples scored)`.
    """
    labels = {"train": np.asarray(y_train), "test": np.asarray(y_test)}
    clusters = {"train": np.asarray(clusters_train), "test": np.asarray(clusters_test)}
    for each in (labels, clusters):
        each["all"] = np.concatenate([each["train"], each["test"]])
    counts = {
        split: contingency_matrix(
            labels[split], clusters[split], num_classes=num_classes, num_clusters=num_clusters
        )
        for split in labels
    }
    scores = {}
    for score, fit in MAPPINGS.items():
        for fitted_on, scored_on in _MAPPED_SPLITS:
            name = protocol_metric_name(score, fitted_on, scored_on)
            value = mapped_accuracy_score(fit(counts[fitted_on]), counts[scored_on])
            scores[name] = (value, len(labels[scored_on]))
    for split in ("train", "test", "all"):
        pair, size = (labels[split], clusters[split]), len(labels[split])
        scores[f"{split}_normalized_mutual_information"] = (
            float(normalized_mutual_info_score(*pair)),
            size,
        )
        scores[f"{split}_adjusted_rand_index"] = (float(adjusted_rand_score(*pair)), size)
    used = int((counts["test"].sum(axis=1) > 0).sum())
    scores["clusters_used"] = (used, len(labels["test"]))
    return scores


# (mapping fitted on, scored on)
_MAPPED_SPLITS = (
    ("train", "train"),
    ("train", "test"),
    ("train", "all"),
    ("test", "train"),
    ("test", "test"),
    ("test", "all"),
    ("all", "all"),
)


def protocol_metric_name(score: str, fitted_on: str, scored_on: str) -> str:
    """Name of one mapped score of the protocol, such as `test_purity_fit_on_train`."""
    return f"{scored_on}_{score}" + ("" if fitted_on == scored_on else f"_fit_on_{fitted_on}")


def protocol_metric_names() -> dict[str, str]:
    """Every metric name of `clustering_protocol`, with its unit."""
    names = {
        protocol_metric_name(score, fitted_on, scored_on): "fraction"
        for score in MAPPINGS
        for fitted_on, scored_on in _MAPPED_SPLITS
    }
    for split in ("train", "test", "all"):
        names[f"{split}_normalized_mutual_information"] = "fraction"
        names[f"{split}_adjusted_rand_index"] = "index"
    return {**names, "clusters_used": "clusters"}


def label_agreement(seen: np.ndarray, clusters: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples in which the class of their cluster is seen.

    Args:
        seen: The class that a judge sees in each example, shape `(n,)`.
        clusters: Its cluster, shape `(n,)`.
        labels: The class of each cluster, shape `(num_clusters,)`.

    Returns:
        Fraction in [0, 1].

    Examples:
        >>> seen, clusters = np.array([7, 1, 1, 1]), np.array([0, 0, 1, 1])
        >>> label_agreement(seen, clusters, labels=np.array([7, 1]))
        0.75
    """
    return float((seen == labels[clusters]).mean())


def deranged_agreement(seen: np.ndarray, clusters: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples in which the class of another cluster is seen: agreement by chance.

    Each example is held against the class of every cluster that has another one than its own;
    the mean over these. An example whose cluster has no such other agrees with none.

    Args:
        seen: The class that a judge sees in each example, shape `(n,)`.
        clusters: Its cluster, shape `(n,)`.
        labels: The class of each cluster, shape `(num_clusters,)`.

    Returns:
        Fraction in [0, 1]; with two classes in use, what the true labels miss.
    """
    differs = labels[clusters][:, np.newaxis] != labels  # (n, num_clusters)
    agrees = differs & (seen[:, np.newaxis] == labels)
    return float((agrees.sum(axis=1) / np.maximum(differs.sum(axis=1), 1)).mean())

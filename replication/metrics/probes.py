"""Probes: what simple classifiers read from a code (scikit-learn)."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

NEIGHBORS = 5
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)  # C, the inverse of the penalty, for a tuned probe
HELD_OUT = 0.2  # of the labelled examples: they choose among these


def fit_tuned_probe(codes: np.ndarray, labels: np.ndarray) -> tuple:
    """A linear probe whose penalty was chosen on held-out training examples.

    The last `HELD_OUT` of the training examples choose; the probe then learns from all of them.
    Of equally good penalties the strongest is taken.

    Args:
        codes: Codes of training examples, shape `(n, M)`.
        labels: Classes of shape `(n,)`.

    Returns:
        A scikit-learn classifier with `predict(codes)`, and its penalty, 1 / C.
    """
    cut = len(codes) - round(len(codes) * HELD_OUT)
    found = []
    for strength in STRENGTHS:
        probe = _probe(strength).fit(codes[:cut], labels[:cut])
        found.append(probe.score(codes[cut:], labels[cut:]))
    strength = STRENGTHS[int(np.argmax(found))]
    return _probe(strength).fit(codes, labels), 1 / strength


def _probe(strength: float):
    regression = LogisticRegression(C=strength, max_iter=1000, tol=1e-3)
    return make_pipeline(StandardScaler(), regression)


def fit_linear_probe(codes: np.ndarray, labels: np.ndarray):
    """Multinomial logistic regression on standardised codes, fitted.

    Standardised, because its penalty would otherwise favour codes of a large
    scale.

    Args:
        codes: Shape `(n, M)`.
        labels: Classes of shape `(n,)`.

    Returns:
        A scikit-learn classifier with `score(codes, labels)`.
    """
    regression = LogisticRegression(max_iter=1000, tol=1e-3)
    return make_pipeline(StandardScaler(), regression).fit(codes, labels)


def linear_probe_accuracy(codes: tuple, labels: tuple) -> float:
    """Test accuracy of a linear probe.

    Args:
        codes: Codes of training and test examples, `(n, M)` each.
        labels: Their classes.

    Returns:
        Fraction in [0, 1].
    """
    return float(fit_linear_probe(codes[0], labels[0]).score(codes[1], labels[1]))


def fit_knn(codes: np.ndarray, labels: np.ndarray) -> KNeighborsClassifier:
    """The majority of the `NEIGHBORS` nearest training codes, by Euclidean distance.

    Args:
        codes: Shape `(n, M)`.
        labels: Classes of shape `(n,)`.

    Returns:
        A scikit-learn classifier with `predict(codes)` and `score(codes, labels)`.
    """
    return KNeighborsClassifier(NEIGHBORS, algorithm="brute").fit(codes, labels)


def knn_accuracy(codes: tuple, labels: tuple) -> float:
    """Test accuracy of the majority of the `NEIGHBORS` nearest training codes.

    Args:
        codes: Codes of training and test examples, `(n, M)` each.
        labels: Their classes.

    Returns:
        Fraction in [0, 1].

    Examples:
        >>> train, test = np.arange(20.0)[:, np.newaxis], np.array([[2.0], [17.0]])
        >>> knn_accuracy((train, test), (np.repeat([0, 1], 10), np.array([0, 1])))
        1.0
    """
    return float(fit_knn(codes[0], labels[0]).score(codes[1], labels[1]))


def pca_codes(
    train: np.ndarray, test: np.ndarray, *, components: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Principal component codes of training and test examples.

    Args:
        train: Shape `(n, features)`; the components are fitted on these.
        test: Shape `(m, features)`.
        components: Numbers in a code.

    Returns:
        Both codes, and the mean squared error of the reconstructed test
        examples, averaged over examples and features.
    """
    pca = PCA(components, svd_solver="covariance_eigh").fit(train)
    codes = pca.transform(train), pca.transform(test)
    error = np.mean(np.square(test - pca.inverse_transform(codes[1])), dtype=np.float64)
    return *codes, float(error)

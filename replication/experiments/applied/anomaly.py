"""Part 4 of article 04, item 4: a large error marks an anomaly."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from replication import metrics
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.applied import protocol

THRESHOLD = 0.01  # part 4, item 4
QUANTILE = 0.95  # ours, of the training errors
THRESHOLDS = ("listing", "quantile", "best")


@experiment(
    "applied-anomaly",
    datasets=("mnist", "fashion_mnist"),
    minutes=0.7,
    metrics=[
        *(protocol.score(f"{name}auroc") for name in ("", "pca_", "brightness_", "untrained_")),
        *(
            Metric(f"{threshold}_{share}_share", "fraction", better)
            for threshold in ("listing", "quantile")
            for share, better in (("false_alarm", "lower"), ("detected", "higher"))
        ),
        protocol.error("quantile_threshold"),
    ],
)
def anomaly(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 4: the listing's threshold, and clothes among digits."""
    data, trained = protocol.shared(profile, seed=seed)
    clothes = outliers(profile)
    errors = {
        "": [protocol.errors_of(trained.model, x) for x in (data.x_test, clothes)],
        "pca_": pca_errors(
            protocol.flat(data.x_train), [protocol.flat(data.x_test), protocol.flat(clothes)]
        ),
        "brightness_": [brightness(x) for x in (data.x_test, clothes)],
        "untrained_": [
            protocol.errors_of(protocol.untrained(data, seed), x) for x in (data.x_test, clothes)
        ],
    }
    count = len(data.x_test) + len(clothes)
    scores = {f"{name}auroc": (auroc(*pair), count) for name, pair in errors.items()}
    normal, abnormal = errors[""]
    quantile = float(np.quantile(protocol.errors_of(trained.model, data.x_train), QUANTILE))
    scores["quantile_threshold"] = (quantile, len(data.x_train))
    for name, threshold in (("listing", THRESHOLD), ("quantile", quantile)):
        scores[f"{name}_false_alarm_share"] = (float((normal > threshold).mean()), len(normal))
        scores[f"{name}_detected_share"] = (float((abnormal > threshold).mean()), len(abnormal))
    flagged = np.argsort(-normal)[: protocol.PICTURES]
    overlooked = np.argsort(abnormal)[: protocol.PICTURES]
    arrays = {
        "normal_errors": normal,
        "outlier_errors": abnormal,
        "first_images": data.x_test[: protocol.PICTURES, ..., 0],
        "flagged": data.x_test[flagged, ..., 0],
        "overlooked": clothes[overlooked, ..., 0],
        **{f"{name}roc": _curve(*pair) for name, pair in errors.items()},
    }
    return Outcome(scores, arrays=arrays)


@experiment(
    "applied-thresholds",
    datasets=("mnist", "fashion_mnist"),
    minutes=0.7,
    metrics=[
        *(protocol.score(f"{name}_balanced_accuracy") for name in THRESHOLDS),
        protocol.error("best_threshold"),
        *(
            protocol.score(f"{name}_balanced_accuracy")
            for name in ("brightness", "pca", "untrained")
        ),
        Metric("quantile_against_best_image_error", "fraction", "lower"),
    ],
)
def thresholds(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 4: how well a threshold tells clothes from digits, both kinds weighing the same.

    The listing's 0.01; a quantile of the training errors, for which no anomaly is needed; and
    the best one, chosen on held-out digits and on Fashion-MNIST's training images. Brightness
    takes its own best threshold; 32 principal components and the untrained network take the
    listing's. `*_image_error` is what other test images would change in the difference.
    """
    data, trained = protocol.shared(profile, seed=seed)
    held_out = profile.dataset("mnist").x_train[len(data.x_train) :]
    kinds = (data.x_test, outliers(profile)), (held_out, outliers(profile, "x_train"))
    model, untrained = trained.model, protocol.untrained(data, seed)
    tested, chosen = ([protocol.errors_of(model, x) for x in pair] for pair in kinds)
    light = [[brightness(x) for x in pair] for pair in kinds]
    count = sum(len(each) for each in tested)
    at = {
        "listing": THRESHOLD,
        "quantile": float(np.quantile(protocol.errors_of(model, data.x_train), QUANTILE)),
        "best": metrics.best_threshold(*chosen),
    }
    found = {name: metrics.balanced_accuracy(*tested, threshold=at[name]) for name in THRESHOLDS}
    lightest = metrics.best_threshold(*light[1])
    found["brightness"] = metrics.balanced_accuracy(*light[0], threshold=lightest)
    others = {
        "pca": pca_errors(protocol.flat(data.x_train), [protocol.flat(x) for x in kinds[0]]),
        "untrained": [protocol.errors_of(untrained, x) for x in kinds[0]],
    }
    for name, errors in others.items():
        found[name] = metrics.balanced_accuracy(*errors, threshold=THRESHOLD)
    scores = {f"{name}_balanced_accuracy": (value, count) for name, value in found.items()}
    scores["best_threshold"] = (at["best"], sum(map(len, chosen)))
    error = metrics.balanced_accuracy_error(*tested, thresholds=(at["quantile"], at["best"]))
    return Outcome(scores | {"quantile_against_best_image_error": (error, count)})


@experiment(
    "applied-one-class",
    datasets=("mnist",),
    minutes=1.5,
    metrics=[
        *(protocol.score(f"{name}mean_auroc") for name in ("", "pca_", "untrained_")),
        *(protocol.score(f"auroc_digit_{digit}") for digit in range(protocol.NUM_CLASSES)),
        *(protocol.score(f"pca_auroc_digit_{digit}") for digit in range(protocol.NUM_CLASSES)),
        Metric("against_pca_image_error", "fraction", "lower"),
    ],
)
def one_class(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 4, with one digit normal at a time and the other nine as anomalies.

    `against_pca_image_error` is what other test images would change in the difference of the means.
    """
    data = protocol.split(profile)
    found = {"": [], "pca_": [], "untrained_": []}
    by_image = {"": [], "pca_": []}
    untrained = protocol.untrained(data, seed)
    for digit in range(protocol.NUM_CLASSES):
        x = data.x_train[data.y_train == digit]
        model = protocol.fit(x, x, profile, seed=seed).model
        is_normal = data.y_test == digit
        errors = {
            "": protocol.errors_of(model, data.x_test),
            "pca_": pca_errors(protocol.flat(x), [protocol.flat(data.x_test)])[0],
            "untrained_": protocol.errors_of(untrained, data.x_test),
        }
        for name, each in errors.items():
            found[name].append(auroc(each[is_normal], each[~is_normal]))
        for name, values in by_image.items():
            values.append(metrics.auroc_pseudo_values(errors[name], ~is_normal))
    num_test = len(data.x_test)
    scores = {f"{name}mean_auroc": (float(np.mean(each)), num_test) for name, each in found.items()}
    for name in ("", "pca_"):
        for digit, value in enumerate(found[name]):
            scores[f"{name}auroc_digit_{digit}"] = (value, num_test)
    means = [np.mean(values, axis=0) for values in by_image.values()]
    scores["against_pca_image_error"] = (metrics.paired_standard_error(*means), num_test)
    return Outcome(scores)


def pca_errors(train_pixels: np.ndarray, tests: list[np.ndarray]) -> list[np.ndarray]:
    """Mean squared error of each image, rebuilt from its principal components.

    Args:
        train_pixels: What the components are fitted to, shape `(n, pixels)`.
        tests: Images to rebuild, each of shape `(m, pixels)`.

    Returns:
        For each of `tests`, the errors of its images, averaged over pixels, shape `(m,)`.
    """
    pca = PCA(protocol.CODE_DIM, svd_solver="covariance_eigh").fit(train_pixels)
    rebuilt = [pca.inverse_transform(pca.transform(each)) for each in tests]
    return [np.square(a - b).mean(axis=1) for a, b in zip(rebuilt, tests, strict=True)]


def outliers(profile: Profile, split: str = "x_test") -> np.ndarray:
    """Fashion-MNIST's images; where the digits stand in for them, digits upside down."""
    data = profile.dataset("fashion_mnist")
    images = {"x_train": data.x_train, "x_test": data.x_test}[split]
    return images[:, ::-1] if data.name == "digits" else images


def brightness(images: np.ndarray) -> np.ndarray:
    """Mean squared intensity of each image: its error against black."""
    return np.square(protocol.flat(images)).mean(axis=1)


def auroc(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """Probability that an anomaly has the larger error."""
    truth = np.repeat([0, 1], [len(normal), len(abnormal)])
    return float(roc_auc_score(truth, np.concatenate([normal, abnormal])))


def _curve(normal: np.ndarray, abnormal: np.ndarray) -> np.ndarray:
    """False alarms and detections at 101 thresholds, shape `(2, 101)`."""
    thresholds = np.quantile(normal, np.linspace(1, 0, 101))
    return np.stack([[(each > at).mean() for at in thresholds] for each in (normal, abnormal)])

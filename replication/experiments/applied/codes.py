"""Part 4 of article 04, items 1 and 2: a picture of the code, and a classifier on it."""

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.applied import protocol
from replication.training import Recipe, train

POINTS = 3_000  # of a scatter plot
PLANE = {"units": [2]}  # part 4, item 1, with as many units as are plotted
RIVALS = ("pixels", "pca")  # of the code, as features for a classifier


@experiment(
    "applied-embedding",
    datasets=("mnist",),
    minutes=0.7,
    metrics=[
        *(
            protocol.score(f"{name}_knn_accuracy")
            for name in ("plane", "pca", "code_pca", "untrained_plane", "whole_code")
        ),
        Metric("silent_axes", "units", "lower"),
        protocol.score("listing_colour_information"),
        protocol.score("digit_information"),
        Metric("listing_colours", "colours"),
    ],
)
def embedding(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 1: the first two units as a picture of the data."""
    data, trained = protocol.shared(profile, seed=seed)
    codes = protocol.encoded(trained.model, data)
    planes = {
        "plane": tuple(each[:, :2] for each in codes),
        "pca": metrics.pca_codes(*protocol.pixels(data), components=2)[:2],
        "code_pca": metrics.pca_codes(*codes, components=2)[:2],
        "untrained_plane": tuple(
            each[:, :2] for each in protocol.encoded(protocol.untrained(data, seed), data)
        ),
        "whole_code": codes,
    }
    labels, num_test = (data.y_train, data.y_test), len(data.y_test)
    scores = {
        f"{name}_knn_accuracy": (metrics.knn_accuracy(plane, labels), num_test)
        for name, plane in planes.items()
    }
    brightest = listing_colours(data.x_test)
    scores |= {
        "silent_axes": (silent(planes["plane"][1]), num_test),
        "listing_colours": (len(np.unique(brightest)), num_test),
        "listing_colour_information": (_information(data.y_test, brightest), num_test),
        "digit_information": (_information(data.y_test, data.y_test), num_test),
    }
    arrays = {name: planes[name][1][:POINTS] for name in ("plane", "pca", "code_pca")}
    arrays |= {"digits": data.y_test[:POINTS], "brightest": brightest[:POINTS]}
    return Outcome(scores, arrays=arrays)


@experiment(
    "applied-plane",
    datasets=("mnist",),
    minutes=0.6,
    metrics=[
        protocol.score("plane_knn_accuracy"),
        protocol.score("untrained_knn_accuracy"),
        Metric("silent_axes", "units", "lower"),
        protocol.error("test_mse"),
    ],
)
def plane(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 1, with a code of two units: the listing, where the picture is all of the code.

    Control: the same network before training. A rectified unit may be silent, and then the
    plane is a line.
    """
    data = protocol.split(profile)
    trained = protocol.fit(data.x_train, data.x_train, profile, seed=seed, arguments=PLANE)
    codes = protocol.encoded(trained.model, data)
    untrained = protocol.encoded(protocol.untrained(data, seed, PLANE), data)
    labels, num_test = (data.y_train, data.y_test), len(data.y_test)
    scores = {
        "plane_knn_accuracy": metrics.knn_accuracy(codes, labels),
        "untrained_knn_accuracy": metrics.knn_accuracy(untrained, labels),
        "silent_axes": silent(codes[1]),
        "test_mse": float(protocol.errors_of(trained.model, data.x_test).mean()),
    }
    arrays = {"plane": codes[1][:POINTS], "digits": data.y_test[:POINTS]}
    return Outcome({k: (v, num_test) for k, v in scores.items()}, trained.history, arrays)


@experiment(
    "applied-colours",
    datasets=("mnist",),
    seeds=range(1),
    minutes=0.1,
    metrics=[
        Metric("listing_colours", "colours"),
        Metric("adjusted_mutual_information", "fraction"),
    ],
)
def colours(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 1: how many colours the listing's scatter plot has, and what they tell.

    Mutual information with the digit, adjusted so that colours given out at random have none
    and the digits themselves have one. Nothing is trained, and nothing depends on the seed.
    """
    data = profile.dataset("mnist")
    brightest = listing_colours(data.x_test)
    shared = max(0.0, float(adjusted_mutual_info_score(data.y_test, brightest)))
    found = {"listing_colours": len(np.unique(brightest)), "adjusted_mutual_information": shared}
    return Outcome({name: (value, len(brightest)) for name, value in found.items()})


@experiment(
    "applied-features",
    datasets=("mnist",),
    minutes=2,
    metrics=[
        *(protocol.score(f"{name}_accuracy") for name in ("code", "untrained", *RIVALS)),
        *(Metric(f"code_against_{name}_image_error", "fraction", "lower") for name in RIVALS),
    ],
)
def features(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 2: the same classifier on the code, and on its rivals.

    `*_image_error` is what other test images would change in the difference from a rival. Control:
    the code of the untrained encoder.
    """
    data, trained = protocol.shared(profile, seed=seed)
    inputs = {
        "code": protocol.encoded(trained.model, data),
        "pixels": protocol.pixels(data),
        "pca": metrics.pca_codes(*protocol.pixels(data), components=protocol.CODE_DIM)[:2],
        "untrained": protocol.encoded(protocol.untrained(data, seed), data),
    }
    scores, right, history = {}, {}, []
    for name, each in inputs.items():
        right[name], epochs = _classified(each, data, profile, seed=seed)
        scores[f"{name}_accuracy"] = float(right[name].mean())
        history = history or epochs
    for name in RIVALS:
        error = metrics.paired_standard_error(right["code"], right[name])
        scores[f"code_against_{name}_image_error"] = error
    return Outcome({k: (v, len(data.y_test)) for k, v in scores.items()}, history)


def _classified(inputs: tuple, data: Dataset, profile: Profile, *, seed: int) -> tuple:
    """Which test images the listing's classifier is right on, and its history."""
    x_train, x_test = (each.astype(np.float32) for each in inputs)
    recipe = Recipe(
        profile.epochs(protocol.EPOCHS),
        protocol.BATCH_SIZE,
        loss="sparse_categorical_crossentropy",
    )
    classifier = train(
        models.dropout_classifier,
        {"seed": seed},
        x_train,
        data.y_train,
        recipe=recipe,
        seed=seed,
        checkpoints=profile.checkpoints,
    )
    predicted = models.in_batches(classifier.model, x_test).argmax(axis=1)
    return predicted == data.y_test, classifier.history


def silent(codes: np.ndarray) -> int:
    """How many rectified units no image wakes."""
    return int((codes.max(axis=0) == 0).sum())


def listing_colours(images: np.ndarray) -> np.ndarray:
    """The number of each image's brightest pixel, by which the listing colours its point."""
    return protocol.flat(images).argmax(axis=1)


def _information(digits: np.ndarray, colours: np.ndarray) -> float:
    """Normalised mutual information of two labellings."""
    return float(normalized_mutual_info_score(digits, colours))

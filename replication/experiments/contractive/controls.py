"""What article 03's code must beat, and its penalty against automatic differentiation."""

from collections.abc import Callable

import numpy as np
from keras import ops
from sklearn.linear_model import LinearRegression

from replication import losses, metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.contractive import protocol
from replication.training import initialise

POINT = 0.01  # of the variance of the test images
READERS = {"knn": metrics.fit_knn, "probe": metrics.fit_linear_probe}


@experiment(
    "contractive-baselines",
    datasets=("mnist",),
    minutes=0.1,
    metrics=[
        Metric("pca_test_mse", "squared intensity", "lower"),
        *(
            Metric(f"{code}_{metric.name}", metric.unit, metric.better)
            for code in ("pca", "pixels", "untrained")
            for metric in protocol.READINGS
        ),
        *(Metric(f"untrained_{metric.name}", metric.unit) for metric in protocol.GAINS),
    ],
)
def baselines(seed: int, profile: Profile) -> Outcome:
    """Controls: the best linear code of the same size, raw pixels, the untrained encoder."""
    data = protocol.split(profile)
    pixels = protocol.flat(data.x_train), protocol.flat(data.x_test)
    *pca, error = metrics.pca_codes(*pixels, components=protocol.UNITS)
    model = protocol.untrained(data, seed)
    untrained = protocol.encoded(model, data)
    scores = {"pca_test_mse": (error, len(data.x_test))}
    for name, codes in (("pca", pca), ("pixels", pixels), ("untrained", untrained)):
        scores |= {f"{name}_{key}": value for key, value in protocol.probed(codes, data).items()}
    found = protocol.direction_gains(
        untrained[1], protocol.encoder_kernel(model), data.x_test, seed=seed
    )
    return Outcome(scores | {f"untrained_{key}": value for key, value in found.items()})


@experiment(
    "contractive-bars",
    datasets=("mnist",),
    minutes=0.1,
    metrics=[
        Metric("pca_less_a_point_test_mse", "squared intensity", "lower"),
        Metric("untrained_test_mse", "squared intensity", "lower"),
    ],
)
def bars(seed: int, profile: Profile) -> Outcome:
    """What a reconstruction must not be worse than, and what it must beat.

    Principal components, one point of the variance worse than they are; and the best linear
    decoder of the untrained code, by least squares.
    """
    data = protocol.split(profile)
    pixels = protocol.flat(data.x_train), protocol.flat(data.x_test)
    *_, error = metrics.pca_codes(*pixels, components=protocol.UNITS)
    variance = float(np.square(pixels[1] - pixels[0].mean(axis=0)).mean(dtype=np.float64))
    model = protocol.untrained(data, seed)
    codes = [models.in_batches(model.encode, x) for x in (data.x_train, data.x_test)]
    decoder = LinearRegression().fit(codes[0], pixels[0])
    missed = np.square(pixels[1] - decoder.predict(codes[1])).mean(dtype=np.float64)
    found = {
        "pca_less_a_point_test_mse": error + POINT * variance,
        "untrained_test_mse": float(missed),
    }
    return Outcome({name: (value, len(data.x_test)) for name, value in found.items()})


@experiment(
    "contractive-image-errors",
    datasets=("mnist",),
    minutes=0.3,
    metrics=[
        Metric(f"{reader}_against_{rival}_image_error", "fraction", "lower")
        for reader in READERS
        for rival in ("pca", "no_penalty")
    ],
)
def image_errors(seed: int, profile: Profile) -> Outcome:
    """How far the accuracies of the readers of the code rest on which images the test has.

    Against principal components and against the code that is trained without a penalty.
    """
    data = protocol.split(profile)
    pixels = (protocol.flat(each) for each in (data.x_train, data.x_test))
    *pca, _ = metrics.pca_codes(*pixels, components=protocol.UNITS)
    codes = {"pca": (pca[0][: protocol.PROBE_IMAGES], pca[1])}
    for name, settings in (("code", protocol.AS_INTENDED), ("no_penalty", protocol.NO_PENALTY)):
        model = protocol.fit(data, profile, settings, seed=seed).model
        codes[name] = protocol.encoded(model, data)
    found = {}
    for reader, fit in READERS.items():
        right = {name: _right(fit, each, data) for name, each in codes.items()}
        for rival in ("pca", "no_penalty"):
            over_images = metrics.paired_standard_error(right["code"], right[rival])
            found[f"{reader}_against_{rival}_image_error"] = over_images
    return Outcome({name: (value, len(data.x_test)) for name, value in found.items()})


def _right(fit: Callable, codes: tuple[np.ndarray, np.ndarray], data: Dataset) -> np.ndarray:
    """Which test images a reader that has learned from the training codes names the digit of."""
    reader = fit(codes[0], data.y_train[: len(codes[0])])
    return reader.predict(codes[1]) == data.y_test


@experiment(
    "contractive-identities",
    minutes=0.1,
    metrics=[
        Metric("penalty_relative_error", "ratio", "lower"),
        Metric("frozen_penalty_relative_error", "ratio", "lower"),
    ],
)
def identities(seed: int, profile: Profile) -> Outcome:
    """The closed form of the penalty against automatic differentiation, on random images.

    Control: the same formula with another kernel than the layer's, which is
    what the listing computes once training has moved the kernel.
    """
    x = np.random.default_rng(seed).random((32, 784), dtype=np.float32)
    model, other = (
        initialise(models.ContractiveAutoencoder, protocol.AS_INTENDED, x[:1], seed=each)
        for each in (seed, seed + 1_000)
    )
    truth = np.square(models.autodiff_jacobian(model.encode, x)).sum(axis=(1, 2), dtype=np.float64)
    errors = {}
    for name, kernel in (
        ("", protocol.encoder_kernel(model)),
        ("frozen_", protocol.encoder_kernel(other)),
    ):
        found = ops.convert_to_numpy(losses.contractive_penalty(model.encode(x), kernel))
        errors[f"{name}penalty_relative_error"] = (float(np.abs(found / truth - 1).max()), len(x))
    return Outcome(errors)

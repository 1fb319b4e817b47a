"""What the experiments of article 03 share: settings of the listing, training, and measures."""

from dataclasses import replace

import keras
import numpy as np
from keras import ops

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Profile
from replication.training import Recipe, Trained, initialise, train

UNITS = 64  # listing, N_hidden
EPOCHS = 3  # listing
BATCH_SIZE = 100  # listing, N_batch
CONTRACTION = 1e-3  # listing, lam
TRAINING_SHARE = 55_000 / 60_000  # the reader in the listing keeps 5,000 images aside
LISTING = {"units": [UNITS], "output": "linear", "contraction": CONTRACTION}
AS_PUBLISHED = {**LISTING, "kernel": "frozen"}
AS_INTENDED = {**LISTING, "kernel": "live"}
AS_INTENDED_TIED = {**AS_INTENDED, "tied": True}  # Basics, item 1
FORMULA = {**AS_INTENDED_TIED, "reduction": "sum"}  # section Definition, cost function
NO_PENALTY = {**LISTING, "contraction": 0.0}
NO_PENALTY_TIED = {**NO_PENALTY, "tied": True}
# Definition, below the cost function: for non-linear outputs. Weight and mean are the listing's.
CROSS_ENTROPY = {**AS_INTENDED, "output": "sigmoid", "error": "cross-entropy"}
CROSS_ENTROPY_AS_PUBLISHED = {**CROSS_ENTROPY, "kernel": "frozen"}
CROSS_ENTROPY_NO_PENALTY = {**CROSS_ENTROPY, "contraction": 0.0}

STD_DEVS = (0.01, 0.1, 0.2, 0.5, 1.0)  # ours: of the noise on each pixel
SPECTRUM_IMAGES = 1_000
PROBE_IMAGES = 10_000  # ours: labelled images that the probes learn from
NEAR_ZERO = 0.1  # ours: of the largest singular value
PICTURES = 5  # listing, the last loop


def label(std: float) -> str:
    """A standard deviation as part of a metric's name: `0_1`."""
    return str(std).replace(".", "_")


ROBUSTNESS = [
    Metric(f"{name}_{label(std)}", "ratio", "lower")
    for name in ("contraction_ratio", "relative_movement")
    for std in STD_DEVS
]
TANGENTS = ("shift_x", "shift_y", "rotation", "thickness")
GAINS = [Metric(f"{name}_gain", "ratio") for name in (*TANGENTS, "tangent", "random", "smooth")]
READINGS = [
    Metric("knn_accuracy", "fraction", "higher"),
    Metric("probe_accuracy", "fraction", "higher"),
]
VARIANT = [
    Metric("test_mse", "squared intensity", "lower"),
    Metric("jacobian_norm", "squared ratio", "lower"),
    Metric("frozen_penalty", "squared ratio", "lower"),
    Metric("kernel_norm", "squared weight"),
    Metric("mean_slope", "ratio"),
    Metric("code_distance", "distance"),
    Metric("effective_rank", "directions", "lower"),
    Metric("near_zero_share", "fraction", "higher"),
    Metric("tangent_contrast", "ratio", "higher"),
    *ROBUSTNESS,
    *GAINS,
    *READINGS,
]


def split(profile: Profile) -> Dataset:
    """MNIST without the last 5,000 training images, or the same share of the digits."""
    data = profile.dataset("mnist")
    kept = round(len(data.x_train) * TRAINING_SHARE)
    return replace(data, x_train=data.x_train[:kept], y_train=data.y_train[:kept])


def fit(
    data: Dataset, profile: Profile, settings: dict, *, seed: int, epochs: int = EPOCHS
) -> Trained:
    """A contractive autoencoder; the same call anywhere finds it trained already."""
    return train(
        models.ContractiveAutoencoder,
        settings,
        data.x_train,
        recipe=Recipe(profile.epochs(epochs), BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
    )


def untrained(data: Dataset, seed: int, settings: dict = NO_PENALTY) -> keras.Model:
    """The autoencoder as its training starts under this seed."""
    return initialise(models.ContractiveAutoencoder, settings, data.x_train[:1], seed=seed)


def measure(model, data: Dataset, *, seed: int) -> dict:
    """Every metric of `VARIANT` for one trained model."""
    codes, kernel = encoded(model, data), encoder_kernel(model)
    decoded = models.in_batches(lambda batch: model(batch)["x_decoded"], data.x_test)
    frozen = ops.convert_to_numpy(model.frozen_kernel)
    values = metrics.jacobian_singular_values(codes[1][:SPECTRUM_IMAGES], kernel)
    gains = direction_gains(codes[1], kernel, data.x_test, seed=seed)
    means = {
        "test_mse": np.square(flat(data.x_test) - decoded).mean(axis=1),
        "jacobian_norm": metrics.jacobian_squared_norms(codes[1], kernel),
        "frozen_penalty": metrics.jacobian_squared_norms(codes[1], frozen),
        "mean_slope": metrics.sigmoid_slopes(codes[1]).mean(axis=1),
        "effective_rank": metrics.effective_rank(values),
        "near_zero_share": (values < NEAR_ZERO * values[:, :1]).mean(axis=1),
        **robustness(model, data.x_test, codes[1], seed=seed),
    }
    scores = {name: (float(each.mean(dtype=np.float64)), len(each)) for name, each in means.items()}
    scores["kernel_norm"] = (float(np.square(kernel).sum(dtype=np.float64)), kernel.size)
    contrast = gains["tangent_gain"][0] / gains["random_gain"][0]
    scores["tangent_contrast"] = (contrast, gains["tangent_gain"][1])
    return scores | gains | probed(codes, data)


def robustness(model, x: np.ndarray, codes: np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
    """How far codes move under noise: against the noise, and against the distance of codes."""
    rng = np.random.default_rng(seed)
    distances = np.linalg.norm(codes - np.roll(codes, 1, axis=0), axis=1)
    found = {"code_distance": distances}
    for std in STD_DEVS:
        noise = rng.normal(scale=std, size=x.shape).astype(np.float32)
        moved = np.linalg.norm(models.in_batches(model.encode, x + noise) - codes, axis=1)
        found[f"contraction_ratio_{label(std)}"] = moved / np.linalg.norm(flat(noise), axis=1)
        found[f"relative_movement_{label(std)}"] = moved / distances.mean()
    return found


def direction_gains(codes: np.ndarray, kernel: np.ndarray, x: np.ndarray, *, seed: int) -> dict:
    """Mean length of J v over images, for tangents of transformations and for random v."""
    images, codes = x[:SPECTRUM_IMAGES, ..., 0], codes[:SPECTRUM_IMAGES]
    tangents = metrics.tangent_vectors(images)
    found = {name: metrics.gains(codes, kernel, tangents[name]) for name in TANGENTS}
    found["tangent"] = np.concatenate(list(found.values()))
    for name, smoothing in (("random", 0.0), ("smooth", metrics.SMOOTHING)):
        directions = metrics.random_directions(images, seed=seed, smoothing=smoothing)
        found[name] = metrics.gains(codes, kernel, directions)
    return {f"{name}_gain": (float(each.mean()), len(each)) for name, each in found.items()}


def probed(codes: tuple, data: Dataset) -> dict:
    """What a nearest-neighbour and a linear classifier read from codes."""
    chosen = codes[0][:PROBE_IMAGES], codes[1]
    labels = data.y_train[:PROBE_IMAGES], data.y_test
    return {
        "knn_accuracy": (metrics.knn_accuracy(chosen, labels), len(labels[1])),
        "probe_accuracy": (metrics.linear_probe_accuracy(chosen, labels), len(labels[1])),
    }


def encoded(model, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the images that probes learn from, and of the test images."""
    splits = data.x_train[:PROBE_IMAGES], data.x_test
    return tuple(models.in_batches(model.encode, x) for x in splits)


def encoder_kernel(model) -> np.ndarray:
    """The kernel W of the encoder, shape `(inputs, units)`."""
    return ops.convert_to_numpy(model.encoder[0].kernel)


def flat(images: np.ndarray) -> np.ndarray:
    """One row of pixels for each image."""
    return images.reshape(len(images), -1)

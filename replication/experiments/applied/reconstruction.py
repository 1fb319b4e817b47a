"""Parts 3 and 4 of article 04: the autoencoder, rebuilt images, and noise removed."""

import numpy as np
from scipy import ndimage

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.applied import protocol

NOISE_FACTOR = 0.5  # part 4, item 3
MEDIAN_SIZE = 3  # ours, pixels


@experiment(
    "applied-reconstruction",
    datasets=("mnist",),
    minutes=0.7,
    metrics=[
        protocol.error("test_mse"),
        protocol.error("train_mse"),
        protocol.error("pca_test_mse"),
        protocol.error("untrained_test_mse"),
        Metric("silent_units", "units", "lower"),
    ],
)
def reconstruction(seed: int, profile: Profile) -> Outcome:
    """Parts 3 and 4: the autoencoder that three listings share."""
    data, trained = protocol.shared(profile, seed=seed)
    model, untrained = trained.model, protocol.untrained(data, seed)
    *_, pca_error = metrics.pca_codes(*protocol.pixels(data), components=protocol.CODE_DIM)
    codes = models.in_batches(model.encode, data.x_test)
    num_test = len(data.x_test)
    scores = {
        "test_mse": (float(protocol.errors_of(model, data.x_test).mean()), num_test),
        "train_mse": (float(protocol.errors_of(model, data.x_train).mean()), len(data.x_train)),
        "pca_test_mse": (pca_error, num_test),
        "untrained_test_mse": (float(protocol.errors_of(untrained, data.x_test).mean()), num_test),
        "silent_units": (int((codes.max(axis=0) == 0).sum()), num_test),
    }
    pictures = data.x_test[: protocol.PICTURES]
    arrays = {
        "images": pictures[..., 0],
        "reconstructions": models.in_batches(model, pictures).reshape(-1, 28, 28),
    }
    return Outcome(scores, trained.history, arrays)


@experiment(
    "applied-denoising",
    datasets=("mnist",),
    minutes=1,
    metrics=[
        metric
        for name in ("noisy", "denoised", "plain", "median", "untrained")
        for metric in (protocol.error(f"{name}_mse"), Metric(f"{name}_psnr", "dB", "higher"))
    ],
)
def denoising(seed: int, profile: Profile) -> Outcome:
    """Part 4, item 3: noise drawn once, before training, as in the listing."""
    data, plain = protocol.shared(profile, seed=seed)
    rng = np.random.default_rng(seed)
    noisy_train, noisy_test = (_noisy(x, rng) for x in (data.x_train, data.x_test))
    trained = protocol.fit(noisy_train, data.x_train, profile, seed=seed)
    size = (1, MEDIAN_SIZE, MEDIAN_SIZE, 1)
    cleaned = {
        "noisy": noisy_test,
        "denoised": models.in_batches(trained.model, noisy_test),
        "plain": models.in_batches(plain.model, noisy_test),
        "median": ndimage.median_filter(noisy_test, size=size),
        "untrained": models.in_batches(protocol.untrained(data, seed), noisy_test),
    }
    scores, arrays = {}, {"images": data.x_test[: protocol.PICTURES, ..., 0]}
    for name, images in cleaned.items():
        errors = np.square(protocol.flat(images) - protocol.flat(data.x_test)).mean(
            axis=1, dtype=np.float64
        )
        scores[f"{name}_mse"] = (float(errors.mean()), len(errors))
        scores[f"{name}_psnr"] = (float(metrics.psnr(errors).mean()), len(errors))
        arrays[name] = images[: protocol.PICTURES].reshape(-1, 28, 28)
    return Outcome(scores, trained.history, arrays)


def _noisy(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(x.shape, dtype=np.float32)
    return np.clip(x + np.float32(NOISE_FACTOR) * noise, 0, 1)

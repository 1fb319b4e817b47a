"""Section 4: inputs corrupted while training, by masking or by Gaussian noise."""

import numpy as np

from replication import metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol
from replication.experiments.survey.protocol import PLAIN

LEVEL = 0.5  # mu, the share of pixels erased; or sigma, the standard deviation of the noise
LEVELS = (0.0, 0.25, LEVEL, 0.75)  # to test at
PICTURES = 8
OTHER_START = 1_000  # added to the seed of the control's weights

MODELS = ("denoising", "plain", "noise_0")
CORRUPTED = [
    Metric(f"{model}_{name}_at_{str(level).replace('.', '_')}", unit, better)
    for model in MODELS
    for name, unit, better in (
        ("probe_accuracy", "fraction", "higher"),
        ("test_mse", "squared intensity", "lower"),
        ("code_shift", "share of the code's spread", "lower"),
    )
    for level in LEVELS
]


@experiment(
    "survey-robust-gaussian",
    datasets=("mnist",),
    minutes=1,
    metrics=CORRUPTED,
    noise="gaussian",
)
@experiment(
    "survey-robust-masking",
    datasets=("mnist",),
    minutes=1,
    metrics=CORRUPTED,
    noise="masking",
)
def robust(seed: int, profile: Profile, *, noise: str) -> Outcome:
    """A denoising autoencoder, the plain one, and a plain one from another start as control.

    Trained to fill in erased pixels, or to remove Gaussian noise, and tested with more and more
    of it. Every probe learns from clean codes and is tested on codes of corrupted images; every
    error is measured against the clean image; and the code's shift is the distance between the
    codes of an image before and after corruption.
    """
    data = profile.dataset("mnist")
    arguments = {**PLAIN, "noise": noise, "level": LEVEL, "seed": seed}
    trained = protocol.fit(models.Autoencoder, arguments, data.x_train, profile, seed=seed)
    candidates = {
        "denoising": trained.model,
        "plain": protocol.fit_plain(data, profile, seed=seed).model,
        "noise_0": protocol.fit_plain(data, profile, seed=seed + OTHER_START).model,
    }
    corrupted = {
        level: models.corrupted(data.x_test, noise=noise, level=level, seed=seed)
        for level in LEVELS
    }
    scores = {}
    for name, model in candidates.items():
        scores |= _by_level(name, model, corrupted, data)
    arrays = {"images": data.x_test[:PICTURES, ..., 0]}
    for number, level in enumerate(LEVELS):
        shown = corrupted[level][:PICTURES]
        arrays[f"corrupted_{number}"] = shown[..., 0]
        for name in ("denoising", "plain"):
            pictures = protocol.decoded(candidates[name], shown)
            arrays[f"{name}_{number}"] = pictures.reshape(-1, 28, 28)
    return Outcome(scores, trained.history, arrays)


def _by_level(name: str, model, corrupted: dict[float, np.ndarray], data: Dataset) -> dict:
    """Probe accuracy, error and shift of the code of one model at every level of corruption."""
    count = protocol.PROBE_IMAGES
    probe = metrics.fit_linear_probe(
        protocol.encoded(model, data.x_train[:count]), data.y_train[:count]
    )
    clean, found = protocol.encoded(model, data.x_test), {}
    for level, images in corrupted.items():
        label, codes = str(level).replace(".", "_"), protocol.encoded(model, images)
        accuracy = float(probe.score(codes, data.y_test))
        found[f"{name}_code_shift_at_{label}"] = (metrics.code_shift(clean, codes), len(images))
        found[f"{name}_probe_accuracy_at_{label}"] = (accuracy, len(images))
        found[f"{name}_test_mse_at_{label}"] = protocol.reconstruction_error(
            model, images, data.x_test
        )
    return found

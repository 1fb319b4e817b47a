"""Noise that compression drops: noisy digits learned from noisy digits."""

import numpy as np
from sklearn.decomposition import PCA

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import images, protocol
from replication.training import Recipe, train

BATCH_SIZE = 250
# The wide one is linear as well, so that training alone stands between it and a copy.
NETWORKS = {
    "bottleneck": {"units": [protocol.CODE_DIM]},
    "wide": {"units": [784], "code": "linear", "output": "linear"},
}
EPOCHS = {"bottleneck": 30, "wide": 8}  # over all images: until neither error falls any more
PICTURES = 10
METRICS = [
    *(
        Metric(f"{name}_mse", "squared intensity", "lower")
        for name in ("noisy", "bottleneck", "wide", "pca")
    ),
    *(Metric(f"{name}_copy_mse", "squared intensity", "lower") for name in ("bottleneck", "wide")),
]


@experiment(
    "intuition-noise-uncut",
    datasets=("mnist",),
    minutes=3,
    metrics=METRICS,
    tier="extended",
    cut=False,
)
@experiment(
    "intuition-noise",
    datasets=("mnist",),
    minutes=3,
    metrics=METRICS,
    cut=True,
)
def noise(seed: int, profile: Profile, *, cut: bool) -> Outcome:
    """Noisy digits through networks that have seen noisy digits only, narrow and wide.

    No network is ever shown a clean image: each learns to give back what it was given, so that
    only what does not fit through the code is lost. `<name>_mse` is the error to the clean image,
    `<name>_copy_mse` that to the noisy one; the wide network is the control if it can copy, which
    the second says. With `cut` the noise is cut off at black and white.
    """
    data, rng = profile.dataset("mnist"), np.random.default_rng(seed)
    known = _noisy(protocol.flat(data.x_train), rng, cut=cut)
    clean = protocol.flat(data.x_test)
    noisy = _noisy(clean, rng, cut=cut)
    seen, history = {"noisy": noisy}, []
    for name, network in NETWORKS.items():
        trained = train(
            models.DenseAutoencoder,
            network,
            known,
            known,
            recipe=Recipe(profile.epochs(EPOCHS[name]), BATCH_SIZE, loss="mean_squared_error"),
            seed=seed,
            checkpoints=profile.checkpoints,
        )
        seen[name] = models.in_batches(trained.model, noisy)
        history = history or trained.history
    pca = PCA(protocol.CODE_DIM, svd_solver="covariance_eigh").fit(known)
    seen["pca"] = pca.inverse_transform(pca.transform(noisy))
    scores = {f"{name}_mse": _error(each, clean) for name, each in seen.items()}
    scores |= {f"{name}_copy_mse": _error(seen[name], noisy) for name in NETWORKS}
    arrays = {name: each[:PICTURES].reshape(-1, 28, 28) for name, each in seen.items()}
    return Outcome(scores, history, {**arrays, "images": data.x_test[:PICTURES, ..., 0]})


def _noisy(clean: np.ndarray, rng: np.random.Generator, *, cut: bool) -> np.ndarray:
    """Images with Gaussian noise, cut off at black and white or not."""
    noisy = clean + rng.normal(scale=images.NOISE, size=clean.shape)
    return (np.clip(noisy, 0, 1) if cut else noisy).astype(np.float32)


def _error(rebuilt: np.ndarray, target: np.ndarray) -> tuple[float, int]:
    """Mean squared error per pixel, and over how many images."""
    return float(np.square(rebuilt - target).mean(dtype=np.float64)), len(target)

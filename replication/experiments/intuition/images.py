"""Digits in order and in disorder; and the network that other files take from here."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol

NETWORK = {"units": [protocol.CODE_DIM]}
WIDE = {"units": [784]}  # as wide as the input
EPOCHS = 10
NOISE = 0.3  # standard deviation, clipped to [0, 1]
PICTURES = 10


@experiment(
    "intuition-order",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        Metric(f"{name}_unexplained", "share of variance", "lower")
        for name in ("intact", "fixed", "scrambled")
    ],
)
def order(seed: int, profile: Profile) -> Outcome:
    """Digits as they are, under one scrambling for all, and each scrambled in its own way."""
    data, x = protocol.digits(profile)
    rng = np.random.default_rng(seed)
    train_pixels, test_pixels = protocol.flat(x), protocol.flat(data.x_test)
    fixed = rng.permutation(train_pixels.shape[1])
    kinds = {
        "intact": (train_pixels, test_pixels),
        "fixed": (train_pixels[:, fixed], test_pixels[:, fixed]),
        "scrambled": tuple(rng.permuted(each, axis=1) for each in (train_pixels, test_pixels)),
    }
    scores, arrays, history = {}, {}, []
    for name, (known, unseen) in kinds.items():
        trained = protocol.fit(NETWORK, known, profile, seed=seed, epochs=EPOCHS)
        rebuilt = models.in_batches(trained.model, unseen)
        missed = metrics.unexplained_variance(unseen, rebuilt)
        scores[f"{name}_unexplained"] = (missed, len(unseen))
        history = history or trained.history
        arrays[f"{name}_images"] = unseen[:PICTURES].reshape(-1, 28, 28)
        arrays[f"{name}_rebuilt"] = rebuilt[:PICTURES].reshape(-1, 28, 28)
    return Outcome(scores, history, arrays)

"""Nine pixels through two numbers."""

import itertools

import numpy as np

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol

# Two pictures that mean something: the article's are a cross and its counterpart.
CROSS = ((0, 1, 0), (1, 1, 1), (0, 1, 0))
CORNERS = ((1, 0, 1), (0, 1, 0), (1, 0, 1))
NETWORK = {"units": [128, 128, 2], "code": "linear", "num_inputs": 9}
EXAMPLES = 30_720  # sixty times all 512 pictures
EPOCHS = {"two_patterns": 5, "two_arbitrary": 5, "all_patterns": 30}  # until nothing improves


@experiment(
    "intuition-nine-pixels",
    minutes=0.8,
    metrics=[
        Metric(f"{family}_{name}", unit, "lower")
        for family in EPOCHS
        for name, unit in (("wrong_share", "fraction"), ("mse", "squared intensity"))
    ],
)
def nine_pixels(seed: int, profile: Profile) -> Outcome:
    """The same network on two pictures, and on all that nine binary pixels can make.

    Two hidden layers on either side of the two numbers, so that the decoder can draw any of the
    512 pictures, had it a code for each. Control: two pictures drawn at random.
    """
    everything = np.array(list(itertools.product((0, 1), repeat=9)), np.float32)
    drawn = np.random.default_rng(seed).choice(len(everything), size=2, replace=False)
    families = {
        "two_patterns": np.array([CROSS, CORNERS], np.float32).reshape(2, 9),
        "two_arbitrary": everything[drawn],
        "all_patterns": everything,
    }
    scores, arrays, history = {}, {}, []
    for name, family in families.items():
        x = np.tile(family, (EXAMPLES // len(family), 1))
        trained = protocol.fit(NETWORK, x, profile, seed=seed, epochs=EPOCHS[name])
        rebuilt = models.in_batches(trained.model, family)
        wrong = (rebuilt > 0.5) != (family > 0.5)
        scores[f"{name}_wrong_share"] = (float(wrong.mean()), len(family))
        scores[f"{name}_mse"] = (float(np.square(rebuilt - family).mean()), len(family))
        history = history or trained.history
        shown = slice(None, None, max(1, len(family) // 8))
        arrays[f"{name}_images"] = family[shown][:8].reshape(-1, 3, 3)
        arrays[f"{name}_rebuilt"] = rebuilt[shown][:8].reshape(-1, 3, 3)
        arrays[f"{name}_codes"] = models.in_batches(trained.model.encode, family)
    return Outcome(scores, history, arrays)

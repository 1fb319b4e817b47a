"""Nine pixels through two numbers."""

import itertools

import numpy as np

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol

# Two pictures that mean something: the article's are a cross and its counterpart.
CROSS = ((0, 1, 0), (1, 1, 1), (0, 1, 0))
CORNERS = ((1, 0, 1), (0, 1, 0), (1, 0, 1))
NETWORK = {"units": [2], "code": "linear", "num_inputs": 9}
EXAMPLES = 5_120  # ten times all 512 pictures
EPOCHS = 60


@experiment(
    "intuition-patterns",
    minutes=0.3,
    metrics=[
        Metric(f"{family}_{name}", unit, "lower")
        for family in ("two_patterns", "all_patterns")
        for name, unit in (("wrong_share", "fraction"), ("mse", "squared intensity"))
    ],
)
def patterns(seed: int, profile: Profile) -> Outcome:
    """The same 9-2-9 network on two pictures, and on all that nine binary pixels can make."""
    everything = np.array(list(itertools.product((0, 1), repeat=9)), np.float32)
    two = np.array([CROSS, CORNERS], np.float32).reshape(2, 9)
    scores, arrays, history = {}, {}, []
    for name, family in (("two_patterns", two), ("all_patterns", everything)):
        x = np.tile(family, (EXAMPLES // len(family), 1))
        trained = protocol.fit(NETWORK, x, profile, seed=seed, epochs=EPOCHS)
        rebuilt = models.in_batches(trained.model, family)
        wrong = (rebuilt > 0.5) != (family > 0.5)
        scores[f"{name}_wrong_share"] = (float(wrong.mean()), len(family))
        scores[f"{name}_mse"] = (float(np.square(rebuilt - family).mean()), len(family))
        history = history or trained.history
        shown = family[:: max(1, len(family) // 8)][:8]
        arrays[f"{name}_images"] = shown.reshape(-1, 3, 3)
        arrays[f"{name}_rebuilt"] = models.in_batches(trained.model, shown).reshape(-1, 3, 3)
        arrays[f"{name}_codes"] = models.in_batches(trained.model.encode, family)
    return Outcome(scores, history, arrays)

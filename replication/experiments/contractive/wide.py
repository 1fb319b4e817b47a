"""Few directions, where a code has directions to spare: as many units as pixels.

At the weight of the listing nearly all of its 64 units stay in use. Here the code is as wide as the
image, tied, with cross-entropy, as the text and Rifai et al. (2011) have it.
"""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.contractive import protocol

UNITS = 784  # ours: as many as pixels
CONTRACTION = 1.0  # ours: the least of 0.01, 0.1, 1 that halves the norm on held-out images
IMAGES = 20  # whose Jacobians are decomposed, half a second each
BARE = {"units": [UNITS], "output": "sigmoid", "tied": True, "error": "cross-entropy"}
WIDE = {**BARE, "reduction": "sum", "contraction": CONTRACTION, "kernel": "live"}
AS_PUBLISHED = {**WIDE, "kernel": "frozen"}
NO_PENALTY = {**WIDE, "contraction": 0.0}

DECLARED = {
    "datasets": ("mnist",),
    "minutes": 1,
    "metrics": [
        Metric("test_mse", "squared intensity", "lower"),
        Metric("jacobian_norm", "squared ratio", "lower"),
        Metric("effective_rank", "directions", "lower"),
        Metric("near_zero_share", "fraction", "higher"),
    ],
}


@experiment("contractive-wide-no-penalty", **DECLARED, settings=NO_PENALTY)
@experiment("contractive-wide-as-published", **DECLARED, settings=AS_PUBLISHED)
@experiment("contractive-wide", **DECLARED, settings=WIDE)
def wide(seed: int, profile: Profile, *, settings: dict) -> Outcome:
    """The spectrum of the Jacobian of a code as wide as the image.

    With the penalty, with the frozen penalty of the listing at the same weight, and without any.
    """
    data = protocol.split(profile)
    trained = protocol.fit(data, profile, settings, seed=seed)
    codes = models.in_batches(trained.model.encode, data.x_test)
    decoded = models.in_batches(lambda batch: trained.model(batch)["x_decoded"], data.x_test)
    kernel, few = protocol.encoder_kernel(trained.model), codes[:IMAGES]
    values = metrics.jacobian_singular_values(few, kernel)
    means = {
        "test_mse": np.square(protocol.flat(data.x_test) - decoded).mean(axis=1),
        "jacobian_norm": metrics.jacobian_squared_norms(codes, kernel),
        "effective_rank": metrics.effective_rank(values),
        "near_zero_share": (values < protocol.NEAR_ZERO * values[:, :1]).mean(axis=1),
    }
    scores = {name: (float(each.mean(dtype=np.float64)), len(each)) for name, each in means.items()}
    return Outcome(scores, trained.history, {"singular_values": values.astype(np.float32)})

"""Whether the encoder shrinks the code and the decoder enlarges it, and what a tie changes."""

import numpy as np
from keras import ops

from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.contractive import protocol

STD = 0.1  # of the noise on each pixel, one of `protocol.STD_DEVS`
PENALTIES = {"": protocol.AS_INTENDED, "frozen_": protocol.AS_PUBLISHED}
MEASURED = ("decoder_norm", "code_distance", "relative_movement")


@experiment(
    "contractive-tie",
    datasets=("mnist",),
    minutes=0.3,
    metrics=[
        Metric(f"{penalty}{tie}_{name}_ratio", "ratio")
        for penalty in PENALTIES
        for tie in ("free", "tied")
        for name in MEASURED
    ],
)
def tie(seed: int, profile: Profile) -> Outcome:
    """What the penalty does to decoder and code, as a ratio to the same network without it.

    Once for free weights and once for tied ones. A penalty that is evaded by scale leaves a
    smaller code and a larger decoder. Control: the frozen penalty of the listing, which never
    sees the kernel.
    """
    data = protocol.split(profile)
    scores = {}
    for name, tied in (("free", {}), ("tied", {"tied": True})):
        without = _measured({**protocol.NO_PENALTY, **tied}, data, profile, seed=seed)
        for penalty, settings in PENALTIES.items():
            found = _measured({**settings, **tied}, data, profile, seed=seed)
            for measure, value in found.items():
                ratio = value / without[measure]
                scores[f"{penalty}{name}_{measure}_ratio"] = (ratio, len(data.x_test))
    return Outcome(scores)


def _measured(settings: dict, data, profile: Profile, *, seed: int) -> dict[str, float]:
    """Norm of the decoder's kernel, distance between codes, and movement in proportion to it."""
    model = protocol.fit(data, profile, settings, seed=seed).model
    codes = protocol.encoded(model, data)[1]
    moves = protocol.robustness(model, data.x_test, codes, seed=seed)
    found = {
        "decoder_norm": np.linalg.norm(ops.convert_to_numpy(model.kernels[-1])),
        "code_distance": moves["code_distance"].mean(dtype=np.float64),
        "relative_movement": moves[f"relative_movement_{protocol.label(STD)}"].mean(),
    }
    return {name: float(value) for name, value in found.items()}

"""How much of its effect on the code a direction keeps under the penalty."""

from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.contractive import protocol, tie

DIRECTIONS = ("tangent", "smooth", "random")


@experiment(
    "contractive-resistance",
    datasets=("mnist",),
    minutes=0.3,
    metrics=[
        Metric(f"{penalty}{direction}_kept", "ratio")
        for penalty in tie.PENALTIES
        for direction in DIRECTIONS
    ],
)
def resistance(seed: int, profile: Profile) -> Outcome:
    """The gain of a direction with the penalty, as a ratio to that without it.

    The gain is the mean length of J t over unit vectors t: tangents of small shifts, rotations and
    thickness, random directions as smooth as images, and random ones. What resists the
    contraction keeps more. Control: the frozen penalty of the listing, which does not contract.
    """
    data = protocol.split(profile)
    without = _gains(protocol.NO_PENALTY, data, profile, seed=seed)
    scores = {}
    for penalty, settings in tie.PENALTIES.items():
        found = _gains(settings, data, profile, seed=seed)
        for direction in DIRECTIONS:
            kept = found[direction] / without[direction]
            scores[f"{penalty}{direction}_kept"] = (kept, len(data.x_test))
    return Outcome(scores)


def _gains(settings: dict, data, profile: Profile, *, seed: int) -> dict[str, float]:
    """Mean gain of each kind of direction."""
    model = protocol.fit(data, profile, settings, seed=seed).model
    codes, kernel = protocol.encoded(model, data)[1], protocol.encoder_kernel(model)
    found = protocol.direction_gains(codes, kernel, data.x_test, seed=seed)
    return {direction: found[f"{direction}_gain"][0] for direction in DIRECTIONS}

"""Whether the directions that resist the contraction lie in the tangent plane of the image."""

import numpy as np

from replication import metrics
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.contractive import protocol

IMAGES = 200  # the first test images
BATCH = 50  # images whose 64 directions are held at a time: 20 MB
TRAINED = {
    "intended": protocol.AS_INTENDED,
    "tied": protocol.AS_INTENDED_TIED,
    "no_penalty": protocol.NO_PENALTY,
}
SHARES = ("leading", "trailing", "other")


@experiment(
    "contractive-tangent-planes",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        *(
            Metric(f"{model}_{name}_share", "fraction")
            for model in (*TRAINED, "untrained")
            for name in SHARES
        ),
        Metric("smooth_share", "fraction"),
    ],
)
def tangent_planes(seed: int, profile: Profile) -> Outcome:
    """How much of the encoder's strongest and weakest directions lies in the tangent plane.

    The plane of an image is spanned by small shifts, rotations and thickness; as many directions
    of the Jacobian are held against it: those of the largest singular values (`leading`), those
    of the smallest (`trailing`), and the leading ones against the plane of another image of the
    same class (`other`). Control: the encoder before training. `smooth_share` is that of a
    random direction as smooth as images.
    """
    data = protocol.split(profile)
    models = {
        name: protocol.fit(data, profile, settings, seed=seed).model
        for name, settings in TRAINED.items()
    }
    models["untrained"] = protocol.untrained(data, seed)
    images, labels = data.x_test[:IMAGES, ..., 0], data.y_test[:IMAGES]
    planes = metrics.tangent_planes(images)
    scores = {}
    for name, model in models.items():
        codes = protocol.encoded(model, data)[1][:IMAGES]
        found = plane_shares(codes, protocol.encoder_kernel(model), planes, labels)
        scores |= {f"{name}_{share}_share": each for share, each in found.items()}
    smooth = metrics.random_directions(images, seed=seed, smoothing=metrics.SMOOTHING)
    share = metrics.subspace_shares(smooth[:, np.newaxis], planes)
    return Outcome(scores | {"smooth_share": (float(share.mean()), len(images))})


def plane_shares(codes, kernel, planes, labels) -> dict[str, tuple[float, int]]:
    """Mean shares of the strongest and weakest directions of J in planes of images.

    Args:
        codes: Shape `(n, units)`.
        kernel: Of the encoder, shape `(inputs, units)`.
        planes: Orthonormal bases, shape `(n, k, inputs)`.
        labels: Shape `(n,)`: `other` is an image of the same class, where there is one.
    """
    count, others = planes.shape[1], planes[another_of_its_class(labels)]
    found: dict[str, list] = {name: [] for name in SHARES}
    for start in range(0, len(codes), BATCH):
        part = slice(start, start + BATCH)
        _, directions = metrics.jacobian_svd(codes[part], kernel)
        leading, trailing = directions[:, :count], directions[:, -count:]
        for name, chosen, bases in (
            ("leading", leading, planes),
            ("trailing", trailing, planes),
            ("other", leading, others),
        ):
            found[name].append(metrics.subspace_shares(chosen, bases[part]))
    return {name: (float(np.concatenate(each).mean()), len(codes)) for name, each in found.items()}


def another_of_its_class(labels: np.ndarray) -> np.ndarray:
    """For each example the number of the next one of its class; the last has the first."""
    found = np.arange(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        found[members] = np.roll(members, -1)
    return found

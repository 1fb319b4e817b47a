"""Article 03's autoencoder, as published and as intended, and without any penalty."""

import numpy as np
from keras import ops

from replication import metrics
from replication.experiments import Outcome, Profile, experiment
from replication.experiments.contractive import protocol

DECLARED = {
    "datasets": ("mnist",),
    "minutes": 0.1,
    "metrics": protocol.VARIANT,
}


@experiment(
    "contractive-cross-entropy-no-penalty", **DECLARED, settings=protocol.CROSS_ENTROPY_NO_PENALTY
)
@experiment(
    "contractive-cross-entropy-as-published",
    **DECLARED,
    settings=protocol.CROSS_ENTROPY_AS_PUBLISHED,
)
@experiment("contractive-cross-entropy", **DECLARED, settings=protocol.CROSS_ENTROPY)
@experiment("contractive-no-penalty-tied", **DECLARED, settings=protocol.NO_PENALTY_TIED)
@experiment("contractive-no-penalty", **DECLARED, settings=protocol.NO_PENALTY)
@experiment("contractive-formula", **DECLARED, settings=protocol.FORMULA)
@experiment("contractive-as-intended-tied", **DECLARED, settings=protocol.AS_INTENDED_TIED)
@experiment("contractive-as-intended", **DECLARED, settings=protocol.AS_INTENDED)
@experiment("contractive-as-published", **DECLARED, settings=protocol.AS_PUBLISHED)
def variant(seed: int, profile: Profile, *, settings: dict) -> Outcome:
    """One autoencoder of the article, and everything we measure of it.

    The listing as published, whose penalty holds a copy of the untrained kernel; as intended,
    with the trained kernel in it; with the decoder tied to the encoder, as the text demands; with
    the text's cost function to the letter, tied and the error summed over pixels; with the text's
    other error, cross-entropy. Controls have no penalty, or the frozen one.
    """
    data = protocol.split(profile)
    trained = protocol.fit(data, profile, settings, seed=seed)
    codes = protocol.encoded(trained.model, data)[1][: protocol.SPECTRUM_IMAGES]
    kernel = protocol.encoder_kernel(trained.model)
    first, directions = metrics.jacobian_svd(codes[: protocol.PICTURES], kernel)
    decoded = trained.model(data.x_test[: protocol.PICTURES])["x_decoded"]
    arrays = {
        "images": data.x_test[: protocol.PICTURES, ..., 0],
        "reconstructions": ops.convert_to_numpy(decoded).reshape(-1, 28, 28),
        "singular_values": metrics.jacobian_singular_values(codes, kernel).astype(np.float32),
        "first_singular_values": first,
        "directions": directions[:, :8].reshape(protocol.PICTURES, 8, 28, 28).astype(np.float32),
    }
    return Outcome(protocol.measure(trained.model, data, seed=seed), trained.history, arrays)

"""An encoder as the start of a deep network that learns from few labels."""

import numpy as np

from replication import few_labels, models
from replication.experiments import Outcome, Profile, experiment
from replication.experiments.intuition import protocol
from replication.training import initialise

UNITS = (256, 64)
PRETRAINING_EPOCHS = {"whole": 20, "layer": 10}  # of 20,000 images without labels
STARTS = ("scratch", "whole", "layer_wise", "whole_permuted", "layer_wise_permuted")
METRICS = few_labels.metrics(STARTS)


@experiment(
    "intuition-features-sigmoid",
    datasets=("mnist",),
    minutes=5,
    metrics=METRICS,
    tier="extended",
    activation="sigmoid",
)
@experiment(
    "intuition-features",
    datasets=("mnist",),
    minutes=5,
    metrics=METRICS,
    activation="relu",
)
def features(seed: int, profile: Profile, *, activation: str) -> Outcome:
    """A classifier whose layers start from an autoencoder's, or from chance, with few labels.

    The encoder was trained as a whole or layer by layer. Controls: the same kernels with their
    entries permuted, which keep their size and lose what they detect.
    """
    data, arguments = profile.dataset("mnist"), {"activation": activation}
    fresh = initialise(_classifier, arguments, data.x_train[:1], seed=seed).get_weights()
    starts = _starts(data.x_train, fresh, profile, seed=seed, activation=activation)
    return Outcome(
        few_labels.scores(_classifier, arguments, data, profile, starts=starts, seed=seed)
    )


def _classifier(activation: str):
    return models.dense_classifier(UNITS, activation)


def _starts(
    x: np.ndarray, fresh: list[np.ndarray], profile: Profile, *, seed: int, activation: str
) -> dict[str, list[np.ndarray]]:
    """First weights of the classifier, by the name of the start."""
    images, softmax = x[: protocol.NUM_IMAGES], fresh[-2:]
    found = {"scratch": fresh}
    found["whole"] = _whole(images, profile, seed=seed, activation=activation) + softmax
    found["layer_wise"] = _layer_wise(images, profile, seed=seed, activation=activation) + softmax
    for name in ("whole", "layer_wise"):
        permuted = few_labels.permuted(found[name][:-2], seed=seed)
        found[f"{name}_permuted"] = permuted + softmax
    return found


def _whole(x: np.ndarray, profile: Profile, *, seed: int, activation: str) -> list[np.ndarray]:
    """Weights of an encoder whose layers were trained together."""
    network = {"units": list(UNITS), "activation": activation, "code": activation}
    epochs = PRETRAINING_EPOCHS["whole"]
    model = protocol.fit(network, x, profile, seed=seed, epochs=epochs).model
    return [weight for layer in model.encoder for weight in layer.get_weights()]


def _layer_wise(x: np.ndarray, profile: Profile, *, seed: int, activation: str) -> list:
    """Weights of an encoder whose layers were trained one by one, each on the codes before it."""
    found, x = [], protocol.flat(x)
    for size in UNITS:
        bounded = not found or activation == "sigmoid"  # pixels, and codes of sigmoid units
        network = {
            "units": [size],
            "code": activation,
            "output": "sigmoid" if bounded else "linear",
            "num_inputs": x.shape[1],
        }
        epochs = PRETRAINING_EPOCHS["layer"]
        model = protocol.fit(network, x, profile, seed=seed, epochs=epochs).model
        found += model.encoder[0].get_weights()
        x = models.in_batches(model.encode, x)
    return found

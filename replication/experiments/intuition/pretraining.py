"""An encoder as the start of a deep network that learns from few labels."""

import numpy as np

from replication import models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol
from replication.training import Recipe, initialise, train

UNITS = (256, 64)
PRETRAINING_EPOCHS = {"whole": 20, "layer": 10}  # of 20,000 images without labels
RATES = (3e-3, 1e-2, 3e-2, 1e-1)  # of Adam; every start gets the one that suits it
COUNTS = (100, 1_000)  # labelled images
HELD_OUT = 5_000  # the last training images: they choose rate and moment
LOOKS, EXAMPLES = 6, 10_000  # looks at them, and labelled images shown between two: 100 steps
STARTS = ("scratch", "whole", "layer_wise", "whole_permuted", "layer_wise_permuted")
METRICS = [
    *(
        Metric(f"{start}_accuracy_{count}_labels", "fraction", "higher")
        for count in COUNTS
        for start in STARTS
    ),
    *(Metric(f"late_gain_{count}_labels", "fraction", "lower") for count in COUNTS),
]


@experiment(
    "intuition-features-sigmoid",
    datasets=("mnist",),
    minutes=2,
    metrics=METRICS,
    tier="extended",
    activation="sigmoid",
)
@experiment(
    "intuition-features",
    datasets=("mnist",),
    minutes=2,
    metrics=METRICS,
    activation="relu",
)
def features(seed: int, profile: Profile, *, activation: str) -> Outcome:
    """A classifier whose layers start from an autoencoder's, or from chance, with few labels.

    The encoder was trained as a whole or layer by layer. Controls: the same kernels with their
    entries permuted, which keep their size and lose what they detect. Each start is fine-tuned at
    several rates, and the held-out images choose the rate and the moment at which to stop.
    `late_gain` is the largest rise, over the starts, of the best held-out accuracy in the second
    half of the training that was chosen: a plateau has none.
    """
    data = profile.dataset("mnist")
    fresh = initialise(_classifier, {"activation": activation}, data.x_train[:1], seed=seed)
    starts = _starts(data.x_train, fresh.get_weights(), profile, seed=seed, activation=activation)
    scores = {}
    for count in COUNTS:
        late = []
        for start in STARTS:
            accuracy, gain = _at_best(
                data, profile, count=count, initial=starts[start], seed=seed, activation=activation
            )
            scores[f"{start}_accuracy_{count}_labels"] = (accuracy, len(data.y_test))
            late.append(gain)
        scores[f"late_gain_{count}_labels"] = (max(late), len(_held_out(data)[1]))
    return Outcome(scores)


def _classifier(activation: str):
    return models.dense_classifier(UNITS, activation)


def _held_out(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The last training images and their labels; at smoke size, the last half."""
    count = min(HELD_OUT, len(data.x_train) // 2)
    return data.x_train[-count:], data.y_train[-count:]


def _starts(
    x: np.ndarray, fresh: list[np.ndarray], profile: Profile, *, seed: int, activation: str
) -> dict[str, list[np.ndarray]]:
    """First weights of the classifier, by the name of the start."""
    images, softmax = x[: protocol.NUM_IMAGES], fresh[-2:]
    found = {"scratch": fresh}
    found["whole"] = _whole(images, profile, seed=seed, activation=activation) + softmax
    found["layer_wise"] = _layer_wise(images, profile, seed=seed, activation=activation) + softmax
    for name in ("whole", "layer_wise"):
        rng = np.random.default_rng(seed)
        permuted = [_permuted(each, rng) for each in found[name][:-2]]
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


def _permuted(weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A kernel with its entries in random order; a bias as it is."""
    return weight if weight.ndim == 1 else rng.permutation(weight.ravel()).reshape(weight.shape)


def _at_best(
    data: Dataset, profile: Profile, *, count: int, initial: list, seed: int, activation: str
) -> tuple[float, float]:
    """Test accuracy at the rate and moment that held-out images choose; the late gain on those."""
    repeats = max(1, EXAMPLES // count)
    x = np.tile(data.x_train[:count], (repeats, 1, 1, 1))
    y = np.tile(data.y_train[:count], repeats)
    images = {"held_out": _held_out(data), "test": (data.x_test, data.y_test)}

    def look(model, _):
        return {name: _accuracy(model, *each) for name, each in images.items()}

    found = []
    for rate in RATES:
        history = train(
            _classifier,
            {"activation": activation},
            x,
            y,
            recipe=Recipe(
                profile.epochs(LOOKS),
                protocol.BATCH_SIZE,
                rate,
                loss="sparse_categorical_crossentropy",
            ),
            seed=seed,
            checkpoints=profile.checkpoints,
            initial=initial,
            observe=look,
        ).history
        best = max(history, key=lambda each: each["held_out"])  # the first of equally good ones
        early = max(each["held_out"] for each in history[: max(1, len(history) // 2)])
        found.append((best["held_out"], best["test"], best["held_out"] - early))
    _, accuracy, late = max(found, key=lambda each: each[0])
    return accuracy, late


def _accuracy(model, x: np.ndarray, y: np.ndarray) -> float:
    """Share of images whose likeliest class is theirs."""
    return float((models.in_batches(model, x).argmax(axis=1) == y).mean())

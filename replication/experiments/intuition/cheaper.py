"""Learning from a code and from pixels: the work it takes."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import images, protocol
from replication.training import Recipe, initialise, train

HIDDEN = 64
LABELS = 3_000
HELD_OUT = 2_000  # the last training images: they choose the rate
RATES = (1e-3, 3e-3, 1e-2)  # of Adam; every input gets the one at which it is fastest
LOOKS = 25  # at most: an input that never gets there counts as if it did at the last
PASSES = {"code": 4, "pixels": 1, "random_code": 4}  # over the labelled images, from look to look
LEVEL = 0.9  # ours: accuracy to be reached
INPUTS = tuple(PASSES)


@experiment(
    "intuition-work",
    datasets=("mnist",),
    minutes=1.5,
    metrics=[
        *(Metric(f"{name}_multiply_adds", "multiply-adds", "lower") for name in INPUTS[:2]),
        Metric("encoder_multiply_adds", "multiply-adds", "lower"),
        Metric("multiply_add_ratio", "ratio", "higher"),
        *(Metric(f"{name}_passes_to_90", "passes", "lower") for name in INPUTS),
        *(
            Metric(f"{name}_millions_to_90", "million multiply-adds", "lower")
            for name in (*INPUTS, "code_and_encoder", "code_and_training")
        ),
        *(Metric(f"{name}_accuracy", "fraction", "higher") for name in INPUTS),
    ],
)
def work(seed: int, profile: Profile) -> Outcome:
    """The same classifier on 32 numbers of a code and on 784 pixels: the work to be right.

    What is counted are multiply-adds until `LEVEL` of the test images are classified correctly: a
    pass over the labelled images costs three times its forward multiply-adds, as gradients take
    twice as many again. `code_and_encoder` adds the encoder's own, once for each labelled image,
    `code_and_training` the training of the autoencoder as well. Control: a random encoder's code.
    """
    data = profile.dataset("mnist")
    epochs = images.EPOCHS
    model = protocol.fit(images.NETWORK, data.x_train, profile, seed=seed, epochs=epochs).model
    untrained = initialise(models.DenseAutoencoder, images.NETWORK, data.x_train[:1], seed=seed)
    encoders = {"code": model.encode, "pixels": protocol.flat, "random_code": untrained.encode}
    few, held_out = data.x_train[:LABELS], data.x_train[-HELD_OUT:]
    labels = data.y_train[:LABELS], data.y_train[-HELD_OUT:], data.y_test
    scores, forward, codes = {}, {}, {}
    for name, encode in encoders.items():
        splits = tuple(models.in_batches(encode, each) for each in (few, held_out, data.x_test))
        needed, accuracy, forward[name] = _fastest(
            splits, labels, profile, passes=PASSES[name], seed=seed
        )
        scores[f"{name}_passes_to_90"] = (needed, len(data.y_test))
        scores[f"{name}_accuracy"] = (accuracy, len(data.y_test))
        codes[name] = splits[-1]
    encoding = int(np.prod(model.encoder[0].kernel.shape))
    costs = {
        name: 3 * len(few) * forward[name] * scores[f"{name}_passes_to_90"][0] for name in forward
    }
    costs["code_and_encoder"] = costs["code"] + len(few) * encoding
    shown = profile.epochs(epochs) * len(data.x_train)
    costs["code_and_training"] = costs["code_and_encoder"] + 3 * shown * 2 * encoding
    scores |= {f"{name}_millions_to_90": (each / 1e6, len(few)) for name, each in costs.items()}
    scores |= {f"{name}_multiply_adds": (forward[name], 1) for name in INPUTS[:2]}
    scores["encoder_multiply_adds"] = (encoding, 1)
    scores["multiply_add_ratio"] = (forward["pixels"] / forward["code"], 1)
    arrays = {
        "images": data.x_test[:8, ..., 0],
        "codes": codes["code"][:8],
        "code_mean": codes["code"].mean(axis=0),
        "code_std": codes["code"].std(axis=0),
    }
    return Outcome(scores, arrays=arrays)


def _classifier():
    return models.dense_classifier((HIDDEN,), "relu")


def _fastest(
    splits: tuple, labels: tuple, profile: Profile, *, passes: int, seed: int
) -> tuple[float, float, int]:
    """Of one input: passes to `LEVEL`, accuracy after the last, and multiply-adds an example.

    Passes and accuracy are those of test images, at the rate at which held-out images get there
    first.
    """

    def look(model, _):
        names = ("held_out", "test")
        return {
            name: _accuracy(model, *each)
            for name, each in zip(names, zip(splits[1:], labels[1:], strict=True), strict=True)
        }

    found = []
    for rate in RATES:
        start = initialise(_classifier, {}, splits[0][:1], seed=seed)
        trained = train(
            _classifier,
            {},
            np.tile(splits[0], (passes, 1)),
            np.tile(labels[0], passes),
            recipe=Recipe(
                profile.epochs(LOOKS),
                protocol.BATCH_SIZE,
                rate,
                loss="sparse_categorical_crossentropy",
            ),
            seed=seed,
            checkpoints=profile.checkpoints,
            observe=look,
        )
        curves = [look(start, 0), *trained.history]
        held_out, test = ([each[name] for each in curves] for name in ("held_out", "test"))
        looks = [metrics.first_reached(each, LEVEL, rising=True) for each in (held_out, test)]
        found.append((looks[0], -held_out[-1], passes * looks[1], test[-1]))
    *_, needed, accuracy = min(found)
    return needed, accuracy, _multiply_adds(start)


def _multiply_adds(model) -> int:
    """Multiplications, each with its addition, for one example: the entries of all kernels."""
    return sum(int(np.prod(each.shape)) for each in model.get_weights() if each.ndim == 2)


def _accuracy(model, x: np.ndarray, y: np.ndarray) -> float:
    """Share of examples whose likeliest class is theirs."""
    return float((models.in_batches(model, x).argmax(axis=1) == y).mean())

"""What a code is worth to a classifier: few labels, and fewer multiplications."""

import numpy as np

from replication import models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol
from replication.training import Recipe, initialise, train

DEEP = {"units": [256, 64], "code": "relu"}
PRETRAINING_EPOCHS = 10
FEW_LABELS = {100: 200, 1_000: 60}  # labelled images -> passes over them

NARROW = {"units": [protocol.CODE_DIM]}  # the network of the images' experiments
NARROW_EPOCHS = 10
HIDDEN = 64
LABELS = 5_000
CLASSIFIER_EPOCHS = 20


@experiment(
    "intuition-pretrain",
    datasets=("mnist",),
    minutes=0.7,
    metrics=[
        Metric(f"{start}_accuracy_{count}_labels", "fraction", "higher")
        for count in FEW_LABELS
        for start in ("pretrained", "scratch", "frozen_random", "frozen_pretrained")
    ],
)
def pretrain(seed: int, profile: Profile) -> Outcome:
    """A classifier whose layers start from an autoencoder's, or from chance, with few labels."""
    data, x = protocol.digits(profile)
    trained = protocol.fit(DEEP, x, profile, seed=seed, epochs=PRETRAINING_EPOCHS)
    untrained = initialise(models.DenseAutoencoder, DEEP, x[:1], seed=seed)
    fresh = initialise(_classifier, {}, x[:1], seed=seed).get_weights()
    encoder = [weight for layer in trained.model.encoder for weight in layer.get_weights()]
    scores = {}
    for count, epochs in FEW_LABELS.items():
        few = data.x_train[:count]
        for start, initial in (("pretrained", encoder + fresh[-2:]), ("scratch", fresh)):
            found = _accuracy(
                _classifier,
                (few, data.x_test),
                data,
                profile,
                seed=seed,
                epochs=epochs,
                initial=initial,
            )
            scores[f"{start}_accuracy_{count}_labels"] = found
        for start, model in (("frozen_pretrained", trained.model), ("frozen_random", untrained)):
            codes = tuple(models.in_batches(model.encode, each) for each in (few, data.x_test))
            found = _accuracy(_softmax, codes, data, profile, seed=seed, epochs=epochs)
            scores[f"{start}_accuracy_{count}_labels"] = found
    return Outcome(scores, trained.history)


@experiment(
    "intuition-cheaper",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        Metric("code_multiply_adds", "multiply-adds", "lower"),
        Metric("pixels_multiply_adds", "multiply-adds", "lower"),
        Metric("encoder_multiply_adds", "multiply-adds", "lower"),
        Metric("multiply_add_ratio", "ratio", "higher"),
        *(
            Metric(f"{name}_accuracy", "fraction", "higher")
            for name in ("code", "pixels", "random_code")
        ),
    ],
)
def cheaper(seed: int, profile: Profile) -> Outcome:
    """The same classifier on 32 numbers of a code and on 784 pixels: work, and what it yields."""
    data, x = protocol.digits(profile)
    model = protocol.fit(NARROW, x, profile, seed=seed, epochs=NARROW_EPOCHS).model
    untrained = initialise(models.DenseAutoencoder, NARROW, x[:1], seed=seed)
    images = data.x_train[:LABELS], data.x_test
    inputs = {
        "code": tuple(models.in_batches(model.encode, each) for each in images),
        "pixels": tuple(protocol.flat(each) for each in images),
        "random_code": tuple(models.in_batches(untrained.encode, each) for each in images),
    }
    scores = {}
    for name, splits in inputs.items():
        scores[f"{name}_accuracy"] = _accuracy(
            _small_classifier, splits, data, profile, seed=seed, epochs=CLASSIFIER_EPOCHS
        )
    work = {
        name: _multiply_adds(initialise(_small_classifier, {}, inputs[name][0][:1], seed=seed))
        for name in ("code", "pixels")
    }
    scores["code_multiply_adds"] = (work["code"], 1)
    scores["pixels_multiply_adds"] = (work["pixels"], 1)
    scores["encoder_multiply_adds"] = (int(np.prod(model.encoder[0].kernel.shape)), 1)
    scores["multiply_add_ratio"] = (work["pixels"] / work["code"], 1)
    codes = inputs["code"][1]
    arrays = {
        "images": data.x_test[:8, ..., 0],
        "codes": codes[:8],
        "code_mean": codes.mean(axis=0),
        "code_std": codes.std(axis=0),
    }
    return Outcome(scores, arrays=arrays)


def _classifier():
    return models.dense_classifier(tuple(DEEP["units"]), "relu")


def _softmax():
    return models.dense_classifier(())


def _small_classifier():
    return models.dense_classifier((HIDDEN,), "relu")


def _multiply_adds(model) -> int:
    """Multiplications, each with its addition, for one example: the entries of all kernels."""
    return sum(int(np.prod(each.shape)) for each in model.get_weights() if each.ndim == 2)


def _accuracy(
    build, splits: tuple, data: Dataset, profile: Profile, *, seed: int, epochs: int, initial=None
) -> tuple[float, int]:
    """Test accuracy of a classifier trained on the first labelled images, and on how many."""
    x_train, x_test = splits
    model = train(
        build,
        {},
        x_train,
        data.y_train[: len(x_train)],
        recipe=Recipe(
            profile.epochs(epochs), protocol.BATCH_SIZE, loss="sparse_categorical_crossentropy"
        ),
        seed=seed,
        checkpoints=profile.checkpoints,
        initial=initial,
    ).model
    predicted = models.in_batches(model, x_test).argmax(axis=1)
    return float((predicted == data.y_test).mean()), len(predicted)

"""Section 3, and the last paragraph of section 1: training layer by layer."""

import numpy as np

from replication import few_labels, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol
from replication.experiments.survey.protocol import accuracy, error
from replication.training import Recipe, Trained, initialise, train

STACK = (500, 250, 30)
STAGE_EPOCHS = TUNING_EPOCHS = 5
JOINT_EPOCHS = STAGE_EPOCHS + TUNING_EPOCHS  # every layer sees as many passes either way

# UFLDL exercise "Implement deep networks for digit classification": two layers of 200 units,
# rho = 0.1, lambda = 3e-3 and beta = 3 beside one half of the squared error and one half of the
# squared weights. Our loss has no halves, hence twice beta. Its mean activation is that of all
# images, with the whole gradient; a batch's own mean (momentum 0) comes nearest to that.
UFLDL_UNITS = (200, 200)
UFLDL = {"penalty": "kl", "target": 0.1, "sparsity": 6.0, "weight_decay": 3e-3, "momentum": 0.0}
UFLDL_EPOCHS = 20
SUPERVISED_EPOCHS = 10
STARTS = ("random", "pretrained", "permuted")


@experiment(
    "survey-layer-wise",
    datasets=("mnist",),
    minutes=3,
    metrics=[
        *(error(f"stage_{number}_test_mse") for number in range(1, len(STACK) + 1)),
        error("fine_tuned_test_mse"),
        error("joint_test_mse"),
        error("half_joint_test_mse"),
        error("mean_image_test_mse"),
    ],
)
def layer_wise(seed: int, profile: Profile) -> Outcome:
    """Three layers trained one by one, then fine-tuned; and the same net trained at once."""
    data = profile.dataset("mnist")
    stages = _stages(data, profile, STACK, {}, seed=seed, epochs=STAGE_EPOCHS)
    scores = {}
    for depth in range(1, len(STACK) + 1):
        model = _deep(data, depth, seed=seed)
        model.set_weights(_stacked_weights(stages[:depth]))
        scores[f"stage_{depth}_test_mse"] = protocol.reconstruction_error(model, data.x_test)
    runs = {
        "fine_tuned": (_stacked_weights(stages), TUNING_EPOCHS),
        "joint": (None, JOINT_EPOCHS),
        "half_joint": (None, TUNING_EPOCHS),
    }
    curves, arrays = {}, {"images": data.x_test[:10, ..., 0]}
    for name, (initial, epochs) in runs.items():
        trained = train(
            models.Autoencoder,
            {"units": list(STACK)},
            data.x_train,
            recipe=Recipe(profile.epochs(epochs), protocol.BATCH_SIZE),
            seed=seed,
            checkpoints=profile.checkpoints,
            initial=initial,
        )
        scores[f"{name}_test_mse"] = protocol.reconstruction_error(trained.model, data.x_test)
        curves[name] = trained.history
        pictures = protocol.decoded(trained.model, data.x_test[:10])
        arrays[f"{name}_reconstructions"] = pictures.reshape(-1, 28, 28)
        arrays[f"{name}_curve"] = _curve(trained.history)
    for number, stage in enumerate(stages, start=1):
        arrays[f"stage_{number}_curve"] = _curve(stage.history)
    spread = np.square(data.x_test - data.x_train.mean(axis=0)).mean(dtype=np.float64)
    scores["mean_image_test_mse"] = (float(spread), len(data.x_test))
    return Outcome(scores, curves["joint"], arrays)


@experiment(
    "survey-untrained-layer",
    datasets=("mnist",),
    minutes=0.8,
    metrics=[error("stage_3_test_mse")],
)
def untrained_layer(seed: int, profile: Profile) -> Outcome:
    """Control: the same stack, whose second layer stays as it was drawn.

    The first is that of `survey-layer-wise`; the third learns from the second one's codes.
    """
    data, (first, second, third) = profile.dataset("mnist"), STACK
    stages = _stages(data, profile, (first,), {}, seed=seed, epochs=STAGE_EPOCHS)
    x = protocol.encoded(stages[0].model, protocol.flat(data.x_train))
    arguments = {"units": [second], "num_inputs": first}
    drawn = initialise(models.Autoencoder, arguments, x[:1], seed=seed)
    x = protocol.encoded(drawn, x)
    arguments = {"units": [third], "num_inputs": second}
    last = protocol.fit(models.Autoencoder, arguments, x, profile, seed=seed, epochs=STAGE_EPOCHS)
    model = _deep(data, len(STACK), seed=seed)
    model.set_weights(_stacked_weights([*stages, Trained(drawn, []), last]))
    return Outcome({"stage_3_test_mse": protocol.reconstruction_error(model, data.x_test)})


@experiment(
    "survey-pretraining",
    datasets=("mnist",),
    minutes=3.5,
    metrics=[
        *few_labels.metrics(STARTS),
        accuracy("ufldl_accuracy_before"),
        accuracy("ufldl_accuracy_after"),
        accuracy("random_accuracy_all_labels"),
        Metric("second_layer_mean_activation", "activation"),
    ],
)
def pretraining(seed: int, profile: Profile) -> Outcome:
    """A deep sigmoid classifier that starts from stacked sparse layers, or from chance.

    The settings are those of the UFLDL exercise; its own two numbers are measured as well, before
    and after fine-tuning with all labels. With few labels every start gets the learning rate that
    suits it. Control: the same kernels with their entries permuted.
    """
    data = profile.dataset("mnist")
    stages = _stages(data, profile, UFLDL_UNITS, UFLDL, seed=seed, epochs=UFLDL_EPOCHS)
    encoder = [weight for stage in stages for weight in _encoder_weights(stage)]
    codes = _through(stages, data.x_train), _through(stages, data.x_test)
    fresh = initialise(_classifier, {}, data.x_train[:1], seed=seed).get_weights()
    starts = {
        "random": fresh,
        "pretrained": encoder + fresh[-2:],
        "permuted": few_labels.permuted(encoder, seed=seed) + fresh[-2:],
    }
    scores = few_labels.scores(_classifier, {}, data, profile, starts=starts, seed=seed)
    softmax = _supervised(_softmax, (codes[0], data.y_train), profile, seed=seed)
    everything = data.x_train, data.y_train
    start = encoder + softmax.get_weights()
    tuned = _supervised(_classifier, everything, profile, seed=seed, initial=start)
    random = _supervised(_classifier, everything, profile, seed=seed)
    scores["ufldl_accuracy_before"] = _test_accuracy(softmax, codes[1], data)
    scores["ufldl_accuracy_after"] = _test_accuracy(tuned, data.x_test, data)
    scores["random_accuracy_all_labels"] = _test_accuracy(random, data.x_test, data)
    scores["second_layer_mean_activation"] = (float(codes[1].mean()), len(codes[1]))
    return Outcome(scores, stages[0].history, {"filters": encoder[0].T[:64].reshape(-1, 28, 28)})


def _classifier():
    return models.dense_classifier(UFLDL_UNITS)


def _softmax():
    return models.dense_classifier(())


def _stages(
    data: Dataset, profile: Profile, units: tuple, penalty: dict, *, seed: int, epochs: int
) -> list:
    """One-layer autoencoders, each trained on the codes of the one before it."""
    build = models.SparseAutoencoder if penalty else models.Autoencoder
    x, stages = protocol.flat(data.x_train), []
    for size in units:
        arguments = {**penalty, "units": [size], "num_inputs": x.shape[1]}
        stages.append(protocol.fit(build, arguments, x, profile, seed=seed, epochs=epochs))
        x = protocol.encoded(stages[-1].model, x)
    return stages


def _through(stages: list, images: np.ndarray) -> np.ndarray:
    """Codes of the last stage."""
    x = protocol.flat(images)
    for stage in stages:
        x = protocol.encoded(stage.model, x)
    return x


def _encoder_weights(stage) -> list[np.ndarray]:
    return stage.model.encoder[0].get_weights()


def _stacked_weights(stages: list) -> list[np.ndarray]:
    """Weights of the deep autoencoder: encoders in order, then decoders in reverse."""
    decoders = [stage.model.decoder[0].get_weights() for stage in reversed(stages)]
    return [weight for stage in stages for weight in _encoder_weights(stage)] + sum(decoders, [])


def _deep(data: Dataset, depth: int, *, seed: int):
    arguments = {"units": list(STACK[:depth])}
    return initialise(models.Autoencoder, arguments, data.x_train[:1], seed=seed)


def _supervised(build, examples: tuple, profile: Profile, *, seed: int, initial=None):
    """A classifier trained with all labels, from `initial` weights where there are any."""
    x, y = examples
    recipe = Recipe(
        profile.epochs(SUPERVISED_EPOCHS),
        protocol.BATCH_SIZE,
        loss="sparse_categorical_crossentropy",
    )
    checkpoints = profile.checkpoints
    return train(
        build, {}, x, y, recipe=recipe, seed=seed, checkpoints=checkpoints, initial=initial
    ).model


def _test_accuracy(model, x: np.ndarray, data: Dataset) -> tuple[float, int]:
    predicted = models.in_batches(model, x).argmax(axis=1)
    return float((predicted == data.y_test).mean()), len(predicted)


def _curve(history: list[dict[str, float]]) -> np.ndarray:
    """Reconstruction error summed over the inputs, epoch by epoch."""
    return np.array([epoch["reconstruction_loss"] for epoch in history])

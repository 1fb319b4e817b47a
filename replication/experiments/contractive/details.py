"""Weight and epochs of the penalty, and what article 03 leaves open."""

import functools

import numpy as np
from keras import initializers

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.contractive import protocol
from replication.training import Recipe, initialise, redraw_kernels, train

WEIGHTS = {"0": 0.0, "1e_4": 1e-4, "1e_3": 1e-3, "1e_2": 1e-2}  # of the ablation, by label
ABLATION_EPOCHS = (protocol.EPOCHS, 20)
ABLATED = [
    metric
    for metric in protocol.VARIANT
    if metric.name in {"test_mse", "jacobian_norm", "relative_movement_0_1"}
    or metric.name in {"effective_rank", "tangent_contrast", "knn_accuracy"}
]

KERNELS = {  # starts beside Keras' own, Glorot's uniform distribution
    "he_normal": initializers.HeNormal,
    "small_normal": functools.partial(initializers.RandomNormal, stddev=0.05),  # Keras 1, "normal"
}
OTHER_ORDER = 1_000  # added to the seed that orders the images
OPEN = ("base", *KERNELS, "other_order", "all_images")


@experiment(
    "contractive-ablation",
    datasets=("mnist",),
    minutes=2,
    metrics=[
        Metric(f"{metric.name}_lambda_{label}_epochs_{epochs}", metric.unit, metric.better)
        for label in WEIGHTS
        for epochs in ABLATION_EPOCHS
        for metric in ABLATED
    ],
    tier="extended",
)
def ablation(seed: int, profile: Profile) -> Outcome:
    """The corrected listing with other weights of the penalty, and trained for longer."""
    data = protocol.split(profile)
    scores = {}
    for label, contraction in WEIGHTS.items():
        for epochs in ABLATION_EPOCHS:
            arguments = {**protocol.AS_INTENDED, "contraction": contraction}
            trained = protocol.fit(data, profile, arguments, seed=seed, epochs=epochs)
            found = protocol.measure(trained.model, data, seed=seed)
            for metric in ABLATED:
                scores[f"{metric.name}_lambda_{label}_epochs_{epochs}"] = found[metric.name]
    return Outcome(scores)


@experiment(
    "contractive-open-details",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        metric
        for name in OPEN
        for metric in (
            Metric(f"{name}_jacobian_norm", "squared ratio", "lower"),
            Metric(f"{name}_test_mse", "squared intensity", "lower"),
        )
    ],
    tier="extended",
)
def open_details(seed: int, profile: Profile) -> Outcome:
    """The corrected listing with other choices where the article leaves one open.

    Each differs from `base`, which is `contractive-as-intended`, in one of: the
    distribution that kernels start from; the order of the images, from the same
    start; all 60,000 images, hence more steps in as many epochs.
    """
    data, x = protocol.split(profile), profile.dataset("mnist").x_train
    runs = {"base": (data.x_train, seed, None), "all_images": (x, seed, None)}
    runs["other_order"] = (data.x_train, seed + OTHER_ORDER, _start(None, seed=seed))
    for name, initializer in KERNELS.items():
        runs[name] = (data.x_train, seed, _start(initializer, seed=seed))
    scores, recipe = {}, Recipe(profile.epochs(protocol.EPOCHS), protocol.BATCH_SIZE)
    for name in OPEN:
        images, order, initial = runs[name]
        model = train(
            models.ContractiveAutoencoder,
            protocol.AS_INTENDED,
            images,
            recipe=recipe,
            seed=order,
            checkpoints=profile.checkpoints,
            initial=initial,
        ).model
        for metric, each in _essentials(model, data.x_test).items():
            scores[f"{name}_{metric}"] = (float(each.mean(dtype=np.float64)), len(each))
    return Outcome(scores)


def _start(initializer, *, seed: int) -> list[np.ndarray]:
    """Weights before training: those of the seed, or with kernels drawn by `initializer`."""
    example = np.zeros((1, 784), np.float32)
    model = initialise(models.ContractiveAutoencoder, protocol.AS_INTENDED, example, seed=seed)
    if initializer is not None:
        redraw_kernels(model, initializer, seed=seed)
        model.frozen_kernel.assign(model.encoder[0].kernel)
    return model.get_weights()


def _essentials(model, x: np.ndarray) -> dict[str, np.ndarray]:
    """Reconstruction error and squared norm of the Jacobian of each image."""
    codes = models.in_batches(model.encode, x)
    decoded = models.in_batches(lambda batch: model(batch)["x_decoded"], x)
    return {
        "jacobian_norm": metrics.jacobian_squared_norms(codes, protocol.encoder_kernel(model)),
        "test_mse": np.square(protocol.flat(x) - decoded).mean(axis=1),
    }

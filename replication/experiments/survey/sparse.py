"""Section 2: overcomplete codes that are sparse, by the l1 norm or by a target activation."""

import numpy as np
from keras import ops

from replication import layers, losses, metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol
from replication.experiments.survey.protocol import accuracy, error
from replication.training import epoch_order

UNITS = 1_024  # M > D
EPOCHS = 5
TARGET = 0.05  # rho*
MOMENTUM = 0.9  # beta
DENSE_RELU = {"units": [UNITS], "activation": "relu"}
DENSE_SIGMOID = {"units": [UNITS]}
SPARSE_L1 = {**DENSE_RELU, "penalty": "l1", "sparsity": 0.05}  # eta
SPARSE_KL = {
    **DENSE_SIGMOID,
    "penalty": "kl",
    "sparsity": 1.0,  # eta
    "target": TARGET,
    "momentum": MOMENTUM,
}
TOP_UNITS = 50  # the most active ones, for the second probe
FILTERS = 64
LOOKS = (1, 2, EPOCHS)  # epochs after which the running mean is held against the full mean

CODE = [
    error("test_mse"),
    Metric("active_share", "fraction", "lower"),
    Metric("hoyer_sparsity", "fraction", "higher"),
    Metric("mean_activation", "activation"),
    Metric("target_distance", "activation", "lower"),
    Metric("silent_share", "fraction", "lower"),
    Metric("class_selectivity", "fraction", "higher"),
    accuracy("probe_accuracy"),
    accuracy("top_units_probe_accuracy"),
]


@experiment("survey-dense-relu", datasets=("mnist",), minutes=1.2, metrics=CODE)
def dense_relu(seed: int, profile: Profile) -> Outcome:
    """Control: an overcomplete code of rectified units, eta = 0."""
    return _code(seed, profile, models.Autoencoder, DENSE_RELU)


@experiment("survey-sparse-l1", datasets=("mnist",), minutes=1.2, metrics=CODE)
def sparse_l1(seed: int, profile: Profile) -> Outcome:
    """The same with the l1 norm of the code in the loss."""
    return _code(seed, profile, models.SparseAutoencoder, SPARSE_L1)


@experiment("survey-dense-sigmoid", datasets=("mnist",), minutes=1.2, metrics=CODE)
def dense_sigmoid(seed: int, profile: Profile) -> Outcome:
    """Control: an overcomplete code of sigmoid units, eta = 0."""
    return _code(seed, profile, models.Autoencoder, DENSE_SIGMOID)


@experiment("survey-sparse-kl", datasets=("mnist",), minutes=1.2, metrics=CODE)
def sparse_kl(seed: int, profile: Profile) -> Outcome:
    """The same with the divergence of running mean activations from a target in the loss."""
    return _code(seed, profile, models.SparseAutoencoder, SPARSE_KL)


@experiment(
    "survey-moving-average",
    datasets=("mnist",),
    minutes=2,
    metrics=[
        Metric(f"{name}_error_epoch_{epoch}", "activation", "lower")
        for name in ("running_mean", "batch_mean")
        for epoch in LOOKS
    ],
)
def moving_average(seed: int, profile: Profile) -> Outcome:
    """How far an estimate of the mean activation is from the mean over all images.

    Both estimates are of one network: the running mean that its penalty sees, and, as the control,
    the mean over the batch that it saw last, which is what beta = 0 would take.
    """
    x, scores = profile.dataset("mnist").x_train, {}
    for epoch in LOOKS:
        model = protocol.fit(
            models.SparseAutoencoder, SPARSE_KL, x, profile, seed=seed, epochs=epoch
        ).model
        codes = protocol.encoded(model, x)
        order = epoch_order(len(x), seed=seed, epoch=profile.epochs(epoch) - 1)
        last = order[-(len(x) % protocol.BATCH_SIZE or protocol.BATCH_SIZE) :]
        estimates = {
            "running_mean": ops.convert_to_numpy(model.running_mean.mean),
            "batch_mean": codes[last].mean(axis=0, dtype=np.float64),
        }
        full = codes.mean(axis=0, dtype=np.float64)
        for name, estimate in estimates.items():
            distance = float(np.abs(estimate - full).mean())
            scores[f"{name}_error_epoch_{epoch}"] = (distance, len(x))
    return Outcome(scores)


@experiment(
    "survey-gradient-share",
    minutes=0.1,
    metrics=[Metric("gradient_share", "ratio"), Metric("gradient_share_batch_mean", "ratio")],
)
def gradient_share(seed: int, profile: Profile) -> Outcome:
    """How much of the penalty's gradient reaches the batch through a running mean.

    The stored mean is set to the mean of the batch, so that the value of the
    penalty is the same with and without memory. Control: beta = 0.
    """
    codes = np.random.default_rng(seed).uniform(0.1, 0.9, size=(20, 8)).astype(np.float32)
    slopes = {momentum: _penalty_gradient(codes, momentum) for momentum in (MOMENTUM, 0.0)}
    reference = np.linalg.norm(_mean_penalty_gradient(codes))
    names = {"gradient_share": MOMENTUM, "gradient_share_batch_mean": 0.0}
    return Outcome(
        {
            name: (float(np.linalg.norm(slopes[momentum]) / reference), len(codes))
            for name, momentum in names.items()
        }
    )


def _penalty_gradient(codes: np.ndarray, momentum: float) -> np.ndarray:
    """The penalty's gradient with respect to every activation, by automatic differentiation."""
    layer = layers.RunningMean(momentum, initial=TARGET)
    layer.build(codes.shape)
    past = codes.mean(axis=0)

    def penalty(batch):
        layer.mean.assign(past)
        mean = layer(batch, training=True)
        return ops.broadcast_to(losses.bernoulli_kl(TARGET, mean), (ops.shape(batch)[0], 1))

    return models.autodiff_jacobian(penalty, codes)[:, 0] / len(codes)


def _mean_penalty_gradient(codes: np.ndarray) -> np.ndarray:
    """The same gradient for the mean of the batch alone, by hand."""
    mean = codes.mean(axis=0, dtype=np.float64)
    slope = (1 - TARGET) / (1 - mean) - TARGET / mean
    return np.tile(slope / len(codes), (len(codes), 1))


def _code(seed: int, profile: Profile, build, arguments: dict) -> Outcome:
    data = profile.dataset("mnist")
    trained = protocol.fit(build, arguments, data.x_train, profile, seed=seed, epochs=EPOCHS)
    codes = protocol.probe_codes(trained.model, data)
    chosen = metrics.most_active_units(codes[0], TOP_UNITS)
    kernel = ops.convert_to_numpy(trained.model.encoder[0].kernel)
    strongest = metrics.most_active_units(codes[0], FILTERS)
    arrays = {
        "filters": kernel.T[strongest].reshape(-1, 28, 28),
        "activations": codes[1][:1_000].astype(np.float16),
        "images": data.x_test[:10, ..., 0],
        "reconstructions": protocol.decoded(trained.model, data.x_test[:10]).reshape(-1, 28, 28),
    }
    scores = {
        **_statistics(codes[1], data),
        "test_mse": protocol.reconstruction_error(trained.model, data.x_test),
        "probe_accuracy": protocol.probe_accuracy(codes, data),
        "top_units_probe_accuracy": protocol.probe_accuracy(
            tuple(each[:, chosen] for each in codes), data
        ),
    }
    return Outcome(scores, trained.history, arrays)


def _statistics(codes: np.ndarray, data: Dataset) -> dict[str, tuple[float, int]]:
    """What the activations on test images are like."""
    means = codes.mean(axis=0, dtype=np.float64)
    found = {
        "active_share": metrics.active_share(codes),
        "hoyer_sparsity": metrics.hoyer_sparsity(codes),
        "mean_activation": float(means.mean()),
        "target_distance": float(np.abs(means - TARGET).mean()),
        "silent_share": float((codes.max(axis=0) == 0).mean()),
        "class_selectivity": metrics.class_selectivity(codes, data.y_test),
    }
    return {name: (value, len(codes)) for name, value in found.items()}

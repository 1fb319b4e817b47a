"""What the article leaves open: guards, starts and orders, each against the choice made elsewhere.

It gives formulas only. The sparse code and the deep network of the other files
are trained again with one choice changed at a time.
"""

import functools

import numpy as np
from keras import initializers

from replication import models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol, sparse, stacked
from replication.experiments.survey.protocol import error
from replication.training import Recipe, Trained, initialise, redraw_kernels, train

GUARDS = {"guard_1e_3": 1e-3, "guard_1e_12": 1e-12}  # elsewhere Keras' own, 1e-7
DECAY = 1e-3  # lambda, as where weight decay is measured
OTHER_ORDER = 1_000  # added to the seed that orders the images
SPARSE_OPEN = ("base", *GUARDS, "mean_from_zero", "weight_decay", "other_order")
KERNELS = {  # starts beside Keras' own, Glorot's uniform distribution
    "base": None,
    "small_normal": functools.partial(initializers.RandomNormal, stddev=0.01),
    "lecun_normal": initializers.LecunNormal,
    "he_normal": initializers.HeNormal,
}


@experiment(
    "survey-open-details",
    datasets=("mnist",),
    minutes=10,
    metrics=[
        *(
            metric
            for name in SPARSE_OPEN
            for metric in (
                Metric(f"{name}_mean_activation", "activation"),
                Metric(f"{name}_target_distance", "activation", "lower"),
                error(f"{name}_sparse_test_mse"),
            )
        ),
        *(error(f"{name}_{run}_test_mse") for name in KERNELS for run in ("fine_tuned", "joint")),
    ],
    tier="extended",
)
def open_details(seed: int, profile: Profile) -> Outcome:
    """A sparse code and a deep network with other choices where the article leaves one open.

    Each differs from `base`, which is that of `survey-sparse-kl` or `survey-layer-wise`, in one
    of: the guard in the logarithm of the divergence; the running mean before the first batch;
    weight decay; the order of the images, from the same start; the distribution that the deep
    network's kernels start from, stage by stage and at once.
    """
    data = profile.dataset("mnist")
    return Outcome({**_sparse_codes(data, profile, seed=seed), **_stacks(data, profile, seed=seed)})


def _sparse_codes(data: Dataset, profile: Profile, *, seed: int) -> dict:
    """Activations and errors of the code that the divergence makes sparse."""
    plain, guarded = models.SparseAutoencoder, models.GuardedSparseAutoencoder
    start, from_zero = (
        initialise(plain, sparse.SPARSE_KL, data.x_train[:1], seed=seed) for _ in range(2)
    )
    from_zero.running_mean.mean.assign(np.zeros(sparse.UNITS))
    runs = {  # builder, its arguments beside those of all, seed of the order, first weights
        "base": (plain, {}, seed, None),
        **{name: (guarded, {"guard": each}, seed, None) for name, each in GUARDS.items()},
        "mean_from_zero": (plain, {}, seed, from_zero.get_weights()),
        "weight_decay": (plain, {"weight_decay": DECAY}, seed, None),
        "other_order": (plain, {}, seed + OTHER_ORDER, start.get_weights()),
    }
    scores = {}
    for name in SPARSE_OPEN:
        build, changed, order, initial = runs[name]
        network, epochs = (build, {**sparse.SPARSE_KL, **changed}), sparse.EPOCHS
        model = _fit(
            network, data.x_train, profile, seed=order, epochs=epochs, initial=initial
        ).model
        found = sparse._statistics(protocol.encoded(model, data.x_test), data)
        for metric in ("mean_activation", "target_distance"):
            scores[f"{name}_{metric}"] = found[metric]
        scores[f"{name}_sparse_test_mse"] = protocol.reconstruction_error(model, data.x_test)
    return scores


def _stacks(data: Dataset, profile: Profile, *, seed: int) -> dict:
    """Errors of the deep network, trained in stages and then fine-tuned, and at once."""
    network, scores = (models.Autoencoder, {"units": list(stacked.STACK)}), {}
    for name, draw in KERNELS.items():
        stages = _stages(data, profile, draw, seed=seed)
        start = _drawn(network, data.x_train, draw, seed=seed)
        runs = {
            "fine_tuned": (stacked._stacked_weights(stages), stacked.TUNING_EPOCHS),
            "joint": (start, stacked.JOINT_EPOCHS),
        }
        for run, (initial, epochs) in runs.items():
            model = _fit(
                network, data.x_train, profile, seed=seed, epochs=epochs, initial=initial
            ).model
            mse = protocol.reconstruction_error(model, data.x_test)
            scores[f"{name}_{run}_test_mse"] = mse
    return scores


def _stages(data: Dataset, profile: Profile, draw, *, seed: int) -> list[Trained]:
    """One-layer autoencoders on each other's codes, with kernels that start from `draw`."""
    x, stages = protocol.flat(data.x_train), []
    for size in stacked.STACK:
        network = (models.Autoencoder, {"units": [size], "num_inputs": x.shape[1]})
        initial, epochs = _drawn(network, x, draw, seed=seed), stacked.STAGE_EPOCHS
        stages.append(_fit(network, x, profile, seed=seed, epochs=epochs, initial=initial))
        x = protocol.encoded(stages[-1].model, x)
    return stages


def _drawn(network: tuple, x: np.ndarray, draw, *, seed: int) -> list[np.ndarray] | None:
    """Weights with kernels from an initialiser; None, for what the seed gives, without one."""
    if draw is None:
        return None
    build, arguments = network
    model = initialise(build, arguments, x[:1], seed=seed)
    return redraw_kernels(model, draw, seed=seed).get_weights()


def _fit(network: tuple, x: np.ndarray, profile: Profile, *, seed, epochs, initial) -> Trained:
    """A builder and its arguments, trained; base runs are found trained already."""
    return train(
        *network,
        x,
        recipe=Recipe(profile.epochs(epochs), protocol.BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
        initial=initial,
    )

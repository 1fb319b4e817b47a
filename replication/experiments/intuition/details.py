"""What the article leaves open: starts, orders, rates and images of the network that denoises."""

import functools

import numpy as np
from keras import initializers

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import images, protocol
from replication.training import Recipe, initialise, redraw_kernels, train

KERNELS = {  # starts beside Keras' own, Glorot's uniform distribution
    "he_uniform": initializers.HeUniform,
    "small_normal": functools.partial(initializers.RandomNormal, stddev=0.05),  # Keras 1, "normal"
}
RATES = {"rate_1e_2": 1e-2, "rate_1e_4": 1e-4}  # of Adam; elsewhere Keras' own, 1e-3
OTHER_ORDER = 1_000  # added to the seed that orders the images
OPEN = ("base", *KERNELS, *RATES, "other_order", "all_images")
LONGER = 3 * images.EPOCHS  # as many steps as all images make in the usual epochs
SCHEDULES = ("base", "longer", "all_images")
WIDTHS = {"bottleneck": images.NETWORK, "wide": images.WIDE}


@experiment(
    "intuition-open-details",
    datasets=("mnist",),
    minutes=1,
    metrics=[Metric(f"{name}_bottleneck_mse", "squared intensity", "lower") for name in OPEN],
    tier="extended",
)
def open_details(seed: int, profile: Profile) -> Outcome:
    """Noisy digits through a bottleneck that learned from clean ones, with one choice changed.

    `base` learns from 20,000 images, ten times. The others differ in one of: the distribution that
    kernels start from; the learning rate; the order of the images, from the same start; all
    training images instead of the first 20,000, hence more steps in as many epochs.
    """
    data, x = protocol.digits(profile)
    runs = {"base": (x, {}), "all_images": (data.x_train, {})}
    runs |= {name: (x, {"learning_rate": rate}) for name, rate in RATES.items()}
    start = _untrained(x, seed).get_weights()
    runs["other_order"] = (x, {"seed": seed + OTHER_ORDER, "initial": start})
    for name, draw in KERNELS.items():
        drawn = redraw_kernels(_untrained(x, seed), draw, seed=seed)
        runs[name] = (x, {"initial": drawn.get_weights()})
    clean = protocol.flat(data.x_test)
    noise = np.random.default_rng(seed).normal(scale=images.NOISE, size=clean.shape)
    noisy = np.clip(clean + noise, 0, 1).astype(np.float32)
    scores = {}
    for name in OPEN:
        pixels, changed = runs[name]
        model = _fit(pixels, profile, **{"seed": seed, **changed})
        missed = models.in_batches(model, noisy) - clean
        mse = float(np.square(missed).mean(dtype=np.float64))
        scores[f"{name}_bottleneck_mse"] = (mse, len(clean))
    return Outcome(scores)


@experiment(
    "intuition-open-steps",
    datasets=("mnist",),
    minutes=4,
    metrics=[
        Metric("noisy_mse", "squared intensity", "lower"),
        *(
            Metric(f"{name}_{width}_mse", "squared intensity", "lower")
            for name in SCHEDULES
            for width in WIDTHS
        ),
    ],
    tier="extended",
)
def open_steps(seed: int, profile: Profile) -> Outcome:
    """Noisy digits through networks, narrow and wide, that learned from clean ones for longer.

    `base` is that of `intuition-open-details`. `longer` makes three times the steps on the same
    images, `all_images` as many on three times the images. The wide network is the control, the
    noisy images are what either must improve on.
    """
    data, x = protocol.digits(profile)
    clean = protocol.flat(data.x_test)
    noise = np.random.default_rng(seed).normal(scale=images.NOISE, size=clean.shape)
    noisy = np.clip(clean + noise, 0, 1).astype(np.float32)
    schedules = {
        "base": (x, images.EPOCHS),
        "longer": (x, LONGER),
        "all_images": (data.x_train, images.EPOCHS),
    }
    seen = {"noisy": noisy}
    for name in SCHEDULES:
        pixels, epochs = schedules[name]
        for width, arguments in WIDTHS.items():
            model = protocol.fit(arguments, pixels, profile, seed=seed, epochs=epochs).model
            seen[f"{name}_{width}"] = models.in_batches(model, noisy)
    return Outcome(
        {
            f"{name}_mse": (float(np.square(each - clean).mean(dtype=np.float64)), len(clean))
            for name, each in seen.items()
        }
    )


def _untrained(x: np.ndarray, seed: int):
    return initialise(models.DenseAutoencoder, images.NETWORK, x[:1], seed=seed)


def _fit(x: np.ndarray, profile: Profile, *, seed: int, learning_rate=1e-3, initial=None):
    """The narrow network trained on clean images."""
    return train(
        models.DenseAutoencoder,
        images.NETWORK,
        x,
        protocol.flat(x),
        recipe=Recipe(
            profile.epochs(images.EPOCHS),
            protocol.BATCH_SIZE,
            learning_rate,
            loss="mean_squared_error",
        ),
        seed=seed,
        checkpoints=profile.checkpoints,
        initial=initial,
    ).model

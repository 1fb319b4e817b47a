"""What article 04 leaves open: starts, orders and shares of the images."""

from keras import initializers

from replication import models
from replication.experiments import Outcome, Profile, experiment
from replication.experiments.applied import protocol
from replication.training import Recipe, redraw_kernels, train

KERNELS = {"he_uniform": initializers.HeUniform, "he_normal": initializers.HeNormal}
OTHER_ORDER = 1_000  # added to the seed that orders the images
# Part 3, item 1 wants 70 % to train on: 49,000 of all 70,000 images, or 42,000 of the 60,000 that
# MNIST trains on. Either way the 10,000 test images stay, so that errors can be compared.
SHARES = {"split_70": 49_000 / 60_000, "split_70_train": 42_000 / 60_000, "all_images": 1.0}
OPEN = ("base", *KERNELS, "other_order", *SHARES)


@experiment(
    "applied-open-details",
    datasets=("mnist",),
    minutes=4,
    metrics=[protocol.error(f"{name}_test_mse") for name in OPEN],
    tier="extended",
)
def open_details(seed: int, profile: Profile) -> Outcome:
    """The shared autoencoder with other choices where the article leaves one open.

    Each differs from `base`, which is that of `applied-reconstruction`, in one of: the
    distribution that kernels start from; the order of the images, from the same start; how many
    images are learned from, hence how many steps are in as many epochs.
    """
    data, x = protocol.split(profile), profile.dataset("mnist").x_train
    runs = {name: (x[: round(len(x) * share)], seed, None) for name, share in SHARES.items()}
    runs["base"] = (data.x_train, seed, None)
    start = protocol.untrained(data, seed).get_weights()
    runs["other_order"] = (data.x_train, seed + OTHER_ORDER, start)
    for name, draw in KERNELS.items():
        drawn = redraw_kernels(protocol.untrained(data, seed), draw, seed=seed)
        runs[name] = (data.x_train, seed, drawn.get_weights())
    scores = {}
    recipe = Recipe(profile.epochs(protocol.EPOCHS), protocol.BATCH_SIZE, loss="mean_squared_error")
    for name in OPEN:
        images, order, initial = runs[name]
        model = train(
            models.DenseAutoencoder,
            protocol.ARGUMENTS,
            images,
            protocol.flat(images),
            recipe=recipe,
            seed=order,
            checkpoints=profile.checkpoints,
            initial=initial,
        ).model
        scores[f"{name}_test_mse"] = (
            float(protocol.errors_of(model, data.x_test).mean()),
            len(data.x_test),
        )
    return Outcome(scores)

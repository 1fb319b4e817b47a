"""Article 03: the contractive autoencoder, as published and as intended.

Core: the listing as printed, with its mistake mended, with the tied weights of
the text, with the text's own cost function, and without any penalty; the
linear and untrained codes they must beat. Extended: weight and epochs of the
penalty, and what the listing leaves open.
"""

import functools
from dataclasses import replace

import numpy as np
from keras import initializers, ops

from replication import losses, metrics, models
from replication.datasets import Dataset
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.training import Recipe, Trained, initialise, redraw_kernels, train

UNITS = 64  # listing, N_hidden
EPOCHS = 3  # listing
BATCH_SIZE = 100  # listing, N_batch
CONTRACTION = 1e-3  # listing, lam
TRAINING_SHARE = 55_000 / 60_000  # the reader in the listing keeps 5,000 images aside
LISTING = {"units": [UNITS], "output": "linear", "contraction": CONTRACTION}
AS_PUBLISHED = {**LISTING, "kernel": "frozen"}
AS_INTENDED = {**LISTING, "kernel": "live"}
AS_INTENDED_TIED = {**AS_INTENDED, "tied": True}  # Basics, item 1
FORMULA = {**AS_INTENDED_TIED, "reduction": "sum"}  # section Definition, cost function
NO_PENALTY = {**LISTING, "contraction": 0.0}
NO_PENALTY_TIED = {**NO_PENALTY, "tied": True}

STD_DEVS = (0.01, 0.1, 0.2, 0.5, 1.0)  # ours: of the noise on each pixel
SPECTRUM_IMAGES = 1_000
PROBE_IMAGES = 10_000  # ours: labelled images that the probes learn from
NEAR_ZERO = 0.1  # ours: of the largest singular value
PICTURES = 5  # listing, the last loop

ROBUSTNESS = [
    Metric(f"{name}_{str(std).replace('.', '_')}", "ratio", "lower")
    for name in ("contraction_ratio", "relative_movement")
    for std in STD_DEVS
]
TANGENTS = ("shift_x", "shift_y", "rotation", "thickness")
GAINS = [Metric(f"{name}_gain", "ratio") for name in (*TANGENTS, "tangent", "random", "smooth")]
READINGS = [
    Metric("knn_accuracy", "fraction", "higher"),
    Metric("probe_accuracy", "fraction", "higher"),
]
VARIANT = [
    Metric("test_mse", "squared intensity", "lower"),
    Metric("jacobian_norm", "squared ratio", "lower"),
    Metric("frozen_penalty", "squared ratio", "lower"),
    Metric("kernel_norm", "squared weight"),
    Metric("mean_slope", "ratio"),
    Metric("code_distance", "distance"),
    Metric("effective_rank", "directions", "lower"),
    Metric("near_zero_share", "fraction", "higher"),
    Metric("tangent_contrast", "ratio", "higher"),
    *ROBUSTNESS,
    *GAINS,
    *READINGS,
]
WEIGHTS = {"0": 0.0, "1e_4": 1e-4, "1e_3": 1e-3, "1e_2": 1e-2}  # of the ablation, by label
ABLATION_EPOCHS = (EPOCHS, 20)
ABLATED = [
    metric
    for metric in VARIANT
    if metric.name in {"test_mse", "jacobian_norm", "relative_movement_0_1"}
    or metric.name in {"effective_rank", "tangent_contrast", "knn_accuracy"}
]

KERNELS = {  # starts beside Keras' own, Glorot's uniform distribution
    "he_normal": initializers.HeNormal,
    "small_normal": functools.partial(initializers.RandomNormal, stddev=0.05),  # Keras 1, "normal"
}
OTHER_ORDER = 1_000  # added to the seed that orders the images
OPEN = ("base", *KERNELS, "other_order", "all_images")


@experiment("contractive-as-published", datasets=("mnist",), minutes=0.1, metrics=VARIANT)
def as_published(seed: int, profile: Profile) -> Outcome:
    """The listing as it stands: the penalty holds a copy of the untrained kernel."""
    return _variant(seed, profile, AS_PUBLISHED)


@experiment("contractive-as-intended", datasets=("mnist",), minutes=0.1, metrics=VARIANT)
def as_intended(seed: int, profile: Profile) -> Outcome:
    """The listing with the trained kernel in its penalty."""
    return _variant(seed, profile, AS_INTENDED)


@experiment("contractive-as-intended-tied", datasets=("mnist",), minutes=0.1, metrics=VARIANT)
def as_intended_tied(seed: int, profile: Profile) -> Outcome:
    """The same with the decoder tied to the encoder, as the text demands."""
    return _variant(seed, profile, AS_INTENDED_TIED)


@experiment("contractive-formula", datasets=("mnist",), minutes=0.1, metrics=VARIANT)
def formula(seed: int, profile: Profile) -> Outcome:
    """The text's cost function to the letter: tied, and the error summed over pixels."""
    return _variant(seed, profile, FORMULA)


@experiment("contractive-no-penalty", datasets=("mnist",), minutes=0.1, metrics=VARIANT)
def no_penalty(seed: int, profile: Profile) -> Outcome:
    """Control: the listing with lambda = 0."""
    return _variant(seed, profile, NO_PENALTY)


@experiment("contractive-no-penalty-tied", datasets=("mnist",), minutes=0.1, metrics=VARIANT)
def no_penalty_tied(seed: int, profile: Profile) -> Outcome:
    """Control: the tied decoder alone, with lambda = 0."""
    return _variant(seed, profile, NO_PENALTY_TIED)


@experiment(
    "contractive-baselines",
    datasets=("mnist",),
    minutes=0.1,
    metrics=[
        Metric("pca_test_mse", "squared intensity", "lower"),
        *(
            Metric(f"{code}_{metric.name}", metric.unit, metric.better)
            for code in ("pca", "pixels", "untrained")
            for metric in READINGS
        ),
        *(Metric(f"untrained_{metric.name}", metric.unit) for metric in GAINS),
    ],
)
def baselines(seed: int, profile: Profile) -> Outcome:
    """Controls: the best linear code of the same size, raw pixels, the untrained encoder."""
    data = _split(profile)
    pixels = _flat(data.x_train), _flat(data.x_test)
    *pca, error = metrics.pca_codes(*pixels, components=UNITS)
    model = initialise(models.ContractiveAutoencoder, NO_PENALTY, data.x_train[:1], seed=seed)
    untrained = _codes(model, data)
    scores = {"pca_test_mse": (error, len(data.x_test))}
    for name, codes in (("pca", pca), ("pixels", pixels), ("untrained", untrained)):
        scores |= {f"{name}_{key}": value for key, value in _readings(codes, data).items()}
    found = _gains(untrained[1], _kernel(model), data.x_test, seed=seed)
    return Outcome(scores | {f"untrained_{key}": value for key, value in found.items()})


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
    """The mended listing with other weights of the penalty, and trained for longer."""
    data = _split(profile)
    scores = {}
    for label, contraction in WEIGHTS.items():
        for epochs in ABLATION_EPOCHS:
            arguments = {**AS_INTENDED, "contraction": contraction}
            trained = _train(data, profile, arguments, seed=seed, epochs=epochs)
            found = _measure(trained.model, data, seed=seed)
            for metric in ABLATED:
                scores[f"{metric.name}_lambda_{label}_epochs_{epochs}"] = found[metric.name]
    return Outcome(scores)


@experiment(
    "contractive-identities",
    minutes=0.1,
    metrics=[
        Metric("penalty_relative_error", "ratio", "lower"),
        Metric("frozen_penalty_relative_error", "ratio", "lower"),
    ],
)
def identities(seed: int, profile: Profile) -> Outcome:
    """The closed form of the penalty against automatic differentiation, on random images.

    Control: the same formula with another kernel than the layer's, which is
    what the listing computes once training has moved the kernel.
    """
    x = np.random.default_rng(seed).random((32, 784), dtype=np.float32)
    model, other = (
        initialise(models.ContractiveAutoencoder, AS_INTENDED, x[:1], seed=each)
        for each in (seed, seed + 1_000)
    )
    truth = np.square(models.autodiff_jacobian(model.encode, x)).sum(axis=(1, 2), dtype=np.float64)
    errors = {}
    for name, kernel in (("", _kernel(model)), ("frozen_", _kernel(other))):
        found = ops.convert_to_numpy(losses.contractive_penalty(model.encode(x), kernel))
        errors[f"{name}penalty_relative_error"] = (float(np.abs(found / truth - 1).max()), len(x))
    return Outcome(errors)


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
    """The mended listing with other choices where the article leaves one open.

    Each differs from `base`, which is `contractive-as-intended`, in one of: the
    distribution that kernels start from; the order of the images, from the same
    start; all 60,000 images, hence more steps in as many epochs.
    """
    data, x = _split(profile), profile.dataset("mnist").x_train
    runs = {"base": (data.x_train, seed, None), "all_images": (x, seed, None)}
    runs["other_order"] = (data.x_train, seed + OTHER_ORDER, _start(None, seed=seed))
    for name, initializer in KERNELS.items():
        runs[name] = (data.x_train, seed, _start(initializer, seed=seed))
    scores, recipe = {}, Recipe(profile.epochs(EPOCHS), BATCH_SIZE)
    for name in OPEN:
        images, order, initial = runs[name]
        model = train(
            models.ContractiveAutoencoder,
            AS_INTENDED,
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
    model = initialise(models.ContractiveAutoencoder, AS_INTENDED, example, seed=seed)
    if initializer is not None:
        redraw_kernels(model, initializer, seed=seed)
        model.frozen_kernel.assign(model.encoder[0].kernel)
    return model.get_weights()


def _essentials(model, x: np.ndarray) -> dict[str, np.ndarray]:
    """Reconstruction error and squared norm of the Jacobian of each image."""
    codes = models.in_batches(model.encode, x)
    decoded = models.in_batches(lambda batch: model(batch)["x_decoded"], x)
    return {
        "jacobian_norm": metrics.jacobian_squared_norms(codes, _kernel(model)),
        "test_mse": np.square(_flat(x) - decoded).mean(axis=1),
    }


def _split(profile: Profile) -> Dataset:
    """MNIST without the last 5,000 training images, or the same share of the digits."""
    data = profile.dataset("mnist")
    kept = round(len(data.x_train) * TRAINING_SHARE)
    return replace(data, x_train=data.x_train[:kept], y_train=data.y_train[:kept])


def _train(data: Dataset, profile: Profile, arguments: dict, *, seed: int, epochs: int) -> Trained:
    return train(
        models.ContractiveAutoencoder,
        arguments,
        data.x_train,
        recipe=Recipe(profile.epochs(epochs), BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
    )


def _variant(seed: int, profile: Profile, arguments: dict) -> Outcome:
    data = _split(profile)
    trained = _train(data, profile, arguments, seed=seed, epochs=EPOCHS)
    codes, kernel = _codes(trained.model, data)[1][:SPECTRUM_IMAGES], _kernel(trained.model)
    first, directions = metrics.jacobian_svd(codes[:PICTURES], kernel)
    decoded = trained.model(data.x_test[:PICTURES])["x_decoded"]
    arrays = {
        "images": data.x_test[:PICTURES, ..., 0],
        "reconstructions": ops.convert_to_numpy(decoded).reshape(-1, 28, 28),
        "singular_values": metrics.jacobian_singular_values(codes, kernel).astype(np.float32),
        "first_singular_values": first,
        "directions": directions[:, :8].reshape(PICTURES, 8, 28, 28).astype(np.float32),
    }
    return Outcome(_measure(trained.model, data, seed=seed), trained.history, arrays)


def _measure(model, data: Dataset, *, seed: int) -> dict:
    """Every metric of `VARIANT` for one trained model."""
    codes, kernel = _codes(model, data), _kernel(model)
    decoded = models.in_batches(lambda batch: model(batch)["x_decoded"], data.x_test)
    frozen = ops.convert_to_numpy(model.frozen_kernel)
    values = metrics.jacobian_singular_values(codes[1][:SPECTRUM_IMAGES], kernel)
    gains = _gains(codes[1], kernel, data.x_test, seed=seed)
    means = {
        "test_mse": np.square(_flat(data.x_test) - decoded).mean(axis=1),
        "jacobian_norm": metrics.jacobian_squared_norms(codes[1], kernel),
        "frozen_penalty": metrics.jacobian_squared_norms(codes[1], frozen),
        "mean_slope": metrics.sigmoid_slopes(codes[1]).mean(axis=1),
        "effective_rank": metrics.effective_rank(values),
        "near_zero_share": (values < NEAR_ZERO * values[:, :1]).mean(axis=1),
        **_robustness(model, data.x_test, codes[1], seed=seed),
    }
    scores = {name: (float(each.mean(dtype=np.float64)), len(each)) for name, each in means.items()}
    scores["kernel_norm"] = (float(np.square(kernel).sum(dtype=np.float64)), kernel.size)
    contrast = gains["tangent_gain"][0] / gains["random_gain"][0]
    scores["tangent_contrast"] = (contrast, gains["tangent_gain"][1])
    return scores | gains | _readings(codes, data)


def _robustness(model, x: np.ndarray, codes: np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
    """How far codes move under noise: against the noise, and against the distance of codes."""
    rng = np.random.default_rng(seed)
    distances = np.linalg.norm(codes - np.roll(codes, 1, axis=0), axis=1)
    found = {"code_distance": distances}
    for std in STD_DEVS:
        noise = rng.normal(scale=std, size=x.shape).astype(np.float32)
        moved = np.linalg.norm(models.in_batches(model.encode, x + noise) - codes, axis=1)
        label = str(std).replace(".", "_")
        found[f"contraction_ratio_{label}"] = moved / np.linalg.norm(_flat(noise), axis=1)
        found[f"relative_movement_{label}"] = moved / distances.mean()
    return found


def _gains(codes: np.ndarray, kernel: np.ndarray, x: np.ndarray, *, seed: int) -> dict:
    """Mean length of J v over images, for tangents of transformations and for random v."""
    images, codes = x[:SPECTRUM_IMAGES, ..., 0], codes[:SPECTRUM_IMAGES]
    tangents = metrics.tangent_vectors(images)
    found = {name: metrics.gains(codes, kernel, tangents[name]) for name in TANGENTS}
    found["tangent"] = np.concatenate(list(found.values()))
    for name, smoothing in (("random", 0.0), ("smooth", metrics.SMOOTHING)):
        directions = metrics.random_directions(images, seed=seed, smoothing=smoothing)
        found[name] = metrics.gains(codes, kernel, directions)
    return {f"{name}_gain": (float(each.mean()), len(each)) for name, each in found.items()}


def _readings(codes: tuple, data: Dataset) -> dict:
    """What a nearest-neighbour and a linear classifier read from codes."""
    chosen = codes[0][:PROBE_IMAGES], codes[1]
    labels = data.y_train[:PROBE_IMAGES], data.y_test
    return {
        "knn_accuracy": (metrics.knn_accuracy(chosen, labels), len(labels[1])),
        "probe_accuracy": (metrics.linear_probe_accuracy(chosen, labels), len(labels[1])),
    }


def _codes(model, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the images that probes learn from, and of the test images."""
    splits = data.x_train[:PROBE_IMAGES], data.x_test
    return tuple(models.in_batches(model.encode, x) for x in splits)


def _kernel(model) -> np.ndarray:
    return ops.convert_to_numpy(model.encoder[0].kernel)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)

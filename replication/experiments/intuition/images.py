"""Digits: order among pixels, noise that a bottleneck drops, and pictures made up from codes."""

import numpy as np
from sklearn.decomposition import PCA

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol
from replication.training import Recipe, initialise, train

NETWORK = {"units": [protocol.CODE_DIM]}
WIDE = {"units": [784]}  # as wide as the input
EPOCHS = 10
NOISE = 0.3  # standard deviation, clipped to [0, 1]
DRAWN = 1_000  # made-up pictures
PICTURES = 10
JUDGE_EPOCHS = 3


@experiment(
    "intuition-order",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        Metric(f"{name}_unexplained", "share of variance", "lower")
        for name in ("intact", "fixed", "scrambled")
    ],
)
def order(seed: int, profile: Profile) -> Outcome:
    """Digits as they are, under one scrambling for all, and each scrambled in its own way."""
    data, x = protocol.digits(profile)
    rng = np.random.default_rng(seed)
    train_pixels, test_pixels = protocol.flat(x), protocol.flat(data.x_test)
    fixed = rng.permutation(train_pixels.shape[1])
    kinds = {
        "intact": (train_pixels, test_pixels),
        "fixed": (train_pixels[:, fixed], test_pixels[:, fixed]),
        "scrambled": tuple(rng.permuted(each, axis=1) for each in (train_pixels, test_pixels)),
    }
    scores, arrays, history = {}, {}, []
    for name, (known, unseen) in kinds.items():
        trained = protocol.fit(NETWORK, known, profile, seed=seed, epochs=EPOCHS)
        rebuilt = models.in_batches(trained.model, unseen)
        missed = metrics.unexplained_variance(unseen, rebuilt)
        scores[f"{name}_unexplained"] = (missed, len(unseen))
        history = history or trained.history
        arrays[f"{name}_images"] = unseen[:PICTURES].reshape(-1, 28, 28)
        arrays[f"{name}_rebuilt"] = rebuilt[:PICTURES].reshape(-1, 28, 28)
    return Outcome(scores, history, arrays)


@experiment(
    "intuition-denoise",
    datasets=("mnist",),
    minutes=1,
    metrics=[
        Metric(f"{name}_mse", "squared intensity", "lower")
        for name in (
            *("noisy", "bottleneck", "wide", "pca", "bottleneck_clean", "wide_clean"),
            *(f"unclipped_{name}" for name in ("noisy", "bottleneck", "wide", "pca")),
        )
    ],
)
def denoise(seed: int, profile: Profile) -> Outcome:
    """Noisy digits through networks that have seen clean ones only, narrow and wide.

    Clipping the noise to [0, 1] makes the black background a grey haze, so the
    same is measured without it; principal components of the bottleneck's size
    stand beside the networks.
    """
    data, x = protocol.digits(profile)
    clean = protocol.flat(data.x_test)
    noise = np.random.default_rng(seed).normal(scale=NOISE, size=clean.shape)
    unclipped = (clean + noise).astype(np.float32)
    noisy = np.clip(clean + noise, 0, 1).astype(np.float32)
    seen = {"noisy": noisy, "unclipped_noisy": unclipped}
    for name, arguments in (("bottleneck", NETWORK), ("wide", WIDE)):
        trained = protocol.fit(arguments, x, profile, seed=seed, epochs=EPOCHS)
        seen[name] = models.in_batches(trained.model, noisy)
        seen[f"unclipped_{name}"] = models.in_batches(trained.model, unclipped)
        seen[f"{name}_clean"] = models.in_batches(trained.model, clean)
    pca = PCA(protocol.CODE_DIM, svd_solver="covariance_eigh").fit(protocol.flat(x))
    seen["pca"] = pca.inverse_transform(pca.transform(noisy))
    seen["unclipped_pca"] = pca.inverse_transform(pca.transform(unclipped))
    scores = {
        f"{name}_mse": (float(np.square(each - clean).mean(dtype=np.float64)), len(clean))
        for name, each in seen.items()
    }
    arrays = {name: each[:PICTURES].reshape(-1, 28, 28) for name, each in seen.items()}
    return Outcome(scores, trained.history, {**arrays, "images": data.x_test[:PICTURES, ..., 0]})


@experiment(
    "intuition-generate",
    datasets=("mnist",),
    minutes=0.7,
    metrics=[
        *(
            Metric(f"{name}_confidence", "fraction", "higher")
            for name in ("generated", "independent", "untrained", "noise", "real", "rebuilt")
        ),
        *(
            Metric(f"{name}_distance", "distance", "lower")
            for name in ("generated", "independent", "untrained", "noise", "real", "rebuilt")
        ),
        Metric("judge_accuracy", "fraction", "higher"),
    ],
)
def generate(seed: int, profile: Profile) -> Outcome:
    """Pictures from drawn codes; a classifier trained on real digits says how sure it is.

    Each kind of picture is also measured by its distance to the nearest of the
    images that the autoencoder learned from, since a classifier may be sure of
    anything. `generated`: codes from a Gaussian fitted to the codes of training images.
    `independent`: the same without correlations between code units. Controls:
    drawn codes through an untrained decoder, and pixel noise.
    """
    data, x = protocol.digits(profile)
    model = protocol.fit(NETWORK, x, profile, seed=seed, epochs=EPOCHS).model
    untrained = initialise(models.DenseAutoencoder, NETWORK, x[:1], seed=seed)
    codes = models.in_batches(model.encode, x)
    rng = np.random.default_rng(seed)
    drawn = _gaussian(codes, rng, correlated=True)
    pictures = {
        "generated": models.in_batches(model.decode, drawn),
        "independent": models.in_batches(model.decode, _gaussian(codes, rng, correlated=False)),
        "untrained": models.in_batches(untrained.decode, drawn),
        "noise": rng.random((DRAWN, 784), dtype=np.float32),
        "real": protocol.flat(data.x_test[:DRAWN]),
        "rebuilt": models.in_batches(model, data.x_test[:DRAWN]),
    }
    judge = train(
        models.image_classifier,
        {},
        data.x_train,
        data.y_train,
        recipe=Recipe(profile.epochs(JUDGE_EPOCHS), 128, loss="sparse_categorical_crossentropy"),
        seed=seed,
        checkpoints=profile.checkpoints,
    ).model
    scores = {}
    for name, each in pictures.items():
        probabilities = models.in_batches(judge, each.reshape(-1, 28, 28, 1))
        scores[f"{name}_confidence"] = (float(probabilities.max(axis=1).mean()), len(each))
        distances = _nearest_distances(each, protocol.flat(x))
        scores[f"{name}_distance"] = (float(distances.mean()), len(each))
    predicted = models.in_batches(judge, data.x_test).argmax(axis=1)
    scores["judge_accuracy"] = (float((predicted == data.y_test).mean()), len(predicted))
    shown = {name: each[:20].reshape(-1, 28, 28) for name, each in pictures.items()}
    return Outcome(scores, arrays={**shown, "codes": codes[:10]})


def _gaussian(codes: np.ndarray, rng: np.random.Generator, *, correlated: bool) -> np.ndarray:
    """Codes drawn from a normal distribution fitted to codes; negative numbers become zero.

    The code is rectified, so that a decoder has never seen a negative number.
    """
    covariance = np.cov(codes, rowvar=False)
    if not correlated:
        covariance = np.diag(np.diag(covariance))
    drawn = rng.multivariate_normal(codes.mean(axis=0), covariance, size=DRAWN)
    return np.maximum(drawn, 0).astype(np.float32)


def _nearest_distances(pictures: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Distance of each picture to the nearest real one: far from zero, it is not a copy."""
    squares = np.square(pictures).sum(axis=1)[:, np.newaxis] + np.square(real).sum(axis=1)
    return np.sqrt(np.maximum(squares - 2 * pictures @ real.T, 0).min(axis=1))

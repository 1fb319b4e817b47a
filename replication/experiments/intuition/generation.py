"""Pictures made up from drawn codes, judged as a set."""

import keras
import numpy as np
from sklearn.decomposition import PCA

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import images, protocol
from replication.training import Recipe, initialise, train

DRAWN = 2_000  # made-up pictures, and real ones to hold them against
SHOWN = 20
JUDGE_EPOCHS = 3
KINDS = ("generated", "independent", "untrained", "noise", "mean_image", "pca", "rebuilt", "real")


@experiment(
    "intuition-pictures",
    datasets=("mnist",),
    minutes=1,
    metrics=[
        *(Metric(f"{name}_frechet_distance", "squared features", "lower") for name in KINDS),
        *(
            Metric(f"{name}_{share}", "fraction", "higher")
            for name in KINDS
            for share in ("precision", "recall")
        ),
        Metric("judge_accuracy", "fraction", "higher"),
    ],
)
def pictures(seed: int, profile: Profile) -> Outcome:
    """Pictures from drawn codes against real ones, in the features of a classifier.

    `generated`: codes from a Gaussian fitted to the codes of training images. `independent`: the
    same without correlations between code units. Controls: drawn codes through an untrained
    decoder; pixel noise; the mean image, which is near every digit and is none; and the same
    Gaussian on as many principal components. `rebuilt` and `real` (other test images) are as near
    as one can come.
    """
    data = profile.dataset("mnist")
    epochs = images.EPOCHS
    model = protocol.fit(images.NETWORK, data.x_train, profile, seed=seed, epochs=epochs).model
    count = min(DRAWN, len(data.x_test) // 2)
    made = _pictures(model, data, count, seed=seed)
    real = protocol.flat(data.x_test[-count:])
    judge = _judge(data, profile, seed=seed)
    features = {name: _features(judge, each) for name, each in made.items()}
    reference = _features(judge, real)
    scores = {}
    for name, each in features.items():
        scores |= {
            f"{name}_frechet_distance": (metrics.frechet_distance(each, reference), count),
            f"{name}_precision": (metrics.covered_share(each, reference), count),
            f"{name}_recall": (metrics.covered_share(reference, each), count),
        }
    predicted = models.in_batches(judge, data.x_test).argmax(axis=1)
    scores["judge_accuracy"] = (float((predicted == data.y_test).mean()), len(predicted))
    shown = {name: each[:SHOWN].reshape(-1, 28, 28) for name, each in made.items()}
    return Outcome(scores, arrays=shown)


def _pictures(model, data, count: int, *, seed: int) -> dict[str, np.ndarray]:
    """Flat pictures of every kind, `count` of each."""
    rng = np.random.default_rng(seed)
    untrained = initialise(models.DenseAutoencoder, images.NETWORK, data.x_train[:1], seed=seed)
    codes = models.in_batches(model.encode, data.x_train)
    # The code is rectified: a decoder has never seen a negative number.
    drawn = np.maximum(_gaussian(codes, rng, count, correlated=True), 0)
    independent = np.maximum(_gaussian(codes, rng, count, correlated=False), 0)
    known = protocol.flat(data.x_train)
    pca = PCA(protocol.CODE_DIM, svd_solver="covariance_eigh").fit(known)
    components = _gaussian(pca.transform(known), rng, count, correlated=True)
    found = {
        "generated": models.in_batches(model.decode, drawn),
        "independent": models.in_batches(model.decode, independent),
        "untrained": models.in_batches(untrained.decode, drawn),
        "noise": rng.random((count, known.shape[1])),
        "mean_image": np.tile(known.mean(axis=0), (count, 1)),
        "pca": np.clip(pca.inverse_transform(components), 0, 1),
        "rebuilt": models.in_batches(model, data.x_test[:count]),
        "real": protocol.flat(data.x_test[:count]),
    }
    return {name: found[name].astype(np.float32) for name in KINDS}


def _gaussian(
    codes: np.ndarray, rng: np.random.Generator, count: int, *, correlated: bool
) -> np.ndarray:
    """Codes drawn from a normal distribution fitted to codes."""
    covariance = np.cov(codes, rowvar=False)
    if not correlated:
        covariance = np.diag(np.diag(covariance))
    return rng.multivariate_normal(codes.mean(axis=0), covariance, size=count).astype(np.float32)


def _judge(data, profile: Profile, *, seed: int):
    """A classifier of real digits."""
    return train(
        models.image_classifier,
        {},
        data.x_train,
        data.y_train,
        recipe=Recipe(profile.epochs(JUDGE_EPOCHS), 128, loss="sparse_categorical_crossentropy"),
        seed=seed,
        checkpoints=profile.checkpoints,
    ).model


def _features(judge, pictures: np.ndarray) -> np.ndarray:
    """What the judge's last hidden layer makes of flat pictures, `(n, 64)`."""
    inner = keras.Model(judge.inputs[0], judge.layers[-2].output)
    return models.in_batches(inner, pictures.reshape(-1, *models.IMAGE_SHAPE))

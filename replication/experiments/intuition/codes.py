"""Whether one number of a code means anything by itself."""

from sklearn.decomposition import PCA

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import images, protocol
from replication.training import Recipe, train

LABELLED = 10_000  # of the training images: they choose units and fit probes
TAUGHT_EPOCHS = 5
CODES = ("code", "pca", "taught")


@experiment(
    "intuition-single-codes",
    datasets=("mnist",),
    minutes=0.7,
    metrics=[
        Metric(f"{name}_{reader}_information", "bits", "higher")
        for name in CODES
        for reader in ("best_unit", "probe")
    ],
)
def single_codes(seed: int, profile: Profile) -> Outcome:
    """What the best number of a code tells of a digit, and what a probe reads from all of them.

    Both in bits about "is it this digit", mean over the digits. Control: the outputs of a
    classifier, a code of ten numbers that each were taught a meaning. Principal components of the
    code's size stand beside it.
    """
    data = profile.dataset("mnist")
    known, labels = data.x_train[:LABELLED], (data.y_train[:LABELLED], data.y_test)
    epochs = images.EPOCHS
    model = protocol.fit(images.NETWORK, data.x_train, profile, seed=seed, epochs=epochs).model
    pca = PCA(protocol.CODE_DIM, svd_solver="covariance_eigh").fit(protocol.flat(known))
    encoders = {
        "code": model.encode,
        "pca": lambda batch: pca.transform(protocol.flat(batch)),
        "taught": _taught(data, profile, seed=seed),
    }
    scores = {}
    for name in CODES:
        train_codes, test_codes = (
            models.in_batches(encoders[name], each) for each in (known, data.x_test)
        )
        best = metrics.best_unit_information(train_codes, test_codes, labels)
        guesses = metrics.fit_linear_probe(train_codes, labels[0]).predict(test_codes)
        read = metrics.guess_information(guesses, labels[1])
        scores[f"{name}_best_unit_information"] = (best, len(labels[1]))
        scores[f"{name}_probe_information"] = (read, len(labels[1]))
    return Outcome(scores)


def _classifier():
    return models.dense_classifier((protocol.CODE_DIM,), "relu")


def _taught(data, profile: Profile, *, seed: int):
    """A classifier with a hidden layer of the code's size; its ten outputs."""
    return train(
        _classifier,
        {},
        data.x_train,
        data.y_train,
        recipe=Recipe(
            profile.epochs(TAUGHT_EPOCHS),
            protocol.BATCH_SIZE,
            loss="sparse_categorical_crossentropy",
        ),
        seed=seed,
        checkpoints=profile.checkpoints,
    ).model

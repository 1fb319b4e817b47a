"""Section 1: tied weights, weight decay, codes with K values, and the code as a feature."""

import numpy as np
from keras import ops
from sklearn.cluster import KMeans

from replication import losses, metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol
from replication.experiments.survey.protocol import PLAIN, accuracy, error
from replication.training import initialise

TIED = {**PLAIN, "tied": True}
DECAYED = {**PLAIN, "weight_decay": 1e-3}  # lambda
SMALL, SMALL_EPOCHS = 1_000, 100  # a small training set, passed over more often
NUM_CODES = NUM_CLASSES = 10  # K: as many values as there are digits


@experiment(
    "survey-tied",
    datasets=("mnist",),
    minutes=0.7,
    metrics=[
        *(Metric(f"{model}_parameters", "parameters") for model in ("tied", "untied")),
        Metric("saved_parameters", "parameters", "higher"),
        *(
            error(f"{model}{size}_{split}")
            for model in ("tied", "untied")
            for size in ("", "_small")
            for split in ("train_mse", "test_mse", "gap")
        ),
    ],
)
def tied(seed: int, profile: Profile) -> Outcome:
    """The decoder's kernel as the transpose of the encoder's, on many images and on few."""
    data = profile.dataset("mnist")
    scores, history = {}, []
    for name, arguments in (("tied", TIED), ("untied", PLAIN)):
        for size, count, epochs in (
            ("", len(data.x_train), protocol.EPOCHS),
            ("_small", SMALL, SMALL_EPOCHS),
        ):
            x = data.x_train[:count]
            build = models.Autoencoder
            trained = protocol.fit(build, arguments, x, profile, seed=seed, epochs=epochs)
            train_mse = protocol.reconstruction_error(trained.model, x[: protocol.PROBE_IMAGES])
            test_mse = protocol.reconstruction_error(trained.model, data.x_test)
            scores[f"{name}{size}_train_mse"] = train_mse
            scores[f"{name}{size}_test_mse"] = test_mse
            scores[f"{name}{size}_gap"] = (test_mse[0] - train_mse[0], test_mse[1])
            history = history or trained.history
        scores[f"{name}_parameters"] = (trained.model.count_params(), 1)
    saved = scores["untied_parameters"][0] - scores["tied_parameters"][0]
    return Outcome({**scores, "saved_parameters": (saved, 1)}, history)


@experiment(
    "survey-weight-decay",
    datasets=("mnist",),
    minutes=0.3,
    metrics=[
        Metric("plain_kernel_norm", "squared weight", "lower"),
        Metric("decayed_kernel_norm", "squared weight", "lower"),
        error("plain_test_mse"),
        error("decayed_test_mse"),
    ],
)
def weight_decay(seed: int, profile: Profile) -> Outcome:
    """The squared norm of the weights as part of the loss, and without it."""
    data = profile.dataset("mnist")
    scores = {}
    for name, arguments in (("plain", PLAIN), ("decayed", DECAYED)):
        trained = protocol.fit(models.Autoencoder, arguments, data.x_train, profile, seed=seed)
        kernels = trained.model.kernels
        norm = float(ops.convert_to_numpy(losses.squared_norm(*kernels)))
        scores[f"{name}_kernel_norm"] = (norm, sum(int(np.prod(each.shape)) for each in kernels))
        scores[f"{name}_test_mse"] = protocol.reconstruction_error(trained.model, data.x_test)
    return Outcome(scores, trained.history)


@experiment(
    "survey-k-codes",
    datasets=("mnist",),
    minutes=0.6,
    metrics=[
        *(
            accuracy(f"{name}_{score}")
            for name in ("codes", "straight_through", "kmeans", "random", "second_random")
            for score in ("purity", "hungarian_accuracy")
        ),
        Metric("codes_used", "codes"),
        Metric("straight_through_used", "codes"),
        error("codes_test_mse"),
        error("straight_through_test_mse"),
        error("kmeans_test_mse"),
    ],
)
def k_codes(seed: int, profile: Profile) -> Outcome:
    """A code with ten values, by two estimators, against k-means on pixels and against chance."""
    data = profile.dataset("mnist")
    pixels, num_test = protocol.flat(data.x_test), len(data.x_test)
    kmeans = KMeans(NUM_CODES, n_init=10, random_state=seed).fit(protocol.flat(data.x_train))
    rng, nearest = np.random.default_rng(seed), kmeans.predict(pixels)
    clusters = {
        "kmeans": nearest,
        "random": rng.integers(NUM_CODES, size=num_test),
        "second_random": rng.integers(NUM_CODES, size=num_test),
    }
    difference = pixels - kmeans.cluster_centers_[nearest]
    mse = float(np.square(difference).mean(dtype=np.float64))
    scores, trained = {"kmeans_test_mse": (mse, num_test)}, {}
    for name, build, used in (
        ("codes", models.QuantizedAutoencoder, "codes_used"),
        ("straight_through", models.HardCodeAutoencoder, "straight_through_used"),
    ):
        arguments = {"num_codes": NUM_CODES}
        trained[name] = protocol.fit(build, arguments, data.x_train, profile, seed=seed)
        model = trained[name].model
        clusters[name] = protocol.encoded(model, data.x_test).argmax(axis=1)
        scores[used] = (len(np.unique(clusters[name])), num_test)
        scores[f"{name}_test_mse"] = protocol.reconstruction_error(model, data.x_test)
    for name, found in clusters.items():
        counts = metrics.contingency_matrix(
            data.y_test, found, num_classes=NUM_CLASSES, num_clusters=NUM_CODES
        )
        scores[f"{name}_purity"] = (metrics.purity_score(counts), num_test)
        scores[f"{name}_hungarian_accuracy"] = (metrics.hungarian_accuracy_score(counts), num_test)
    model = trained["codes"].model
    pictures = ops.convert_to_numpy(model.decode(model.nearest.vectors)).reshape(-1, 28, 28)
    centers = kmeans.cluster_centers_.reshape(-1, 28, 28).astype(np.float32)
    return Outcome(scores, trained["codes"].history, {"pictures": pictures, "centers": centers})


@experiment(
    "survey-code-is-feature",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        *(accuracy(f"{name}_probe_accuracy") for name in ("code", "pixels", "untrained", "pca")),
        error("code_test_mse"),
        error("pca_test_mse"),
    ],
)
def code_is_feature(seed: int, profile: Profile) -> Outcome:
    """What a linear classifier makes of the code, of the pixels, and of an untrained code."""
    data = profile.dataset("mnist")
    model = protocol.fit_plain(data, profile, seed=seed).model
    untrained = initialise(models.Autoencoder, PLAIN, data.x_train[:1], seed=seed)
    pixels = protocol.flat(data.x_train[: protocol.PROBE_IMAGES]), protocol.flat(data.x_test)
    *pca, pca_error = metrics.pca_codes(*pixels, components=PLAIN["units"][-1])
    codes = {
        "code": protocol.probe_codes(model, data),
        "pixels": pixels,
        "untrained": protocol.probe_codes(untrained, data),
        "pca": tuple(pca),
    }
    scores = {
        f"{name}_probe_accuracy": protocol.probe_accuracy(each, data)
        for name, each in codes.items()
    }
    scores["code_test_mse"] = protocol.reconstruction_error(model, data.x_test)
    scores["pca_test_mse"] = (pca_error, len(data.x_test))
    return Outcome(scores)

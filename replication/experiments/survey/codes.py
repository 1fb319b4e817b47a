"""Section 1: weight decay, codes with K values, and the code as a feature."""

import numpy as np
from keras import ops
from sklearn.cluster import KMeans

from replication import losses, metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol
from replication.experiments.survey.protocol import PLAIN, accuracy, error, image_error
from replication.training import initialise

DECAYED = {**PLAIN, "weight_decay": 1e-3}  # lambda
DECAYS = {
    "plain": (models.Autoencoder, PLAIN),
    "decayed": (models.Autoencoder, DECAYED),
    "encoder_decayed": (models.EncoderDecayAutoencoder, DECAYED),
}
NUM_CODES = NUM_CLASSES = 10  # K: as many values as there are digits
CODES = ("code", "pixels", "untrained", "pca")


@experiment(
    "survey-decay",
    datasets=("mnist",),
    minutes=0.5,
    metrics=[
        *(
            Metric(f"{network}_{half}_norm", "squared weight", "lower")
            for network in DECAYS
            for half in ("encoder", "decoder")
        ),
        *(error(f"{network}_test_mse") for network in DECAYS),
    ],
)
def decay(seed: int, profile: Profile) -> Outcome:
    """The squared norm of the weights as part of the loss, and without it.

    Control: the norm of the encoder's kernel alone, which leaves the decoder's free.
    """
    data = profile.dataset("mnist")
    scores = {}
    for name, (build, arguments) in DECAYS.items():
        trained = protocol.fit(build, arguments, data.x_train, profile, seed=seed)
        model = trained.model
        for half, (layer,) in (("encoder", model.encoder), ("decoder", model.decoder)):
            norm = float(ops.convert_to_numpy(losses.squared_norm(layer.kernel)))
            scores[f"{name}_{half}_norm"] = (norm, int(np.prod(layer.kernel.shape)))
        scores[f"{name}_test_mse"] = protocol.reconstruction_error(model, data.x_test)
    return Outcome(scores, trained.history)


@experiment(
    "survey-k-values",
    datasets=("mnist",),
    minutes=0.5,
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
        image_error("straight_through_against_random"),
    ],
)
def k_values(seed: int, profile: Profile) -> Outcome:
    """A code with ten values, by two estimators, against k-means on pixels and against chance.

    Each has one start, and nothing is chosen. The error over images is that of a purity whose
    groups keep their majority classes.
    """
    data = profile.dataset("mnist")
    pixels, num_test = protocol.flat(data.x_test), len(data.x_test)
    kmeans = KMeans(NUM_CODES, n_init=1, random_state=seed).fit(protocol.flat(data.x_train))
    rng, nearest = np.random.default_rng(seed), kmeans.predict(pixels)
    clusters = {
        "kmeans": nearest,
        "random": rng.integers(NUM_CODES, size=num_test),
        "second_random": rng.integers(NUM_CODES, size=num_test),
    }
    difference = pixels - kmeans.cluster_centers_[nearest]
    mse = float(np.square(difference).mean(dtype=np.float64))
    scores, trained, right = {"kmeans_test_mse": (mse, num_test)}, {}, {}
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
        right[name] = metrics.majority_mapping(counts)[found] == data.y_test
        scores[f"{name}_purity"] = (metrics.purity_score(counts), num_test)
        scores[f"{name}_hungarian_accuracy"] = (metrics.hungarian_accuracy_score(counts), num_test)
    over_images = metrics.paired_standard_error(right["straight_through"], right["random"])
    scores["straight_through_against_random_image_error"] = (over_images, num_test)
    model = trained["codes"].model
    pictures = ops.convert_to_numpy(model.decode(model.nearest.vectors)).reshape(-1, 28, 28)
    centers = kmeans.cluster_centers_.reshape(-1, 28, 28).astype(np.float32)
    return Outcome(scores, trained["codes"].history, {"pictures": pictures, "centers": centers})


@experiment(
    "survey-code",
    datasets=("mnist",),
    minutes=0.8,
    metrics=[
        *(accuracy(f"{name}_probe_accuracy") for name in CODES),
        *(Metric(f"{name}_penalty", "inverse of C", "none") for name in CODES),
        error("code_test_mse"),
        error("pca_test_mse"),
        image_error("code_against_pixels"),
    ],
)
def code(seed: int, profile: Profile) -> Outcome:
    """What a linear classifier makes of the code, of the pixels, and of controls.

    Each has the penalty that held-out labelled images choose. Controls: an untrained encoder's
    code, and principal components of the code's size.
    """
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
    labels = data.y_train[: protocol.PROBE_IMAGES], data.y_test
    scores, right = {}, {}
    for name in CODES:
        probe, penalty = metrics.fit_tuned_probe(codes[name][0], labels[0])
        right[name] = probe.predict(codes[name][1]) == labels[1]
        scores[f"{name}_probe_accuracy"] = (float(right[name].mean()), len(labels[1]))
        scores[f"{name}_penalty"] = (penalty, len(labels[0]))
    over_images = metrics.paired_standard_error(right["code"], right["pixels"])
    scores["code_against_pixels_image_error"] = (over_images, len(labels[1]))
    scores["code_test_mse"] = protocol.reconstruction_error(model, data.x_test)
    scores["pca_test_mse"] = (pca_error, len(data.x_test))
    return Outcome(scores)

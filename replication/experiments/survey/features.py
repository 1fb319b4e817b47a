"""Section 2: whether a sparse code selects and can be read; and a target that is kept."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol, sparse
from replication.experiments.survey.protocol import accuracy

KEPT = 20  # units of an image that stay as they are; the others are set to zero

KEPT_TARGET = [
    Metric("mean_activation", "activation"),
    Metric("target_distance", "activation", "lower"),
    Metric("largest_distance", "activation", "lower"),
    protocol.error("test_mse"),
]


@experiment(
    "survey-features",
    datasets=("mnist",),
    minutes=2,
    metrics=[
        *(
            accuracy(f"{code}_{probe}_probe_accuracy")
            for code in ("sparse", "dense")
            for probe in ("kept", "whole")
        ),
        *(
            Metric(f"{code}_class_selectivity", "fraction", "higher")
            for code in ("sparse", "dense", "cut")
        ),
        *(Metric(f"{code}_active_share", "fraction", "lower") for code in ("sparse", "cut")),
    ],
)
def features(seed: int, profile: Profile) -> Outcome:
    """The codes of `survey-sparse-l1` and `survey-dense-relu`: what few units of an image tell.

    `kept`: a linear probe on the `KEPT` most active units of each image, all others set to zero.
    `cut`, the control of selectivity: the dense code with a threshold for each unit, so that the
    same share of its activations is left as in the sparse code.
    """
    data = profile.dataset("mnist")
    networks = {
        "sparse": (models.SparseAutoencoder, sparse.SPARSE_L1),
        "dense": (models.Autoencoder, sparse.DENSE_RELU),
    }
    scores, codes, num_test = {}, {}, len(data.x_test)
    for name, (build, arguments) in networks.items():
        model = protocol.fit(
            build, arguments, data.x_train, profile, seed=seed, epochs=sparse.EPOCHS
        ).model
        pair = protocol.probe_codes(model, data)
        kept = tuple(metrics.most_active_only(each, KEPT) for each in pair)
        scores[f"{name}_whole_probe_accuracy"] = protocol.probe_accuracy(pair, data)
        scores[f"{name}_kept_probe_accuracy"] = protocol.probe_accuracy(kept, data)
        codes[name] = pair[1]
    share = metrics.active_share(codes["sparse"])
    codes["cut"] = metrics.thresholded(codes["dense"], share)
    for name, each in codes.items():
        selectivity = metrics.class_selectivity(each, data.y_test)
        scores[f"{name}_class_selectivity"] = (selectivity, num_test)
    scores["sparse_active_share"] = (share, num_test)
    scores["cut_active_share"] = (float((codes["cut"] > 0).mean()), num_test)
    return Outcome(scores)


@experiment(
    "survey-sparse-kl-long",
    datasets=("mnist",),
    minutes=3,
    metrics=KEPT_TARGET,
    eta=100.0,
    epochs=20,
)
@experiment(
    "survey-sparse-kl-strong",
    datasets=("mnist",),
    minutes=0.8,
    metrics=KEPT_TARGET,
    eta=10.0,
    epochs=sparse.EPOCHS,
)
def sparse_kl_strong(seed: int, profile: Profile, *, eta: float, epochs: int) -> Outcome:
    """The code of `survey-sparse-kl` with more weight, and for longer: is the target kept?"""
    data, strong = profile.dataset("mnist"), {**sparse.SPARSE_KL, "sparsity": eta}
    model = protocol.fit(
        models.SparseAutoencoder, strong, data.x_train, profile, seed=seed, epochs=epochs
    ).model
    means = protocol.encoded(model, data.x_test).mean(axis=0, dtype=np.float64)
    distances = np.abs(means - sparse.TARGET)
    found = {
        "mean_activation": means.mean(),
        "target_distance": distances.mean(),
        "largest_distance": distances.max(),
    }
    scores = {name: (float(value), len(data.x_test)) for name, value in found.items()}
    return Outcome({**scores, "test_mse": protocol.reconstruction_error(model, data.x_test)})

"""Article 05: a VAE that clusters in one step (苏剑林, 2018).

Core: equation (5) as published, on both data sets, and the controls that its
purity must beat. Extended: the public code's later revision, the same nets in
two steps, the loss without its balance term, and the networks of the earliest
public code.
"""

import numpy as np
from keras import ops
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from replication import losses, metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.training import Recipe, Trained, initialise, train

DATASETS = ("mnist", "fashion_mnist")
EPOCHS = 50  # public code
BATCH_SIZE = 100  # public code
NUM_CLUSTERS = models.NUM_CLUSTERS
NUM_CLASSES = 10
EQ5 = {"kl": "closed-form", "precision": 5.0, "balance": True}  # September 2018
ONE_SAMPLE = {"kl": "one-sample", "precision": 2.5, "balance": True}  # December 2018
FIRST_CODE = {**EQ5, "networks": "shallow"}  # the earliest public code, commit 0fe7a91
NO_BALANCE = {**EQ5, "balance": False}  # remark 3 below equation (5)
GRID = 64  # pictures of a cluster: 8 x 8, as in the article's figures

PROTOCOL = [
    Metric(name, unit, "none" if unit == "clusters" else "higher")
    for name, unit in metrics.protocol_metric_names().items()
]
ENTROPY = Metric("assignment_entropy", "nats", "none")


@experiment("clustering-eq5-{dataset}", datasets=DATASETS, minutes=31, metrics=[*PROTOCOL, ENTROPY])
def eq5(seed: int, profile: Profile, dataset: str) -> Outcome:
    """The headline: equation (5), decoder variance 1/5."""
    return _clustered(seed, profile, dataset, objective=EQ5)


@experiment(
    "clustering-one-sample-{dataset}",
    datasets=DATASETS,
    minutes=31,
    metrics=[*PROTOCOL, ENTROPY],
    tier="extended",
)
def one_sample(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Today's public code: a one-sample estimate of equation (4), decoder variance 1/2.5."""
    return _clustered(seed, profile, dataset, objective=ONE_SAMPLE)


@experiment(
    "clustering-first-code-{dataset}",
    datasets=DATASETS,
    minutes=15,
    metrics=[*PROTOCOL, ENTROPY],
    tier="extended",
)
def first_code(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Equation (5) with the smaller networks of the earliest public code that we know."""
    return _clustered(seed, profile, dataset, objective=FIRST_CODE)


@experiment(
    "clustering-no-balance-{dataset}",
    datasets=DATASETS,
    minutes=31,
    metrics=[*PROTOCOL, ENTROPY],
    tier="extended",
)
def no_balance(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Equation (5) without its third term."""
    return _clustered(seed, profile, dataset, objective=NO_BALANCE)


@experiment(
    "clustering-two-step-{dataset}",
    datasets=DATASETS,
    minutes=31,
    metrics=[
        Metric(f"{method}_{metric.name}", metric.unit, metric.better)
        for method in ("kmeans", "gaussian_mixture")
        for metric in PROTOCOL
    ],
    tier="extended",
)
def two_step(seed: int, profile: Profile, dataset: str) -> Outcome:
    """A plain VAE with the same nets and epochs, then a clustering of its codes."""
    data = profile.dataset(dataset)
    trained = train(
        models.VAE,
        {"precision": EQ5["precision"], "seed": seed},
        data.x_train,
        recipe=Recipe(profile.epochs(EPOCHS), BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
    )
    codes = (
        models.encode_means(trained.model, data.x_train),
        models.encode_means(trained.model, data.x_test),
    )
    methods = {
        "kmeans": KMeans(NUM_CLUSTERS, n_init=10, random_state=seed),
        "gaussian_mixture": GaussianMixture(NUM_CLUSTERS, random_state=seed, max_iter=200),
    }
    scores = {}
    for method, estimator in methods.items():
        estimator.fit(codes[0])
        found = _protocol(data, estimator.predict(codes[0]), estimator.predict(codes[1]))
        scores.update({f"{method}_{name}": value for name, value in found.items()})
    return Outcome(scores, trained.history)


@experiment("clustering-pixels-kmeans-{dataset}", datasets=DATASETS, minutes=1, metrics=PROTOCOL)
def pixels_kmeans(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Control: k-means on raw pixels."""
    data = profile.dataset(dataset)
    return Outcome(_kmeans_protocol(data, _flat(data.x_train), _flat(data.x_test), seed=seed))


@experiment("clustering-untrained-kmeans-{dataset}", datasets=DATASETS, minutes=1, metrics=PROTOCOL)
def untrained_kmeans(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Control: k-means on the codes of the same encoder before any training."""
    data = profile.dataset(dataset)
    model = _untrained(data, seed)
    codes = models.encode_means(model, data.x_train), models.encode_means(model, data.x_test)
    return Outcome(_kmeans_protocol(data, *codes, seed=seed))


@experiment("clustering-shuffled-labels-{dataset}", datasets=DATASETS, minutes=1, metrics=PROTOCOL)
def shuffled_labels(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Control: the headline's own clusters, scored against labels in random order."""
    data = profile.dataset(dataset)
    trained = _train(data, profile, objective=EQ5, seed=seed)
    rng = np.random.default_rng(seed)
    return Outcome(
        metrics.clustering_protocol(
            rng.permutation(data.y_train),
            _probabilities(trained.model, data.x_train).argmax(axis=1),
            rng.permutation(data.y_test),
            _probabilities(trained.model, data.x_test).argmax(axis=1),
            num_classes=NUM_CLASSES,
            num_clusters=NUM_CLUSTERS,
        )
    )


@experiment(
    "clustering-samples-{dataset}",
    datasets=DATASETS,
    minutes=1,
    metrics=[
        Metric("sample_agreement", "fraction", "higher"),
        Metric("untrained_sample_agreement", "fraction", "none"),
        Metric("classifier_test_accuracy", "fraction", "higher"),
    ],
)
def samples(seed: int, profile: Profile, dataset: str) -> Outcome:
    """Whether pictures drawn from N(mu_y, I) look like the class of cluster y.

    The judge is a classifier trained on real images; the class of a cluster is
    the majority label of its test images. Control: the same codes through the
    decoder before training.
    """
    data = profile.dataset(dataset)
    judge = train(
        models.image_classifier,
        {},
        data.x_train,
        data.y_train,
        recipe=Recipe(profile.epochs(5), 128, loss="sparse_categorical_crossentropy"),
        seed=seed,
        checkpoints=profile.checkpoints,
    ).model
    model = _train(data, profile, objective=EQ5, seed=seed).model
    contingency = metrics.contingency_matrix(
        data.y_test,
        _probabilities(model, data.x_test).argmax(axis=1),
        num_classes=NUM_CLASSES,
        num_clusters=NUM_CLUSTERS,
    )
    expected = np.repeat(metrics.majority_mapping(contingency), 500)
    codes = _cluster_codes(model, 500, seed=seed)
    agreement = {
        name: float((_judged(judge, decoder, codes) == expected).mean())
        for name, decoder in (
            ("sample_agreement", model.decoder),
            ("untrained_sample_agreement", _untrained(data, seed).decoder),
        )
    }
    predicted = models.in_batches(judge, data.x_test).argmax(axis=1)
    accuracy = float((predicted == data.y_test).mean())
    return Outcome(
        {name: (value, len(expected)) for name, value in agreement.items()}
        | {"classifier_test_accuracy": (accuracy, len(data.y_test))}
    )


@experiment(
    "clustering-identities",
    minutes=0.1,
    metrics=[
        Metric("one_sample_constant", "nats"),
        Metric("eq5_constant", "nats"),
        Metric("batch_dot_max_error", "nats", "lower"),
    ],
)
def identities(seed: int, profile: Profile) -> Outcome:
    """What the losses leave out of the objective, and the batched product against a loop.

    The objective is computed here a second time, in NumPy and double
    precision, from the densities of equation (4). The noise is +1 or -1: its
    second moment is the Gaussian's, and the objective is quadratic in it, so
    the constant of the one-sample estimate comes out without sampling error.
    """
    batch = _random_batch(np.random.default_rng(seed), num_examples=256)
    constants = {
        name: (float(np.mean(_negative_elbo(batch, objective) - _loss(batch, objective))), 256)
        for name, objective in (("one_sample_constant", ONE_SAMPLE), ("eq5_constant", EQ5))
    }
    kl = np.square(batch["means"]).sum(axis=-1)  # any (batch, num_clusters) will do
    product = ops.convert_to_numpy(losses.class_weighted_kl(batch["probabilities"], kl))
    loop = [
        sum(float(p) * float(each) for p, each in zip(*rows, strict=True))
        for rows in zip(batch["probabilities"], kl, strict=True)
    ]
    error = float(np.abs(product - np.array(loop)).max())
    return Outcome({**constants, "batch_dot_max_error": (error, len(loop))})


def _random_batch(rng: np.random.Generator, *, num_examples: int) -> dict[str, np.ndarray]:
    """Random float32 outputs of a `ClusteringVAE`, and the images they belong to."""
    latents = (num_examples, models.LATENT_DIM)
    z_mean, z_log_var = rng.normal(size=latents), rng.normal(size=latents)
    z = z_mean + np.exp(z_log_var / 2) * rng.choice([-1.0, 1.0], size=latents)
    means = rng.normal(size=(NUM_CLUSTERS, models.LATENT_DIM))
    batch = {
        "x": rng.random((num_examples, *models.IMAGE_SHAPE)),
        "x_decoded": rng.random((num_examples, *models.IMAGE_SHAPE)),
        "z_mean": z_mean,
        "z_log_var": z_log_var,
        "z": z,
        "means": np.broadcast_to(means, (num_examples, *means.shape)),
        "probabilities": rng.dirichlet(np.ones(NUM_CLUSTERS), size=num_examples),
    }
    return {name: array.astype(np.float32) for name, array in batch.items()}


def _loss(batch: dict, objective: dict) -> np.ndarray:
    """The project's loss for each example: the sum of a `ClusteringVAE`'s terms."""
    model = models.ClusteringVAE(**objective, seed=0)
    center = batch["z_mean"] if objective["kl"] == "closed-form" else batch["z"]
    outputs = {**batch, "differences": center[:, np.newaxis] - batch["means"]}
    terms = model.compute_terms(batch["x"], outputs)
    return sum(ops.convert_to_numpy(term) for term in terms.values()).astype(np.float64)


def _negative_elbo(batch: dict, objective: dict) -> np.ndarray:
    """-ELBO for each example from normal densities (SciPy), classes summed out."""
    batch = {name: array.astype(np.float64) for name, array in batch.items()}
    scale = objective["precision"] ** -0.5
    log_likelihood = norm.logpdf(batch["x"], batch["x_decoded"], scale).sum(axis=(1, 2, 3))
    std = np.exp(batch["z_log_var"] / 2)
    if objective["kl"] == "one-sample":
        log_p = norm.logpdf(batch["z"], batch["z_mean"], std)[:, np.newaxis]
        log_q = norm.logpdf(batch["z"][:, np.newaxis], batch["means"])
        kl = (log_p - log_q).sum(axis=-1)  # (batch, num_clusters)
    else:
        second_moment = (batch["z_mean"][:, np.newaxis] - batch["means"]) ** 2 + std[:, None] ** 2
        cross_entropy = 0.5 * (np.log(2 * np.pi) + second_moment).sum(axis=-1)
        kl = cross_entropy - norm.entropy(0, std).sum(axis=-1, keepdims=True)
    probabilities = batch["probabilities"]
    balance = (probabilities * np.log(probabilities * NUM_CLUSTERS)).sum(axis=-1)
    return -log_likelihood + (probabilities * kl).sum(axis=-1) + balance


def _clustered(seed: int, profile: Profile, dataset: str, *, objective: dict) -> Outcome:
    data = profile.dataset(dataset)
    trained = _train(data, profile, objective=objective, seed=seed)
    p_train = _probabilities(trained.model, data.x_train)
    p_test = _probabilities(trained.model, data.x_test)
    clusters = p_test.argmax(axis=1)
    scores = _protocol(data, p_train.argmax(axis=1), clusters)
    scores["assignment_entropy"] = (metrics.assignment_entropy(p_test), len(p_test))
    codes = _cluster_codes(trained.model, GRID, seed=seed)
    drawn = models.in_batches(trained.model.decoder, codes)
    arrays = {
        "members": _members(data.x_test, clusters),
        "samples": _bytes(drawn).reshape(NUM_CLUSTERS, GRID, 28, 28),
        "test_contingency": metrics.contingency_matrix(
            data.y_test, clusters, num_classes=NUM_CLASSES, num_clusters=NUM_CLUSTERS
        ),
    }
    return Outcome(scores, trained.history, arrays)


def _train(data, profile: Profile, *, objective: dict, seed: int) -> Trained:
    return train(
        models.ClusteringVAE,
        {**objective, "seed": seed},
        data.x_train,
        recipe=Recipe(profile.epochs(EPOCHS), BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
    )


def _untrained(data, seed: int) -> models.ClusteringVAE:
    return initialise(models.ClusteringVAE, {**EQ5, "seed": seed}, data.x_train[:1], seed=seed)


def _probabilities(model: models.ClusteringVAE, x: np.ndarray) -> np.ndarray:
    """p(y|z) at the mean of p(z|x): what the article uses at test time."""
    return ops.convert_to_numpy(model.classifier(models.encode_means(model, x)))


def _cluster_codes(model: models.ClusteringVAE, count: int, *, seed: int) -> np.ndarray:
    """`count` codes from N(mu_y, I) for each cluster y in turn, one after the other."""
    means = ops.convert_to_numpy(model.cluster_means.means)  # (num_clusters, latent_dim)
    noise = np.random.default_rng(seed).normal(size=(len(means), count, means.shape[1]))
    return (means[:, np.newaxis] + noise).reshape(-1, means.shape[1]).astype(np.float32)


def _judged(judge, decoder, codes: np.ndarray) -> np.ndarray:
    return models.in_batches(lambda batch: judge(decoder(batch)), codes).argmax(axis=1)


def _members(x: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """The first `GRID` images of every cluster as bytes; black where there are fewer."""
    grids = np.zeros((NUM_CLUSTERS, GRID, 28, 28), np.uint8)
    for cluster in range(NUM_CLUSTERS):
        images = x[clusters == cluster][:GRID, ..., 0]
        grids[cluster, : len(images)] = _bytes(images)
    return grids


def _bytes(images: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(images) * 255).astype(np.uint8)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _kmeans_protocol(data, train_features, test_features, *, seed: int) -> dict:
    estimator = KMeans(NUM_CLUSTERS, n_init=10, random_state=seed).fit(train_features)
    return _protocol(data, estimator.labels_, estimator.predict(test_features))


def _protocol(data, train_clusters, test_clusters) -> dict:
    return metrics.clustering_protocol(
        data.y_train,
        train_clusters,
        data.y_test,
        test_clusters,
        num_classes=NUM_CLASSES,
        num_clusters=NUM_CLUSTERS,
    )

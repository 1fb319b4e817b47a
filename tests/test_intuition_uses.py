"""Article 01: what a code is used for: features, less work, new pictures; and its single numbers.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import numpy as np
import pytest

from replication import few_labels, metrics, models
from replication.experiments import Profile
from replication.experiments.intuition import cheaper, generation, protocol
from replication.experiments.intuition import codes as single
from replication.training import Recipe, Trained

TRAINERS = [protocol, cheaper, single, generation, few_labels]

NUM_DRAWS = 40_000


def flat(each):
    return each.reshape(len(each), -1)


@pytest.fixture(scope="module")
def codes():
    """Correlated codes far above zero, so that hardly a number drawn from them is negative."""
    rng = np.random.default_rng(0)
    return 20 + rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))


@pytest.mark.parametrize("correlated", [True, False])
def test_gaussian_codes_have_the_fitted_mean_and_covariance(codes, correlated):
    """Those of the codes; without correlations the variances alone."""
    rng = np.random.default_rng(1)

    found = generation._gaussian(codes, rng, NUM_DRAWS, correlated=correlated).astype(float)

    covariance = np.cov(codes.T) if correlated else np.diag(codes.var(axis=0, ddof=1))
    variances = np.diag(covariance)
    assert found.shape == (NUM_DRAWS, 4)
    bound = 5 * np.sqrt(variances / NUM_DRAWS)  # five standard errors of a mean
    assert (np.abs(found.mean(axis=0) - codes.mean(axis=0)) < bound).all()
    errors = np.sqrt((np.outer(variances, variances) + covariance**2) / NUM_DRAWS)
    assert (np.abs(np.cov(found.T) - covariance) < 5 * errors).all()  # of a covariance, the same
    assert np.abs(np.cov(codes.T) - np.diag(np.diag(np.cov(codes.T)))).max() > 10 * errors.max()


def test_only_training_tells_drawn_pictures_from_those_of_the_control(started):
    """The same codes through the decoder before a step: the judge cannot tell them apart."""
    found, arrays, _ = started("intuition-pictures")

    np.testing.assert_array_equal(arrays["generated"], arrays["untrained"])
    for metric in ("frechet_distance", "precision", "recall"):
        assert found[f"generated_{metric}"] == found[f"untrained_{metric}"]
    assert found["independent_frechet_distance"] != found["generated_frechet_distance"]


def test_pictures_are_judged_by_features_of_real_ones(started, data):
    """The last hidden layer, against test images that are not among those judged."""
    found, arrays, (_, judge) = started("intuition-pictures")
    half = len(data.x_test) // 2

    def features(images):
        for layer in judge.model.layers[:-1]:
            images = layer(images)
        return np.asarray(images)

    real, others = features(data.x_test[:half]), features(data.x_test[-half:])
    expected = metrics.frechet_distance(real, others)
    assert found["real_frechet_distance"] == pytest.approx(expected, rel=1e-3)  # float32 features
    assert found["real_precision"] == metrics.covered_share(real, others)
    assert found["real_recall"] == metrics.covered_share(others, real)
    right = np.asarray(judge.model(data.x_test)).argmax(axis=1) == data.y_test
    assert found["judge_accuracy"] == right.mean()
    assert judge.recipe == Recipe(3, 128, loss="sparse_categorical_crossentropy")
    np.testing.assert_array_equal(judge.x, data.x_train)


def test_controls_of_made_up_pictures(started, data):
    """One mean image, over and over; and what principal components draw, in black and white."""
    found, arrays, _ = started("intuition-pictures")

    mean = data.x_train.mean(axis=0)[..., 0]
    np.testing.assert_allclose(arrays["mean_image"], [mean] * 20, atol=1e-6)  # float32 mean
    assert found["mean_image_recall"] == 0
    assert (arrays["pca"].min(), arrays["pca"].max()) == (0, 1)
    assert len(np.unique(arrays["pca"].reshape(20, -1), axis=0)) == 20


@pytest.mark.parametrize("name", ["features", "features-sigmoid"])
def test_classifiers_start_from_an_encoder_or_from_chance(started, data, name):
    """The encoder's layers and the softmax of a fresh one; or the fresh one as it is."""
    _, _, (whole, first, second, *calls) = started(f"intuition-{name}")
    scratch, *others = (call.initial for call in calls[:25:5])
    stacked = [layer for each in (first, second) for layer in each.model.encoder[:1]]

    activation = calls[0].args["activation"]
    assert activation == ("sigmoid" if name.endswith("sigmoid") else "relu")
    assert {layer.activation.__name__ for layer in (*whole.model.encoder, *stacked)} == {activation}
    for start, encoder in zip(others[:2], (whole.model.encoder, stacked), strict=True):
        weights = [weight for layer in encoder for weight in layer.get_weights()]
        for given, weight in zip(start, weights + scratch[-2:], strict=True):
            np.testing.assert_array_equal(given, weight)
    codes = models.in_batches(first.model.encode, first.x)
    np.testing.assert_array_equal(second.x, codes)


def test_the_control_starts_from_permuted_kernels(started):
    """Those of the two encoders, and the softmax as it is."""
    _, _, (_, _, _, *calls) = started("intuition-features")
    _, whole, layer_wise, *permuted = (call.initial for call in calls[:25:5])

    for given, shuffled in zip((whole, layer_wise), permuted, strict=True):
        for number in (0, 2):  # kernels of the two hidden layers
            assert (given[number] == shuffled[number]).mean() < 0.01
            np.testing.assert_array_equal(*(np.sort(e[number], None) for e in (given, shuffled)))
        for number in (1, 3, 4, 5):
            np.testing.assert_array_equal(given[number], shuffled[number])


def test_every_start_is_tried_at_every_rate(started):
    """For two numbers of labels; and once more at the one that was chosen."""
    _, _, (_, _, _, *calls) = started("intuition-features")

    assert len(calls) == 2 * 5 * (4 + 1)
    assert [call.recipe.learning_rate for call in calls[:4]] == list(few_labels.RATES)


def test_multiply_adds_are_entries_of_kernels(started):
    """784-64-10 against 32-64-10; biases are additions only."""
    found, *_ = started("intuition-work")

    assert found["pixels_multiply_adds"] == 784 * 64 + 64 * 10
    assert found["code_multiply_adds"] == 32 * 64 + 64 * 10
    assert found["encoder_multiply_adds"] == 784 * 32
    ratio = (784 * 64 + 64 * 10) / (32 * 64 + 64 * 10)
    assert found["multiply_add_ratio"] == pytest.approx(ratio, rel=1e-12)  # one division


def test_work_is_passes_times_three_times_the_forward_multiply_adds(started, data):
    """And once the encoder's for each labelled image; and the training of the autoencoder."""
    found, _, (_, *calls) = started("intuition-work")
    labelled, encoder = len(data.x_train), 784 * 32

    assert [call.x.shape[1] for call in calls] == [32] * 3 + [784] * 3 + [32] * 3
    assert [call.recipe.learning_rate for call in calls[:3]] == list(cheaper.RATES)
    work = {name: found[f"{name}_millions_to_90"] * 1e6 for name in (*cheaper.INPUTS,)}
    for name, each in (("code", 2_688), ("pixels", 50_816), ("random_code", 2_688)):
        passes = cheaper.PASSES[name]  # never, in the one look of an untrained run
        assert found[f"{name}_passes_to_90"] == passes
        cost = 3 * labelled * each * passes
        assert work[name] == pytest.approx(cost, rel=1e-12)  # products of integers
    more = (found["code_and_encoder_millions_to_90"] - found["code_millions_to_90"]) * 1e6
    assert more == pytest.approx(labelled * encoder, rel=1e-9)  # a difference of products
    trained = found["code_and_training_millions_to_90"] - found["code_and_encoder_millions_to_90"]
    expected = 10 * labelled * 3 * 2 * encoder
    assert trained * 1e6 == pytest.approx(expected, rel=1e-9)  # a difference of products


def test_passes_are_those_of_test_images_at_the_rate_held_out_images_choose(data, monkeypatch):
    """The second rate is first to reach the level there; its test curve is what counts."""
    held_out = {1e-3: [0.5, 0.7, 0.95], 3e-3: [0.8, 0.9, 0.95], 1e-2: [0.1, 0.1, 0.1]}
    test = {1e-3: [0.9, 0.9, 0.9], 3e-3: [0.8, 0.85, 0.95], 1e-2: [0.9, 0.9, 0.9]}

    def train(*_, recipe, observe, **__):
        rate = recipe.learning_rate
        curves = zip(held_out[rate], test[rate], strict=True)
        return Trained(None, [{"held_out": one, "test": other} for one, other in curves])

    monkeypatch.setattr(cheaper, "train", train)
    splits = tuple(flat(data.x_train[:count]) for count in (30, 20, 10))
    labels = tuple(data.y_train[:count] for count in (30, 20, 10))

    passes, accuracy, work = cheaper._fastest(
        splits, labels, Profile("full", None), passes=4, seed=0
    )

    assert passes == pytest.approx(
        4 * 2.5
    )  # between the second look and the third, four passes each
    assert (accuracy, work) == (0.95, 50_816)


def test_single_numbers_of_a_code_against_all_of_them(started, data):
    """For the code, principal components and a taught code: units chosen on training images."""
    found, _, (autoencoder, taught) = started("intuition-single-codes")

    known, unseen = (models.in_batches(taught.model, x) for x in (data.x_train, data.x_test))
    labels = data.y_train, data.y_test
    best = metrics.best_unit_information(known, unseen, labels)
    guesses = metrics.fit_linear_probe(known, data.y_train).predict(unseen)
    assert found["taught_best_unit_information"] == pytest.approx(best, rel=1e-9)  # the same sums
    read = metrics.guess_information(guesses, data.y_test)
    assert found["taught_probe_information"] == pytest.approx(read, rel=1e-9)  # the same sums
    assert [layer.units for layer in taught.model.layers[1:]] == [32, 10]
    assert [layer.units for layer in autoencoder.model.encoder] == [32]


def test_the_autoencoder_of_the_article_is_trained_once(at_smoke_size):
    """Whoever comes first trains it; the others find it, and train their own networks only."""
    names = ("single-codes", "work", "pictures")
    codes, work, pictures = (at_smoke_size(f"intuition-{name}")[1] for name in names)

    autoencoder = codes & work & pictures
    assert len(autoencoder) == 1
    assert [len(each - autoencoder) for each in (codes, work, pictures)] == [1, 9, 1]
    assert len(codes | work | pictures) == 1 + 1 + 9 + 1, "no other network is shared"

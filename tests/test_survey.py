"""Article 02: stacks put together from stages, and statistics by hand.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import functools

import numpy as np
import pytest
from keras import ops

from replication import experiments, few_labels, models
from replication.experiments import Profile
from replication.experiments.survey import protocol, sparse, stacked
from replication.training import Recipe, Trained, epoch_order, initialise

NUM_IMAGES = 120  # on the shelf
STACK = (9, 6, 4)  # as many layers as the article's example, and quicker


@pytest.fixture(scope="module")
def started(run_untrained):
    """Runs an experiment with untrained models: its metrics, arrays, and what was to be trained."""
    smaller = [(stacked, "STACK", STACK)]
    modules = [few_labels, protocol, stacked]
    return functools.cache(
        lambda name: run_untrained(name, modules, patches=smaller, draw_biases=True)
    )


def sigmoid(inputs):
    return 1 / (1 + np.exp(-inputs))


def flat(images):
    return images.reshape(len(images), -1)


def through_hidden(model, x):
    for layer in model.layers[:-1]:
        x = layer(x)
    return x


@pytest.fixture(scope="module")
def stages(data, starter):
    """The stages of a small stack, with random biases, and what each was to be trained on."""
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "train", starter(calls, draw_biases=True))
        profile = Profile("full", None)
        found = stacked._stages(data, profile, STACK, {}, seed=0, epochs=stacked.STAGE_EPOCHS)
    return found, calls


def test_each_stage_learns_from_the_codes_of_the_one_before(stages, data):
    """Pixels first, then codes; one layer each, of the stack's sizes, for five epochs."""
    _, calls = stages

    x = flat(data.x_train)
    for size, call in zip(STACK, calls, strict=True):
        np.testing.assert_array_equal(call.x, x)
        assert [each.shape for each in call.model.kernels] == [
            (x.shape[1], size),
            (size, x.shape[1]),
        ]
        assert call.recipe == Recipe(epochs=5, batch_size=100)
        x = models.in_batches(call.model.encode, x)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_stack_is_the_composition_of_its_stages(stages, data, depth):
    """Up through the encoders in order, down through the decoders in reverse: to the last bit."""
    trained, _ = stages
    kept = [stage.model for stage in trained[:depth]]
    deep = initialise(models.Autoencoder, {"units": STACK[:depth]}, data.x_train[:1], seed=9)

    deep.set_weights(stacked._stacked_weights(trained[:depth]))

    expected = flat(data.x_test)
    for model in kept:
        expected = model.encode(expected)
    np.testing.assert_array_equal(deep.encode(data.x_test), expected)
    for model in reversed(kept):
        expected = model.decode(expected)
    np.testing.assert_array_equal(deep(data.x_test)["x_decoded"], expected)


def test_codes_of_a_stack_go_through_all_stages(stages, data):
    """As by hand, with sigmoids in between."""
    found = stacked._through(stages[0], data.x_test)

    code = flat(data.x_test).astype(np.float64)
    for stage in stages[0]:
        kernel, bias = stage.model.encoder[0].get_weights()
        code = sigmoid(code @ kernel + bias)
    np.testing.assert_allclose(found, code, atol=1e-5)  # float32, three layers


def test_fine_tuning_starts_from_the_stages(started):
    """Its start is the stack of the stages, and its error before a step is that of the last."""
    found, arrays, calls = started("survey-layer-wise")

    *layers, tuned, joint, half = calls
    expected = stacked._stacked_weights([Trained(each.model, []) for each in layers])
    for given, weight, kept in zip(tuned.initial, expected, tuned.model.weights, strict=True):
        np.testing.assert_array_equal(given, weight)
        np.testing.assert_array_equal(kept, weight)
    assert found["fine_tuned_test_mse"] == found["stage_3_test_mse"]
    assert (joint.initial, half.initial) == (None, None)
    assert [each.recipe.epochs for each in calls] == [5, 5, 5, 5, 10, 5]
    curves = [*(f"stage_{number}_curve" for number in (1, 2, 3)), "fine_tuned_curve", "joint_curve"]
    assert [arrays[name].tolist() for name in curves] == [[1.0], [2.0], [3.0], [4.0], [5.0]]


def test_errors_of_stages_and_of_the_mean_image_by_hand(started, data):
    """Every stack is decoded back to pixels; the mean image is that of the training images."""
    found, _, calls = started("survey-layer-wise")

    for depth in (1, 2, 3):
        x = flat(data.x_test)
        for call in calls[:depth]:
            x = call.model.encode(x)
        for call in reversed(calls[:depth]):
            x = call.model.decode(x)
        error = np.square(ops.convert_to_numpy(x) - flat(data.x_test)).mean(dtype=np.float64)
        assert found[f"stage_{depth}_test_mse"] == pytest.approx(error, rel=1e-6)  # float32 sums
    expected = np.mean([(each - data.x_train.mean(axis=0)) ** 2 for each in data.x_test])
    assert found["mean_image_test_mse"] == pytest.approx(expected, rel=1e-6)  # float32 squares


def test_pretraining_has_the_settings_of_the_exercise(started):
    """Two sparse layers of 200 units; both halves of the exercise's cost doubled away."""
    *_, calls = started("survey-pretraining")

    for call in calls[:2]:
        model = call.model
        assert isinstance(model, models.SparseAutoencoder)
        assert (model.penalty, model.target, model.sparsity) == ("kl", 0.1, 2 * 3.0)
        assert (model.weight_decay, model.running_mean.momentum) == (3e-3, 0.0)
        assert (model.encoder[0].units, call.recipe.epochs) == (200, 20)


def test_classifiers_start_from_the_stack_or_from_chance(started, data):
    """The first layers are those of the stages; the softmax on top starts alike in all."""
    _, _, (first, second, *calls) = started("survey-pretraining")

    random, pretrained, permuted = (call.initial for call in calls[:15:5])
    encoders = [w for stage in (first, second) for w in stage.model.encoder[0].get_weights()]
    fresh = initialise(stacked._classifier, {}, data.x_train[:1], seed=0).get_weights()
    shuffled = few_labels.permuted(encoders, seed=0)
    for given, expected in (
        (random, fresh),
        (pretrained, encoders + fresh[4:]),
        (permuted, shuffled + fresh[4:]),
    ):
        for weight, other in zip(given, expected, strict=True):
            np.testing.assert_array_equal(weight, other)
    assert [call.recipe.learning_rate for call in calls[:4]] == list(few_labels.RATES)


def test_the_softmax_before_fine_tuning_is_the_classifier_it_starts(started, data):
    """Put on top of the stages it gives the same answers, so that tuning starts from them."""
    found, _, calls = started("survey-pretraining")

    softmax, tuned, random = calls[-3:]
    codes = through_hidden(tuned.model, data.x_test)
    expected = softmax.model(codes)
    np.testing.assert_allclose(tuned.model(data.x_test), expected, rtol=1e-5)  # float32 softmax
    assert found["ufldl_accuracy_before"] == found["ufldl_accuracy_after"]
    assert random.initial is None
    assert found["random_accuracy_all_labels"] == found["random_accuracy_100_labels"]
    for call in (softmax, tuned, random):
        assert call.recipe == Recipe(10, 100, loss="sparse_categorical_crossentropy")
        np.testing.assert_array_equal(call.y, data.y_train)


@pytest.mark.parametrize(
    ("control", "name", "activation", "eta"),
    [
        ("survey-dense-relu", "survey-sparse-l1", "relu", 0.05),
        ("survey-dense-sigmoid", "survey-sparse-kl", "sigmoid", 1.0),
    ],
)
def test_sparse_networks_differ_from_their_controls_by_the_penalty(
    started, control, name, activation, eta
):
    """Overcomplete, alike before a step in everything that is measured; eta as declared."""
    dense, sparse_code = started(control), started(name)

    (plain,), (penalised,) = dense[2], sparse_code[2]
    assert penalised.model.encoder[0].kernel.shape == (784, 1_024)
    assert penalised.model.encoder[0].activation.__name__ == activation
    assert penalised.model.sparsity == eta
    assert not hasattr(plain.model, "sparsity")
    assert dense[0] == sparse_code[0]


def test_statistics_of_codes_by_hand(data):
    """Means over test images, distance from 0.05 unit by unit, and units that never fire."""
    codes = np.zeros((NUM_IMAGES, 4), "float32")
    codes[:, 1] = 0.25
    codes[: NUM_IMAGES // 2, 2] = 0.1

    found = {name: value for name, (value, _) in sparse._statistics(codes, data).items()}

    assert found["silent_share"] == 0.5
    assert found["active_share"] == (1 + 0.5) / 4
    assert found["mean_activation"] == pytest.approx((0.25 + 0.05) / 4, rel=1e-6)  # float32 codes
    distance = (0.05 + 0.2 + 0 + 0.05) / 4
    assert found["target_distance"] == pytest.approx(distance, rel=1e-6)  # float32 codes


def test_both_means_are_of_one_network_and_one_epoch(started):
    """Before a step the running mean is the target; the batch is the last of the epoch's order."""
    found, _, calls = started("survey-moving-average")

    assert len({call.model.running_mean.momentum for call in calls}) == 1
    for call, epoch in zip(calls, sparse.LOOKS, strict=True):
        codes = np.asarray(call.model.encode(call.x), np.float64)
        order = epoch_order(len(codes), seed=0, epoch=epoch - 1)
        last = order[-(len(codes) % 100) :]  # of 120 images, those that are left for a second batch
        running, batch = (
            np.abs(each - codes.mean(axis=0)).mean()
            for each in (np.full(codes.shape[1], sparse.TARGET), codes[last].mean(axis=0))
        )
        assert found[f"running_mean_error_epoch_{epoch}"] == pytest.approx(running, rel=1e-5)
        assert found[f"batch_mean_error_epoch_{epoch}"] == pytest.approx(batch, rel=1e-5)


def test_gradient_share_is_one_less_the_momentum():
    """A tenth of the gradient reaches the batch at beta = 0.9, all of it at 0."""
    outcome = experiments.find("survey-gradient-share").run(0, Profile("smoke", None))

    found = {name: value for name, (value, _) in outcome.metrics.items()}
    assert found["gradient_share"] == pytest.approx(1 - 0.9, rel=1e-4)  # float32 gradients
    assert found["gradient_share_batch_mean"] == pytest.approx(1, rel=1e-4)  # float32 gradients


def test_gradient_of_the_penalty_by_hand_against_differences():
    """The slope of the divergence from 0.05, through the mean of the batch."""
    codes = np.random.default_rng(0).uniform(0.1, 0.9, size=(5, 3))

    found = sparse._mean_penalty_gradient(codes)

    def penalty(each):
        mean = each.mean(axis=0)
        return (0.05 * np.log(0.05 / mean) + 0.95 * np.log(0.95 / (1 - mean))).sum()

    for row, column in np.ndindex(codes.shape):
        step = np.zeros_like(codes)
        step[row, column] = 1e-5
        slope = (penalty(codes + step) - penalty(codes - step)) / 2e-5
        assert found[row, column] == pytest.approx(slope, rel=1e-6)  # central difference

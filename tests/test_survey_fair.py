"""Article 02: tying on ever more images, decay of one half, tuned probes, codes cut and moved.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.cluster import KMeans

from replication import metrics, models
from replication.experiments import Profile
from replication.experiments.survey import features, protocol, robust, sparse, stacked, tying
from replication.training import Recipe, initialise, run_key

STACK = (9, 6, 4)
RATES = tying.RATES[:2]


@pytest.fixture(scope="module")
def started(run_untrained):
    """Runs an experiment with untrained models: its metrics, arrays, and what was to be trained."""
    pca = functools.partial(_fewer_components, metrics.pca_codes)
    patches = [(stacked, "STACK", STACK), (metrics, "pca_codes", pca), (tying, "RATES", RATES)]
    modules = [protocol, tying]
    return functools.cache(
        lambda name: run_untrained(name, modules, patches=patches, draw_biases=True)
    )


def _fewer_components(pca_codes, *images, components):
    """Principal components that 120 images have."""
    return pca_codes(*images, components=components // 2)


def flat(images):
    return images.reshape(len(images), -1)


def test_tying_saves_one_kernel(started):
    """784 times 128 of the parameters that are counted by hand."""
    found, *_ = started("survey-tying")

    assert found["tied_parameters"] == 784 * 128 + 128 + 784
    assert found["saved_parameters"] == 784 * 128


def test_every_size_is_trained_with_both_networks_and_two_with_another_start(started):
    """The control has the two sizes that decide."""
    _, _, calls = started("survey-tying")

    assert len(calls) == 2 * len(tying.SIZES) + 2
    assert [call.seed for call in calls] == [0] * 10 + [1_000] * 2
    assert all(call.args["tied"] for call in calls[:5])
    assert not any(call.args["tied"] for call in calls[5:])


@pytest.mark.parametrize("size", tying.SIZES)
def test_every_number_of_images_has_the_same_number_of_steps(size, monkeypatch):
    """6,000 where there are 60,000 images, in whole passes; few are repeated between two looks."""
    trained = []

    def train(build, arguments, x, *, recipe, **_):
        trained.append((len(x), recipe.epochs))
        return tying.Trained(None, [])

    monkeypatch.setattr(tying, "train", train)
    monkeypatch.setattr(tying, "initialise", lambda *_, **__: None)
    monkeypatch.setattr(tying.protocol, "reconstruction_error", lambda *_: (0.0, 1))

    x = np.zeros((size, 1, 1, 1), "float32")
    tying._fit({}, x, x, Profile("full", None), seed=0, num_all=60_000)

    shown, passes = trained[0]
    assert shown % size == 0 and shown == max(12_000, size)
    assert passes * shown == pytest.approx(6_000 * protocol.BATCH_SIZE, rel=0.02)


def test_no_other_experiment_trains_what_is_looked_at(data):
    """A bug of 26 November: the store held the plain network, trained without a look."""
    recipe = Recipe(protocol.EPOCHS, protocol.BATCH_SIZE)
    options = {"recipe": recipe, "seed": 0}
    plain = run_key(models.Autoencoder, protocol.PLAIN, (data.x_train, None), **options)

    for arguments, _ in tying.NETWORKS.values():
        key = run_key(models.Autoencoder, arguments, (data.x_train, None), **options)
        assert key != plain


def test_the_relative_gap_is_a_share_of_the_training_error(started, data):
    """Test error over training error, less one; the training error is of what was trained on."""
    found, _, calls = started("survey-tying")

    train, test = (
        np.square(flat(x) - calls[0].model(x)["x_decoded"]).mean()
        for x in (data.x_train[:250], data.x_test)
    )
    assert found["tied_relative_gap_250"] == pytest.approx(test / train - 1, abs=1e-5)  # float32
    assert found["tied_test_mse_250"] == pytest.approx(test, rel=1e-5)  # float32 means


def test_steps_are_counted_on_unseen_images_with_all_images(data, monkeypatch):
    """A curve that falls to the level between the second look and the third."""
    curve = iter([0.016, 0.008, 0.004, 0.02])  # the start is looked at last

    def train(*_, observe, **__):
        return tying.Trained(None, [observe(None, epoch) for epoch in range(3)])

    monkeypatch.setattr(tying, "train", train)
    monkeypatch.setattr(
        tying.protocol, "reconstruction_error", lambda *_: (next(curve), len(data.x_test))
    )

    profile, everything = Profile("full", None), len(data.x_train)
    _, errors = tying._fit(
        protocol.PLAIN, data.x_train, data.x_test, profile, seed=0, num_all=everything
    )

    assert errors == [0.02, 0.016, 0.008, 0.004]
    assert metrics.first_reached(errors, tying.LEVEL, rising=False) == pytest.approx(1.5)


def test_every_network_is_tried_at_every_rate_on_many_images_and_on_few(started, data):
    """As many steps between two looks; held-out images are none that are learned from."""
    found, _, calls = started("survey-tying-rates")

    assert len(calls) == 3 * 2 * len(RATES)
    assert [call.recipe.learning_rate for call in calls[:4:2]] == list(RATES)
    assert [call.args for call in calls[::4]] == [tying.TIED, tying.UNTIED, tying.UNTIED]
    assert [call.seed for call in calls[::4]] == [0, 0, tying.OTHER_START]
    half = len(data.x_train) // 2
    for call in calls:
        assert len(call.x) == pytest.approx(12_000, abs=half)
        assert len({image.tobytes() for image in call.x}) <= half
        np.testing.assert_array_equal(call.x[:half], data.x_train[:half])
    assert found["tied_steps"] == 120  # one look after the start: never, as nothing was trained


def test_held_out_images_choose_the_rate_and_unseen_ones_are_counted(data, monkeypatch):
    """On curves by hand: the rate that is fastest on the ones, with its steps on the others."""
    fast, slow = [0.02, 0.004, 0.003], [0.02, 0.016, 0.008]
    curves = {rate: (slow, fast) for rate in tying.RATES}
    curves[tying.RATES[1]] = (fast, slow)  # the steps of `slow` count: held-out images choose it

    def given(arguments, images, profile, rate, x, *, seed):
        return curves[rate]

    monkeypatch.setattr(tying, "_curves", given)
    profile = SimpleNamespace(dataset=lambda name: data, epochs=lambda epochs: epochs)
    found = tying.tying_rates(0, profile).metrics

    for name in tying.NETWORKS:
        assert found[f"{name}_steps"] == (pytest.approx(1.5 * 120), len(data.x_test))
        assert found[f"{name}_rate"][0] == found[f"{name}_rate_1000"][0] == tying.RATES[1]
        assert found[f"{name}_test_mse_1000"][0] == 0.008


def test_the_gap_is_counted_after_the_last_step_at_every_rate(data, monkeypatch):
    """On curves by hand."""
    seen = []

    def given(arguments, images, profile, rate, x, *, seed):
        assert list(images) == ["held_out", "known", "unseen"] and images["known"] is x
        seen.append((arguments["tied"], rate, seed))
        return [3, 1, 2], [6, 2, 1], [6, 3, 2 + rate]

    monkeypatch.setattr(tying, "_curves", given)
    found = tying.tying_gap(0, SimpleNamespace(dataset=lambda name: data)).metrics

    assert len(seen) == len(set(seen)) == 3 * len(tying.GAP_RATES)
    for name in tying.NETWORKS:
        for label, rate in tying.GAP_RATES.items():
            assert found[f"{name}_held_out_mse_at_{label}"][0] == 2
            assert found[f"{name}_relative_gap_at_{label}"][0] == pytest.approx(1 + rate)


def test_the_gap_is_compared_where_both_fit_the_same(data, monkeypatch):
    """On curves by hand: 0.008 lies halfway between two looks, or is never reached."""

    def given(arguments, images, profile, rate, x, *, seed):
        known = [0.02, 0.01, 0.009] if arguments["tied"] else [0.02, 0.01, 0.006]
        return [1, 1, 1], known, [0.04, 0.03, 0.01]

    monkeypatch.setattr(tying, "_curves", given)
    found = tying.tying_fit(0, SimpleNamespace(dataset=lambda name: data)).metrics

    for label in tying.GAP_RATES:
        assert found[f"untied_gap_at_equal_fit_{label}"][0] == pytest.approx(0.02 / 0.008 - 1)
        assert found[f"tied_gap_at_equal_fit_{label}"][0] == pytest.approx(0.01 / 0.009 - 1)


def test_weight_decay_of_the_encoder_leaves_the_decoder_out(started):
    """The same start in all; what is decayed is counted, and nothing else."""
    found, _, calls = started("survey-decay")
    plain, decayed, encoder_only = (call.model for call in calls)

    for each in (plain, decayed, encoder_only):
        squares = [np.square(layer.kernel).sum() for layer in (*each.encoder, *each.decoder)]
        counted = [np.square(kernel).sum() for kernel in each.kernels]
        expected = squares[:1] if each is encoder_only else squares
        np.testing.assert_allclose(counted, expected, rtol=1e-6)  # the same sums
    assert [each.weight_decay for each in (plain, decayed, encoder_only)] == [0, 1e-3, 1e-3]
    assert found["plain_decoder_norm"] == pytest.approx(squares[1], rel=1e-5)  # float32 sums
    assert found["plain_encoder_norm"] == found["encoder_decayed_encoder_norm"]


def test_the_decay_of_the_encoder_sends_no_gradient_to_the_decoder(data):
    """Its term of the loss does not change when the decoder's kernel does."""
    arguments = {**protocol.PLAIN, "weight_decay": 1.0}
    model = initialise(models.EncoderDecayAutoencoder, arguments, data.x_train[:1], seed=0)
    x = data.x_train[:5]

    before = float(model.compute_terms(x, model(x))["weight_decay"])
    model.decoder[0].kernel.assign(model.decoder[0].kernel * 2)
    after = float(model.compute_terms(x, model(x))["weight_decay"])
    model.encoder[0].kernel.assign(model.encoder[0].kernel * 2)

    assert after == before
    assert float(model.compute_terms(x, model(x))["weight_decay"]) == pytest.approx(4 * before)


def test_k_means_has_one_start_as_the_code_has(started, data):
    """The centres are those of a single run."""
    _, arrays, _ = started("survey-k-values")

    expected = KMeans(10, n_init=1, random_state=0).fit(flat(data.x_train)).cluster_centers_
    np.testing.assert_allclose(flat(arrays["centers"]), expected, atol=1e-6)  # float32


def test_every_input_of_the_probe_has_its_own_penalty(started, data):
    """That which held-out images choose; code and untrained code are one before a step."""
    found, _, (call,) = started("survey-code")
    codes = tuple(models.in_batches(call.model.encode, x) for x in (data.x_train, data.x_test))

    pixels, penalty = metrics.fit_tuned_probe(flat(data.x_train), data.y_train)
    probe, _ = metrics.fit_tuned_probe(codes[0], data.y_train)
    right = [
        each.predict(x) == data.y_test
        for each, x in ((pixels, flat(data.x_test)), (probe, codes[1]))
    ]

    assert found["pixels_penalty"] == penalty
    assert found["pixels_probe_accuracy"] == right[0].mean()
    assert found["code_probe_accuracy"] == right[1].mean()
    over_images = found["code_against_pixels_image_error"]
    assert over_images == metrics.paired_standard_error(right[1], right[0])


def test_few_units_of_each_image_are_kept_for_the_probe(started, data):
    """Before a step sparse and dense code are one; the cut code has the sparse one's share."""
    found, _, (sparse_call, dense_call) = started("survey-features")

    assert sparse_call.args == sparse.SPARSE_L1
    assert dense_call.args == sparse.DENSE_RELU
    codes = tuple(
        models.in_batches(dense_call.model.encode, x) for x in (data.x_train, data.x_test)
    )
    kept = tuple(metrics.most_active_only(each, features.KEPT) for each in codes)
    assert ((kept[0] > 0).sum(axis=1) <= 20).all()
    accuracy = metrics.linear_probe_accuracy(kept, (data.y_train, data.y_test))
    assert found["dense_kept_probe_accuracy"] == accuracy
    share = metrics.active_share(codes[1])
    cut = metrics.thresholded(codes[1], share)
    assert found["sparse_active_share"] == share
    assert found["cut_class_selectivity"] == metrics.class_selectivity(cut, data.y_test)


@pytest.mark.parametrize(("name", "eta", "epochs"), [("strong", 10.0, 5), ("long", 100.0, 20)])
def test_distances_from_the_target_unit_by_unit(started, data, name, eta, epochs):
    """More weight, in one of them for four times as long; all else as in the weak one."""
    found, _, (call,) = started(f"survey-sparse-kl-{name}")

    assert call.args == {**sparse.SPARSE_KL, "sparsity": eta}
    assert call.recipe.epochs == epochs
    means = models.in_batches(call.model.encode, data.x_test).mean(axis=0, dtype=float)
    distances = np.abs(means - 0.05)
    assert found["target_distance"] == pytest.approx(distances.mean(), rel=1e-9)  # the same sums
    assert found["largest_distance"] == pytest.approx(distances.max(), rel=1e-9)  # the same sums


def test_the_second_layer_of_the_control_was_never_trained(started, data):
    """The first and the third learn; the third from codes of a layer as it was drawn."""
    found, _, (first, third) = started("survey-untrained-layer")

    drawn = initialise(
        models.Autoencoder, {"units": [STACK[1]], "num_inputs": STACK[0]}, np.zeros((1, 9)), seed=0
    )
    codes = models.in_batches(
        drawn.encode, models.in_batches(first.model.encode, flat(data.x_train))
    )
    np.testing.assert_allclose(third.x, codes, atol=1e-6)  # float32
    x = flat(data.x_test)
    for each in (first.model, drawn, third.model):
        x = each.encode(x)
    for each in (third.model, drawn, first.model):
        x = each.decode(x)
    error = np.square(np.asarray(x) - flat(data.x_test)).mean()
    assert found["stage_3_test_mse"] == pytest.approx(error, rel=1e-5)  # float32 sums


def test_the_code_of_a_corrupted_image_is_held_against_that_of_the_clean_one(started, data):
    """At every level, relative to the code's own spread; without corruption nothing moves."""
    found, _, (call, *_) = started("survey-robust-gaussian")

    noisy = models.corrupted(data.x_test, noise="gaussian", level=0.5, seed=0)
    codes = [models.in_batches(call.model.encode, x) for x in (data.x_test, noisy)]
    expected = metrics.code_shift(*codes)
    assert found["denoising_code_shift_at_0_5"] == pytest.approx(expected, rel=1e-9)  # same sums
    for name in robust.MODELS:
        assert found[f"{name}_code_shift_at_0_0"] == 0
        shifts = [found[f"{name}_code_shift_at_{level}"] for level in ("0_25", "0_5", "0_75")]
        assert shifts == sorted(shifts)


def test_k_means_is_scored_by_its_distance_to_the_nearest_centre(started, data):
    """The error per pixel, by brute force; pictures of codes are decoded vectors."""
    found, arrays, (call, _) = started("survey-k-values")

    centres = flat(arrays["centers"]).astype(np.float64)
    nearest = [
        min(np.square(image - each).mean() for each in centres) for image in flat(data.x_test)
    ]
    assert found["kmeans_test_mse"] == pytest.approx(np.mean(nearest), rel=1e-5)  # float32 centres
    vectors = call.model.nearest.vectors.numpy()
    np.testing.assert_array_equal(flat(arrays["pictures"]), call.model.decode(vectors))


def test_codes_that_chance_gives_are_hardly_pure(started, data):
    """Two controls, drawn one after the other: not the same, and both near the largest class."""
    found, *_ = started("survey-k-values")

    assert found["random_purity"] != found["second_random_purity"]
    assert found["random_hungarian_accuracy"] <= found["random_purity"] < 0.4  # 120 images
    assert 1 <= found["codes_used"] <= 10


def test_the_controls_of_denoising_are_the_plain_autoencoder_twice(started, data):
    """Once from the same start, once from another seed's; noise of half the pixels is trained."""
    found, arrays, calls = started("survey-robust-masking")

    noisy, plain, other = calls
    assert (noisy.model.corrupt.rate, noisy.seed) == (0.5, 0)
    assert [call.args for call in (plain, other)] == [protocol.PLAIN] * 2
    assert (plain.seed, other.seed) == (0, robust.OTHER_START)
    np.testing.assert_array_equal(arrays["corrupted_0"], data.x_test[:8, ..., 0])
    for label in ("0_0", "0_25", "0_5", "0_75"):
        for name in ("test_mse", "probe_accuracy"):  # before a step they are one network
            assert found[f"denoising_{name}_at_{label}"] == found[f"plain_{name}_at_{label}"]
    assert found["noise_0_test_mse_at_0_0"] != found["plain_test_mse_at_0_0"]


def test_errors_under_noise_are_measured_against_clean_images(started, data):
    """By hand, from the corruption drawn again: masking of three quarters of the pixels."""
    found, _, (call, *_) = started("survey-robust-masking")
    seen = models.corrupted(data.x_test, noise="masking", level=0.75, seed=0)

    expected = np.square(call.model(seen)["x_decoded"] - flat(data.x_test)).mean()

    mse = found["denoising_test_mse_at_0_75"]
    assert mse == pytest.approx(expected, rel=1e-5)  # float32 means


def test_the_plain_autoencoder_is_trained_once(at_smoke_size):
    """Noise trains three networks; the code as a feature finds its own among them."""
    masking, three = at_smoke_size("survey-robust-masking")
    feature, one = at_smoke_size("survey-code")

    assert (len(three), len(one)) == (3, 1)
    assert one < three
    assert feature.metrics["code_test_mse"] == masking.metrics["plain_test_mse_at_0_0"]

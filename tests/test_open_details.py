"""What articles leave open: each alternative starts, sees and pays what its name says.

Networks are not trained here: each stays as it starts, and sees the first digits.
"""

import functools
from dataclasses import replace

import keras
import numpy as np
import pytest

from replication import losses, models
from replication.experiments import applied, contractive, intuition, survey
from replication.training import epoch_order, initialise, redraw_kernels

SURVEY = (survey.protocol, survey.stacked, survey.details)
INTUITION = (intuition.protocol, intuition.details)
CONTRACTIVE = (contractive.protocol, contractive.details)
APPLIED = (applied.protocol, applied.details)
MODULES = (*CONTRACTIVE, *APPLIED, *SURVEY, *INTUITION)
STACK = (200, 100, 50)  # smaller than ours, and enough weights for their standard deviations
OPEN = {
    "applied": applied.OPEN, "contractive": contractive.OPEN,
    "intuition": intuition.details.OPEN, "survey": survey.details.SPARSE_OPEN,
}  # fmt: skip
TWIN = {  # where the base of an article was trained before
    "applied": "applied-reconstruction",
    "contractive": "contractive-as-intended",
    "intuition": "intuition-open-steps",
    "survey": "survey-sparse-kl",
}
SAME_NUMBER = {  # ours -> the twin's, before a step
    "applied": {"base_test_mse": "test_mse"},
    "contractive": {"base_test_mse": "test_mse", "base_jacobian_norm": "jacobian_norm"},
    "intuition": {"base_bottleneck_mse": "base_bottleneck_mse"},
    "survey": {
        "base_sparse_test_mse": "test_mse",
        "base_mean_activation": "mean_activation",
        "base_target_distance": "target_distance",
    },
}
ERROR = {"intuition": "bottleneck_mse", "survey": "sparse_test_mse"}  # elsewhere test_mse


def glorot(inputs, outputs):
    return np.sqrt(2 / (inputs + outputs))


def he(inputs, outputs):
    return np.sqrt(2 / inputs)


def lecun(inputs, outputs):
    return np.sqrt(1 / inputs)


each_article = pytest.mark.parametrize("slug", OPEN)


@pytest.fixture(scope="module")
def started(run_untrained):
    """Runs an experiment with untrained models: its metrics, and what was to be trained."""
    smaller = [(survey.stacked, "STACK", STACK), (intuition.protocol, "NUM_IMAGES", 100)]
    return functools.cache(lambda name: run_untrained(name, MODULES, patches=smaller)[::2])


@pytest.fixture(scope="module")
def alternatives(started):
    """What each alternative of an article trains, by name."""
    return lambda slug: dict(zip(OPEN[slug], started(f"{slug}-open-details")[1], strict=False))


@pytest.fixture(scope="module")
def deep(started):
    """What each start of the deep network trains: stages, fine-tuned, joint."""
    calls = started("survey-open-details")[1][len(OPEN["survey"]) :]
    size = len(STACK) + 2
    rows = [calls[start : start + size] for start in range(0, len(calls), size)]
    return dict(zip(survey.details.KERNELS, rows, strict=True))


def flat(images):
    return images.reshape(len(images), -1)


def matrices(weights):
    return [np.asarray(weight) for weight in weights if np.ndim(weight) == 2]


def assert_same(weights, others):
    for weight, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(weight, other)


def assert_drawn(weights, expected_std):
    """Kernels have mean 0 and the standard deviation of closed form; biases are 0."""
    for weight in weights:
        if weight.ndim == 1:
            assert not weight.any()
            continue
        std, error = expected_std(*weight.shape), 1 / np.sqrt(weight.size)
        assert abs(weight.mean()) < 5 * std * error  # five standard errors
        assert weight.std() == pytest.approx(std, rel=5 * error)  # more than five, of no long tail


@each_article
def test_the_base_is_trained_already(started, slug):
    """One key with the experiment it is the base of, and the same numbers."""
    found, (base, *_) = started(f"{slug}-open-details")
    twin, (known, *_) = started(TWIN[slug])

    assert base.key() == known.key()
    assert base.initial is None
    for ours, theirs in SAME_NUMBER[slug].items():
        assert found[ours] == twin[theirs]


def test_the_base_of_the_deep_network_is_trained_already(started, deep):
    """Stages, fine-tuned and joint: the keys of `survey-layer-wise`, and its numbers."""
    found, _ = started("survey-open-details")
    twin, known = started("survey-layer-wise")

    *stages, tuned, joint = deep["base"]
    *known_stages, known_tuned, known_joint, _ = known
    for ours, theirs in zip([*stages, joint], [*known_stages, known_joint], strict=True):
        assert ours.key() == theirs.key()
        assert (ours.initial, theirs.initial) == (None, None)
    assert tuned.key(initial=tuned.initial) == known_tuned.key(initial=known_tuned.initial)
    assert found["base_fine_tuned_test_mse"] == twin["fine_tuned_test_mse"]
    assert found["base_joint_test_mse"] == twin["joint_test_mse"]


@each_article
def test_no_alternative_is_the_base(alternatives, slug):
    """Every one is another training run."""
    keys = {call.key(initial=call.initial) for call in alternatives(slug).values()}

    assert len(keys) == len(OPEN[slug])


@pytest.mark.parametrize(
    ("slug", "name", "std"),
    [
        ("contractive", "base", glorot),
        ("contractive", "he_normal", he),
        ("contractive", "small_normal", lambda *_: 0.05),
        ("applied", "base", glorot),
        ("applied", "he_uniform", he),
        ("applied", "he_normal", he),
        ("intuition", "he_uniform", he),
        ("intuition", "small_normal", lambda *_: 0.05),
    ],
)
def test_kernels_start_from_the_distribution_of_the_name(alternatives, slug, name, std):
    """Encoder and decoder; on the base's images and in its order."""
    calls = alternatives(slug)
    call, base = calls[name], calls["base"]

    encoder, decoder = (part[0].get_weights() for part in (call.model.encoder, call.model.decoder))
    assert_drawn([*encoder, *decoder], std)
    assert (call.seed, call.recipe, call.args) == (base.seed, base.recipe, base.args)
    np.testing.assert_array_equal(call.x, base.x)
    if name == "he_uniform":
        assert np.abs(encoder[0]).max() <= np.sqrt(6 / 784)
    elif name == "he_normal":  # cut at two deviations of a wider one; some draw comes near
        end = 2 * np.sqrt(2 / 784) / 0.8796
        assert 0.99 * end < np.abs(encoder[0]).max() <= end


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("base", glorot),
        ("small_normal", lambda *_: 0.01),
        ("lecun_normal", lecun),
        ("he_normal", he),
    ],
)
def test_the_deep_network_starts_from_the_distribution_of_the_name(deep, name, std):
    """Stage by stage and at once; fine-tuning starts from its own stages."""
    *stages, tuned, joint = deep[name]

    for call in (*stages, joint):
        assert_drawn(call.model.get_weights(), std)
    shapes = [weight.shape for weight in matrices(joint.model.get_weights())]
    sizes = (784, *STACK, *STACK[-2::-1], 784)
    assert shapes == list(zip(sizes, sizes[1:], strict=False))
    encoders = [stage.model.encoder[0].get_weights() for stage in stages]
    decoders = [stage.model.decoder[0].get_weights() for stage in reversed(stages)]
    assert_same(tuned.initial, sum(encoders + decoders, []))
    assert [call.recipe for call in deep[name]] == [call.recipe for call in deep["base"]]
    assert {call.seed for call in deep[name]} == {0}


def test_each_stage_learns_from_the_codes_of_its_own_stack(deep, data):
    """Not from those of the base."""
    x = flat(data.x_train)
    for call in deep["he_normal"][: len(STACK)]:
        np.testing.assert_array_equal(call.x, x)
        x = models.in_batches(call.model.encode, x)


def test_kernels_of_one_size_do_not_start_alike():
    """A decoder is no copy of its encoder; another seed gives others, the same the same."""
    network = models.DenseAutoencoder, {"units": [7], "num_inputs": 7}

    def drawn(seed):
        model = initialise(*network, np.zeros((1, 7), np.float32), seed=0)
        return redraw_kernels(model, keras.initializers.HeNormal, seed=seed).get_weights()

    encoder, decoder = matrices(drawn(1))
    assert not np.array_equal(encoder, decoder)
    assert_same(drawn(1), drawn(1))
    assert not np.array_equal(encoder, drawn(2)[0])


@each_article
def test_another_order_has_the_same_start(alternatives, slug):
    """The weights before training are those of the base's seed, the images are its images."""
    calls = alternatives(slug)
    call, base = calls["other_order"], calls["base"]

    assert_same(call.initial, base.model.get_weights())
    np.testing.assert_array_equal(call.x, base.x)
    assert (call.recipe, call.args) == (base.recipe, base.args)
    orders = [epoch_order(len(call.x), seed=each.seed, epoch=0) for each in (call, base)]
    assert not np.array_equal(*orders)


def test_the_frozen_kernel_is_the_one_training_starts_from(alternatives):
    """With drawn kernels, too."""
    for call in alternatives("contractive").values():
        np.testing.assert_array_equal(call.model.frozen_kernel, call.model.encoder[0].kernel)


@pytest.mark.parametrize(
    ("slug", "name", "count"),
    [
        ("contractive", "base", 110),
        ("contractive", "all_images", 120),
        ("applied", "base", 96),
        ("applied", "split_70", 98),
        ("applied", "split_70_train", 84),
        ("applied", "all_images", 120),
        ("intuition", "base", 100),
        ("intuition", "rate_1e_2", 100),
        ("intuition", "all_images", 120),
    ],
)
def test_the_first_images_are_learned_from(alternatives, data, slug, name, count):
    """120 stand for the 60,000 of MNIST, 100 for the 20,000 of article 01; the start is ours."""
    call = alternatives(slug)[name]

    np.testing.assert_array_equal(call.x, data.x_train[:count])
    assert (call.seed, call.initial) == (0, None)
    if slug != "contractive":
        np.testing.assert_array_equal(call.y, flat(call.x))


def test_seventy_per_cent_are_of_all_images_or_of_the_training_images():
    """49,000 of 70,000, or 42,000 of 60,000."""
    shares = applied.details.SHARES

    assert round(60_000 * shares["split_70"]) == 0.7 * 70_000
    assert round(60_000 * shares["split_70_train"]) == 0.7 * 60_000


def test_learning_rates_are_those_of_their_names(alternatives):
    """And nothing else differs from the base."""
    calls = alternatives("intuition")

    for name, rate in (("base", 1e-3), ("rate_1e_2", 1e-2), ("rate_1e_4", 1e-4)):
        assert calls[name].recipe == replace(calls["base"].recipe, learning_rate=rate)
        assert calls[name].initial is None


@each_article
def test_each_error_is_that_of_its_own_network(started, alternatives, data, slug):
    """By hand, on the test images; with the noise of seed 0 where the article denoises."""
    found, _ = started(f"{slug}-open-details")
    seen = clean = flat(data.x_test)
    if slug == "intuition":
        noise = np.random.default_rng(0).normal(scale=0.3, size=clean.shape)
        seen = np.clip(clean + noise, 0, 1).astype(np.float32)
    for name, call in alternatives(slug).items():
        rebuilt = call.model.decode(call.model.encode(seen))
        expected = np.square(np.asarray(rebuilt) - clean).mean(dtype=np.float64)
        error = found[f"{name}_{ERROR.get(slug, 'test_mse')}"]
        assert error == pytest.approx(expected, rel=1e-6)  # float32 pixels
    errors = {found[f"{name}_{ERROR.get(slug, 'test_mse')}"] for name in OPEN[slug]}
    assert len(errors) == (1 if slug == "survey" else 3)  # as many starts


def test_each_error_of_the_deep_network_is_its_own(started, deep, data):
    """By hand, for every start."""
    found, _ = started("survey-open-details")

    for name, (*_, tuned, joint) in deep.items():
        for run, call in (("fine_tuned", tuned), ("joint", joint)):
            rebuilt = np.asarray(call.model(data.x_test)["x_decoded"])
            expected = np.square(rebuilt - flat(data.x_test)).mean(dtype=np.float64)
            error = found[f"{name}_{run}_test_mse"]
            assert error == pytest.approx(expected, rel=1e-6)  # float32 pixels


def test_more_steps_are_three_times_as_many(started, data):
    """Three times the epochs on a third of the images, for both networks; else as the base."""
    found, calls = started("intuition-open-steps")

    base, longer, everything = calls[:2], calls[2:4], calls[4:]
    assert [call.args for call in base] == [intuition.images.NETWORK, intuition.images.WIDE]
    for usual, more, most in zip(base, longer, everything, strict=True):
        assert usual.args == more.args == most.args
        assert more.recipe == replace(usual.recipe, epochs=30)
        assert 20_000 * more.recipe.epochs == 60_000 * most.recipe.epochs
        np.testing.assert_array_equal(more.x, data.x_train[:100])  # stand for the 20,000
        np.testing.assert_array_equal(most.x, data.x_train)
    for width in ("bottleneck", "wide"):  # before a step they are one network
        assert len({found[f"{name}_{width}_mse"] for name in ("base", "longer", "all_images")}) == 1
    noise = np.random.default_rng(0).normal(scale=0.3, size=flat(data.x_test).shape)
    noisy = np.clip(flat(data.x_test) + noise, 0, 1)
    expected = np.square(noisy - flat(data.x_test)).mean()
    assert found["noisy_mse"] == pytest.approx(expected, rel=1e-5)  # float32 pixels


def test_sparse_codes_differ_in_what_their_names_say(alternatives):
    """Guard, weight decay and first running mean; the rest is the base's."""
    calls = alternatives("survey")
    base = calls["base"]

    assert calls["guard_1e_3"].args == {**base.args, "guard": 1e-3}
    assert calls["guard_1e_12"].args == {**base.args, "guard": 1e-12}
    assert calls["weight_decay"].args == {**base.args, "weight_decay": 1e-3}
    for name in ("guard_1e_3", "guard_1e_12", "weight_decay"):
        assert (calls[name].initial, calls[name].seed) == (None, 0)
        assert_same(calls[name].model.get_weights(), base.model.get_weights())
    from_zero = calls["mean_from_zero"]
    assert (from_zero.args, from_zero.seed) == (base.args, base.seed)
    np.testing.assert_array_equal(base.model.running_mean.mean, np.full(1_024, 0.05, np.float32))
    np.testing.assert_array_equal(from_zero.model.running_mean.mean, np.zeros(1_024))
    for ours, theirs in zip(
        from_zero.model.trainable_weights, base.model.trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("name", "guard"), [("guard_1e_3", 1e-3), ("guard_1e_12", 1e-12)])
def test_the_guard_reaches_the_loss(alternatives, data, name, guard):
    """At means of 0 every unit pays what the guard leaves of the logarithm."""
    model = alternatives("survey")[name].model
    x = data.x_test[:5]

    terms = model.compute_terms(x, {**model(x), "mean_activation": np.zeros(1_024, np.float32)})

    each = 0.05 * np.log(0.05 / guard) + 0.95 * np.log(0.95)
    paid = float(terms["sparsity_loss"])
    assert paid == pytest.approx(1.0 * 1_024 * each, rel=1e-5)  # eta = 1; float32 sums
    assert set(terms) == {"reconstruction_loss", "sparsity_loss"}


@pytest.mark.parametrize("guard", [1e-3, 1e-7, 1e-12])
def test_a_guarded_divergence_at_both_ends(guard):
    """A mean of 0 or of 1 has the logarithm of the guard, also of one float32 cannot add to 1."""
    ends = [
        float(losses.guarded_bernoulli_kl(0.05, np.array([mean], np.float32), guard=guard))
        for mean in (0, 1)
    ]

    off = 0.05 * np.log(0.05 / guard) + 0.95 * np.log(0.95)
    on = 0.05 * np.log(0.05) + 0.95 * np.log(0.95 / guard)
    assert ends == pytest.approx([off, on], rel=1e-6)  # float32 logarithms


@pytest.mark.parametrize("guard", [1e-3, 1e-12])
def test_outside_the_guard_nothing_changes(guard):
    """The divergence that is used elsewhere."""
    means = np.random.default_rng(0).uniform(2e-3, 1 - 2e-3, 50).astype(np.float32)

    found = float(losses.guarded_bernoulli_kl(0.05, means, guard=guard))

    assert found == pytest.approx(float(losses.bernoulli_kl(0.05, means)), rel=1e-6)  # float32


@pytest.mark.parametrize(("target", "guard"), [(0.0, 1e-3), (1.0, 1e-3), (0.05, 0), (0.05, 0.5)])
def test_wrong_guards_are_refused(target, guard):
    """Named, with what was received."""
    with pytest.raises(ValueError, match="must lie inside"):
        losses.guarded_bernoulli_kl(target, np.array([0.1], np.float32), guard=guard)


def test_a_penalty_without_logarithm_has_no_guard():
    """The l1 norm takes none."""
    with pytest.raises(ValueError, match="logarithm to guard; received penalty='l1'"):
        models.GuardedSparseAutoencoder(guard=1e-3, penalty="l1", sparsity=0.1, units=[4])

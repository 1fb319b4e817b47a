"""Models: sizes by hand, what the classifier is given, and losses that add up."""

import keras
import numpy as np
import pytest
from keras import ops

from replication import losses, models

BATCH = 6


@pytest.fixture(scope="module")
def images():
    """Random images of the shape of MNIST's."""
    return np.random.default_rng(0).random((BATCH, 28, 28, 1)).astype("float32")


def clustering_vae(kl="closed-form", **arguments):
    """A `ClusteringVAE` with the article's size and small random cluster means."""
    keras.utils.set_random_seed(0)
    model = models.ClusteringVAE(kl=kl, precision=5.0, seed=0, **arguments)
    model(np.zeros((1, 28, 28, 1), "float32"))
    means = model.cluster_means.means
    means.assign(np.random.default_rng(1).normal(size=means.shape))
    return model


def conv(inputs, outputs):
    """Parameters of a 3x3 convolution, or of its transpose."""
    return 3 * 3 * inputs * outputs + outputs


def dense(inputs, outputs):
    """Parameters of a dense layer."""
    return inputs * outputs + outputs


TRUNK = conv(1, 32) + conv(32, 32) + conv(32, 64) + conv(64, 64)
HEADS = 2 * dense(3136, 20)
DECODER = dense(20, 3136) + 2 * conv(64, 64) + conv(64, 32) + conv(32, 32) + conv(32, 1)
CLASSIFIER = dense(20, 256) + dense(256, 10)
MEANS = 10 * 20


def trainable_count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_parts_have_the_sizes_of_the_public_code():
    """Parameter counts by hand from the article's public code: kernels, widths, strides."""
    assert models.conv_trunk().count_params() == TRUNK
    assert models.conv_decoder().count_params() == DECODER
    assert models.cluster_classifier().count_params() == CLASSIFIER


@pytest.mark.parametrize("kl", ["closed-form", "one-sample"])
def test_clustering_vae_trains_all_its_parts_and_nothing_else(kl):
    """Trunk, two heads, decoder, classifier and ten means of twenty are trainable."""
    assert trainable_count(clustering_vae(kl)) == TRUNK + HEADS + DECODER + CLASSIFIER + MEANS


def test_two_step_vae_has_the_same_nets(images):
    """The plain VAE is the clustering one without classifier and means."""
    model = models.VAE(precision=5.0, seed=0)
    model(images[:1])

    assert trainable_count(model) == TRUNK + HEADS + DECODER


def test_strides_come_before_plain_convolutions():
    """Encoder stages are strided, then plain, LeakyReLU 0.2 after both; the decoder mirrors it."""
    for part, kind, strides in (
        (models.conv_trunk(), keras.layers.Conv2D, [2, 1, 2, 1]),
        (models.conv_decoder(), keras.layers.Conv2DTranspose, [1, 2, 1, 2, 1]),
    ):
        convolutions = [layer for layer in part.layers if isinstance(layer, kind)]
        slopes = [each.negative_slope for each in part.layers if hasattr(each, "negative_slope")]

        assert [layer.strides[0] for layer in convolutions] == strides
        assert slopes == pytest.approx([0.2] * 4)  # stored as given


def test_shallow_networks_have_one_strided_convolution_a_stage():
    """The earliest public code: ReLU, half the convolutions, the same features and pictures."""
    trunk, decoder = models.conv_trunk("shallow"), models.conv_decoder(20, "shallow")

    assert trunk.count_params() == conv(1, 32) + conv(32, 64)
    assert decoder.count_params() == dense(20, 3136) + conv(64, 64) + conv(64, 32) + conv(32, 1)
    assert trunk.output_shape == (None, 3136)
    assert decoder.output_shape == (None, 28, 28, 1)
    for part in (trunk, decoder):
        assert sum(isinstance(each, keras.layers.ReLU) for each in part.layers) == 2


def test_outputs_have_the_shapes_of_the_article(images):
    """Twenty latents, ten clusters, pictures in [0, 1], rows of probabilities."""
    outputs = clustering_vae()(images)

    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "z_mean": (BATCH, 20),
        "z_log_var": (BATCH, 20),
        "z": (BATCH, 20),
        "x_decoded": (BATCH, 28, 28, 1),
        "differences": (BATCH, 10, 20),
        "probabilities": (BATCH, 10),
    }
    assert models.conv_trunk()(images).shape == (BATCH, 7 * 7 * 64)
    assert 0 <= float(ops.min(outputs["x_decoded"])) <= float(ops.max(outputs["x_decoded"])) <= 1
    sums = ops.convert_to_numpy(ops.sum(outputs["probabilities"], axis=-1))
    np.testing.assert_allclose(sums, 1, atol=1e-6)  # softmax in float32


def test_classifier_is_given_the_sample_in_training_and_the_mean_at_test(images):
    """p(y|z) is taken at the sampled z while training, at z_mean otherwise."""
    model = clustering_vae()
    training, testing = model(images, training=True), model(images, training=False)

    np.testing.assert_array_equal(testing["z"], testing["z_mean"])
    assert not np.array_equal(training["z"], training["z_mean"])
    for outputs in (training, testing):
        given = model.classifier(outputs["z"])
        np.testing.assert_array_equal(outputs["probabilities"], given)
        np.testing.assert_array_equal(outputs["x_decoded"], model.decoder(outputs["z"]))


def test_classifier_sees_a_fresh_sample_each_time(images):
    """Two training calls draw different noise; two test calls agree."""
    model = clustering_vae()
    drawn = [ops.convert_to_numpy(model(images, training=True)["z"]) for _ in range(2)]
    fixed = [ops.convert_to_numpy(model(images)["z"]) for _ in range(2)]

    assert not np.array_equal(*drawn)
    np.testing.assert_array_equal(*fixed)


@pytest.mark.parametrize(("kl", "center"), [("closed-form", "z_mean"), ("one-sample", "z")])
def test_differences_are_taken_from_the_mean_or_the_sample(images, kl, center):
    """Equation (5) compares z_mean with mu_y, the one-sample estimate the sampled z."""
    model = clustering_vae(kl)
    outputs = model(images, training=True)

    expected = outputs[center][:, None] - model.cluster_means.means
    np.testing.assert_array_equal(outputs["differences"], expected)


@pytest.mark.parametrize("balance", [True, False])
@pytest.mark.parametrize("kl", ["closed-form", "one-sample"])
def test_loss_is_the_sum_of_its_terms_from_scratch(images, kl, balance):
    """The loss equals equation (5), or its one-sample form, written out in NumPy."""
    model = clustering_vae(kl, balance=balance)
    outputs = model(images, training=True)
    loss = float(model.compute_loss(x=images, y_pred=outputs))

    value = {name: ops.convert_to_numpy(each).astype(float) for name, each in outputs.items()}
    mu, p = ops.convert_to_numpy(model.cluster_means.means), value["probabilities"]
    log_var = value["z_log_var"][:, None]
    if kl == "closed-form":
        squared = (value["z_mean"][:, None] - mu) ** 2
        per_cluster = 0.5 * (squared + np.exp(log_var) - log_var - 1).sum(axis=-1)
    else:
        per_cluster = -0.5 * (log_var - (value["z"][:, None] - mu) ** 2).sum(axis=-1)
    expected = 2.5 * ((images - value["x_decoded"]) ** 2).sum(axis=(1, 2, 3))
    expected = expected + (p * per_cluster).sum(axis=1)
    expected = expected + (p * np.log(p)).sum(axis=1) * balance
    assert loss == pytest.approx(expected.mean(), rel=1e-5)  # float32 sum of 784 pixels


@pytest.mark.parametrize("balance", [True, False])
def test_reported_terms_add_up_to_the_loss(images, balance):
    """The history's terms sum to its loss, and the balance term is there only if minimised."""
    model = clustering_vae(balance=balance)
    model.compile("adam")

    logs = model.fit(images, batch_size=2, verbose=0).history

    terms = {name: values[0] for name, values in logs.items() if name != "loss"}
    expected = {"reconstruction_loss", "kl_loss"} | ({"balance_loss"} if balance else set())
    assert set(terms) == expected
    assert sum(terms.values()) == pytest.approx(logs["loss"][0], rel=1e-5)  # float32 means


def test_vae_loss_is_reconstruction_plus_kl(images):
    """The plain VAE minimises the mean over the batch of both terms."""
    model = models.VAE(precision=5.0, seed=0)
    outputs = model(images, training=True)

    expected = losses.gaussian_reconstruction_loss(images, outputs["x_decoded"], 5.0)
    expected = expected + losses.gaussian_kl(outputs["z_mean"], outputs["z_log_var"])
    found = float(model.compute_loss(x=images, y_pred=outputs))
    assert found == pytest.approx(float(ops.mean(expected)), rel=1e-6)  # same sums, other order


def test_training_moves_every_weight(images):
    """One step changes trunk, heads, decoder, classifier and cluster means alike."""
    model = clustering_vae()
    model.compile("adam")
    before = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]

    model.train_on_batch(images)

    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weight, old), weight.path


def test_clusters_are_told_apart_only_by_the_classifier_at_the_start(images):
    """All means start at zero, so that every cluster has the same divergence."""
    model = models.ClusteringVAE(kl="closed-form", precision=5.0, seed=0)
    outputs = model(images)

    np.testing.assert_array_equal(model.cluster_means.means, np.zeros((10, 20)))
    kl = losses.gaussian_kl(outputs["differences"], outputs["z_log_var"][:, None])
    assert float(ops.max(ops.abs(kl - kl[:, :1]))) == 0


def test_an_unknown_kl_is_refused():
    """The message names both choices and what came."""
    with pytest.raises(ValueError, match="'closed-form' or 'one-sample'; received 'closed'"):
        models.ClusteringVAE(kl="closed", precision=5.0, seed=0)


def test_encode_means_is_the_deterministic_code(images):
    """Codes are z_mean, the same in any batch size, and draw no noise."""
    model = clustering_vae()
    state = ops.convert_to_numpy(model.sampling.seed_generator.state)

    codes = models.encode_means(model, images)

    np.testing.assert_allclose(
        codes, model(images)["z_mean"], rtol=1e-5, atol=1e-6
    )  # float32 kernels
    np.testing.assert_array_equal(model.sampling.seed_generator.state, state)


@pytest.mark.parametrize("batch_size", [1, 4, 7, 100])
def test_in_batches_equals_one_large_batch(batch_size):
    """A last, smaller batch is neither lost nor padded."""
    x = np.arange(28.0).reshape(14, 2)

    found = models.in_batches(lambda batch: ops.square(batch), x, batch_size=batch_size)

    np.testing.assert_array_equal(found, x**2)


def test_image_classifier_gives_class_probabilities(images):
    """Ten probabilities per image, from a net of the size written down here."""
    model = models.image_classifier()
    size = conv(1, 16) + conv(16, 32) + dense(7 * 7 * 32, 64) + dense(64, 10)

    probabilities = ops.convert_to_numpy(model(images))

    assert model.count_params() == size
    assert probabilities.shape == (BATCH, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)  # softmax in float32

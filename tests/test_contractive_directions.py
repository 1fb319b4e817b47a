"""Article 03's tie, tangent planes and wide code: settings, and every number a second time."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from replication import metrics
from replication.experiments.contractive import planes, protocol, resistance, tie, wide

NUM_KEPT = 110  # of the images on the shelf


@pytest.fixture(scope="module")
def started(run_untrained):
    """Runs an experiment with untrained models: its metrics, arrays, and what was to be trained."""
    few = [(wide, "IMAGES", 2), (planes, "IMAGES", 10)]
    return functools.cache(lambda name: run_untrained(name, [protocol], patches=few))


def flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def test_the_tie_is_measured_on_six_models(started):
    """Free and tied, each without penalty, with the live one, and with the frozen one."""
    found, _, calls = started("contractive-tie")

    settings = [(call.model.contraction, call.model.kernel) for call in calls]
    assert settings == 2 * [(0.0, "live"), (1e-3, "live"), (1e-3, "frozen")]
    assert [len(call.model.kernels) for call in calls] == 3 * [2] + 3 * [1]
    assert set(found.values()) == {1.0}  # before a step all six are one network


def test_the_tie_finds_the_variants_trained(started):
    """Four of its six models are those of other experiments, under their keys."""
    keys = {call.key() for call in started("contractive-tie")[2]}

    for name in ("as-published", "as-intended", "as-intended-tied", "no-penalty"):
        assert started(f"contractive-{name}")[2][0].key() in keys


def test_what_a_direction_keeps_is_a_share_of_its_gain_without_penalty(started, monkeypatch):
    """Before a step all networks are one; else the ratios of gains by hand."""
    found, _, calls = started("contractive-resistance")
    keys = {call.key() for call in calls}

    assert set(found.values()) == {1.0}
    for name in ("as-published", "as-intended", "no-penalty"):
        assert started(f"contractive-{name}")[2][0].key() in keys

    gains = {
        id(protocol.NO_PENALTY): (4.0, 4.0, 2.0),
        id(protocol.AS_INTENDED): (3.0, 2.0, 0.5),
        id(protocol.AS_PUBLISHED): (6.0, 4.0, 1.0),
    }

    def given(settings, data, profile, *, seed):
        return dict(zip(resistance.DIRECTIONS, gains[id(settings)], strict=True))

    monkeypatch.setattr(resistance, "_gains", given)
    images = SimpleNamespace(x_test=range(7))
    monkeypatch.setattr(protocol, "split", lambda profile: images)

    kept = {name: value for name, (value, _) in resistance.resistance(0, None).metrics.items()}
    assert kept == {
        "tangent_kept": 0.75, "smooth_kept": 0.5, "random_kept": 0.25,
        "frozen_tangent_kept": 1.5, "frozen_smooth_kept": 1.0, "frozen_random_kept": 0.5,
    }  # fmt: skip


def test_a_ratio_is_that_to_the_network_without_penalty(data, monkeypatch):
    """A network whose decoder and code are known: each ratio by hand."""
    images = SimpleNamespace(x_train=data.x_train[:20], x_test=data.x_test[:20])

    def fit(data, profile, settings, *, seed):
        scale = 1.0 if settings["contraction"] == 0 else 0.5  # shrinks the code by two
        enlarge = 1.0 if settings.get("tied") else 1 / scale  # which a free decoder can undo

        def encode(x):
            return scale * np.asarray(x).reshape(len(x), -1)

        return SimpleNamespace(
            model=SimpleNamespace(encode=encode, kernels=[np.eye(3), enlarge * np.eye(3)])
        )

    monkeypatch.setattr(protocol, "fit", fit)
    monkeypatch.setattr(protocol, "split", lambda profile: images)

    found = {name: value for name, (value, _) in tie.tie(0, None).metrics.items()}

    for penalty in ("", "frozen_"):
        assert found[f"{penalty}free_decoder_norm_ratio"] == pytest.approx(2)
        assert found[f"{penalty}tied_decoder_norm_ratio"] == pytest.approx(1)
        for weights in ("free", "tied"):
            assert found[f"{penalty}{weights}_code_distance_ratio"] == pytest.approx(0.5)
            # a code that only scales moves as far in proportion; float32 codes
            movement = found[f"{penalty}{weights}_relative_movement_ratio"]
            assert movement == pytest.approx(1, rel=1e-4)


def test_another_image_is_of_the_same_class():
    """The next of its class, the first after the last; one that is alone has itself."""
    labels = np.array([3, 1, 3, 3, 7, 1])

    found = planes.another_of_its_class(labels)

    np.testing.assert_array_equal(found, [2, 5, 3, 0, 4, 1])


def test_an_encoder_of_tangents_has_all_its_strong_directions_in_the_plane(data):
    """Four units that are the tangents of an image, and four that see one pixel of it each.

    The strong units are ten times as steep in weight, and the image is its own neighbour.
    """
    images = data.x_test[:1, ..., 0]
    bases = metrics.tangent_planes(images)
    outside = np.linalg.qr(np.concatenate([bases[0], np.eye(784)[:4]]).T)[0][:, 4:]
    kernel = np.concatenate([10 * bases[0].T, outside], axis=1)

    found = planes.plane_shares(np.full((1, 8), 0.5), kernel, bases, np.zeros(1))

    shares = {name: value for name, (value, _) in found.items()}
    assert shares == pytest.approx({"leading": 1, "trailing": 0, "other": 1}, abs=1e-9)  # doubles


def test_shares_of_random_weights_are_those_of_the_dimensions(started):
    """Before training no direction knows the plane: 4 of 784 dimensions, a few times over."""
    found, _, calls = started("contractive-tangent-planes")

    assert len(calls) == 3
    for name in planes.SHARES:
        assert found[f"untrained_{name}_share"] < 5 * 4 / 784
        assert found[f"no_penalty_{name}_share"] == found[f"untrained_{name}_share"]


@pytest.mark.parametrize(
    ("name", "contraction", "kernel"),
    [
        ("contractive-wide", 1.0, "live"),
        ("contractive-wide-as-published", 1.0, "frozen"),
        ("contractive-wide-no-penalty", 0.0, "live"),
    ],
)
def test_the_wide_code_is_tied_and_as_wide_as_the_image(started, name, contraction, kernel):
    """784 sigmoid units, cross-entropy summed over pixels; three variants differ as they say."""
    _, _, (call,) = started(name)

    model = call.model
    assert [each.shape for each in model.kernels] == [(784, 784)]
    assert (model.error, model.reduction) == ("cross-entropy", "sum")
    assert (model.contraction, model.kernel) == (contraction, kernel)
    assert (call.recipe.epochs, call.recipe.batch_size, len(call.x)) == (3, 100, NUM_KEPT)


def test_the_spectrum_of_the_wide_code_is_that_of_explicit_jacobians(started, data):
    """Singular values of the matrices themselves, by NumPy."""
    found, arrays, (call,) = started("contractive-wide")

    w, b = (np.asarray(each, np.float64) for each in call.model.encoder[0].get_weights())
    h = special.expit(flat(data.x_test[:2]) @ w + b)
    values = np.linalg.svd((h * (1 - h))[:, :, np.newaxis] * w.T, compute_uv=False)
    np.testing.assert_allclose(arrays["singular_values"][:, :700], values[:, :700], rtol=1e-3)
    shares = values / values.sum(axis=1, keepdims=True)
    expected = np.exp(-(shares * np.log(shares)).sum(axis=1)).mean()
    assert found["effective_rank"] == pytest.approx(expected, rel=1e-4)  # float32 codes
    assert found["near_zero_share"] == pytest.approx((values < 0.1 * values[:, :1]).mean())


def test_the_bar_is_a_point_of_the_variance_above_principal_components(started, data):
    """And the untrained code is decoded by least squares, as NumPy does it."""
    found = started("contractive-bars")[0]
    pca = started("contractive-baselines")[0]["pca_test_mse"]
    model = protocol.untrained(data, 0)

    x_train, x_test = flat(data.x_train[:NUM_KEPT]), flat(data.x_test)
    variance = np.square(x_test - x_train.mean(axis=0)).mean()
    assert found["pca_less_a_point_test_mse"] == pytest.approx(pca + 0.01 * variance, rel=1e-5)
    codes = [np.c_[np.asarray(model.encode(x)), np.ones(len(x))] for x in (x_train, x_test)]
    fitted = np.linalg.lstsq(codes[0].astype(np.float64), x_train, rcond=None)[0]
    expected = np.square(x_test - codes[1] @ fitted).mean()
    assert found["untrained_test_mse"] == pytest.approx(expected, rel=0.02)  # float32, 110 images


def test_the_errors_over_images_are_those_of_two_readers_answers(started, data):
    """By hand for nearest neighbours: before a step, code and code without penalty are one."""
    found, _, (ours, other) = started("contractive-image-errors")
    assert ours.args == protocol.AS_INTENDED
    assert other.args == protocol.NO_PENALTY

    x_train, x_test = flat(data.x_train[:NUM_KEPT]), flat(data.x_test)
    *pca, _ = metrics.pca_codes(x_train, x_test, components=64)
    codes = [np.asarray(ours.model.encode(x)) for x in (x_train, x_test)]
    right = [
        metrics.fit_knn(train, data.y_train[:NUM_KEPT]).predict(test) == data.y_test
        for train, test in (codes, pca)
    ]
    disagree = np.mean(right[0] != right[1]) - np.mean(right[0] * 1.0 - right[1]) ** 2
    expected = np.sqrt(disagree / (len(x_test) - 1))
    assert found["knn_against_pca_image_error"] == pytest.approx(expected)

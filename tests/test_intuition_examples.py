"""Article 01: rules and walks, nine pixels, noise that is learned along, and a text by heart.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import numpy as np
import pytest

from replication.experiments.intuition import characters, noise, pixels, poem, protocol
from replication.experiments.intuition.text import TEXT
from replication.training import Recipe

TRAINERS = [protocol, noise]


def flat(each):
    return each.reshape(len(each), -1)


def test_windows_of_numbers_are_tested_on_starts_never_seen(started):
    """16,000 windows of ten terms to learn from, 4,000 others to test; two numbers between."""
    _, arrays, calls = started("intuition-rule")

    for call, name in zip(calls, ("rule", "walk", "shuffled"), strict=True):
        known = {row.tobytes() for row in call.x}
        assert call.x.shape == (16_000, 10)
        assert not known & {row.tobytes() for row in arrays[f"{name}_windows"]}
        assert [each.units for each in call.model.encoder] == [128, 128, 2]
        assert call.recipe == Recipe(30, 100, loss="mean_squared_error")
        np.testing.assert_array_equal(call.y, call.x)


def test_shuffled_windows_hold_the_same_numbers_in_disorder(started):
    """In order, steps are halvings and triplings."""
    _, _, (rule, _, shuffled) = started("intuition-rule")

    np.testing.assert_array_equal(np.sort(shuffled.x, axis=1), np.sort(rule.x, axis=1))
    assert (shuffled.x == rule.x).all(axis=1).mean() < 0.01
    steps = np.diff(rule.x.astype(float), axis=1)
    steps /= -steps.min()  # on the logarithmic scale a halving is -1
    np.testing.assert_allclose(steps[steps < 0], -1, atol=1e-5)  # float32 differences
    assert steps[steps > 0].min() > np.log2(3) - 1e-5  # a tripling and one, float32
    assert steps.max() == pytest.approx(2, abs=1e-5)  # from one to four, float32


def test_walks_take_the_steps_of_the_rule_in_another_order(started):
    """As smooth as hailstone windows, from the same starts; two triplings may follow each other."""
    _, _, (rule, walk, _) = started("intuition-rule")

    np.testing.assert_array_equal(walk.x[:, 0], rule.x[:, 0])
    taken, given = (np.sort(np.diff(each.x.astype(float), axis=1)) for each in (walk, rule))
    np.testing.assert_allclose(taken, given, atol=1e-5)  # float32 sums of ten
    rises = [np.diff(each.x, axis=1) > 0 for each in (rule, walk)]
    twice = [(each[:, 1:] & each[:, :-1]).any(axis=1).mean() for each in rises]
    assert twice[0] == 0
    assert twice[1] > 0.5


def test_pictures_of_nine_pixels_in_three_families(started):
    """Shown as often in all; the article's two pictures have their middle pixel in common."""
    _, _, calls = started("intuition-nine-pixels")

    for call, size, epochs in zip(calls, (2, 2, 512), (5, 5, 30), strict=True):
        rows, counts = np.unique(call.x, axis=0, return_counts=True)
        assert rows.shape == (size, 9)
        assert set(counts) == {30_720 // size}
        assert set(rows.ravel()) <= {0.0, 1.0}
        units = [each.units for each in call.model.encoder + call.model.decoder]
        assert units == [128, 128, 2, 128, 128, 9]
        assert call.recipe.epochs == epochs
    two, arbitrary, _ = calls
    assert (np.unique(two.x, axis=0).sum(axis=0) == 1 + np.eye(9)[4]).all()
    assert not np.array_equal(np.unique(two.x, axis=0), np.unique(arbitrary.x, axis=0))


def test_wrong_pixels_are_those_on_the_other_side_of_a_half(started):
    """Their share, and the error, over the family once."""
    found, arrays, calls = started("intuition-nine-pixels")

    for name, call in zip(pixels.EPOCHS, calls, strict=True):
        family = np.unique(call.x, axis=0)
        rebuilt = np.asarray(call.model(family), np.float64)
        wrong = [
            (a > 0.5) != (b == 1) for a, b in zip(rebuilt.ravel(), family.ravel(), strict=True)
        ]
        assert found[f"{name}_wrong_share"] == sum(wrong) / family.size
        mse = np.square(rebuilt - family).mean()
        assert found[f"{name}_mse"] == pytest.approx(mse, rel=1e-5)  # float32 mean
        assert arrays[f"{name}_codes"].shape == (len(family), 2)


@pytest.mark.parametrize(("name", "cut"), [("noise", True), ("noise-uncut", False)])
def test_denoising_networks_have_seen_noisy_images_only(started, data, name, cut):
    """Both learn to repeat noise of 0.3; the wide one is linear and can."""
    found, arrays, calls = started(f"intuition-{name}")

    assert [call.model.encoder[0].units for call in calls] == [32, 784]
    assert [call.recipe.epochs for call in calls] == [30, 8]
    rng, sets = np.random.default_rng(0), []
    for clean in (flat(data.x_train), flat(data.x_test)):
        noisy = clean + rng.normal(scale=0.3, size=clean.shape)
        sets.append(np.clip(noisy, 0, 1) if cut else noisy)
    known, unseen = sets
    for call in calls:
        np.testing.assert_allclose(call.x, known, atol=1e-6)  # float32 pixels
        np.testing.assert_array_equal(call.y, call.x)
    assert found["noisy_mse"] == pytest.approx(
        np.square(unseen - clean).mean(), rel=1e-5
    )  # float32
    for kind, call in zip(("bottleneck", "wide"), calls, strict=True):
        rebuilt = np.asarray(call.model(unseen.astype("float32")))
        for metric, target in ((f"{kind}_mse", clean), (f"{kind}_copy_mse", unseen)):
            error = np.square(rebuilt - target).mean()
            assert found[metric] == pytest.approx(error, rel=1e-5)  # float32 sums


def test_a_wide_linear_network_can_be_a_copy(started):
    """With the identity for both kernels it gives back its input: nothing but training is left."""
    _, _, (_, wide) = started("intuition-noise")
    identity = [np.eye(784, dtype=np.float32), np.zeros(784, np.float32)]

    wide.model.set_weights(identity * 2)

    np.testing.assert_array_equal(np.asarray(wide.model(wide.x[:20])), wide.x[:20])


def test_texts_in_disorder_hold_the_same_characters():
    """Lines, words or characters change places; nothing is added and nothing lost."""
    texts = poem._texts(np.random.default_rng(0))

    lines = TEXT.splitlines()
    assert texts["in_order"] == lines
    assert sorted(texts["lines_shuffled"]) == sorted(lines)
    for name, parts in (("words_shuffled", str.split), ("characters_shuffled", list)):
        assert texts[name] != lines
        for line, other in zip(lines, texts[name], strict=True):
            assert sorted(parts(line)) == sorted(parts(other))


def test_a_text_is_learned_and_recalled(started):
    """Every window is shown erased and wanted whole; what counts are the windows learned."""
    found, _, calls = started("intuition-poem")

    assert len(calls) == 4
    for call, name in zip(calls, poem.TEXTS, strict=True):
        windows = call.y.reshape(len(call.y), 9, -1).argmax(axis=2)
        np.testing.assert_array_equal(call.x, characters._erased(windows))
        assert call.recipe == Recipe(30, 100, loss="mean_squared_error")
        guesses = characters._guesses(call.model, windows)
        assert found[f"{name}_recalled"] == (guesses == windows[:, 4]).mean()
    first = calls[0].y.reshape(len(calls[0].y), 9, -1).argmax(axis=2)
    np.testing.assert_array_equal(first, characters._windows(TEXT.splitlines()))

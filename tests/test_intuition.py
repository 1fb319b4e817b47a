"""Article 01: its sequences, pictures and characters by hand, and what experiments share.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import collections
import functools

import numpy as np
import pytest
from scipy.spatial import distance

from replication import experiments, models
from replication.experiments import Profile
from replication.experiments.intuition import characters, images, labels, protocol, sequences
from replication.experiments.intuition.text import TEXT
from replication.store import Checkpoints
from replication.training import Recipe, initialise

NUM_IMAGES = 120  # on the shelf
NUM_DRAWS = 40_000
LINES = ("abcab", "cabba", "a")  # spelled from letters that the text has


@pytest.fixture(scope="module")
def data(shelf):
    return shelf.load("mnist")


@pytest.fixture(scope="module")
def started(run_untrained):
    """Runs an experiment with untrained models: its metrics, arrays, and what was to be trained."""
    return functools.cache(lambda name: run_untrained(name, [protocol, images, labels]))


@pytest.fixture(scope="module")
def trained(library, tmp_path_factory):
    """Experiments over one store, in this order: for how many epochs each trained."""
    root, found = tmp_path_factory.mktemp("checkpoints"), {}
    for name in ("denoise", "cheaper", "generate"):
        epochs = []
        store = Checkpoints(root, on_epoch=lambda *each, epochs=epochs: epochs.append(each))
        experiments.find(f"intuition-{name}").run(0, Profile("smoke", library, store))
        found[name] = len(epochs)
    return found


def flat(each):
    return each.reshape(len(each), -1)


def test_hailstone_sequences_by_hand():
    """Half of an even number, three times an odd one and one; one comes back to one."""
    assert sequences._hailstone(6, 10) == [6, 3, 10, 5, 16, 8, 4, 2, 1, 4]
    assert sequences._hailstone(7, 5) == [7, 22, 11, 34, 17]
    assert sequences._hailstone(9, 1) == [9]


@pytest.mark.parametrize(
    ("sequence", "share"),
    [((8, 4, 2, 1, 4), 1.0), ((4, 2, 7), 1 / 2), ((3, 10, 6, 3, 9), 2 / 4), ((2, 6), 0.0)],
)
def test_rule_share_by_hand(sequence, share):
    """Of the steps from each number to the next, how many follow the rule."""
    assert sequences._rule_share(sequence) == share


def test_the_two_sequences_of_the_article(started):
    """The second is the hailstone sequence of 50 and breaks no rule, the first follows none."""
    found, *_ = started("intuition-hailstone")

    assert list(sequences.RULED) == sequences._hailstone(50, 18)
    assert len(sequences.RULELESS) == 10
    assert (found["rule_share"], found["ruleless_share"]) == (1.0, 0.0)


def test_windows_of_numbers_are_tested_on_starts_never_seen(started):
    """16,000 windows of ten terms to learn from, 4,000 others to test; two numbers between."""
    _, arrays, calls = started("intuition-hailstone")

    for call, name in zip(calls, ("rule", "shuffled", "shuffled_again"), strict=True):
        known = {row.tobytes() for row in call.x}
        assert call.x.shape == (16_000, 10)
        assert not known & {row.tobytes() for row in arrays[f"{name}_windows"]}
        assert [each.units for each in call.model.encoder] == [64, 32, 2]
        assert call.recipe == Recipe(30, 100, loss="mean_squared_error")
        np.testing.assert_array_equal(call.y, call.x)


def test_shuffled_windows_hold_the_same_numbers_in_disorder(started):
    """Two disorders, neither like the other; in order, steps are halvings and triplings."""
    _, _, (rule, *shuffled) = started("intuition-hailstone")

    for call in shuffled:
        np.testing.assert_array_equal(np.sort(call.x, axis=1), np.sort(rule.x, axis=1))
    assert (shuffled[0].x == shuffled[1].x).all(axis=1).mean() < 0.01
    steps = np.diff(rule.x.astype(float), axis=1)
    steps /= -steps.min()  # on the logarithmic scale a halving is -1
    np.testing.assert_allclose(steps[steps < 0], -1, atol=1e-5)  # float32 differences
    assert steps[steps > 0].min() > np.log2(3) - 1e-5  # a tripling and one, float32
    assert steps.max() == pytest.approx(2, abs=1e-5)  # from one to four, float32


def test_two_pictures_against_all_that_nine_pixels_make(started):
    """Either family is shown as often in all; both pictures have their middle pixel in common."""
    _, _, (two, everything) = started("intuition-patterns")

    for call, size in ((two, 2), (everything, 512)):
        rows, counts = np.unique(call.x, axis=0, return_counts=True)
        assert rows.shape == (size, 9)
        assert set(counts) == {5_120 // size}
        assert set(rows.ravel()) == {0.0, 1.0}
        assert [each.units for each in call.model.encoder + call.model.decoder] == [2, 9]
    assert (np.unique(two.x, axis=0).sum(axis=0) == 1 + np.eye(9)[4]).all()


def test_wrong_pixels_are_those_on_the_other_side_of_a_half(started):
    """Their share, and the error, over the family once."""
    found, arrays, (two, everything) = started("intuition-patterns")

    for name, call in (("two_patterns", two), ("all_patterns", everything)):
        family = np.unique(call.x, axis=0)
        rebuilt = np.asarray(call.model(family), np.float64)
        wrong = [
            (a > 0.5) != (b == 1) for a, b in zip(rebuilt.ravel(), family.ravel(), strict=True)
        ]
        assert found[f"{name}_wrong_share"] == sum(wrong) / family.size
        mse = np.square(rebuilt - family).mean()
        assert found[f"{name}_mse"] == pytest.approx(mse, rel=1e-5)  # float32 mean
        assert arrays[f"{name}_codes"].shape == (len(family), 2)


def test_one_scrambling_for_all_images_only_renames_pixels(started, data):
    """The columns of training and test images change places together."""
    _, arrays, (intact, fixed, _) = started("intuition-order")

    columns = [
        sorted(np.concatenate([call.x, flat(arrays[f"{name}_images"])]).T.tolist())
        for name, call in (("intact", intact), ("fixed", fixed))
    ]
    assert columns[0] == columns[1]
    np.testing.assert_array_equal(intact.x, flat(data.x_train))
    assert not np.array_equal(fixed.x, intact.x)


def test_scrambling_each_image_anew_keeps_its_pixels_only(started):
    """Every image has the grey values it had; no one permutation explains two images."""
    _, _, (intact, _, scrambled) = started("intuition-order")

    np.testing.assert_array_equal(np.sort(scrambled.x, axis=1), np.sort(intact.x, axis=1))
    assert (intact.x == 0).all(axis=0).sum() >= 28**2 - 24**2  # the frame of two pixels
    assert not (scrambled.x == 0).all(axis=0).any()


def test_denoising_networks_have_seen_clean_images_only(started, data):
    """Narrow and wide learn clean images; the noise has 0.3 and is clipped to [0, 1]."""
    found, arrays, calls = started("intuition-denoise")

    assert [call.model.encoder[0].units for call in calls] == [32, 784]
    for call in calls:
        np.testing.assert_array_equal(call.x, data.x_train)
        np.testing.assert_array_equal(call.y, flat(data.x_train))
    clean = flat(data.x_test)
    noisy = np.clip(clean + np.random.default_rng(0).normal(scale=0.3, size=clean.shape), 0, 1)
    error = np.square(noisy - clean).mean()
    assert found["noisy_mse"] == pytest.approx(error, rel=1e-5)  # float32 pixels
    np.testing.assert_allclose(flat(arrays["noisy"]), noisy[:10], atol=1e-6)  # float32 pixels
    for name, call in zip(("bottleneck", "wide"), calls, strict=True):
        rebuilt = np.asarray(call.model(noisy.astype("float32")))
        error = np.square(rebuilt - clean).mean()
        assert found[f"{name}_mse"] == pytest.approx(error, rel=1e-5)  # float32 sums


@pytest.fixture(scope="module")
def codes():
    """Correlated codes far above zero, so that hardly a number drawn from them is negative."""
    rng = np.random.default_rng(0)
    return 20 + rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))


@pytest.mark.parametrize("correlated", [True, False])
def test_gaussian_codes_have_the_fitted_mean_and_covariance(codes, correlated, monkeypatch):
    """Those of the codes; without correlations the variances alone."""
    monkeypatch.setattr(images, "DRAWN", NUM_DRAWS)

    found = images._gaussian(codes, np.random.default_rng(1), correlated=correlated).astype(float)

    covariance = np.cov(codes.T) if correlated else np.diag(codes.var(axis=0, ddof=1))
    variances = np.diag(covariance)
    assert found.shape == (NUM_DRAWS, 4)
    bound = 5 * np.sqrt(variances / NUM_DRAWS)  # five standard errors of a mean
    assert (np.abs(found.mean(axis=0) - codes.mean(axis=0)) < bound).all()
    errors = np.sqrt((np.outer(variances, variances) + covariance**2) / NUM_DRAWS)
    assert (np.abs(np.cov(found.T) - covariance) < 5 * errors).all()  # of a covariance, the same
    assert np.abs(np.cov(codes.T) - np.diag(np.diag(np.cov(codes.T)))).max() > 10 * errors.max()


def test_gaussian_codes_have_no_negative_number(codes, monkeypatch):
    """Around a mean of zero every second number becomes zero, and the rest stay."""
    monkeypatch.setattr(images, "DRAWN", NUM_DRAWS)

    found = images._gaussian(codes - codes.mean(axis=0), np.random.default_rng(1), correlated=True)

    assert (found.dtype, found.min()) == (np.float32, 0)
    bound = 5 * 0.5 / np.sqrt(NUM_DRAWS)  # five standard errors of a share
    assert (np.abs((found == 0).mean(axis=0) - 0.5) < bound).all()


def test_distance_to_the_nearest_real_picture():
    """Against all pairs; a copy has none, up to round-off."""
    rng = np.random.default_rng(0)
    real, pictures = rng.random((30, 784), np.float32), rng.random((20, 784), np.float32)

    found = images._nearest_distances(np.concatenate([pictures, real[:2]]), real)

    expected = distance.cdist(pictures, real).min(axis=1)
    np.testing.assert_allclose(found[:20], expected, rtol=1e-4)  # float32 sums of 784
    np.testing.assert_allclose(found[20:], 0, atol=0.05)  # root of float32 round-off at 260


def test_only_training_tells_drawn_pictures_from_those_of_the_control(started, data):
    """The same codes through the decoder before a step: the judge is as sure of them."""
    found, arrays, (_, judge) = started("intuition-generate")

    np.testing.assert_array_equal(arrays["generated"], arrays["untrained"])
    for name in ("confidence", "distance"):
        assert found[f"generated_{name}"] == found[f"untrained_{name}"]
        assert found[f"independent_{name}"] != found[f"generated_{name}"]
    real = distance.cdist(flat(data.x_test), flat(data.x_train)).min(axis=1).mean()
    assert found["real_distance"] == pytest.approx(real, rel=1e-4)  # float32 sums of 784
    probabilities = np.asarray(judge.model(data.x_test))
    confidence = probabilities.max(axis=1).mean()
    assert found["real_confidence"] == pytest.approx(confidence, rel=1e-5)  # float32 mean
    assert found["judge_accuracy"] == (probabilities.argmax(axis=1) == data.y_test).mean()
    np.testing.assert_array_equal(judge.x, data.x_train)
    assert judge.recipe == Recipe(3, 128, loss="sparse_categorical_crossentropy")


def test_classifiers_start_from_the_encoder_or_from_chance(started, data):
    """The encoder's layers and the softmax of a fresh one; or the fresh one as it is."""
    _, _, (trained, pretrained, scratch, *_) = started("intuition-pretrain")

    code = trained.model.encode(data.x_test)
    kernel, bias = scratch.initial[-2:]
    logits = np.asarray(code) @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        pretrained.model(data.x_test), expected, rtol=1e-4
    )  # float32 softmax
    fresh = initialise(labels._classifier, {}, data.x_train[:1], seed=0).get_weights()
    for given, weight in zip(scratch.initial, fresh, strict=True):
        np.testing.assert_array_equal(given, weight)


def test_few_labels_are_few_for_every_start(started, data):
    """The first images and labels; frozen starts learn a softmax on codes of the same."""
    found, _, (trained, *calls) = started("intuition-pretrain")

    for call in calls[:4]:
        np.testing.assert_array_equal(call.y, data.y_train[:100])
        assert call.recipe == Recipe(200, 100, loss="sparse_categorical_crossentropy")
    for call in calls[:2]:
        np.testing.assert_array_equal(call.x, data.x_train[:100])
    few = models.in_batches(trained.model.encode, data.x_train[:100])
    for call in calls[2:4]:  # trained and untrained, which are one before a step
        np.testing.assert_array_equal(call.x, few)
        assert [layer.units for layer in call.model.layers[1:]] == [10]
    accuracy = "accuracy_100_labels"
    assert found[f"frozen_pretrained_{accuracy}"] == found[f"frozen_random_{accuracy}"]


def test_multiply_adds_are_entries_of_kernels(started):
    """784-64-10 against 32-64-10; biases are additions only."""
    found, _, (_, *calls) = started("intuition-cheaper")

    assert found["pixels_multiply_adds"] == 784 * 64 + 64 * 10
    assert found["code_multiply_adds"] == 32 * 64 + 64 * 10
    assert found["encoder_multiply_adds"] == 784 * 32
    ratio = (784 * 64 + 64 * 10) / (32 * 64 + 64 * 10)
    assert found["multiply_add_ratio"] == pytest.approx(ratio, rel=1e-12)  # one division
    assert [call.x.shape[1] for call in calls] == [32, 784, 32]
    assert {call.recipe for call in calls} == {
        Recipe(20, 100, loss="sparse_categorical_crossentropy")
    }
    np.testing.assert_array_equal(calls[0].x, calls[2].x)  # untrained, as everything here


def test_the_narrow_network_is_trained_once(trained):
    """Denoising trains it and a wide one; the others find it, and train classifiers only."""
    assert trained == {"denoise": 2, "cheaper": 3, "generate": 1}


def spelled(windows):
    """The text that windows were cut from, one character further each."""
    return "".join(characters.ALPHABET[number] for number in [*windows[0], *windows[1:, -1]])


def one_hot(call):
    """The windows that a network of characters is to give back, `(n, 9, characters)`."""
    return call.y.reshape(len(call.y), 9, -1)


def test_windows_erased_and_one_hot_characters():
    """Every run of nine characters; ones where they are; nothing in the middle once erased."""
    windows = characters._windows(LINES)

    rows = ["".join(characters.ALPHABET[number] for number in row) for row in windows]
    assert rows == ["abcab\ncab", "bcab\ncabb", "cab\ncabba", "ab\ncabba\n", "b\ncabba\na"]
    assert spelled(windows) == "\n".join(LINES)
    whole, erased = characters._one_hot(windows), characters._erased(windows)
    assert whole.shape == erased.shape == (5, 9, len(set(TEXT)))
    np.testing.assert_array_equal(whole.argmax(axis=2), windows)
    np.testing.assert_array_equal(whole.sum(axis=2), 1)
    np.testing.assert_array_equal(erased[:, 4], 0)
    np.testing.assert_array_equal(np.delete(erased, 4, axis=1), np.delete(whole, 4, axis=1))


def test_a_guess_is_the_likeliest_character_in_the_middle():
    """A model that repeats the character before guesses that; it is shown erased windows."""
    windows, seen = characters._windows(LINES), []

    def repeat(x):
        seen.append(x)
        found = np.array(x)
        found[:, 4] = 0.1 * found[:, 3]
        return found.reshape(len(x), -1)

    found = characters._guesses(repeat, windows)

    np.testing.assert_array_equal(found, windows[:, 3])
    assert not seen[0][:, 4].any()


def test_characters_are_guessed_in_lines_never_seen(started):
    """A fifth of the lines is kept apart; inputs are erased, targets are not."""
    _, arrays, (call,) = started("intuition-characters")

    lines = TEXT.splitlines()
    known = spelled(one_hot(call).argmax(axis=2)).split("\n")
    unseen = spelled(arrays["windows"]).split("\n")
    assert len(set(lines)) == len(lines)
    assert set(known) < set(lines)
    assert len(known) == len(lines) - round(0.2 * len(lines))
    assert not set(known) & set(unseen)
    assert set(unseen[:-1]) < set(lines)  # only the first 200 windows are kept
    np.testing.assert_array_equal(call.x[:, 4], 0)
    shown = np.delete(one_hot(call), 4, axis=1)
    np.testing.assert_array_equal(np.delete(call.x, 4, axis=1), shown)
    assert call.recipe == Recipe(60, 100, loss="mean_squared_error")


def test_guesses_without_a_network_by_hand(started):
    """The most frequent character, and the one most frequent after the one before, by counting."""
    found, arrays, (call,) = started("intuition-characters")
    known, size = one_hot(call).argmax(axis=2).tolist(), len(arrays["alphabet"])
    lines = np.random.default_rng(0).permutation(TEXT.splitlines())
    unseen = characters._windows(lines[: round(0.2 * len(lines))]).tolist()

    singles = collections.Counter(row[4] for row in known)
    pairs = collections.Counter((row[3], row[4]) for row in known)
    likeliest = max(range(size), key=lambda each: singles[each])
    after = [max(range(size), key=lambda e, b=before: pairs[b, e]) for before in range(size)]
    np.testing.assert_array_equal(unseen[:200], arrays["windows"])
    assert found["most_frequent_accuracy"] == np.mean([row[4] == likeliest for row in unseen])
    assert found["bigram_accuracy"] == np.mean([row[4] == after[row[3]] for row in unseen])
    assert found["autoencoder_accuracy"] == found["untrained_accuracy"]  # before a step

"""Article 01: its sequences, digits in disorder, and characters by hand.

Where networks need no training, an experiment runs on the first digits with
its own settings, and every model stays as it starts.
"""

import collections

import numpy as np
import pytest

from replication.experiments.intuition import characters, protocol, sequences
from replication.experiments.intuition.text import TEXT
from replication.training import Recipe

TRAINERS = [protocol]

LINES = ("abcab", "cabba", "a")  # spelled from letters that the text has


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
    found, *_ = started("intuition-rule")

    assert list(sequences.RULED) == sequences._hailstone(50, 18)
    assert len(sequences.RULELESS) == 10
    assert (found["rule_share"], found["ruleless_share"]) == (1.0, 0.0)


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

"""A missing character, guessed from those around it."""

import numpy as np

from replication import models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol
from replication.experiments.intuition.text import TEXT
from replication.training import Trained, initialise

WINDOW = 9  # characters, the erased one in their middle
MIDDLE = WINDOW // 2
HIDDEN = [128]
EPOCHS = 60
TEST_SHARE = 0.2  # of the lines
ALPHABET = sorted(set(TEXT))
NETWORK = {"units": HIDDEN, "output": "linear", "num_inputs": WINDOW * len(ALPHABET)}
SHOWN = 200


@experiment(
    "intuition-characters",
    minutes=0.2,
    metrics=[
        Metric(f"{name}_accuracy", "fraction", "higher")
        for name in ("autoencoder", "most_frequent", "bigram", "untrained")
    ],
)
def characters(seed: int, profile: Profile) -> Outcome:
    """The middle character of a window is erased; who guesses it, in lines never seen?"""
    lines = np.random.default_rng(seed).permutation(TEXT.splitlines())
    cut = round(len(lines) * TEST_SHARE)
    known, unseen = _windows(lines[cut:]), _windows(lines[:cut])
    trained = _fit(known, profile, seed=seed)
    untrained = initialise(models.DenseAutoencoder, NETWORK, _erased(known[:1]), seed=seed)
    truth = unseen[:, MIDDLE]
    guesses = {
        "autoencoder": _guesses(trained.model, unseen),
        "most_frequent": np.full(len(truth), np.bincount(known[:, MIDDLE]).argmax()),
        "bigram": _bigrams(known).argmax(axis=1)[unseen[:, MIDDLE - 1]],
        "untrained": _guesses(untrained, unseen),
    }
    scores = {
        f"{name}_accuracy": (float((each == truth).mean()), len(truth))
        for name, each in guesses.items()
    }
    arrays = {
        "alphabet": np.array(ALPHABET),
        "windows": unseen[:SHOWN],
        **{f"{name}_guesses": each[:SHOWN] for name, each in guesses.items()},
    }
    return Outcome(scores, trained.history, arrays)


def _fit(windows: np.ndarray, profile: Profile, *, seed: int) -> Trained:
    x, y = _erased(windows), _one_hot(windows)
    return protocol.fit(NETWORK, x, profile, seed=seed, epochs=EPOCHS, target=y)


def _windows(lines) -> np.ndarray:
    """Every run of `WINDOW` characters of the lines, as numbers of the alphabet, `(n, WINDOW)`."""
    numbers = np.array([ALPHABET.index(character) for character in "\n".join(lines)])
    return np.lib.stride_tricks.sliding_window_view(numbers, WINDOW)


def _one_hot(windows: np.ndarray) -> np.ndarray:
    return np.eye(len(ALPHABET), dtype=np.float32)[windows]  # (n, WINDOW, len(ALPHABET))


def _erased(windows: np.ndarray) -> np.ndarray:
    """One-hot windows whose middle character is all zeros."""
    found = _one_hot(windows)
    found[:, MIDDLE] = 0
    return found


def _bigrams(windows: np.ndarray) -> np.ndarray:
    """How often each character (column) follows each other one (row)."""
    pairs = np.zeros((len(ALPHABET), len(ALPHABET)))
    np.add.at(pairs, (windows[:, MIDDLE - 1], windows[:, MIDDLE]), 1)
    return pairs


def _guesses(model, windows: np.ndarray) -> np.ndarray:
    rebuilt = models.in_batches(model, _erased(windows))
    return rebuilt.reshape(len(windows), WINDOW, -1)[:, MIDDLE].argmax(axis=1)

"""Numbers that follow a rule, and characters that follow each other."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol
from replication.experiments.intuition.text import TEXT
from replication.training import initialise

# The two rows of numbers in the section on pattern recognition.
RULELESS = (40, 27, 25, 36, 81, 57, 10, 73, 19, 68)
RULED = (50, 25, 76, 38, 19, 58, 29, 88, 44, 22, 11, 34, 17, 52, 26, 13, 40, 20)
TERMS = 10
STARTS = range(100, 20_100)
HELD_OUT = 4_000  # starts
SEQUENCE_NETWORK = {"units": [64, 32, 2], "code": "linear", "output": "linear", "num_inputs": TERMS}
SEQUENCE_EPOCHS = 30

WINDOW = 9  # characters, the erased one among them
HIDDEN_CHARACTERS = [128]
CHARACTER_EPOCHS = 60
TEST_SHARE = 0.2  # of the lines


@experiment(
    "intuition-hailstone",
    minutes=0.5,
    metrics=[
        Metric("rule_share", "fraction", "higher"),
        Metric("ruleless_share", "fraction"),
        *(
            Metric(f"{name}_unexplained", "share of variance", "lower")
            for name in ("rule", "shuffled", "shuffled_again")
        ),
    ],
)
def hailstone(seed: int, profile: Profile) -> Outcome:
    """Windows of hailstone sequences through two numbers, and the same windows in disorder."""
    rng = np.random.default_rng(seed)
    starts = rng.permutation(np.array(STARTS))
    windows = np.log2(np.stack([_hailstone(start, TERMS) for start in starts]))
    windows = ((windows - windows.mean()) / windows.std()).astype(np.float32)
    kinds = {
        "rule": windows,
        "shuffled": rng.permuted(windows, axis=1),
        "shuffled_again": rng.permuted(windows, axis=1),
    }
    scores = {
        "rule_share": (_rule_share(RULED), len(RULED) - 1),
        "ruleless_share": (_rule_share(RULELESS), len(RULELESS) - 1),
    }
    history, arrays = [], {}
    for name, each in kinds.items():
        known, unseen = each[HELD_OUT:], each[:HELD_OUT]
        trained = protocol.fit(SEQUENCE_NETWORK, known, profile, seed=seed, epochs=SEQUENCE_EPOCHS)
        rebuilt = models.in_batches(trained.model, unseen)
        missed = metrics.unexplained_variance(unseen, rebuilt)
        scores[f"{name}_unexplained"] = (missed, len(unseen))
        history = history or trained.history
        arrays |= {f"{name}_windows": unseen[:8], f"{name}_rebuilt": rebuilt[:8]}
    return Outcome(scores, history, arrays)


def _next_term(number: int) -> int:
    """The rule: half of an even number, three times an odd one and one."""
    return number // 2 if number % 2 == 0 else 3 * number + 1


def _hailstone(start: int, terms: int) -> list[int]:
    """The first terms of the sequence from a start."""
    found = [int(start)]
    while len(found) < terms:
        found.append(_next_term(found[-1]))
    return found


def _rule_share(sequence: tuple[int, ...]) -> float:
    """Share of steps that follow the rule."""
    pairs = list(zip(sequence, sequence[1:], strict=False))
    return sum(_next_term(first) == second for first, second in pairs) / len(pairs)


@experiment(
    "intuition-characters",
    minutes=0.3,
    metrics=[
        Metric(f"{name}_accuracy", "fraction", "higher")
        for name in ("autoencoder", "most_frequent", "bigram", "untrained")
    ],
)
def characters(seed: int, profile: Profile) -> Outcome:
    """The middle character of a window is erased; who guesses it, in lines never seen?"""
    alphabet = sorted(set(TEXT))
    lines = np.random.default_rng(seed).permutation(TEXT.splitlines())
    cut = round(len(lines) * TEST_SHARE)
    known, unseen = (_windows("\n".join(each), alphabet) for each in (lines[cut:], lines[:cut]))
    middle = WINDOW // 2
    arguments = {
        "units": HIDDEN_CHARACTERS,
        "output": "linear",
        "num_inputs": WINDOW * len(alphabet),
    }
    trained = protocol.fit(
        arguments,
        _erased(known, alphabet),
        profile,
        seed=seed,
        epochs=CHARACTER_EPOCHS,
        target=_one_hot(known, alphabet),
    )
    untrained = initialise(
        models.DenseAutoencoder, arguments, _erased(known[:1], alphabet), seed=seed
    )
    pairs = np.zeros((len(alphabet), len(alphabet)))
    np.add.at(pairs, (known[:, middle - 1], known[:, middle]), 1)
    truth = unseen[:, middle]
    guesses = {
        "autoencoder": _guesses(trained.model, unseen, alphabet),
        "most_frequent": np.full(len(truth), np.bincount(known[:, middle]).argmax()),
        "bigram": pairs.argmax(axis=1)[unseen[:, middle - 1]],
        "untrained": _guesses(untrained, unseen, alphabet),
    }
    scores = {
        f"{name}_accuracy": (float((each == truth).mean()), len(truth))
        for name, each in guesses.items()
    }
    shown = np.array([alphabet.index(each) for each in "\n".join(lines[:cut])[:200]])
    arrays = {
        "alphabet": np.array(alphabet),
        "windows": unseen[:200],
        "guesses": guesses["autoencoder"][:200],
        "line": shown,
    }
    return Outcome(scores, trained.history, arrays)


def _windows(text: str, alphabet: list[str]) -> np.ndarray:
    """Every run of `WINDOW` characters as numbers of the alphabet, `(n, WINDOW)`."""
    numbers = np.array([alphabet.index(character) for character in text])
    return np.lib.stride_tricks.sliding_window_view(numbers, WINDOW)


def _one_hot(windows: np.ndarray, alphabet: list[str]) -> np.ndarray:
    return np.eye(len(alphabet), dtype=np.float32)[windows]  # (n, WINDOW, len(alphabet))


def _erased(windows: np.ndarray, alphabet: list[str]) -> np.ndarray:
    """One-hot windows whose middle character is all zeros."""
    found = _one_hot(windows, alphabet)
    found[:, WINDOW // 2] = 0
    return found


def _guesses(model, windows: np.ndarray, alphabet: list[str]) -> np.ndarray:
    rebuilt = models.in_batches(model, _erased(windows, alphabet))
    return rebuilt.reshape(len(windows), WINDOW, -1)[:, WINDOW // 2].argmax(axis=1)

"""Learning a text by heart, in order and in disorder."""

import numpy as np

from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import characters, protocol
from replication.experiments.intuition.text import TEXT

PASSES = 30  # over the text: no text is known any better after 120
TEXTS = ("in_order", "lines_shuffled", "words_shuffled", "characters_shuffled")


@experiment(
    "intuition-poem",
    minutes=0.4,
    metrics=[Metric(f"{name}_recalled", "fraction", "higher") for name in TEXTS],
)
def poem(seed: int, profile: Profile) -> Outcome:
    """How much of a text the guesser of characters knows by heart.

    In order, and with what each line is made of shuffled: its words, or its characters. Control:
    whole lines shuffled, of which windows of nine characters see next to nothing. What is counted
    are erased characters that are put back, in the very windows that were learned.
    """
    scores, history = {}, []
    for name, lines in _texts(np.random.default_rng(seed)).items():
        windows = characters._windows(lines)
        x, y = characters._erased(windows), characters._one_hot(windows)
        network, epochs = characters.NETWORK, PASSES
        trained = protocol.fit(network, x, profile, seed=seed, epochs=epochs, target=y)
        right = characters._guesses(trained.model, windows) == windows[:, characters.MIDDLE]
        scores[f"{name}_recalled"] = (float(right.mean()), len(windows))
        history = history or trained.history
    return Outcome(scores, history)


def _texts(rng: np.random.Generator) -> dict[str, list[str]]:
    """The text's lines, in every order of theirs and of what they are made of."""
    lines = TEXT.splitlines()
    return {
        "in_order": lines,
        "lines_shuffled": list(rng.permutation(lines)),
        "words_shuffled": [" ".join(rng.permutation(each.split())) for each in lines],
        "characters_shuffled": ["".join(rng.permutation(list(each))) for each in lines],
    }

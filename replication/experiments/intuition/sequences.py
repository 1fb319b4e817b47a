"""Numbers that follow a rule, and numbers that do not."""

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.intuition import protocol

# The two rows of numbers in the section on pattern recognition.
RULELESS = (40, 27, 25, 36, 81, 57, 10, 73, 19, 68)
RULED = (50, 25, 76, 38, 19, 58, 29, 88, 44, 22, 11, 34, 17, 52, 26, 13, 40, 20)
TERMS = 10
STARTS = range(100, 20_100)
HELD_OUT = 4_000  # starts
NETWORK = {"units": [128, 128, 2], "code": "linear", "output": "linear", "num_inputs": TERMS}
EPOCHS = 30
KINDS = ("rule", "walk", "shuffled")


@experiment(
    "intuition-rule",
    minutes=1,
    metrics=[
        Metric("rule_share", "fraction", "higher"),
        Metric("ruleless_share", "fraction"),
        *(Metric(f"{name}_unexplained", "share of variance", "lower") for name in KINDS),
    ],
)
def rule(seed: int, profile: Profile) -> Outcome:
    """Windows of hailstone sequences through two numbers, and windows that follow no rule.

    `walk`: every window takes the steps of a hailstone window from its start, in random order, so
    that it is as smooth and follows no rule. `shuffled`: the terms themselves in random order.
    """
    rng = np.random.default_rng(seed)
    starts = rng.permutation(np.array(STARTS))
    windows = np.log2(np.stack([_hailstone(start, TERMS) for start in starts]))
    windows = ((windows - windows.mean()) / windows.std()).astype(np.float32)
    kinds = {
        "rule": windows,
        "walk": _walks(windows, rng),
        "shuffled": rng.permuted(windows, axis=1),
    }
    scores = {
        "rule_share": (_rule_share(RULED), len(RULED) - 1),
        "ruleless_share": (_rule_share(RULELESS), len(RULELESS) - 1),
    }
    history, arrays = [], {}
    for name, each in kinds.items():
        known, unseen = each[HELD_OUT:], each[:HELD_OUT]
        trained = protocol.fit(NETWORK, known, profile, seed=seed, epochs=EPOCHS)
        rebuilt = models.in_batches(trained.model, unseen)
        missed = metrics.unexplained_variance(unseen, rebuilt)
        scores[f"{name}_unexplained"] = (missed, len(unseen))
        history = history or trained.history
        arrays |= {f"{name}_windows": unseen[:8], f"{name}_rebuilt": rebuilt[:8]}
    return Outcome(scores, history, arrays)


def _walks(windows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same starts and the same steps, those of each window in an order of its own."""
    steps = rng.permuted(np.diff(windows, axis=1), axis=1)
    return np.concatenate([windows[:, :1], windows[:, :1] + np.cumsum(steps, axis=1)], axis=1)


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

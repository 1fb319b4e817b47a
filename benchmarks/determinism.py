"""Seconds per epoch with TensorFlow's deterministic operations and without, in turn.

    python -m benchmarks.determinism [--images N] [--rounds 8]

The project does not ask for deterministic operations: on a processor, with one
number of threads, it gets the same bits without (tests/trust/test_determinism.py).
This says what asking would cost, for the model of article 05.

The mode holds for a whole process, so there are two. They take turns, an epoch
each, while the other one waits; a first round is not counted. The ratio is that
of the fastest epochs: what disturbs one only makes it slower, and on two cores
either process may lose half of its speed for rounds at a time.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from replication import store, training
from replication.runner import settings

_MODES = ("with", "without")


def main() -> None:
    """Runs the rounds and prints seconds and ratios; as a child, trains when it is told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=6_000, help="images an epoch")
    parser.add_argument("--rounds", type=int, default=8, help="counted rounds")
    parser.add_argument("--child", choices=_MODES, help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.child:
        _train(options)
    else:
        _print_summary(_take_turns(options)[1:], options.images)


def _take_turns(options) -> list[dict[str, float]]:
    """Seconds of an epoch in each mode, round by round."""
    children = {mode: _start(mode, options) for mode in _MODES}
    rounds: list[dict[str, float]] = []
    for number in range(options.rounds + 1):
        seconds = {}
        for mode in _MODES[:: 1 if number % 2 else -1]:
            print(file=children[mode].stdin, flush=True)
            line = children[mode].stdout.readline()
            if not line:
                sys.exit(
                    f"error: the process {mode} deterministic operations ended early; see above"
                )
            seconds[mode] = float(line)
        ratio = seconds["with"] / seconds["without"]
        counted = "" if number else "  (warm-up, not counted)"
        print(
            f"with {seconds['with']:6.2f} s, without {seconds['without']:6.2f} s, "
            f"ratio {ratio:.3f}{counted}",
            flush=True,
        )
        rounds.append(seconds)
    for child in children.values():
        child.communicate()
    return rounds


def _start(mode: str, options) -> subprocess.Popen:
    numbers = ["--images", str(options.images), "--rounds", str(options.rounds)]
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.determinism", "--child", mode, *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _train(options) -> None:
    """Trains an epoch for every line on standard input, and answers with its seconds."""
    import tensorflow

    from replication import models

    if options.child == "with":
        tensorflow.config.experimental.enable_op_determinism()
    x = settings.library().load("mnist").x_train[: options.images]
    recipe = training.Recipe(options.rounds + 1, batch_size=100)
    build_args = {"kl": "closed-form", "precision": 5.0, "seed": 0}
    before = [0.0]

    def answer(epoch: int, epochs: int, logs: dict, seconds: float) -> None:
        print(seconds - before[0], flush=True)
        before[0] = seconds
        sys.stdin.readline()

    sys.stdin.readline()
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = store.Checkpoints(Path(folder), on_epoch=answer)
        training.train(
            models.ClusteringVAE, build_args, x, recipe=recipe, seed=0, checkpoints=checkpoints
        )


def _print_summary(rounds: list[dict[str, float]], num_images: int) -> None:
    ratios = [each["with"] / each["without"] for each in rounds]
    fastest = {mode: min(each[mode] for each in rounds) for mode in _MODES}
    print(
        f"fastest of {len(ratios)} rounds, {num_images} images an epoch, "
        f"{settings.threads()} threads: with deterministic operations {fastest['with']:.2f} s, "
        f"without {fastest['without']:.2f} s, ratio {fastest['with'] / fastest['without']:.3f} "
        f"(by round: median {statistics.median(ratios):.3f}, from {min(ratios):.3f} to "
        f"{max(ratios):.3f})"
    )


if __name__ == "__main__":
    main()

"""Seconds per epoch of the clustering model: our training loop against plain Keras, in turn.

    python -m benchmarks.training_speed [--images 60000] [--rounds 3]

Each round trains one epoch of ours, checkpoint and history line included, and
one epoch of the yardstick's `fit`; a first round is not counted. The ratio is
ours over plain, round by round, so that a drifting machine cancels out.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

from replication import store, training
from replication.runner import settings


def main() -> None:
    """Runs the rounds and prints seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000, help="images an epoch")
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds")
    options = parser.parse_args()

    from benchmarks import plain_keras
    from replication import models

    x = settings.library().load("mnist").x_train[: options.images]
    plain = plain_keras.compiled()
    rounds: list[tuple[float, float]] = []
    clock = [time.perf_counter()]

    def take_turns(epoch: int, epochs: int, logs: dict, seconds: float) -> None:
        ours = time.perf_counter() - clock[0]
        plain.fit(x, batch_size=100, verbose=0)
        theirs = time.perf_counter() - clock[0] - ours
        counted = "  (warm-up, not counted)" if epoch == 1 else ""
        print(f"ours {ours:6.2f} s, plain {theirs:6.2f} s, ratio {ours / theirs:.3f}{counted}")
        rounds.append((ours, theirs))
        clock[0] = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        training.train(
            models.ClusteringVAE,
            {"kl": "closed-form", "precision": 5.0, "seed": 0},
            x,
            recipe=training.Recipe(epochs=options.rounds + 1, batch_size=100),
            seed=0,
            checkpoints=store.Checkpoints(Path(folder), on_epoch=take_turns),
        )
    _print_summary(rounds[1:], len(x))


def _print_summary(rounds: list[tuple[float, float]], num_images: int) -> None:
    ratios = [ours / theirs for ours, theirs in rounds]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"median of {len(ratios)} rounds, {num_images} images an epoch, "
        f"{settings.threads()} threads: ours {statistics.median(r[0] for r in rounds):.2f} s, "
        f"plain {statistics.median(r[1] for r in rounds):.2f} s, "
        f"ratio {statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f}); "
        f"peak memory of both together {peak:.2f} GB"
    )


if __name__ == "__main__":
    main()

"""Seconds per epoch: our training loop against plain Keras, in turn.

    python -m benchmarks.training_speed [--model clustering|dense] [--images N] [--rounds 3]

`clustering` is the model of article 05, as fast in plain Keras as we can make
it; `dense` is the small autoencoder of article 04, as its listings fit it.

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
    parser.add_argument("--model", choices=("clustering", "dense"), default="clustering")
    parser.add_argument("--images", type=int, default=60_000, help="images an epoch")
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds")
    options = parser.parse_args()

    from benchmarks import plain_keras
    from replication import models

    x = settings.library().load("mnist").x_train[: options.images]
    if options.model == "clustering":
        y, batch_size, plain = None, 100, plain_keras.clustering()
        ours = (models.ClusteringVAE, {"kl": "closed-form", "precision": 5.0, "seed": 0})
        loss = None
    else:
        y, batch_size, plain = x.reshape(len(x), -1), 256, plain_keras.dense()
        ours = (models.DenseAutoencoder, {"units": [32]})
        loss = "mean_squared_error"
    recipe = training.Recipe(options.rounds + 1, batch_size, loss=loss)
    rounds = _take_turns(ours, recipe, plain, x, y)
    _print_summary(rounds[1:], len(x))


def _take_turns(ours: tuple, recipe: training.Recipe, plain, x, y) -> list[tuple[float, float]]:
    """Seconds of ours and of the yardstick, epoch by epoch."""
    rounds: list[tuple[float, float]] = []
    clock = [time.perf_counter()]

    def after_epoch(epoch: int, epochs: int, logs: dict, seconds: float) -> None:
        mine = time.perf_counter() - clock[0]
        plain.fit(x, y, batch_size=recipe.batch_size, verbose=0)
        theirs = time.perf_counter() - clock[0] - mine
        counted = "  (warm-up, not counted)" if epoch == 1 else ""
        print(f"ours {mine:6.2f} s, plain {theirs:6.2f} s, ratio {mine / theirs:.3f}{counted}")
        rounds.append((mine, theirs))
        clock[0] = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        checkpoints = store.Checkpoints(Path(folder), on_epoch=after_epoch)
        training.train(*ours, x, y, recipe=recipe, seed=0, checkpoints=checkpoints)
    return rounds


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

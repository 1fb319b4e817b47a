"""Two trainings in turn on two threads, against both side by side on one thread each.

    python -m benchmarks.side_by_side [--model dense|clustering] [--images N] [--rounds 5]

What `JOBS` should be on two cores: the ratio is side by side over in turn, round by round and in
alternating order, so that whatever else the machine does hits both. Processes are started and
warmed up before; each trains one epoch a round, of the model of article 04 (`dense`) or 05.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

_WORKER = """
import sys
from replication import models, training
from replication.runner import settings

name, images = sys.argv[1], int(sys.argv[2])
x = settings.library().load("mnist" if images > 1500 else "digits").x_train[:images]
flat = x.reshape(len(x), -1)
build, args, y, loss = {
    "dense": (models.DenseAutoencoder, {"units": [32]}, flat, "mean_squared_error"),
    "clustering": (
        models.ClusteringVAE, {"kl": "closed-form", "precision": 5.0, "seed": 0}, None, None
    ),
}[name]
model = None
for line in sys.stdin:
    if model is None:
        recipe = training.Recipe(1, 100, loss=loss)
        model = training.train(build, args, x, y, recipe=recipe, seed=0).model
    else:
        model.fit(x, y, batch_size=100, shuffle=False, verbose=0)
    print("done", flush=True)
"""


def main() -> None:
    """Runs the rounds and prints seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("dense", "clustering"), default="dense")
    parser.add_argument("--images", type=int, default=20_000, help="images an epoch")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds")
    options = parser.parse_args()

    together = [_start(options, threads=1) for _ in range(2)]
    alone = _start(options, threads=2)
    for worker in (*together, alone):  # the first epoch traces and compiles
        _epochs([worker])
    rounds = []
    for number in range(options.rounds):
        order = [("together", [[*together]]), ("in turn", [[alone], [alone]])]
        seconds = dict(_timed(*each) for each in (order if number % 2 else order[::-1]))
        rounds.append(seconds["together"] / seconds["in turn"])
        shown = ", ".join(f"{name} {value:.2f} s" for name, value in sorted(seconds.items()))
        print(f"{shown}, ratio {rounds[-1]:.3f}")
    for worker in (*together, alone):
        worker.stdin.close()
        worker.wait()
    print(
        f"{options.model}, {options.images} images: two jobs side by side take "
        f"{statistics.median(rounds):.2f} of the time of two in turn (median of {len(rounds)}; "
        f"{min(rounds):.2f} to {max(rounds):.2f})"
    )


def _start(options, *, threads: int) -> subprocess.Popen:
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, options.model, str(options.images)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **dict.fromkeys(names, str(threads))},
    )


def _epochs(workers: list[subprocess.Popen]) -> None:
    """One epoch on each of these, at once; returns when all are done."""
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        if not worker.stdout.readline():
            raise RuntimeError(f"a process ended with code {worker.wait()}; expected an epoch")


def _timed(name: str, turns: list[list[subprocess.Popen]]) -> tuple[str, float]:
    started = time.perf_counter()
    for workers in turns:
        _epochs(workers)
    return name, time.perf_counter() - started


if __name__ == "__main__":
    main()

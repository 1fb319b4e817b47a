"""Seconds of the probe of numerics, beside those of importing what it probes.

    python -m benchmarks.probe [--rounds 5]

The probe says what a machine computes (docs/decisions/0012), once in every process that trains;
it must not be felt there. Each round is a process of its own, as a probe is kept; the ratio is that
of the fastest rounds.
"""

import argparse
import subprocess
import sys

_CHILD = """
import time
start = time.perf_counter()
import keras, scipy.linalg, sklearn.cluster, sklearn.linear_model, sklearn.neighbors
imported = time.perf_counter()
from replication import numerics
keras.ops.convert_to_numpy(keras.ops.ones(1))  # what starts the backend is no part of the probe
begun = time.perf_counter()
numerics.probe()
print(imported - start, time.perf_counter() - begun)
"""


def main() -> None:
    """Runs the rounds and prints seconds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    imports, probes = zip(*(_seconds() for _ in range(rounds)), strict=True)
    print(
        f"fastest of {rounds} processes: importing {min(imports):.2f} s, "
        f"the probe {min(probes):.2f} s, ratio {min(probes) / min(imports):.2f}"
    )


def _seconds() -> tuple[float, ...]:
    """Of importing and of the probe, in a process of their own."""
    answer = subprocess.run(
        [sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True
    )
    return tuple(map(float, answer.stdout.split()))


if __name__ == "__main__":
    main()

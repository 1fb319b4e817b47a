"""Mutants: nine in ten are killed, and why the others live is said."""

import collections
import subprocess
import sys

import pytest

from tests.trust import mutants

SHARE = 0.9


def shares(counts):
    """Share of the mutants that a test kills: of metrics, losses, verdicts, and all."""
    sums = collections.defaultdict(lambda: [0, 0])
    for module, (number, killed) in counts.items():
        for part in (module.partition("/")[0], "all"):
            sums[part][0] += number
            sums[part][1] += killed
    return {part: killed / number for part, (number, killed) in sums.items()}


def run(*options):
    """What the program prints: result, module, function, line and change of each mutant."""
    command = [sys.executable, str(mutants.ROOT / "tests" / "trust" / "mutants.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=mutants.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 4]


def test_nine_in_ten_were_killed():
    """When they were last run: in all, and of metrics, losses and verdicts each."""
    counts = mutants.read_counts()

    assert set(counts) == set(mutants.TESTS)
    assert set(shares(counts)) == {"metrics", "losses", "claims", "all"}
    assert min(shares(counts).values()) >= SHARE


def test_every_survivor_is_explained():
    """Equal to the original, with why; or accepted, with why."""
    survivors, counts = mutants.read_survivors(), mutants.read_counts()

    for each in survivors:
        assert each.explanation.startswith(("equal: ", "accepted: ")), each
    lives = collections.Counter(each.module for each in survivors)
    assert {m: number - killed for m, (number, killed) in counts.items()} == {
        module: lives[module] for module in counts
    }


@pytest.mark.parametrize("module", mutants.TESTS)
def test_every_module_is_there_with_its_tests(module):
    assert mutants.path_of(module).is_file()
    assert all((mutants.ROOT / path).is_file() for path in mutants.TESTS[module])


def test_mutants_of_a_module_differ():
    """No two of them are one, or the counts would lie."""
    keys = [mutant.key for mutant, _ in mutants.mutants("metrics/codes")]

    assert len(keys) > 10 and len(set(keys)) == len(keys)


def test_a_mutant_is_run_in_memory_and_the_file_stays():
    """The smallest module, a part of it."""
    path = mutants.path_of("metrics/signals")
    before = path.read_bytes()

    found = run("--only", "metrics/signals", "--sample", "8")

    assert len(found) == 8 and {result for result, *_ in found} <= {"killed", "survived"}
    assert sum(result == "killed" for result, *_ in found) >= SHARE * 8
    assert path.read_bytes() == before


@pytest.mark.long
def test_nine_in_ten_are_killed_today():
    """All of them, of today's code: weekly."""
    counts = collections.defaultdict(lambda: [0, 0])
    for result, module, *_ in run("--sample", str(number_of_mutants())):
        counts[module][0] += 1
        counts[module][1] += result == "killed"

    assert min(shares(counts).values()) >= SHARE


def number_of_mutants():
    """Of today's code."""
    return sum(1 for module in mutants.TESTS for _ in mutants.mutants(module))

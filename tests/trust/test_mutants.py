"""The list of mutants: nine in ten are killed, and why the others live is said."""

import collections
import subprocess
import sys

import pytest

from tests.trust import mutants

SAMPLE = 40
LISTED = mutants.read_table()
SHARE = 0.9


def killed_share(listed):
    """Share of the mutants that a test kills."""
    return sum(each.result == "killed" for each in listed) / len(listed)


def test_nine_in_ten_are_killed():
    """In all, and in metrics, losses and verdicts each."""
    assert {each.result for each in LISTED} == {"killed", "survived"}
    parts = collections.defaultdict(list)
    for each in LISTED:
        parts[each.module.partition("/")[0]].append(each)
    assert set(parts) == {"metrics", "losses", "claims"}
    for part, listed in (*parts.items(), ("all", LISTED)):
        assert killed_share(listed) >= SHARE, part


def test_every_survivor_is_explained():
    """Equal to the original, with why; or accepted, with why."""
    for each in LISTED:
        explained = each.explanation.startswith(("equal: ", "accepted: "))
        assert explained == (each.result == "survived"), each


@pytest.mark.parametrize("module", mutants.TESTS)
def test_the_list_is_that_of_todays_code(module):
    """Each line is there as it was, and no line is new: else run tests/trust/mutants.py."""
    today = [mutant.key for mutant, _ in mutants.mutants(module)]

    assert len(set(today)) == len(today)
    assert {each.key for each in LISTED if each.module == module} == set(today)


def run(*options):
    """What the program prints: result, module, function, line and change of each mutant."""
    command = [sys.executable, str(mutants.ROOT / "tests" / "trust" / "mutants.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=mutants.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 4]


def test_a_mutant_is_run_in_memory_and_the_file_stays():
    """The smallest module, all of it."""
    path = mutants.path_of("metrics/signals")
    before = path.read_bytes()
    listed = [each for each in LISTED if each.module == "metrics/signals"]

    found = run("--only", "metrics/signals", "--sample", str(len(listed)))

    assert sorted(found) == sorted([each.result, *each.key] for each in listed)
    assert path.read_bytes() == before


@pytest.mark.long
def test_a_sample_comes_out_as_listed():
    """Forty of all, drawn with a seed."""
    results = {each.key: each.result for each in LISTED}

    found = run("--sample", str(SAMPLE), "--seed", "1")

    assert len(found) == SAMPLE
    assert {tuple(key): result for result, *key in found} == {
        tuple(key): results[tuple(key)] for _, *key in found
    }

"""One seed gives one set of numbers: in another process, after other jobs, on fewer threads.

Bit-equal means the outcomes in the run store, at full precision, and not only the six digits of the
tables. Between numbers of threads sums are rounded in another order; that is another environment,
and its numbers lie where the drift rule of `make check` wants them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import killing
import numpy as np
import pytest

from replication import experiments, results, store
from replication.claims import regression
from replication.runner import settings

ROOT = Path(__file__).parents[2]
CHEAP = (  # one of every article
    "applied-reconstruction",
    "clustering-identities",
    "contractive-as-intended",
    "intuition-characters",
    "survey-decay",
)
DRIFTING = ("applied-embedding", "contractive-as-intended", "survey-decay")
# A process that runs jobs, in the order given, into a build folder of its own.
JOBS = """
import sys
from replication import experiments, runner

for name in sys.argv[1:]:
    experiment, profile, seed = name.split("/")
    runner.execute(runner.Job(experiments.find(experiment), profile, int(seed)))
"""


def run_jobs(build, names, *, threads=1, hash_seed=0):
    """Runs jobs in a process of their own; the build folder."""
    build.mkdir(parents=True, exist_ok=True)
    variables = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    ended = subprocess.run(
        [sys.executable, "-c", JOBS, *names],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            **dict.fromkeys(variables, str(threads)),
            "REPLICATION_BUILD": str(build),
            "PYTHONHASHSEED": str(hash_seed),  # the order of sets of strings
        },
    )
    assert ended.returncode == 0, ended.stderr
    return build


def outcomes(build):
    """Arrays, metrics and history of every run in a store, by its file."""
    found = {}
    for path in sorted((build / "runs").glob("*.npz")):
        arrays = store.load_arrays(path)
        about = json.loads(str(arrays.pop("about")))
        found[path.name] = arrays | {name: about[name] for name in ("metrics", "history")}
    return found


def assert_bit_equal(one, other):
    """Two build folders hold the same runs, tables and bits."""
    ours, theirs = outcomes(one), outcomes(other)

    assert ours.keys() == theirs.keys()
    for name, outcome in ours.items():
        assert outcome.keys() == theirs[name].keys()
        for part, value in outcome.items():
            np.testing.assert_array_equal(theirs[name][part], value, err_msg=f"{name}: {part}")
    assert killing.tables(one) == killing.tables(other)
    assert killing.provenance(one) == killing.provenance(other)


def test_one_seed_in_two_processes_is_equal_to_the_last_bit(tmp_path):
    """An experiment of every article, the second time in the reverse order; two seeds of one."""
    names = [*(f"{name}/smoke/0" for name in CHEAP), f"{CHEAP[0]}/smoke/1"]

    first = run_jobs(tmp_path / "first", names, hash_seed=1)
    second = run_jobs(tmp_path / "second", names[::-1], hash_seed=2)

    assert len(outcomes(first)) == len(names)
    assert_bit_equal(first, second)
    rows = results.read_measurements(first / "results", "applied")
    values = rows.pivot(index="metric", columns="seed", values="value")
    assert (values[0] != values[1]).any(), "numbers that depend on no seed prove nothing"


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Every experiment at smoke size with two threads, extended ones too."""
    names = [f"{name}/smoke/0" for name in experiments.registry()]
    return names, run_jobs(tmp_path_factory.mktemp("everything"), names, threads=2)


@pytest.mark.long
def test_every_experiment_is_equal_to_the_last_bit(everything, tmp_path):
    """At smoke size with two threads, in another process and in the reverse order."""
    names, first = everything

    second = run_jobs(tmp_path, names[::-1], threads=2, hash_seed=1)

    assert len(outcomes(first)) == len(names) == len(experiments.registry())
    assert_bit_equal(first, second)


@pytest.mark.long
@pytest.mark.parametrize("slug", ["applied", "contractive"])
def test_full_size_is_equal_to_the_last_bit(real_mnist, tmp_path, slug):
    """All core experiments of an article on MNIST, with the article's epochs, twice."""
    core = [each for each in experiments.registry().values() if each.tier == "core"]
    names = [f"{each.name}/full/0" for each in core if each.slug == slug]

    for build in (tmp_path / "first", tmp_path / "second"):
        build.mkdir()
        (build / "data").symlink_to(settings.BUILD / "data")  # MNIST, decoded once
        run_jobs(build, names, threads=2)

    assert len(outcomes(tmp_path / "first")) == len(names) > 5
    assert_bit_equal(tmp_path / "first", tmp_path / "second")


@pytest.mark.long
def test_other_numbers_of_threads_stay_inside_the_drift_rule(tmp_path):
    """Five seeds on one thread as committed, the first seed on two threads as today: stable.

    With all epochs, on the digits of scikit-learn: at smoke size nothing is judged.
    """
    seeds = [f"{name}/embedded/{seed}" for name in DRIFTING for seed in range(5)]
    committed = run_jobs(tmp_path / "committed", seeds) / "results"
    today = run_jobs(tmp_path / "today", [f"{n}/embedded/0" for n in DRIFTING], threads=2)
    today = today / "results"
    before, after = results.read_provenance(committed), results.read_provenance(today)

    found = regression.compare(
        results.read_measurements(committed),
        results.read_measurements(today),
        committed_provenance=before,
        today_provenance=after,
    )

    judged = [each for each in found if each.status != "not run"]
    assert {each.experiment for each in judged} == set(DRIFTING)
    assert not any(regression.same_environment(before[run], after[run]) for run in after)
    assert not [each for each in judged if each.status != "stable"]

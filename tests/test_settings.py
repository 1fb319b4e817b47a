"""Where things are and how a process runs: what the environment says, and what it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from replication.experiments import ExperimentError
from replication.runner import settings
from tests import command_line

ROOT = Path(__file__).parent.parent


def ask(monkeypatch, text):
    """Sets OMP_NUM_THREADS as it is when Python starts."""
    monkeypatch.setattr(settings, "_ASKED", text)
    monkeypatch.setenv("OMP_NUM_THREADS", text)


@pytest.mark.parametrize(("num_jobs", "threads"), [(1, 6), (2, 3), (4, 1), (9, 1)])
def test_the_cores_that_a_process_may_run_on_are_shared_out(monkeypatch, num_jobs, threads):
    """Under `taskset` or Slurm these are fewer than the machine has, and were not looked at."""
    ask(monkeypatch, "")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3, 5, 7, 8, 9}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)

    assert settings.threads(num_jobs) == threads


def test_where_no_mask_can_be_asked_for_all_cores_count(monkeypatch):
    """On macOS."""
    ask(monkeypatch, "")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 12)

    assert settings.threads(2) == 6


@pytest.mark.parametrize(("text", "threads"), [("1", 1), (" 3 ", 3), ("4,2", 4), ("08 , 2", 8)])
@pytest.mark.parametrize("num_jobs", [1, 2])
def test_what_the_user_asks_for_is_for_each_process(monkeypatch, text, threads, num_jobs):
    """Of a list, which OpenMP allows, the first number; it was a ValueError with a traceback."""
    ask(monkeypatch, text)

    assert settings.threads(num_jobs) == threads


@pytest.mark.parametrize("text", ["0", "-1", "x", "4,x", "4,", ",4", "1.5", "²", "9" * 5000])
def test_what_is_no_number_of_threads_is_named(monkeypatch, text):
    """With what is expected."""
    ask(monkeypatch, text)

    with pytest.raises(ExperimentError, match="expected one from 1 to 9999, or a list such as 4,2"):
        settings.threads()


@pytest.mark.parametrize(("text", "expected"), [("4,2", "4 4 4"), ("x", "x none")])
def test_the_import_hands_the_number_on_or_leaves_it_to_the_call(text, expected):
    """Libraries read their variables when they are loaded; an import cannot end with a sentence."""
    code = (
        "import os; from replication.runner import settings as s\n"
        "there = [os.environ['OMP_NUM_THREADS'], os.environ.get('NPROC', 'none')]\n"
        "print(*there, *([s.threads(2)] if s._ASKED != 'x' else []))"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": text}
    environment.pop("NPROC", None)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment
    )

    assert ended.stdout.split() == expected.split(), ended.stderr


@pytest.mark.parametrize(("asked", "expected"), [(None, "highest"), ("tensorfloat32",) * 2])
def test_jax_computes_in_float32_unless_the_user_says_otherwise(asked, expected):
    """It reads the variable when it is imported; a GPU else rounds factors to ten bits."""
    name = "JAX_DEFAULT_MATMUL_PRECISION"
    code = (
        "from replication.runner import settings; import jax; "
        "print(jax.config.jax_default_matmul_precision)"
    )
    environment = {each: value for each, value in os.environ.items() if each != name}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment | ({name: asked} if asked else {}),
    )

    assert ended.stdout.split() == [expected], ended.stderr


def test_a_sweep_with_no_number_of_threads_exits_2(tmp_path, monkeypatch, capsys):
    """One sentence, no traceback, nothing run."""
    ask(monkeypatch, "many")
    monkeypatch.setattr(settings, "BUILD", tmp_path)
    monkeypatch.setattr(settings, "TODAY", tmp_path / "results")
    sweep = ["sweep", "--profile", "smoke", "--experiments", "clustering-identities"]

    assert command_line.call(monkeypatch, *sweep) == 2

    told = capsys.readouterr().err
    assert "error: OMP_NUM_THREADS='many'" in told
    assert "Traceback" not in told
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("text", "expected"), [("", "auto"), ("smoke", "smoke")])
def test_a_profile_that_is_set_to_nothing_is_unset(monkeypatch, text, expected):
    """It was unknown, as no other variable is."""
    monkeypatch.setenv("REPLICATION_PROFILE", text)
    monkeypatch.setattr(settings, "choose_profile", lambda name, *_, **__: (name, ""))

    assert settings.profile_name() == expected
    assert settings.profile_name(profile="full") == "full"


def test_an_unknown_profile_names_the_variable_it_came_from(monkeypatch):
    """A reader of a notebook has not typed it."""
    monkeypatch.setenv("REPLICATION_PROFILE", "x")

    with pytest.raises(ExperimentError, match="REPLICATION_PROFILE='x' is no profile"):
        settings.profile_name()
    with pytest.raises(ExperimentError, match="unknown profile 'y'"):
        settings.profile_name(profile="y")

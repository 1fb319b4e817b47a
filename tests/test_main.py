"""The command line: options, messages and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from replication import __main__ as command
from replication.runner import settings
from tests import command_line

ROOT = Path(__file__).parent.parent


def replicate(*arguments, cwd=ROOT, **environment):
    """Runs `python -m replication` and returns what it did."""
    return subprocess.run(
        [sys.executable, "-m", "replication", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=120,
    )


@pytest.mark.parametrize(
    ("text", "seeds"),
    [(None, [0]), ("5", [0, 1, 2, 3, 4]), ("0-2", [0, 1, 2]), ("0,2,7", [0, 2, 7]), ("3-3", [3])],
)
def test_seeds_are_a_count_a_range_or_a_list(text, seeds):
    """A bare number counts seeds from zero; ranges include both ends."""
    assert command._seeds(text) == seeds


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "x", "1-", "-1", "2-1", "1.5", "0,,1", "²", "9" * 5000, "0-4,9-7"),
        *("1001", "1000-1000", "0-999999999999", "4294967295"),  # nothing is filled with these
    ],
)
def test_other_seeds_are_refused(text):
    """Whatever names no seeds is a usage error that says what is expected."""
    with pytest.raises(typer.BadParameter, match="a count such as 5"):
        command._seeds(text)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "--article", "nothing"], "expected one of applied"),
        (["run", "--profile", "huge"], "'auto', 'full', 'embedded', 'smoke'"),
        (["run", "--seeds", "none"], "names no seeds"),
        (["why", "mnist-puriy"], "Did you mean mnist-purity"),
        (["sweep"], "hours a seed on two cores: name some"),
        (["run", "--seeds", "0"], "A count of 0 is no seed; seed 0 alone is 0-0"),
        (["sweep", "--experiments", "*", "--seeds", "1000-1000"], "of seeds from 0 to 999"),
        (["why", "clustering-eq5-mnist", "--seed", "1000"], "less than or equal to 999"),
        (["noise", "--seed", "1000"], "less than or equal to 999"),
        (["accept", "--from", ".", "--reason", "x"], "leave out --reason and --unchanged"),
        (["accept", "--from", ".", "--unchanged", "*"], "leave out --reason and --unchanged"),
        (["run", "--budget", "20"], "expected one such as 20m"),
        (["frobnicate"], "No such command"),
    ],
)
def test_bad_arguments_exit_2_with_a_sentence(arguments, expected):
    """Unknown names end with code 2, no traceback, and what there is."""
    ended = replicate(*arguments)

    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert expected in " ".join(ended.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sweep", "--experiments", "nothing-*"], "`list` prints all"),
        (["why", "clustering-eq5-minst"], "Did you mean clustering-eq5-mnist"),
    ],
)
def test_unknown_experiments_exit_2_with_a_sentence(arguments, expected, monkeypatch, capsys):
    """As above, but here: who knows every experiment has loaded Keras."""
    assert command_line.call(monkeypatch, *arguments) == 2

    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert expected in " ".join(told.split())


def test_ctrl_c_while_libraries_load_ends_at_once():
    """An import may swallow the exception, so it is none."""
    code = (
        "import signal; from replication import __main__ as command\n"
        "def load():\n"
        "    try: signal.raise_signal(signal.SIGINT)\n"
        "    except BaseException: pass\n"
        "command._main = load; command.main(); print('went on')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)

    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.startswith("interrupted: finished epochs and runs are stored")


def test_a_terminal_that_knows_no_accents_shows_numbers(tmp_path):
    """A tolerance is printed with a sign that ASCII lacks, which is no reason to crash."""
    ended = replicate("check", PYTHONIOENCODING="ascii", REPLICATION_BUILD=str(tmp_path))

    assert "Traceback" not in ended.stderr
    assert "\\xb1" in ended.stdout


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder of the test's own, as REPLICATION_BUILD names it."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "build" / "results")
    return settings.BUILD


@pytest.fixture
def bare(build, monkeypatch):
    """A checkout with no data beside it, no data at home, and no network."""
    monkeypatch.setattr(settings, "ROOT", build.parent)
    monkeypatch.setenv("TFDS_DATA_DIR", "/nonexistent")
    monkeypatch.setenv("HOME", str(build.parent))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens on the discard port


def test_strict_without_data_exits_2_and_says_how_to_get_them(bare, build, monkeypatch, capsys):
    """No data, no network, STRICT=1: nothing runs, and the message is a recipe."""
    assert command_line.call(monkeypatch, "run", "--strict") == 2

    told = capsys.readouterr().err
    assert "Set TFDS_DATA_DIR" in told
    assert "Traceback" not in told
    assert not (build / "runs").exists()


def test_a_budget_leaves_what_does_not_fit_and_tells_machines(build, monkeypatch, capsys):
    """The digits take article 05 longer than a second, on any machine: exit code 0, and said so."""
    job = "clustering-eq5-mnist/embedded/0"
    arguments = ["--profile", "embedded", "--experiments", "clustering-eq5-mnist"]

    assert command_line.call(monkeypatch, "sweep", *arguments, "--budget", "1s", "--json") == 0

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in told] == ["planned", "left", "ended"]
    assert told[0]["missing"] == told[2]["left"] == 1
    assert told[1]["job"] == job and told[1]["minutes"] > 1 / 60
    assert not (build / "runs").exists()


def test_the_check_tells_machines_what_it_tells_people(tmp_path):
    """An object a line for every claim, and a summary."""
    ended = replicate("check", "--json", REPLICATION_BUILD=str(tmp_path))

    told = [json.loads(line, parse_constant=pytest.fail) for line in ended.stdout.splitlines()]
    claims = [each for each in told if each["event"] == "claim"]
    assert len({(each["article"], each["claim"]) for each in claims}) == len(claims) > 80
    assert all(each["verdict"] and "against_ourselves" in each for each in claims)
    assert all(each["seeds_to_decide"] for each in claims)
    assert told[-1]["event"] == "summary"
    assert bool(told[-1]["problems"]) == (ended.returncode == 1)

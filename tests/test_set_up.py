"""Set-up ignores the user's settings for pip and Python, and makes anew what does not run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_packaging import make  # noqa: F401, a fixture

ROOT = Path(__file__).parent.parent
ISOLATED = (sys.executable, "-I", str(ROOT / ".ci" / "isolated.py"))
CONFIGURATION = """
[global]
index-url = https://mirror.example/simple
trusted-host = one.example
    two.example
user = true
target = /nowhere
constraint = /nowhere/constraints.txt
require-virtualenv = true
python = /bin/false
quiet = 2
[install]
prefix = /nowhere
no-deps = false
proxy = http://proxy.example
"""
HOSTILE = {
    "PYTHONSAFEPATH": "1",  # `python -m replication` found no such module
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONSTARTUP": "/nowhere",
    "PYTHONUSERBASE": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
}


def variables_of_pip(home, **environment):
    """The variables that begin with PIP as a program that is run in place of pip sees them."""
    show = "import os; [print(n, v) for n, v in sorted(os.environ.items()) if n[:4] == 'PIP_']"
    others = {n: v for n, v in os.environ.items() if not n.startswith(("PIP_", "XDG_"))}
    ended = subprocess.run(
        [*ISOLATED, "-c", show],
        capture_output=True,
        text=True,
        env={**others, "HOME": str(home), **environment},
    )
    assert ended.returncode == 0, ended.stderr
    return dict(line.split(" ", 1) for line in ended.stdout.splitlines()), ended.stderr


def test_of_the_settings_of_pip_only_those_that_reach_an_index_are_kept(tmp_path):
    """With `user = true` packages went to the home; a mirror is all that some networks have."""
    (tmp_path / "pip.conf").write_text(CONFIGURATION)
    given = {
        "PIP_USER": "1",
        "PIP_ROOT": "/nowhere",
        "PIP_DRY_RUN": "1",
        "PIP_PYTHON": "/bin/false",
    }
    given |= {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_PROXY": "http://nearer.example"}
    found, _ = variables_of_pip(tmp_path, **given)

    wanted = {
        "PIP_CONFIG_FILE": os.devnull,  # none is read beside these
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_PROXY": "http://nearer.example",
        "PIP_TRUSTED_HOST": "one.example two.example",
    }
    assert {name: found.get(name) for name in wanted} == wanted
    kept = ("_URL", "_LINKS", "_HOST", "CERT", "PROXY", "INDEX", "_FILE", "_DIR", "TIMEOUT")
    assert not [name for name in found if not name.endswith(kept)]


def test_a_configuration_of_pip_that_cannot_be_read_is_said_and_left_out(tmp_path):
    (tmp_path / "pip.conf").write_text("no section = 1\n")
    found, said = variables_of_pip(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))

    assert found == {"PIP_CONFIG_FILE": os.devnull}
    assert said.startswith("pip's configuration is not followed: ")


def test_what_the_user_has_set_for_python_does_not_reach_a_task(make, monkeypatch):  # noqa: F811
    assert make("make setup").returncode == 0
    (make.project / ".venv" / "bin" / "python").write_text("#!/bin/sh\nenv\n")
    given = " ".join(f"{name}={value}" for name, value in HOSTILE.items())
    ended = make(f"{given} PYTHONDONTWRITEBYTECODE=1 make -s check")

    names = {line.partition("=")[0] for line in ended.stdout.splitlines()}
    assert "PATH" in names and not names & set(HOSTILE)
    assert "PYTHONDONTWRITEBYTECODE" in names  # which changes nothing


@pytest.mark.parametrize("fault", ["ln -sf gone .venv/bin/python", "rm .venv/bin/python"])
def test_an_environment_whose_interpreter_is_gone_is_made_anew(make, fault):  # noqa: F811
    """It ended with 127 for each task, and `make setup` had nothing to do."""
    assert make("make setup && make -q setup").returncode == 0
    ended = make(f"touch .venv/old && {fault} && make check")

    assert ended.returncode == 0, ended.stderr
    assert not (make.project / ".venv" / "old").exists()
    assert make("make -q setup").returncode == 0


def test_an_environment_of_another_version_since_an_upgrade_is_made_anew(make):  # noqa: F811
    """Its interpreter runs, and finds none of the packages."""
    assert make("make setup").returncode == 0
    lost = '#!/bin/sh\ncase "$*" in *find_spec*) exit 1;; esac\n'
    (make.project / ".venv" / "bin" / "python").write_text(lost)
    (make.project / ".venv" / "old").touch()

    assert make("make setup").returncode == 0
    assert not (make.project / ".venv" / "old").exists()


def test_a_checkout_has_the_same_bytes_with_any_settings_of_git(tmp_path):
    """With `core.autocrlf` the hashes of the lock were lost, and no shell script ran."""
    git = ["git", "-C", str(tmp_path), "-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    names = (".gitattributes", "requirements.lock", "Makefile", ".ci/run", "results/verdicts.csv")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run([*git, *command], check=True, capture_output=True, env=environment)
    for name in names:
        (tmp_path / name).unlink()
    subprocess.run([*git, "checkout", "--", "."], check=True, capture_output=True, env=environment)

    for name in names:
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), name

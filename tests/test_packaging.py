"""The files that say what is installed agree with one another."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYTHONS = ["3.11", "3.12", "3.13"]
EXTRAS = {  # what may import the libraries of an extra, beside tests
    "replication/site/": "site",
    "replication/runner/cluster.py": "cluster",
    "replication/experiments/clustering/alternatives.py": "umap",
}
PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")]


def locked_entries():
    """Each entry of the lock: its requirement, and the text of its continuation lines."""
    text = re.sub(r"^\s*#.*\n", "", LOCK, flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    return [(Requirement(e.split(" --hash=")[0].strip()), e) for e in entries if e.strip()]


def direct_requirements():
    """What pyproject.toml asks for, every extra included, itself left out."""
    lines = sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])
    return [each for each in map(Requirement, lines) if each.name != PROJECT["name"]]


def pins_for(python, platform, machine):
    """Versions that the lock installs there, by canonical name."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.9",  # any patch release of it
        "sys_platform": platform,
        "platform_machine": machine,
        "platform_system": {"linux": "Linux", "darwin": "Darwin"}[platform],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "extra": "",
    }
    pins = {}
    for requirement, _ in locked_entries():
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in pins, f"{name} is pinned twice for {python} on {platform} {machine}"
            pins[name] = str(requirement.specifier).removeprefix("==")
    return pins


@pytest.mark.parametrize("entry", locked_entries(), ids=lambda entry: entry[0].name)
def test_every_entry_of_the_lock_is_one_version_with_hashes(entry):
    requirement, text = entry

    assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), text
    assert requirement.url is None, text
    assert re.findall(r"--hash=(\w+):", text), f"{requirement.name} has no hash"
    assert set(re.findall(r"--hash=(\w+):", text)) == {"sha256"}
    assert all(len(h) == 64 for h in re.findall(r"--hash=sha256:([0-9a-f]*)", text))


def test_the_lock_names_no_index_and_no_path():
    assert not re.search(r"://|^--?[a-z]|^\s*-e|^[./]", LOCK, flags=re.MULTILINE)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("platform", "machine"), PLATFORMS)
def test_the_lock_satisfies_every_direct_dependency(python, platform, machine):
    pins = pins_for(python, platform, machine)

    for requirement in direct_requirements():
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not in requirements.lock: run `make lock`"
        assert requirement.specifier.contains(pins[name], prereleases=True), (
            f"requirements.lock has {name} {pins[name]}, pyproject.toml asks for {requirement}: "
            "run `make lock`"
        )


def test_who_develops_has_every_extra():
    """The lock is made of `dev`, so that no test skips for want of a package."""
    extras = PROJECT["optional-dependencies"]
    own = [each for each in map(Requirement, extras["dev"]) if each.name == PROJECT["name"]]

    assert set().union(*(each.extras for each in own)) == set(extras) - {"dev"}


def declared_for(path):
    """Libraries that a file may import, by canonical name."""
    extras, lines = PROJECT["optional-dependencies"], list(PROJECT["dependencies"])
    for place, extra in EXTRAS.items():
        lines += extras[extra] if path.startswith(place) else []
    if path.startswith("tests/"):
        lines += sum(extras.values(), [])
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(path):
    """Top-level names of what a file imports that is neither ours nor Python's own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in {name.partition(".")[0] for name in names}:
            if name not in {"replication", "tests", *sys.stdlib_module_names}:
                yield name


@pytest.mark.parametrize("folder", ["replication", "tests"])
def test_every_library_that_is_imported_is_asked_for(folder):
    """Nine came by way of others, which may drop them in any release."""
    known, missing = packages_distributions(), set()
    local = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"no_such_library"}
    for path in (ROOT / folder).rglob("*.py"):
        place = path.relative_to(ROOT).as_posix()
        for name in imported(path):
            of = {canonicalize_name(each) for each in known.get(name, [name])}
            if not of & declared_for(place) and not (folder == "tests" and name in local):
                missing.add((place, name))

    assert not missing


def test_environment_yml_installs_exactly_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [d for d in environment["dependencies"] if isinstance(d, str)]
    pip = [d for d in environment["dependencies"] if not isinstance(d, str)]

    assert environment["name"] == PROJECT["name"]
    assert environment["channels"] == ["conda-forge"]
    assert [d.split("=")[0] for d in conda] == ["python", "pip"]  # no library is conda's
    assert pip == [{"pip": ["-r requirements.lock"]}]


def test_python_bounds_agree():
    bounds = SpecifierSet(PROJECT["requires-python"])
    minors = [f"3.{minor}" for minor in range(30) if bounds.contains(f"3.{minor}.1")]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]

    assert minors == PYTHONS
    assert environment["dependencies"][0].removeprefix("python=") in minors
    assert "(3, 11) <= sys.version_info[:2] < (3, 14)" in makefile
    assert "--python-version 3.11 " in makefile
    assert tool["ruff"]["target-version"] == "py311"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "Makefile"])
def test_documents_name_the_supported_pythons(document):
    text = (ROOT / document).read_text(encoding="utf-8")

    assert "3.11, 3.12 or 3.13" in text


def test_version_is_the_same_everywhere():
    version = PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert str(citation["version"]) == version
    assert f"## [{version}]" in changelog


def test_licence_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert PROJECT["license"] == citation["license"] == "Apache-2.0"
    assert licence.lstrip().startswith("Apache License\n")


FAKE_PYTHON = """#!/bin/sh
case "$*" in "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac
"""


@pytest.fixture
def make(tmp_path):
    """Runs a shell command in a folder with the Makefile, and a Python that installs nothing."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, project)
    fake = tmp_path / "python3"
    fake.write_text(FAKE_PYTHON)
    fake.chmod(0o755)
    mine = {name: value for name, value in os.environ.items() if "MAKE" not in name}

    def run(command):
        return subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            cwd=project,
            env={**mine, "PYTHON": str(fake)},
        )

    run.project = project
    return run


def test_setting_up_says_nothing_where_machines_read(make):
    """`make -s reproduce JSON=1` in a fresh clone began with a line that is no JSON."""
    ended = make("make setup")

    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    assert ended.stderr.startswith("Installing requirements.lock")
    assert not (make.project / ".venv" / ".installing").exists()
    assert make("make -q setup").returncode == 0


def test_a_set_up_that_was_killed_does_not_wait_for_itself(make):
    """In a container the next make may have the number of the dead one."""
    ended = make("mkdir .venv && echo $$ > .venv/.installing && exec make setup")

    assert ended.returncode == 0, ended.stderr
    assert not (make.project / ".venv" / ".installing").exists()


def test_a_set_up_waits_for_another_one_and_names_the_file(make):
    """The number may be that of some other process by now, which only a person can tell."""
    ended = make(f"mkdir .venv && echo {os.getpid()} > .venv/.installing && make setup")

    assert ended.returncode == 2
    assert f"another make (process {os.getpid()}) is filling .venv" in ended.stderr
    assert "remove .venv/.installing" in ended.stderr
    assert (make.project / ".venv" / ".installing").exists()


@pytest.mark.parametrize("task", ["reproduce", "check", "diff"])
def test_tasks_that_can_tell_machines_do(make, task):
    """`make diff JSON=1` did not pass it on."""
    make("make setup")

    assert "--json" in make(f"make -n {task} JSON=1").stdout.split()
    assert "--json" not in make(f"make -n {task} JSON=0").stdout.split()


def test_nobody_is_told_to_install_the_project_from_pypi():
    """It is not there, and whoever takes its name would be installed in its place."""
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]
    texts += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "replication" / "runner").rglob("*.py")]

    for path in texts:
        assert "autoencoders-replicated[" not in path.read_text(encoding="utf-8"), path


def test_ci_is_executable():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

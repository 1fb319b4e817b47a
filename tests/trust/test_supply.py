"""What gets installed: what the lock names, by its hashes, and nothing else."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
LOCKS = [ROOT / "requirements.lock", ROOT / ".ci" / "tools.lock"]


def read_lock(text):
    """The requirements of a lock that `make lock` wrote, each with the number of its hashes."""
    joined = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(" --hash=sha256:") for line in joined.splitlines() if line.strip()]
    return [(Requirement(line[0].strip()), len(line) - 1) for line in lines]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_nothing_in_a_lock_lacks_a_hash_or_comes_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    pins = read_lock(text)

    assert len(pins) > 20
    for pin, num_hashes in pins:
        assert num_hashes > 0 and pin.url is None, pin
        assert re.fullmatch(r"==[a-z0-9.]+", str(pin.specifier)), pin
    assert not re.search(r"://|^--?[a-z]|^\s*-e|^[./]", text, flags=re.MULTILINE)


def test_make_installs_nothing_without_a_hash_but_pytorch():
    """And what has to be built is built by what the lock holds."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line]
    loose = [line for line in installs if "--require-hashes" not in line]
    whole = [line for line in installs if "--no-build-isolation" in line]

    assert len(loose) == 1 and "$(torch)" in loose[0]
    assert len(whole) == 1 and "-r requirements.lock" in whole[0]
    assert text.index("-r .venv/.builders") < text.index(whole[0])


def test_what_builds_a_source_is_taken_from_the_lock_with_its_hashes(tmp_path):
    """The line of the Makefile that picks setuptools and wheel."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [command] = re.findall(r"^\t@(awk .*) > \.venv/\.builders$", text, flags=re.MULTILINE)
    picked = subprocess.run(
        ["sh", "-c", command.replace("$$", "$")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    whole = {pin.name: (pin, count) for pin, count in read_lock(LOCKS[0].read_text("utf-8"))}

    assert read_lock(picked) == [whole["setuptools"], whole["wheel"]]


def test_the_audit_asks_for_what_the_documents_promise():
    """Three platforms and three Pythons; what a service has not heard of does not pass."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [platforms] = re.findall(r"^platforms = (.*)$", text, flags=re.MULTILINE)
    promised = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert len(platforms.split()) == 3 and "for version in 3.11 3.12 3.13" in text
    assert "manylinux_2_28" in platforms and "glibc 2.28 or newer" in promised
    assert "pip-audit --strict" in text


def test_the_installed_packages_are_those_of_the_lock():
    """What runs these tests is what was pinned, PyTorch and what it needs aside."""
    lock = read_lock(LOCKS[0].read_text(encoding="utf-8"))
    pinned = {(pin.name, str(pin.specifier).removeprefix("==")) for pin, _ in lock}
    names = {name for name, _ in pinned}
    found = {
        (canonicalize_name(each.metadata["Name"]), each.version)
        for each in importlib.metadata.distributions()
    }

    assert {each for each in found if each[0] in names} <= pinned
    torch = {"torch", "sympy", "mpmath", "networkx"}
    assert {name for name, _ in found} - names - {"pip"} <= torch


def test_the_installed_packages_ask_for_nothing_else():
    """As pip has it, on this platform; `make audit` asks for the others."""
    options = [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"]
    done = subprocess.run(options, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout

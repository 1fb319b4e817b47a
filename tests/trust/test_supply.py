"""What gets installed: the lock on every platform, and an audit that cannot pass by silence.

Without a network: `make audit` asks the real index and the real services.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import threading
import tomllib
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / ".ci" / "audit.py"
LOCKS = [ROOT / "requirements.lock", ROOT / ".ci" / "tools.lock"]


def load_audit():
    """The script of `make audit`, as a module."""
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


audit = load_audit()
EVERYWHERE = [
    "demo-1.0-cp31{minor}-cp31{minor}-manylinux_2_28_x86_64.whl",
    "demo-1.0-cp31{minor}-cp31{minor}-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
    "demo-1.0-cp31{minor}-cp31{minor}-macosx_12_0_arm64.whl",
]


def wheels():
    """Names of nine wheels, one for each platform and Python."""
    return [name.format(minor=minor) for name in EVERYWHERE for minor in (1, 2, 3)]


def sha256(name):
    """A digest for a file that is never made."""
    return hashlib.sha256(name.encode()).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and writes no log."""

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def index(tmp_path):
    """A package index on this machine, and a function that offers files in it."""
    page = tmp_path / "simple" / "demo" / "index.html"
    page.parent.mkdir(parents=True)

    def offer(names):
        links = (f'<a href="../../{name}#sha256={sha256(name)}">{name}</a>' for name in names)
        page.write_text("<html>" + "<br/>".join(links) + "</html>")

    serve = functools.partial(Quiet, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple", offer
        server.shutdown()


def make_lock(names, requirement="demo==1.0"):
    """A lock with one pin and the hashes of these files."""
    hashes = " \\\n".join(f"    --hash=sha256:{sha256(name)}" for name in names)
    return f"{requirement} \\\n{hashes}\n    # via nothing\n"


@pytest.fixture
def uninstallable(index):
    """Asks an index that offers some files for the pins of a lock."""
    address, offer = index

    def ask(lock, names):
        offer(names)
        return audit.uninstallable(audit.read_lock(lock), address)

    return ask


def test_a_wheel_for_every_platform_and_python_is_enough(uninstallable):
    assert uninstallable(make_lock(wheels()), wheels()) == ([], [])


@pytest.mark.parametrize("lost", wheels())
def test_a_pin_that_one_platform_cannot_install_is_named(uninstallable, lost):
    """Because the index does not have the wheel, or because the lock does not have its hash."""
    kept = [name for name in wheels() if name != lost]
    not_offered, _ = uninstallable(make_lock(wheels()), kept)
    not_locked, _ = uninstallable(make_lock(kept), wheels())
    platform = {"x86_64": "Linux x86-64", "h64.whl": "Linux arm64", "m64.whl": "macOS arm64"}
    [expected] = [says for end, says in platform.items() if end in lost]

    assert not_offered == not_locked
    assert [re.sub(r".*3\.1(\d) on", r"\1", line) for line in not_locked] == [
        f"{lost[13]} {expected}"
    ]


@pytest.mark.parametrize(
    ("good", "bad"),
    [("manylinux_2_28_x86_64", "manylinux_2_34_x86_64"), ("macosx_12_0", "macosx_14_0")],
)
def test_a_wheel_for_a_newer_system_than_we_promise_does_not_count(uninstallable, good, bad):
    names = [name.replace(good, bad) for name in wheels()]
    missing, _ = uninstallable(make_lock(names), names)

    assert len(missing) == 3


def test_a_source_counts_and_is_listed(uninstallable):
    names = ["demo-1.0.tar.gz"]

    assert uninstallable(make_lock(names), names) == ([], ["demo 1.0"])
    assert len(uninstallable(make_lock(["demo-0.9.tar.gz"]), ["demo-0.9.tar.gz"])[0]) == 9


def test_a_marker_says_where_a_pin_is_needed(uninstallable):
    names = [name for name in wheels() if "macosx" in name]
    everywhere, _ = uninstallable(make_lock(names), names)
    on_macs, _ = uninstallable(make_lock(names, "demo==1.0 ; sys_platform == 'darwin'"), names)

    assert len(everywhere) == 6 and on_macs == []


def test_the_nine_combinations_are_those_that_the_documents_promise():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert len(audit.TARGETS) == 9
    assert f"glibc 2.{audit.GLIBC} or newer" in text and f"macOS {audit.MACOS}" in text


PIP_AUDIT = """
import json, pathlib, sys
holes = json.loads(sys.argv[1])
options = dict(zip(sys.argv[2:], sys.argv[3:]))
if options["--vulnerability-service"] != {service!r}:
    sys.exit("no route to host")
found = []
for line in pathlib.Path(options["--requirement"]).read_text().split():
    name, _, version = line.partition("==")
    known = [{{"id": each, "aliases": [], "fix_versions": ["9"]}} for each in holes.get(line, [])]
    if line in holes.get("skipped", []):
        found.append({{"name": name, "skip_reason": f"{{name}} ({{version}}) not found"}})
    else:
        found.append({{"name": name, "version": version, "vulns": known}})
answer = json.dumps({{"dependencies": found, "fixes": []}})
pathlib.Path(options["--output"]).write_text(answer)
"""
CONTROL = "jinja2==2.4.1"


@pytest.fixture
def run_audit(index, tmp_path):
    """Runs the whole script against a stand-in for pip-audit; returns code, output and errors."""
    address, offer = index
    offer(wheels())

    def run(holes, *, lock="", service="pypi", index=address):
        path, stand_in = tmp_path / "requirements.lock", tmp_path / "pip_audit.py"
        path.write_text(lock or make_lock(wheels()))
        stand_in.write_text(PIP_AUDIT.format(service=service))
        command = [sys.executable, str(stand_in), json.dumps(holes)]
        options = ["--lock", str(path), "--index", index, "--pip-audit", *command]
        done = subprocess.run(
            [sys.executable, str(SCRIPT), *options], capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_known_vulnerability_is_named_and_fails(run_audit):
    """Also of a pin for another platform, and of each of two versions of one project."""
    lock = make_lock(["a"], "demo==1.0 ; sys_platform == 'win32'") + make_lock(["b"], "demo==2.0")
    holes = {CONTROL: ["PYSEC-1"], "demo==1.0": ["GHSA-1"], "demo==2.0": ["GHSA-2"]}
    code, told, _ = run_audit(holes, lock=lock)

    assert code == 1
    assert "demo 1.0: GHSA-1, mended in 9" in told and "demo 2.0: GHSA-2" in told
    assert "2 releases, 2 known vulnerabilities" in told


@pytest.mark.parametrize(
    ("holes", "reason"),
    [
        ({}, "knows no vulnerability of jinja2 2.4.1"),
        ({"skipped": [CONTROL]}, "jinja2 (2.4.1) not found"),
        ({CONTROL: ["PYSEC-1"], "skipped": ["demo==1.0"]}, "demo (1.0) not found"),
    ],
)
def test_a_service_that_knows_nothing_is_not_taken_for_good_news(run_audit, holes, reason):
    """Exit code 2: silent on a release that is known to be bad, or on one of our pins."""
    code, told, errors = run_audit(holes)

    assert code == 2
    assert reason in errors and "no advisory service answers" in errors
    assert "known vulnerabilities" not in told and "Traceback" not in errors


def test_where_nobody_can_be_reached_the_audit_says_so(run_audit):
    nobody = "http://127.0.0.1:9/simple"  # the port of `discard`, where nothing listens
    code, _, errors = run_audit({CONTROL: ["PYSEC-1"]}, service="none of ours", index=nobody)

    assert code == 2
    assert "pypi: no route to host; osv: no route to host" in errors
    assert "no package index answers" in errors and "Traceback" not in errors


def test_the_second_service_is_asked_where_the_first_is_silent(run_audit):
    code, told, _ = run_audit({CONTROL: ["PYSEC-1"]}, service="osv")

    assert code == 0
    assert "1 pins, 9 combinations of platform and Python, 0 missing" in told
    assert "advisories of osv: 1 releases, 0 known vulnerabilities" in told


def test_a_vulnerability_is_excused_by_name_and_reason_only():
    hole = {"id": "GHSA-1", "aliases": ["CVE-1"], "fix_versions": []}
    found = {("demo", "1.0"): [hole]}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]

    assert audit.unexcused(found, {"CVE-1": "we never call it"}) == []
    assert audit.unexcused(found, {"CVE-1": " "}) == ["demo 1.0: GHSA-1, mended in no release yet"]
    assert audit.unexcused(found, settings["audit"]["excused"]) != []


@pytest.mark.parametrize("target", audit.TARGETS, ids=str)
def test_the_lock_is_closed_under_what_its_packages_ask_for(target):
    """On every platform, as far as the packages installed here say what they need there."""
    lock = audit.read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = sum(project["optional-dependencies"].values(), project["dependencies"])
    for environment in target.environments():
        pins = {pin.name: pin.version for pin in audit.pins_for(lock, environment)}
        todo = [each for each in map(Requirement, direct) if each.name != project["name"]]
        seen, followed = set(), 0
        while todo:
            asked = todo.pop()
            name = canonicalize_name(asked.name)
            assert name in pins, f"{asked} is not in the lock"
            assert asked.specifier.contains(pins[name], prereleases=True), f"{asked}: {pins[name]}"
            for extra in {"", *asked.extras} - {e for n, e in seen if n == name}:
                seen.add((name, extra))
                needs = needs_of(name, pins[name], {**environment, "extra": extra})
                followed += needs is not None
                todo += needs or []

        assert followed > 0.9 * len(seen)  # a few pins are for another Python than this one


def needs_of(name, version, environment):
    """What a package asks for there; None where that version is not the one installed here."""
    found, needs = declared(name)
    if found != version:
        return None
    return [each for each in needs if each.marker is None or each.marker.evaluate(environment)]


@functools.cache
def declared(name):
    """Version and needs of a package as it is installed here; no version where it is not."""
    found = list(importlib.metadata.distributions(name=name))
    needs = (found[0].requires or ()) if found else ()
    return (found[0].version if found else None), [Requirement(each) for each in needs]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_nothing_in_a_lock_lacks_a_hash_or_comes_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    pins = audit.read_lock(text)

    assert len(pins) > 20
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert [pin.name for pin in pins if pin.requirement.url] == []
    assert all(re.fullmatch(r"[a-z0-9.]+", pin.version) for pin in pins)
    assert not re.search(r"://|^--?[a-z]|^\s*-e|^[./]", text, flags=re.MULTILINE)


def test_make_installs_nothing_without_a_hash_but_pytorch():
    """And what has to be built is built by what the lock holds."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line]
    loose = [line for line in installs if "--require-hashes" not in line]
    [whole] = [line for line in installs if "-r requirements.lock" in line]

    assert len(installs) == 4
    assert len(loose) == 1 and "$(torch)" in loose[0]
    assert "--no-build-isolation" in whole
    assert text.index("-r .venv/.builders") < text.index("-r requirements.lock")


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
    whole = {pin.name: pin for pin in audit.read_lock(LOCKS[0].read_text(encoding="utf-8"))}

    assert audit.read_lock(picked) == [whole["setuptools"], whole["wheel"]]


def test_the_installed_packages_are_those_of_the_lock():
    """What runs these tests is what was pinned, PyTorch and what it needs aside."""
    lock = audit.read_lock(LOCKS[0].read_text(encoding="utf-8"))
    pinned = {(pin.name, pin.version) for pin in lock}
    names = {name for name, _ in pinned}
    found = {
        (canonicalize_name(each.metadata["Name"]), each.version)
        for each in importlib.metadata.distributions()
    }

    assert {each for each in found if each[0] in names} <= pinned
    torch = {"torch", "sympy", "mpmath", "networkx"}
    assert {name for name, _ in found} - names - {"pip"} <= torch

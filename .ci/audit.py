"""Audits requirements.lock with the help of others: a package index, and advisories.

`make audit` runs it. First, on each platform and Python that the lock promises, every pin must have
a file with a hash of the lock that can be installed: a wheel, or else the source, which is listed.
Then no pin may have a known vulnerability but those that pyproject.toml excuses.

Exits with 1 if either fails, with 2 if nobody could be asked. A service that does not know the
holes of an old Jinja2 is not believed when it knows none of ours: pip-audit passes whatever its
service has not heard of.
"""

import argparse
import functools
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from packaging import tags
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

ROOT = Path(__file__).parent.parent
INDEX = "https://pypi.org/simple"
SERVICES = ("pypi", "osv")  # of advisories; the first that knows the control is asked
CONTROL = ("jinja2", "2.4.1")  # CVE-2014-1402, CVE-2019-10906 and others
TIMEOUT = 15  # seconds for an answer
PYTHONS = (11, 12, 13)
PATCHES = (0, 99)  # the first release of each, and one later than all
GLIBC, MACOS = 28, 12  # glibc 2.28 or newer, macOS 12 or newer
PLATFORMS = {"Linux x86-64": "x86_64", "Linux arm64": "aarch64", "macOS arm64": "arm64"}


class NoAnswer(Exception):
    """Whoever should be asked cannot be; the message says who, and what came back."""


@dataclass(frozen=True)
class Pin:
    """One entry of the lock."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        """Canonical name."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version that is allowed."""
        return str(self.requirement.specifier).removeprefix("==")


@dataclass(frozen=True)
class Target:
    """A Python on a platform."""

    platform: str
    minor: int

    def __str__(self):
        return f"Python 3.{self.minor} on {self.platform}"

    @functools.cache  # noqa: B019 - nine of them
    def tags(self) -> frozenset[tags.Tag]:
        """What a wheel may be tagged with there."""
        python, machine = (3, self.minor), PLATFORMS[self.platform]
        if machine == "arm64":
            platforms = list(tags.mac_platforms((MACOS, 0), machine))
        else:
            newest_first = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)]
            older = [f"manylinux{year}_{machine}" for year in ("2014", "2010", "1")]
            platforms = [*newest_first, *older, f"linux_{machine}"]
        own = tags.cpython_tags(python, abis=[f"cp3{self.minor}"], platforms=platforms)
        return frozenset(own) | set(tags.compatible_tags(python, f"cp3{self.minor}", platforms))

    def environments(self) -> list[dict[str, str]]:
        """What markers are evaluated in, for the first and for the last patch release."""
        machine = PLATFORMS[self.platform]
        mac = machine == "arm64"
        return [
            {
                "python_version": f"3.{self.minor}",
                "python_full_version": f"3.{self.minor}.{patch}",
                "sys_platform": "darwin" if mac else "linux",
                "platform_system": "Darwin" if mac else "Linux",
                "platform_machine": machine,
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "os_name": "posix",
                "extra": "",
            }
            for patch in PATCHES
        ]


TARGETS = [Target(platform, minor) for platform in PLATFORMS for minor in PYTHONS]


@dataclass(frozen=True)
class File:
    """A file that an index offers; `tags` is None for a source distribution."""

    name: str
    version: str
    sha256: str
    pythons: str
    tags: frozenset | None

    def fits(self, target: Target, patch: int) -> bool:
        """Whether it says that it runs there."""
        here = SpecifierSet(self.pythons).contains(f"3.{target.minor}.{patch}")
        return here and (self.tags is None or bool(self.tags & target.tags()))


def read_lock(text: str) -> list[Pin]:
    """The entries of a lock that `make lock` wrote."""
    joined = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [
        Pin(
            Requirement(line.split(" --hash=")[0].strip()),
            frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", line)),
        )
        for line in joined.splitlines()
        if line.strip()
    ]


def pins_for(lock: list[Pin], environment: dict[str, str]) -> list[Pin]:
    """What the lock installs in an environment."""
    markers = ((pin, pin.requirement.marker) for pin in lock)
    return [pin for pin, marker in markers if marker is None or marker.evaluate(environment)]


class _Links(HTMLParser):
    """The files of a project's page in an index."""

    def __init__(self):
        super().__init__()
        self.files: list[File] = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            address, _, fragment = found["href"].partition("#")
            name = unquote(address.rsplit("/", 1)[-1])
            pythons = found.get("data-requires-python") or ""
            try:
                self.files.append(_file(name, fragment.removeprefix("sha256="), pythons))
            except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
                pass  # an installer of another kind, such as .exe or .egg


def _file(name: str, sha256: str, pythons: str) -> File:
    if name.endswith(".whl"):
        _, version, _, found = parse_wheel_filename(name)
        return File(name, str(version), sha256, pythons, found)
    _, version = parse_sdist_filename(name)
    return File(name, str(version), sha256, pythons, None)


def files_of(project: str, index: str) -> list[File]:
    """What an index offers of a project.

    Raises:
        NoAnswer: If the index cannot be reached.
    """
    address = f"{index}/{project}/"
    request = urllib.request.Request(address, headers={"Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            text = response.read().decode("utf-8")
    except (urllib.error.URLError, OSError, UnicodeDecodeError) as error:
        raise NoAnswer(f"{address}: {error}") from error
    page = _Links()
    page.feed(text)
    return page.files


def uninstallable(lock: list[Pin], index: str) -> tuple[list[str], list[str]]:
    """What no file of an index can install, a line each; and the pins that only have a source.

    Raises:
        NoAnswer: If the index cannot be reached.
    """
    files_of(lock[0].name, index)  # fails at once, not once for each
    with ThreadPoolExecutor(8) as pool:
        names = sorted({pin.name for pin in lock})
        offered = dict(zip(names, pool.map(lambda name: files_of(name, index), names), strict=True))
    missing, sources = set(), set()
    for target in TARGETS:
        for patch, environment in zip(PATCHES, target.environments(), strict=True):
            for pin in pins_for(lock, environment):
                kinds = _kinds(pin, offered[pin.name], target, patch)
                if not kinds:
                    missing.add(f"{pin.name} {pin.version}: no file with a locked hash, {target}")
                elif "wheel" not in kinds:
                    sources.add(f"{pin.name} {pin.version}")
    return sorted(missing), sorted(sources)


def _kinds(pin: Pin, files: list[File], target: Target, patch: int) -> set[str]:
    """Which kinds of file install a pin: "wheel", "source"."""
    return {
        "source" if file.tags is None else "wheel"
        for file in files
        if file.sha256 in pin.hashes
        and pin.requirement.specifier.contains(file.version, prereleases=True)
        and file.fits(target, patch)
    }


def vulnerabilities(
    pins: list[tuple[str, str]], command: list[str], service: str
) -> dict[tuple[str, str], list[dict]]:
    """Known vulnerabilities by name and version, as pip-audit has them from a service.

    Args:
        pins: Names and versions; those for other platforms than this one, too.
        command: How pip-audit is called.
        service: Its name for a source of advisories.

    Raises:
        NoAnswer: If the service did not answer for every pin.
    """
    found: dict[tuple[str, str], list[dict]] = {}
    left = sorted(set(pins))
    while left:  # pip-audit takes one version of a name at a time
        batch = dict(reversed(left))
        left = [pin for pin in left if batch[pin[0]] != pin[1]]
        for each in _ask(batch, command, service):
            if "skip_reason" in each:
                raise NoAnswer(f"{service}: {each['skip_reason']}")
            found[each["name"], each["version"]] = each["vulns"]
    unasked = set(pins) - set(found)
    if unasked:
        raise NoAnswer(f"{service}: nothing on {', '.join(map(' '.join, sorted(unasked)))}")
    return found


def _ask(batch: dict[str, str], command: list[str], service: str) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder, "pins.txt"), Path(folder, "answer.json")
        asked.write_text("".join(f"{n}=={v}\n" for n, v in batch.items()), encoding="utf-8")
        options = ["--no-deps", "--disable-pip", "--progress-spinner", "off"]
        options += ["--vulnerability-service", service, "--timeout", str(TIMEOUT)]
        options += ["--requirement", str(asked), "--format", "json", "--output", str(answer)]
        try:
            done = subprocess.run(
                [*command, *options], capture_output=True, text=True, timeout=40 * TIMEOUT
            )
            return json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
        except FileNotFoundError as error:
            if error.filename != str(answer):
                raise NoAnswer(f"{command[0]} cannot be started: {error.strerror}") from error
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise NoAnswer(f"{service}: {words[-1][:300]}") from error
        except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError) as error:
            raise NoAnswer(f"{service}: {error}") from error


def believed_service(command: list[str]) -> str:
    """The first service that knows the holes of a release that has many.

    Raises:
        NoAnswer: If none does; says what each said.
    """
    said = []
    for service in SERVICES:
        try:
            if vulnerabilities([CONTROL], command, service)[CONTROL]:
                return service
            said.append(f"{service}: knows no vulnerability of {' '.join(CONTROL)}, which has some")
        except NoAnswer as error:
            said.append(str(error))
    raise NoAnswer("; ".join(said))


def unexcused(found: dict, excused: dict[str, str]) -> list[str]:
    """A line for each vulnerability that is not excused, or excused without a reason."""
    allowed = {known for known, reason in excused.items() if reason.strip()}
    lines = []
    for (name, version), holes in sorted(found.items()):
        for hole in holes:
            if not {hole["id"], *hole.get("aliases", ())} & allowed:
                mended = ", ".join(hole.get("fix_versions", ())) or "no release yet"
                lines.append(f"{name} {version}: {hole['id']}, mended in {mended}")
    return lines


def _audit_files(lock: list[Pin], index: str) -> int:
    missing, sources = uninstallable(lock, index)
    for line in missing:
        print(line)
    print(
        f"files: {len(lock)} pins, {len(TARGETS)} combinations of platform and Python, "
        f"{len(missing)} missing; installed from source: {', '.join(sources) or 'none'}"
    )
    return bool(missing)


def _audit_advisories(lock: list[Pin], command: list[str]) -> int:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    service = believed_service(command)
    found = vulnerabilities([(pin.name, pin.version) for pin in lock], command, service)
    holes = unexcused(found, settings.get("audit", {}).get("excused", {}))
    for line in holes:
        print(line)
    print(f"advisories of {service}: {len(found)} releases, {len(holes)} known vulnerabilities")
    return bool(holes)


def main() -> int:
    """Both audits; the second is done whatever the first says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.lock")
    parser.add_argument("--index", default=INDEX, help="a package index")
    parser.add_argument("--pip-audit", nargs="+", default=["pip-audit"], help="how it is called")
    asked = parser.parse_args()
    lock, codes = read_lock(asked.lock.read_text(encoding="utf-8")), []
    for what, audit, whom in (
        ("package index", _audit_files, asked.index),
        ("advisory service", _audit_advisories, asked.pip_audit),
    ):
        try:
            codes.append(audit(lock, whom))
        except NoAnswer as error:
            print(f"error: no {what} answers, so nothing is known: {error}", file=sys.stderr)
            codes.append(2)
    return 1 if 1 in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())

"""Full and read-only disks: an error that names the file, old files whole, and a call that goes on.

A real small file system is mounted where the kernel lets us, in a mount namespace that ends with
the process in it. Where it does not, the same errors are raised in place of the system calls;
those tests run everywhere.
"""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from demo import make_demo

from replication import store
from replication.files import replace_files
from replication.store import StoreError

ROOT = Path(__file__).parents[2]
CODES = pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])


@pytest.fixture
def demo(tmp_path):
    """A small project with a number that its generated files do not show yet."""
    found = make_demo(tmp_path / "demo")
    path = found.root / "claims" / "demo.toml"
    path.write_text(path.read_text().replace("0.845", "0.846").replace("It is one.", "It is 1."))
    return found


def failing(monkeypatch, name, code, after):
    """Lets a system call succeed so many times, and then fail; returns the calls made."""
    calls, intact = [], getattr(os, name)

    def call(*arguments, **options):
        calls.append(arguments)
        if len(calls) > after:
            raise OSError(code, os.strerror(code))
        return intact(*arguments, **options)

    monkeypatch.setattr(os, name, call)
    return calls


@CODES
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_report_cut_off_anywhere_leaves_whole_files_and_goes_on(demo, monkeypatch, name, code):
    """Exit code 2 and a sentence at each write that may fail; no file is half-written."""
    before = demo.committed
    shutil.copytree(demo.root, demo.root.parent / "unbroken")
    unbroken = type(demo)(demo.root.parent / "unbroken")
    assert unbroken.command("report").code == 0
    after = unbroken.committed
    changed = {each for each in before if before[each] != after[each]}
    assert {"results/verdicts.csv", "README.md"} <= changed

    for writes in range(20):
        with monkeypatch.context() as patch:
            calls = failing(patch, name, code, writes)
            ended = demo.command("report")
        found = demo.committed
        assert found.keys() == before.keys(), "no temporary file stays"
        assert all(found[each] in (before[each], after[each]) for each in found)
        if len(calls) <= writes:
            break
        ended.assert_sentence()
        assert ended.code == 2
        assert os.strerror(code) in ended.err

    assert ended.code == 0
    assert demo.committed == after


def test_a_full_disk_under_a_temporary_file_is_named(tmp_path, monkeypatch):
    """Even the first byte may be too much: the open itself fails."""
    path = tmp_path / "file"
    store.write_atomically(path, b"old")

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(StoreError, match="No space left"):
        store.write_atomically(path, b"new")

    assert os.listdir(tmp_path) == ["file"]
    assert path.read_bytes() == b"old"


def test_temporary_files_of_two_containers_never_meet(tmp_path, monkeypatch):
    """One process id on two hosts, or one host name twice: the names still differ."""
    names, intact = [], os.fsync

    def note(handle):
        names.append({path.name for path in tmp_path.iterdir()} - {"file"})
        intact(handle)

    monkeypatch.setattr(os, "fsync", note)
    for _ in range(2):
        replace_files({tmp_path / "file": b"content"})

    (first,), (second,) = names
    assert first != second
    assert f".{os.getpid()}." in first and first.startswith(".file.") and first.endswith(".tmp")
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_writer_left_is_removed_a_day_later(tmp_path):
    """Not before: its writer may be alive, in another container or on another machine."""
    old, young, other = (tmp_path / f".{name}.tmp" for name in ("f.h.1.a", "f.h.2.b", "g.h.1.c"))
    for path in (old, young, other):
        path.write_bytes(b"part")
    for path in (old, other):
        os.utime(path, (0, 0))

    replace_files({tmp_path / "f": b"whole"})

    assert not old.exists()
    assert young.exists()
    assert other.exists(), "of another file"
    assert (tmp_path / "f").read_bytes() == b"whole"


# Runs in a mount namespace of its own; $1 is the project, $2 the Python. `results` becomes a file
# system of 4 MB that is filled, emptied, made read-only and writable again.
SCRIPT = """
set -e
cd "$1"
export REPLICATION_BUILD="$1/build"
mv results copied && mkdir results
mount -t tmpfs -o size=4m tmpfs results
cp -a copied/. results/
state() { (cd "$1" && find results -type f ! -name '*-lock' -exec sha256sum {} + | sort); }
report() { code=0; "$2" -m replication report > /dev/null 2> "$1/said" || code=$?; }
sed -i 1d results/verdicts.csv
state "$1" > before
cat /dev/zero > results/filler 2> /dev/null || true
report "$1" "$2"; echo "full $code"; cat said; rm -f results/filler
state "$1" | cmp - before && echo same
mount -o remount,ro results
report "$1" "$2"; echo "read-only $code"; cat said
state "$1" | cmp - before && echo same
mount -o remount,rw results
report "$1" "$2"; echo "free $code"; cat said
cmp results/verdicts.csv copied/verdicts.csv && echo mended
"""


def namespace():
    """The command that begins a mount namespace here, or None where none may be made."""
    for options in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        command = ["unshare", *options]
        probe = [*command, "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
        try:
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return command
        except OSError:
            return None
    return None


@pytest.fixture
def checkout(tmp_path):
    """A checkout of one's own: the code by link, what is written as copies, notebooks left out."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("replication", "notebooks"):
        (project / name).symlink_to(ROOT / name)
    shutil.copytree(
        ROOT / "results", project / "results", ignore=shutil.ignore_patterns("*.ipynb", "*-lock")
    )
    shutil.copytree(ROOT / "docs", project / "docs")
    shutil.copyfile(ROOT / "README.md", project / "README.md")
    return project


@pytest.mark.long
def test_a_real_full_disk_and_a_real_read_only_one(checkout):
    """`report` with `results/` on 4 MB: full, read-only, then free; no table is half-written."""
    command = namespace()
    if command is None:
        pytest.skip("REAL FULL DISK NOT TESTED: this machine lets nobody mount a file system")

    script = [*command, "sh", "-c", SCRIPT, "sh", str(checkout), sys.executable]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300)

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done
    assert [each for each in lines if not each.startswith("error: ")] == [
        *("full 2", "same", "read-only 2", "same", "free 0", "mended")
    ], done
    said = [each for each in lines if each.startswith("error: ")]
    assert len(said) == 2, done
    assert "No space left on device" in said[0] and "verdicts.csv" in said[0]
    assert "Read-only file system" in said[1]


STORE = """
set -e
mkdir -p "$1"
mount -t tmpfs -o size=24k tmpfs "$1"
export REPLICATION_BUILD="$1"
sweep() { code=0; "$2" -m replication sweep --experiments contractive-formula --profile smoke \
    > "$3" 2>&1 || code=$?; echo "$code"; }
sweep "$1" "$2" "$3.full"
find "$1" -name '*.tmp' | wc -l
mount -o remount,size=64m "$1"
sweep "$1" "$2" "$3.free"
cp -r "$1/results" "$3.results"
"""


@pytest.mark.long
def test_a_run_store_on_a_full_disk_ends_with_2_and_goes_on(tmp_path):
    """24 kB are too little for a run: a sentence; with more space the same call ends it."""
    command = namespace()
    if command is None:
        pytest.skip("REAL FULL DISK NOT TESTED: this machine lets nobody mount a file system")

    arguments = [str(tmp_path / "build"), sys.executable, str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "sh", "-c", STORE, "sh", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )

    assert done.returncode == 0, done
    said = (tmp_path / "out.full").read_text()
    assert done.stdout.split() == ["2", "0", "0"], said
    assert "error: cannot write" in said and "No space left on device" in said
    assert "Traceback" not in said
    assert (
        "contractive-formula,smoke,0"
        in (tmp_path / "out.results" / "contractive" / "measurements.csv").read_text()
    )

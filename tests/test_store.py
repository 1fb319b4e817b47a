"""The run store: whole files or none, and damage that is named."""

import errno
import io
import os
import subprocess
import sys

import numpy as np
import pytest

from replication import results, store
from replication.runner.execution import read_or_move_aside
from replication.store import Checkpoints, State, StoreError


def arrays():
    """Named arrays of several types, one of them too long for a single read."""
    return {
        "long": np.arange(6_000, dtype=np.float32).reshape(-1, 4),
        "scalar": np.array(3),
        "text": np.array('{"epoch": 1}'),
    }


def state(epoch=2):
    """A run after `epoch` epochs."""
    return State(
        epoch=epoch,
        variables=[np.float32([[0.1, -np.inf]]), np.array(7, np.uint32), np.zeros(0)],
        history=[{"loss": 0.1 + each} for each in range(epoch)],
        seconds=1.5,
        fingerprints=["abc"],
    )


def fail_with(code):
    """A function that raises as the operating system would."""

    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_file_is_written_whole_with_its_folders(tmp_path):
    """Missing parents are made; the content replaces what was there."""
    path = tmp_path / "a" / "b" / "file.txt"

    store.write_atomically(path, b"first")
    store.write_atomically(path, b"second")

    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS], ids=["disk full", "read-only"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call, code):
    """The error names path and reason; no temporary file stays behind."""
    path = tmp_path / "file.txt"
    store.write_atomically(path, b"old")
    monkeypatch.setattr(os, call, fail_with(code))

    with pytest.raises(StoreError, match=os.strerror(code)) as caught:
        store.write_atomically(path, b"new")

    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """A file in the way of a folder is a StoreError, in both functions that make folders."""
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "folder"

    with pytest.raises(StoreError, match="cannot create"):
        store.make_folder(path)
    with pytest.raises(StoreError, match="cannot write"):
        store.write_atomically(path / "deeper.txt", b"")


def test_a_writer_killed_in_mid_write_leaves_the_old_file(tmp_path):
    """SIGKILL between the first byte and the rename: a reader still sees the old content."""
    path = tmp_path / "file.txt"
    store.write_atomically(path, b"old")
    script = (
        "import os, signal, sys, pathlib\n"
        "from replication import store\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.write_atomically(pathlib.Path(sys.argv[1]), b'new')\n"
    )

    killed = subprocess.run([sys.executable, "-c", script, str(path)])

    assert killed.returncode == -9
    assert path.read_bytes() == b"old"


def test_arrays_come_back_as_they_were(tmp_path):
    """Names, shapes, types and values."""
    path = tmp_path / "arrays.npz"
    store.save_arrays(path, arrays())

    found = store.load_arrays(path)

    assert list(found) == list(arrays())
    for name, expected in arrays().items():
        np.testing.assert_array_equal(found[name], expected, strict=True)


def test_no_flipped_bit_changes_an_array(tmp_path):
    """Whichever byte of the container is damaged: an error that names it, or equal arrays.

    `np.load` returned a shortened array when the damage was in a header's shape, and raised
    tokenizer and other errors that nobody caught.
    """
    path = tmp_path / "arrays.npz"
    store.save_arrays(path, arrays())
    intact, expected = path.read_bytes(), arrays()
    positions = [*range(300), *range(len(intact) - 900, len(intact))]

    for position in positions:
        for mask in (0x01, 0x10, 0xFF):
            damaged = bytearray(intact)
            damaged[position] ^= mask
            path.write_bytes(damaged)
            try:
                found = store.load_arrays(path)
            except StoreError as error:
                assert str(path) in str(error)
                continue
            for name in found:  # zip fields that carry no data; a lost name is lost whole
                np.testing.assert_array_equal(found[name], expected[name], strict=True)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_damaged(tmp_path, share):
    """Nothing is read from a part of a file."""
    path = tmp_path / "arrays.npz"
    store.save_arrays(path, arrays())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])

    with pytest.raises(StoreError, match=r"arrays\.npz is damaged"):
        store.load_arrays(path)


def test_a_missing_file_is_missing_not_damaged(tmp_path):
    """The two call for different action."""
    with pytest.raises(FileNotFoundError):
        store.load_arrays(tmp_path / "nothing.npz")


class Trap:
    """Would run code when unpickled."""

    def __reduce__(self):
        return (os.abort, ())


def test_arrays_are_never_unpickled(tmp_path):
    """An object array is refused before its pickle is opened."""
    path = tmp_path / "trap.npz"
    buffer = io.BytesIO()
    np.savez(buffer, trap=np.array([Trap()], dtype=object))
    path.write_bytes(buffer.getvalue())

    with pytest.raises(StoreError, match="damaged"):
        store.load_arrays(path)


def test_a_state_comes_back_to_the_last_bit(checkpoints):
    """Variables with their types, history and account of time and machines."""
    checkpoints.save("key", state())

    found = checkpoints.load("key")

    assert found.history == state().history
    assert (found.epoch, found.seconds, found.fingerprints) == (2, 1.5, ["abc"])
    for value, expected in zip(found.variables, state().variables, strict=True):
        np.testing.assert_array_equal(value, expected, strict=True)


def test_a_later_state_replaces_an_earlier_one(checkpoints):
    """One file per run."""
    checkpoints.save("key", state(1))
    checkpoints.save("key", state(2))

    assert checkpoints.load("key").epoch == 2
    assert [path.name for path in checkpoints.root.iterdir()] == ["key.npz"]


def test_a_failed_save_keeps_the_epoch_before(checkpoints, monkeypatch):
    """A full disk costs the epoch at hand and no other."""
    checkpoints.save("key", state(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail_with(errno.ENOSPC))
        with pytest.raises(StoreError, match="finished epochs are kept"):
            checkpoints.save("key", state(2))

    assert checkpoints.load("key").epoch == 1


def test_an_unknown_key_has_no_state(checkpoints):
    """Nothing stored, nothing created."""
    assert checkpoints.load("other") is None


def test_a_checkpoint_that_goes_while_it_is_read_is_none(checkpoints, monkeypatch):
    """Another call starts afresh and moves it aside; training ended with an error of the system."""
    checkpoints.save("key", state())
    path, load = checkpoints.path("key"), store.load_arrays
    monkeypatch.setattr(store, "load_arrays", lambda each: (each.unlink(), load(each))[1])

    assert checkpoints.load("key") is None
    assert not path.exists() and read_or_move_aside(path) is None


def test_a_store_without_a_folder_keeps_nothing(tmp_path):
    """`Checkpoints()` may be used and touches no disk."""
    checkpoints = Checkpoints()
    checkpoints.save("key", state())

    with checkpoints.lock("key"):
        assert checkpoints.load("key") is None
    assert checkpoints.path("key") is None


def overwrite(text):
    """Damages a checkpoint so that `about` reads `text`."""

    def damage(path):
        found = store.load_arrays(path)
        store.save_arrays(path, {**found, "about": np.array(text)})

    return damage


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "no about": lambda path: store.save_arrays(path, {"0000": np.zeros(1)}),
    "a variable lost": lambda path: store.save_arrays(
        path, {each: value for each, value in store.load_arrays(path).items() if each != "0001"}
    ),
    "not JSON": overwrite("{"),
    "not a mapping": overwrite("[]"),
    "another run": lambda path: overwrite('{"key": "other", "epoch": 2}')(path),
    "a field missing": overwrite('{"epoch": 1}'),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_checkpoint_is_moved_aside_and_named(checkpoints, capsys, name):
    """Training starts over, says so, and the damaged file stays to be looked at."""
    checkpoints.save("key", state())
    path = checkpoints.path("key")
    DAMAGES[name](path)
    content = path.read_bytes()

    assert checkpoints.load("key") is None

    said = "".join(capsys.readouterr())
    (aside,) = checkpoints.root.glob("*damaged*")
    assert aside.read_bytes() == content
    assert str(aside) in said
    assert not path.exists()
    checkpoints.save("key", state())
    assert checkpoints.load("key").epoch == 2


def test_a_second_process_waits_for_the_lock(checkpoints):
    """While a run is held, nobody else can hold it."""
    script = (
        "import sys\n"
        "from filelock import FileLock, Timeout\n"
        "try:\n"
        "    FileLock(sys.argv[1]).acquire(timeout=0)\n"
        "except Timeout:\n"
        "    sys.exit(75)\n"
    )
    command = [sys.executable, "-c", script, str(checkpoints.root / "key.lock")]

    with checkpoints.lock("key"):
        held = subprocess.run(command).returncode
    free = subprocess.run(command).returncode

    assert (held, free) == (75, 0)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "set `umask 002` to share"),
        (NotImplementedError("no flock"), "its file system knows no locks; mount it with them"),
    ],
    ids=["of another user", "a file system without locks"],
)
def test_a_lock_that_cannot_be_had_is_named(checkpoints, monkeypatch, error, said):
    """A traceback of filelock, before: nobody could tell that the mount or the umask is wrong."""

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)

    with pytest.raises(StoreError) as told, checkpoints.lock("key"):
        pytest.fail("held")
    assert f"cannot lock {checkpoints.root / 'key.lock'}" in str(told.value)
    assert said in str(told.value)

    with pytest.raises(results.ResultsError, match="umask|no locks"):
        results.write_runs(checkpoints.root, "article", [])

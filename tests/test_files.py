"""Replacement of files: what is replaced, what is followed, and what is locked."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from replication.files import locked, replace_files
from replication.site.writing import MARK, replace_folder

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_is_followed_and_stays(tmp_path, there):
    """Through two links, relative ones, and into another folder, which gets the temporary file."""
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "file"
    if there:
        target.write_bytes(b"old")
    (tmp_path / "second").symlink_to("disk/file")
    (tmp_path / "first").symlink_to("second")
    replace_files({tmp_path / "first": b"new"})

    assert (tmp_path / "first").is_symlink() and (tmp_path / "second").is_symlink()
    assert target.read_bytes() == b"new" and not target.is_symlink()
    assert os.listdir(tmp_path / "disk") == ["file"]


def test_a_link_to_itself_and_a_folder_are_errors(tmp_path):
    """Nothing is replaced or left, not even of the file beside them."""
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    for name in ("loop", "folder"):
        with pytest.raises(OSError, match="symbolic links|directory"):
            replace_files({tmp_path / "file": b"content", tmp_path / name: b"content"})

    assert sorted(os.listdir(tmp_path)) == ["folder", "loop"]
    assert (tmp_path / "loop").is_symlink()


def test_a_site_behind_a_link_is_replaced_there(tmp_path):
    """The link stays; it was renamed, and left beside the new folder."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "site").symlink_to("disk")
    for content in (b"old", b"new"):
        replace_folder(tmp_path / "site", {"index.html": content})

    assert sorted(os.listdir(tmp_path)) == ["disk", "site"]
    assert (tmp_path / "site").is_symlink()
    assert (tmp_path / "disk" / "index.html").read_bytes() == b"new"


def test_what_a_killed_build_left_is_neither_published_nor_in_the_way(tmp_path):
    """Folders were named by process id alone, which repeats between containers."""
    for suffix in ("new", "old"):
        left = tmp_path / f".site.{os.getpid()}.{suffix}"
        left.mkdir()
        (left / "gone.html").write_text("of a build that was killed")
    for content in (b"old", b"new"):
        replace_folder(tmp_path / "site", {"index.html": content})

    assert sorted(os.listdir(tmp_path / "site")) == [MARK, "index.html"]
    assert (tmp_path / "site" / "index.html").read_bytes() == b"new"


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_an_error_names_the_target_that_is_at_fault(tmp_path, monkeypatch, call):
    """Not the temporary file beside it, nor the first file of the call."""
    (tmp_path / "file").write_bytes(b"")
    at_fault = tmp_path / ("file/below" if call == "open" else "second")
    if call != "open":
        real, done = getattr(os, call), []

        def fail_the_second_time(*arguments):
            done.append(arguments)
            if len(done) == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        monkeypatch.setattr(os, call, fail_the_second_time)
    with pytest.raises(OSError) as caught:
        replace_files({tmp_path / "first": b"", at_fault: b""})

    assert caught.value.filename == str(at_fault)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch, number):
    """As of some mounts of NFS or of a cloud; a lock that is a mere file would outlive a kill."""

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="its file system knows no locks; mount it with them"):
        with locked(tmp_path / "lock"):
            pass


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_a_lock_of_another_user_names_the_umask(tmp_path):
    """A folder of a group, whose lock file the first of its users alone may write."""
    tmp_path.chmod(0o777)
    (tmp_path / "lock").touch(mode=0o600)
    code = (
        "import os, sys; from pathlib import Path; from replication.files import locked\n"
        "import filelock; os.setgroups([]); os.setuid(54321)\n"
        "try: locked(Path('lock')).__enter__()\n"
        "except OSError as error: print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert "set `umask 002` to share" in ended.stdout, ended.stderr

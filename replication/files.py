"""Files that are replaced whole or not at all."""

import contextlib
import errno
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)
_LEFT_OVER = 24 * 60 * 60  # seconds after which nobody is still writing a temporary file


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Writes all contents beside their targets, then renames them into place, in order.

    A reader sees the old file, the new one or none, and never a part of one.
    Missing folders are created. A link stays, and what it leads to is replaced.
    What a killed writer left of the same target a day ago or earlier is removed.

    Raises:
        OSError: If a folder is read-only or the disk full; its `filename` is
            the target. Nothing is left half-written, and nothing was replaced
            unless a rename itself failed.
    """
    targets = {path: _target(path) for path in contents}
    temporary = {
        path: target.with_name(temporary_name(target.name, "tmp"))
        for path, target in targets.items()
    }
    try:
        for path, beside in temporary.items():
            with _named(path):
                beside.parent.mkdir(parents=True, exist_ok=True)
            with _named(path), open(beside, "xb") as file:
                file.write(contents[path])
                file.flush()
                os.fsync(file.fileno())
        for path, target in targets.items():
            with _named(path):
                os.replace(temporary[path], target)
            _remove_leftovers(target)
    finally:
        for leftover in temporary.values():
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Has an error of the system name this file, not the temporary one, or none."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _target(path: Path) -> Path:
    """The file that a path leads to, there or to be; OSError for a folder or a circle of links."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def locked(path: Path, timeout: float = -1) -> Iterator[None]:
    """Holds a lock file alone, which is created where it is missing.

    Args:
        path: The lock file; its folder is there.
        timeout: Seconds to wait for whoever holds it; negative for no limit.

    Raises:
        TimeoutError: If it takes longer.
        OSError: If it cannot be locked; says why.
    """
    from filelock import FileLock, Timeout  # only writers need it

    lock = FileLock(path, timeout=timeout, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise TimeoutError(f"another process holds {path}") from error
    except PermissionError as error:
        why = f"{error.strerror} (of another user? `chmod g+w` it, and set `umask 002` to share)"
        raise OSError(errno.EACCES, why, str(path)) from error
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", errno.ENOSYS) not in _WITHOUT_LOCKS:
            raise
        why = "its file system knows no locks; mount it with them, or choose a local folder"
        raise OSError(errno.ENOLCK, why, str(path)) from error
    try:
        yield
    finally:
        lock.release()


def temporary_name(name: str, ending: str) -> str:
    """A name that nobody else takes: process ids repeat between containers, so do their hosts."""
    host = re.sub("[^A-Za-z0-9-]", "-", platform.node())[:40]
    return f".{name}.{host}.{os.getpid()}.{secrets.token_hex(4)}.{ending}"


def _remove_leftovers(path: Path) -> None:
    """Removes old temporary files of this target; by age, as a writer may be on another machine."""
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(f".{path.name}.") and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat().st_mtime > _LEFT_OVER:
                        os.unlink(entry.path)

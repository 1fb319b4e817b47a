"""Files that are replaced whole or not at all, also when two processes write at once."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from replication.results.schema import ResultsError

LOCK_NAME = ".results-lock"  # git-ignored
_LOCK_SECONDS = 60


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds the lock of a results folder, which is created where it is missing.

    Raises:
        ResultsError: If the folder cannot be written, or another process
            holds the lock for longer than a minute.
    """
    from filelock import FileLock, Timeout  # only writers need it

    path = root / LOCK_NAME
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=_LOCK_SECONDS)
        lock.acquire()
    except Timeout as error:
        raise ResultsError(
            f"{path}: expected the lock within {_LOCK_SECONDS} s, but another process holds it; "
            "wait for that process, or end it"
        ) from error
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield
    finally:
        lock.release()


def replace_files(texts: Mapping[Path, str]) -> None:
    """Writes all texts beside their targets, then renames them into place, in order.

    Raises:
        ResultsError: If a folder is read-only or the disk full. Nothing was
            replaced then unless a rename itself failed.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in texts}
    path = None
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary[path], "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for path in texts:
            os.replace(temporary[path], path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        for leftover in temporary.values():
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """The content of a UTF-8 text file, or a ResultsError naming it."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ResultsError(
            f"{path}:{line}: expected UTF-8 text, received other bytes; restore the file"
        ) from error
    except OSError as error:
        raise ResultsError(
            f"{path}: expected a readable file, received: {error.strerror}; check its permissions"
        ) from error


def _cannot_write(path: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"{path}: expected a writable folder with free space, received: {error.strerror}; "
        "nothing was half-written; make room or choose another folder"
    )

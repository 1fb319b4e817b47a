"""Text files of results: locked while they are merged, replaced whole, read with care."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from replication import files
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
    path = root / LOCK_NAME
    with contextlib.ExitStack() as held:
        try:
            root.mkdir(parents=True, exist_ok=True)
            held.enter_context(files.locked(path, _LOCK_SECONDS))
        except TimeoutError as error:
            raise ResultsError(
                f"{path}: expected the lock within {_LOCK_SECONDS} s, but another process holds "
                "it; wait for that process, or end it"
            ) from error
        except OSError as error:
            raise _cannot_write(path, error) from error
        yield


def replace_texts(texts: Mapping[Path, str]) -> None:
    """Replaces text files, all written before the first is renamed into place, in order.

    Raises:
        ResultsError: If a folder is read-only, the disk full, or a text no
            UTF-8; names the file. Nothing was replaced then unless a rename
            itself failed.
    """
    contents = {path: _encoded(path, text) for path, text in texts.items()}
    try:
        files.replace_files(contents)
    except OSError as error:
        raise _cannot_write(Path(error.filename), error) from error


def _encoded(path: Path, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ResultsError(
            f"{path}: expected text that UTF-8 can hold, received "
            f"{error.object[error.start]!r}, half of a pair; nothing was written"
        ) from error


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
        raise cannot_read(path, error) from error


def cannot_read(path: Path, error: OSError) -> ResultsError:
    """What to raise where the system refuses to read a file or to look into a folder."""
    return ResultsError(
        f"{path}: expected a readable file or folder, received: {error.strerror}; check its name "
        "and its permissions"
    )


def _cannot_write(path: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"{path}: expected a writable folder with free space, received: {error.strerror}; "
        "nothing was half-written; make room or choose another folder"
    )

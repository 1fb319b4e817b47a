"""The run store: checkpoints and outcomes under build/, written atomically.

Arrays travel as `.npz` without pickles.
"""

import contextlib
import io
import json
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from replication.errors import ReplicationError
from replication.files import locked, replace_files

MISSING = (FileNotFoundError, NotADirectoryError)  # what a file that is not there raises
_ZIP = (zipfile.BadZipFile, zlib.error)


class StoreError(ReplicationError, OSError):
    """A run file cannot be written, or is damaged; the message names it."""


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all.

    Raises:
        StoreError: If the folder cannot be written or the disk is full; names
            the path and leaves nothing half-written.
    """
    try:
        replace_files({path: content})
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}. Free some space or make the "
            "folder writable, then run the same command again: finished epochs are kept."
        ) from error


def make_folder(path: Path) -> None:
    """Creates a folder and its parents.

    Raises:
        StoreError: If it cannot be created; names it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot create {path}: {error.strerror or error}. Make its parent writable, then "
            "run the same command again."
        ) from error


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds a lock file alone: a second process waits.

    Raises:
        StoreError: If it cannot be locked; names it and says why.
    """
    make_folder(path.parent)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(path))
        except OSError as error:
            raise StoreError(f"cannot lock {path}: {error.strerror or error}") from error
        yield


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes named arrays to one `.npz`, atomically."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def load_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Reads what `save_arrays` wrote.

    `np.load` reads as many bytes as an array's header asks for, so that a
    damaged shape can hide what follows; here every checksum is compared.

    Args:
        path: The file.
        *names: The arrays to read; none for all of them.

    Raises:
        StoreError: If the file is truncated, a checksum does not match, or an
            array is missing.
        FileNotFoundError, NotADirectoryError: If there is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = [f"{name}.npy" for name in names] or archive.namelist()
            members = {name: archive.read(name) for name in wanted}
        return {name.removesuffix(".npy"): _array(content) for name, content in members.items()}
    except MISSING:
        raise
    except (OSError, LookupError, ValueError, EOFError, RuntimeError, *_ZIP) as error:
        raise StoreError(
            f"{path} is damaged ({error}); expected an .npz file written by this package. "
            "Delete it and run again."
        ) from error


def move_aside(path: Path) -> Path:
    """Renames a file that is not what it should be: it can be looked at, and is not found again."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    path.rename(aside)
    return aside


def _array(content: bytes) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)


@dataclass(frozen=True)
class State:
    """A training run after some number of epochs.

    Attributes:
        epoch: Epochs done.
        variables: Every variable of model and optimizer, in Keras' order.
        history: One dict of means per epoch done.
        seconds: Wall time spent training so far.
        fingerprints: Environments that contributed epochs, sorted.
    """

    epoch: int
    variables: list[np.ndarray]
    history: list[dict[str, float]]
    seconds: float
    fingerprints: list[str]


@dataclass
class Checkpoints:
    """Training runs by key, each resumable from its last epoch.

    Attributes:
        root: Folder of the checkpoints; None keeps nothing.
        fingerprint: The environment that trains now.
        on_epoch: Called as `on_epoch(epoch, epochs, logs, seconds)` when an
            epoch is done.
        seconds: Wall time spent earlier on the runs that were loaded.
        fingerprints: Environments that contributed epochs to them.
    """

    root: Path | None = None
    fingerprint: str = ""
    on_epoch: Callable[[int, int, dict, float], None] = lambda *_: None
    seconds: float = 0.0
    fingerprints: set[str] = field(default_factory=set)

    def path(self, key: str) -> Path | None:
        """Where the run with this key is kept."""
        return None if self.root is None else self.root / f"{key}.npz"

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Holds the run alone: a second process waits, then finds it done."""
        if self.root is None:
            yield
            return
        with lock(self.root / f"{key}.lock"):
            yield

    def load(self, key: str) -> State | None:
        """The stored state, or None; a damaged file is moved aside and named."""
        path = self.path(key)
        if path is None:
            return None
        try:
            arrays = load_arrays(path)
            about = json.loads(str(arrays.pop("about")))
            if (its_key := about.pop("key", key)) != key:  # earlier releases did not write it
                raise StoreError(f"{path} is another training run, {its_key}: somebody renamed it.")
            variables = [arrays[f"{index:04d}"] for index in range(len(arrays))]
            state = State(variables=variables, **about)
        except MISSING:
            return None
        except (StoreError, AttributeError, KeyError, TypeError, ValueError) as error:
            aside = move_aside(path)
            print(f"{error} It was moved aside to {aside}; training starts over.", file=sys.stderr)
            return None
        self.seconds += state.seconds
        self.fingerprints.update(state.fingerprints)
        return state

    def save(self, key: str, state: State) -> None:
        """Replaces the stored state of this run by a later one."""
        path = self.path(key)
        if path is None:
            return
        about = {
            "key": key,
            "epoch": state.epoch,
            "history": state.history,
            "seconds": state.seconds,
            "fingerprints": state.fingerprints,
        }
        arrays = {f"{index:04d}": array for index, array in enumerate(state.variables)}
        save_arrays(path, {**arrays, "about": np.array(json.dumps(about))})

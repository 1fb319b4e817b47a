"""Files that are replaced whole or not at all."""

import contextlib
import os
import platform
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

_LEFT_OVER = 24 * 60 * 60  # seconds after which nobody is still writing a temporary file


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Writes all contents beside their targets, then renames them into place, in order.

    A reader sees the old file, the new one or none, and never a part of one.
    Missing folders are created. What a killed writer left of the same target a
    day ago or earlier is removed.

    Raises:
        OSError: If a folder is read-only or the disk full. Nothing is left
            half-written, and nothing was replaced unless a rename itself
            failed.
    """
    temporary = {path: path.with_name(_temporary_name(path.name)) for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary[path], "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in contents:
            os.replace(temporary[path], path)
            _remove_leftovers(path)
    finally:
        for leftover in temporary.values():
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


def _temporary_name(name: str) -> str:
    """A name that nobody else takes: process ids repeat between containers, so do their hosts."""
    host = re.sub("[^A-Za-z0-9-]", "-", platform.node())[:40]
    return f".{name}.{host}.{os.getpid()}.{secrets.token_hex(4)}.tmp"


def _remove_leftovers(path: Path) -> None:
    """Removes old temporary files of this target; by age, as a writer may be on another machine."""
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(f".{path.name}.") and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat().st_mtime > _LEFT_OVER:
                        os.unlink(entry.path)

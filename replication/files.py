"""Files that are replaced whole or not at all."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Writes all contents beside their targets, then renames them into place, in order.

    A reader sees the old file, the new one or none, and never a part of one.
    Missing folders are created.

    Raises:
        OSError: If a folder is read-only or the disk full. Nothing is left
            half-written, and nothing was replaced unless a rename itself
            failed.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary[path], "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in contents:
            os.replace(temporary[path], path)
    finally:
        for leftover in temporary.values():
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)

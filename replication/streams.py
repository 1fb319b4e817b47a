"""Standard output and error of the command line: written to, or an error of its own."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator


class OutputError(Exception):
    """What was printed did not arrive; no OSError, which others handle as that of their file."""

    @property
    def unread(self) -> bool:
        """Whether there is a pipe whose reader has gone, as with `| head`: it had enough."""
        return isinstance(self.__cause__, BrokenPipeError)


class _Output(io.FileIO):
    """Standard output that says so when it cannot be written."""

    def write(self, content) -> int | None:
        try:
            return super().write(content)
        except OSError as error:
            raise OutputError(_cannot(error)) from error


class _Errors(io.FileIO):
    """Standard error that swallows what cannot be written: nobody could be told of it."""

    def write(self, content) -> int | None:
        try:
            return super().write(content)
        except OSError:
            return len(content)


def _cannot(error: OSError) -> str:
    return (
        f"standard output cannot be written: {error.strerror}. What was stored is stored; send "
        "the output to a file with free space, or to /dev/null."
    )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Has what cannot be printed raise OutputError, and what a terminal cannot show as numbers.

    Where standard error or input is closed, the null device takes its place: else the next file
    that is opened would. What is still to be written at the end is written then.

    Raises:
        OutputError: If standard output is closed, or cannot be written.
    """
    _guard()
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


def _guard() -> None:
    closed = [number for number in range(3) if not _is_open(number)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
    if sys.stdout is None or 1 in closed:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        raise OutputError(_cannot(OSError(errno.EBADF, "it is closed")))
    sys.stdout = _guarded(sys.stdout, sys.__stdout__, _Output)
    sys.stderr = _guarded(sys.stderr, sys.__stderr__, _Errors)


def discard() -> None:
    """Sends what is left, and whatever is printed from now on, nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _guarded(stream, own, raw: type[io.FileIO]):
    """A stream in place of Python's own; any other, as a test puts there, stays."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    if stream is not own:
        return stream
    file = raw(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        file if stream.write_through else io.BufferedWriter(file),  # PYTHONUNBUFFERED
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )

"""What git says of a checkout of ours, and of no other repository around it."""

import os
import subprocess
from pathlib import Path

from replication import environment
from replication.errors import ReplicationError


class GitError(ReplicationError, ValueError):
    """Git does not answer for a folder; the message says why.

    Attributes:
        foreign: Whether there is nothing to ask about: the folder is no checkout of its own.
    """

    def __init__(self, message: str, *, foreign: bool = False):
        super().__init__(message)
        self.foreign = foreign


def ask(top: Path, *arguments: str) -> bytes:
    """What git prints, asked in the top folder of a checkout.

    An archive that was unpacked inside another repository is none: that one's commits say nothing
    about it.

    Raises:
        GitError: If git is missing, fails or refuses, or the folder is no checkout of its own.
    """
    if not os.path.lexists(top / ".git"):
        raise GitError(f"{top}: expected a git repository with this top folder", foreign=True)
    toplevel = Path(os.fsdecode(_run(top, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
    if not os.path.samefile(toplevel, top):
        raise GitError(
            f"{top}: expected a git repository with this top folder, received one with {toplevel}"
        )
    return _run(top, *arguments)


def _run(top: Path, *arguments: str) -> bytes:
    call = ["git", "-C", str(top), *arguments]
    try:
        done = subprocess.run(call, capture_output=True, env=environment.for_git())
    except OSError as error:
        raise GitError(f"expected the program git, received: {error.strerror}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise GitError(f"{top}: received from `git {arguments[0]}`: {said or 'no word'}")
    return done.stdout

"""The tables as a git revision has them: the only code that asks git for files."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from replication import git
from replication.results import PROVENANCE, provenance_of, table_of
from replication.results.schema import HISTORY, MEASUREMENTS, ResultsError


def resolve(root: Path, revision: str) -> str:
    """The commit that a revision names, in full.

    Args:
        root: The folder of the results, inside a git repository.
        revision: As git takes it: `HEAD`, `main~3`, a tag, the start of a commit.

    Raises:
        ResultsError: If git or the repository is missing, or has no such
            revision.
    """
    _git(root, "rev-parse", "--git-dir")
    if revision and not revision.startswith("-"):
        with contextlib.suppress(ResultsError):
            return _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    raise ResultsError(
        f"expected a revision such as HEAD~1, a branch, a tag or a commit, received {revision!r}, "
        "which this repository does not have; `git log --oneline` lists commits (a shallow clone "
        "has few: `git fetch --unshallow`)"
    )


def read(root: Path, commit: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, dict]]:
    """Measurements, history and provenance of all articles at a commit; none where it has none.

    Args:
        root: The folder of the results today; the same path is read in the
            commit.
        commit: As `resolve` returns it.

    Raises:
        ResultsError: If a table of the commit is malformed, naming it as
            `commit:path`.
    """
    frames = (
        table_of(table, _texts(root, commit, table.file_name)) for table in (MEASUREMENTS, HISTORY)
    )
    return *frames, provenance_of(_texts(root, commit, PROVENANCE))


def _texts(root: Path, commit: str, file_name: str) -> Iterator[tuple[str, str]]:
    """Name and text of this file of every article at a commit."""
    folder = Path(root).resolve().name
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", commit, f"{folder}/").split("\0")
    for path in sorted(listed):
        if path.count("/") == 2 and path.endswith(f"/{file_name}"):
            text = _git(root, "cat-file", "blob", f"{commit}:./{path}")
            yield f"{commit[:12]}:{path}", text


def _git(root: Path, *arguments: str) -> str:
    """What git prints in the folder above the results."""
    try:
        return git.ask(Path(root).resolve().parent, *arguments).decode()
    except git.GitError as error:
        raise ResultsError(
            f"{error}; to compare with a revision, run this in a clone of the project, with git"
        ) from error
    except UnicodeDecodeError as error:
        raise ResultsError(
            f"`git {' '.join(arguments)}`: expected UTF-8 text, received other bytes"
        ) from error

"""The tables as a git revision has them: the only code that asks git for files."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from replication import git
from replication.results.schema import (
    HISTORY,
    MEASUREMENTS,
    ResultsError,
    Table,
    parse_provenance,
    parse_table,
)


class RevisionError(ResultsError):
    """A revision that cannot be read: says which, and what was expected."""


def resolve(root: Path, revision: str) -> str:
    """The commit that a revision names, in full.

    Args:
        root: The folder of the results, inside a git repository.
        revision: As git takes it: `HEAD`, `main~3`, a tag, the start of a commit.

    Raises:
        RevisionError: If git or the repository is missing, or has no such
            revision.
    """
    _git(root, "rev-parse", "--git-dir")
    if revision and not revision.startswith("-"):
        verify = ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if found := _git(root, *verify, may_fail=True).strip():
            return found
    raise RevisionError(
        f"expected a revision such as HEAD~1, a branch, a tag or a commit, received {revision!r}, "
        "which this repository does not have; `git log --oneline` lists commits (a shallow clone "
        "has few: `git fetch --unshallow`)"
    )


def read_measurements(root: Path, commit: str) -> pd.DataFrame:
    """The measurements of all articles at a commit; none where it has no such tables.

    Args:
        root: The folder of the results today; the same path is read in the
            commit.
        commit: As `resolve` returns it.

    Raises:
        ResultsError: If a table of the commit is malformed, naming it as
            `commit:path`.
    """
    return _read(MEASUREMENTS, root, commit)


def read_history(root: Path, commit: str) -> pd.DataFrame:
    """The per-epoch quantities of all articles at a commit; see `read_measurements`."""
    return _read(HISTORY, root, commit)


def read_provenance(root: Path, commit: str) -> dict[str, dict]:
    """How each run of all articles was made, at a commit; see `read_measurements`."""
    found: dict[str, dict] = {}
    for name, text in _files(root, commit, "provenance.json"):
        found.update(parse_provenance(text, name))
    return found


def _read(table: Table, root: Path, commit: str) -> pd.DataFrame:
    frames = [parse_table(table, ",".join(table.columns), commit)]
    frames += [parse_table(table, text, name) for name, text in _files(root, commit, table.file_name)]
    return pd.concat([each for each in frames if len(each)] or frames[:1], ignore_index=True)


def _files(root: Path, commit: str, file_name: str) -> Iterator[tuple[str, str]]:
    """Name and text of this file of every article at a commit."""
    folder = Path(root).resolve().name
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", commit, f"{folder}/").split("\0")
    for path in sorted(listed):
        if path.count("/") == 2 and path.endswith(f"/{file_name}"):
            text = _git(root, "cat-file", "blob", f"{commit}:./{path}")
            yield f"{commit[:12]}:{path}", text


def _git(root: Path, *arguments: str, may_fail: bool = False) -> str:
    """What git prints in the folder above the results; "" where it fails and may."""
    try:
        return git.ask(Path(root).resolve().parent, *arguments).decode()
    except git.GitError as error:
        if may_fail:
            return ""
        raise RevisionError(
            f"{error}; to compare with a revision, run this in a clone of the project, with git"
        ) from error
    except UnicodeDecodeError as error:
        raise ResultsError(
            f"`git {' '.join(arguments)}`: expected UTF-8 text, received other bytes"
        ) from error

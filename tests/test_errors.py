"""What every error of ours is."""

import ast
import builtins
from pathlib import Path

import pytest

from replication import git, notebooks, site
from replication.errors import ReplicationError

PACKAGE = Path(__file__).parent.parent / "replication"
BUILTIN = {name for name, value in vars(builtins).items() if isinstance(value, type)}
APART = {"ReplicationError", "OutputError"}  # the base itself, and that of a broken output


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_every_error_is_a_sentence_with_an_exit_code(path):
    """Five were not: what a new caller forgot to translate would have ended as a traceback."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name not in APART:
            bases = {ast.unparse(base) for base in node.bases}
            errors = [each for each in bases & BUILTIN if each.endswith(("Error", "Exception"))]
            assert not errors or "ReplicationError" in bases, node.name


def test_what_failed_ends_with_1_and_what_is_wrong_with_2():
    assert site.StaleNumber.exit_code == notebooks.NotebookError.exit_code == 1
    assert {each.exit_code for each in (site.SiteError, git.GitError, ReplicationError)} == {2}

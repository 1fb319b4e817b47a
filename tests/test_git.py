"""What git says of a checkout: its own commit, none of a repository around it, and refusals."""

import os
import subprocess

import pytest

from replication import git, results
from replication.results import revisions
from replication.runner import execution, settings


def call(folder, *arguments):
    """Runs git with an author, whatever the tests run in, and returns what it prints."""
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    found = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *author, *arguments], capture_output=True, text=True, env=found
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make(folder):
    """A repository with one commit of a project."""
    (folder / "replication").mkdir(parents=True)
    (folder / "replication" / "a.py").write_text(f"{str(folder)!r}\n")  # no two commits are equal
    call(folder, "init", "-q", "-b", "main")
    call(folder, "add", "-A")
    call(folder, "commit", "-q", "-m", "first")
    return call(folder, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout that takes the place of this one, and has to be made."""
    monkeypatch.setattr(settings, "ROOT", tmp_path / "outer" / "project")
    execution._say_once.cache_clear()
    return settings.ROOT


def test_the_commit_is_that_of_the_checkout(root):
    """With `+` where a file differs or is new, which a user's settings may hide."""
    commit = make(root)
    call(root, "config", "status.showUntrackedFiles", "no")

    assert execution._commit() == commit[:12]
    (root / "replication" / "new.py").write_text("2\n")
    assert execution._commit() == f"{commit[:12]}+"


def archive(root):
    root.mkdir()


def committed(root):
    archive(root)
    (root / "README.md").write_text("a copy\n")
    call(root.parent, "add", "-A")
    call(root.parent, "commit", "-q", "-m", "a copy of the project")


def broken(root):
    (root / ".git").mkdir(parents=True)


@pytest.mark.parametrize("unpack", [archive, committed, broken])
def test_a_repository_around_an_archive_says_nothing_about_it(root, unpack, capsys):
    """Its commit stood in our provenance, and `diff` compared with its tables."""
    make(root.parent)
    unpack(root)

    assert execution._commit() == ""
    assert bool(capsys.readouterr().err) == (unpack is broken)
    with pytest.raises(results.ResultsError, match="expected a git repository with this top"):
        revisions.resolve(root / "results", "HEAD")


def test_a_worktree_and_a_submodule_are_checkouts(root, tmp_path):
    """Both have a file in place of the folder `.git`, and a commit of their own."""
    commit = make(tmp_path / "origin")
    call(tmp_path / "origin", "worktree", "add", "-q", str(root))
    make(tmp_path / "super")
    allow = ("-c", "protocol.file.allow=always")
    call(tmp_path / "super", *allow, "submodule", "add", "-q", str(tmp_path / "origin"), "part")

    assert execution._commit() == commit[:12]
    assert git.ask(tmp_path / "super" / "part", "rev-parse", "HEAD").decode().strip() == commit


def test_the_variables_of_a_hook_name_no_repository_of_ours(root, tmp_path, monkeypatch):
    """Git sets them for its hooks, relative ones among them."""
    commit = make(root)
    make(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index.lock")

    assert execution._commit() == commit[:12]
    assert git.ask(root, "rev-parse", "--show-toplevel").decode().strip() == str(root)


def test_a_refusal_is_said_once(root, monkeypatch, capsys):
    """As of a checkout that another user owns; the commit was empty, and nothing said so."""
    make(root)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(root / "none"))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr("replication.environment.for_git", lambda: dict(os.environ))

    assert (execution._commit(), execution._commit()) == ("", "")
    assert capsys.readouterr().err.count("dubious ownership") == 1
    with pytest.raises(results.ResultsError, match="dubious ownership"):
        revisions.resolve(root / "results", "HEAD")


def test_without_the_program_a_checkout_has_no_commit_and_says_so(root, monkeypatch, capsys):
    make(root)
    monkeypatch.setenv("PATH", str(root))

    assert execution._commit() == ""
    assert "expected the program git" in capsys.readouterr().err

"""A small project of its own, and the command line run on it within this process.

A thousand fuzzed files cannot each have a new interpreter. `command` calls the entry point of the
package as a terminal would, on streams that encode as a terminal does, and lets no exception of
its own pass: whatever leaves `main` but SystemExit is what a user would see as a traceback.
"""

import contextlib
import functools
import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from site_demo import make_project

from replication import __main__ as entry
from replication import results
from replication.claims import check as checking
from replication.claims import report as reporting
from replication.results.backends import add_backend
from replication.runner import settings
from tests import table_files

DOCUMENT = """# Other backends

<!-- backends:begin -->
<!-- backends:end -->
<!-- backends-outside:begin -->
<!-- backends-outside:end -->
<!-- backends-environments:begin -->
<!-- backends-environments:end -->
"""
ELSEWHERE = {"backend": "jax", "device": "gpu", "jax": "0.7", "threads": 2}
CHECK = checking.check


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def assert_sentence(self) -> None:
        """Exit code 0 or 1, or 2 with one line on standard error that says what was wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert "Traceback" not in self.err, self.err
        assert self.code in (0, 1, 2), self
        assert len(lines) == (self.code == 2), self.err
        if self.code == 2:
            assert self.err.endswith(lines[0] + "\n"), self.err
            assert 20 < len(lines[0]) < 2_000, self.err


@dataclass(frozen=True)
class Demo:
    """A project whose committed files all agree."""

    root: Path

    @property
    def committed(self) -> dict[str, bytes]:
        """Every file but those under build/, lock files aside."""
        paths = (path for path in self.root.rglob("*") if path.is_file())
        named = {path.relative_to(self.root).as_posix(): path for path in paths}
        return {
            name: path.read_bytes()
            for name, path in named.items()
            if not name.startswith("build/") and not name.endswith("-lock")
        }

    def command(self, *arguments: str) -> Ended:
        """What `python -m replication` does with these arguments, on this project."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.settings().items():
                patch.setattr(settings, name, value)
            patch.setattr(checking, "check", self.judge)
            return run_main(*arguments)

    def judge(self, _, *rest, **options) -> checking.Report:
        """The check of this project's claims, in place of those of the package."""
        return CHECK(self.root / "claims", *rest, **options)

    def settings(self) -> dict[str, object]:
        """Where the runner finds things."""
        root = self.root
        documents = {"claims": root / "README.md", "ledger": root / "docs" / "open-details.md"}
        for name in ("backends", "backends-outside", "backends-environments"):
            documents[name] = root / "docs" / "backends.md"
        return {
            "ROOT": root,
            "RESULTS": root / "results",
            "BUILD": root / "build",
            "TODAY": root / "build" / "results",
            "DOCUMENTS": documents,
            "SENTENCES": (root / "README.md",),
        }


def make_demo(root: Path) -> Demo:
    """Writes the demo project, its runs sealed, with curves and with runs on another backend."""
    make_project(root)
    made, accepted = root / "made", root / "results"
    accepted.rename(made)
    (root / "docs" / "backends.md").write_text(DOCUMENT)
    epochs = range(1, 4)
    rows = [("demo-run", "full", 0, epoch, "loss", 1 / epoch) for epoch in epochs]
    columns = ["experiment", "profile", "seed", "epoch", "quantity", "value"]
    table_files.write_history(made, "demo", pd.DataFrame(rows, columns=columns))
    results.promote(made, accepted, "demo", reason="first runs")
    shutil.copyfile(made / "demo" / "notebook.ipynb", accepted / "demo" / "notebook.ipynb")
    shutil.rmtree(made)
    table_files.record(
        root / "elsewhere" / "results",
        "demo",
        experiment="demo-run",
        profile="full",
        seed=0,
        metrics=[(name, "fraction", "higher") for name in ("purity", "ratio", "spread")],
        tier="core",
        measurements={"purity": (0.83, 10), "ratio": (1.0, 10), "spread": (0.25, 10)},
        history=None,
        provenance={"fingerprint": "there", "commit": "abc", "environment": ELSEWHERE},
    )
    add_backend(root / "results", root / "elsewhere")
    demo = Demo(root)
    found = CHECK(root / "claims", root / "results")
    reporting.write_summaries(root / "results", found)
    places = demo.settings()
    reporting.update_documents(places["DOCUMENTS"], found, places["SENTENCES"])
    return demo


def run_main(*arguments: str) -> Ended:
    """Calls the entry point with these arguments; only SystemExit may leave it."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace", write_through=True)
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["replication", *arguments])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                entry.main()
            except SystemExit as ended:
                code = ended.code or 0
    texts = (stream.buffer.getvalue().decode("utf-8") for stream in (out, err))
    return Ended(code, *texts)


@functools.cache
def parameters() -> dict[str, list[str]]:
    """Every command of the command line with its options, as they are typed."""
    import typer

    commands = typer.main.get_command(entry.app).commands
    return {
        name: [option for each in command.params for option in each.opts if option[0] == "-"]
        for name, command in commands.items()
    }

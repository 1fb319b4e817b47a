"""A notebook that fails, in whatever way, is named with its cell, and the others still run."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import killing
import nbformat
import psutil
import pytest
from typer.testing import CliRunner

from replication import __main__ as command
from replication import notebooks, runner
from replication.runner import settings

ROOT = Path(__file__).parents[2]
SMALL = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
FEW_BYTES = 2**30  # of address space: a kernel runs in it, ten times as much cannot be had
EXHAUST = (
    "import resource\n"
    f"resource.setrlimit(resource.RLIMIT_AS, ({FEW_BYTES}, {FEW_BYTES}))\n"
    f"bytes({10 * FEW_BYTES})"
)
FAILING = {  # name -> the cells, and what the message says after "cell 2 of 3, after N s: "
    "raises": ("1 / 0", r"ZeroDivisionError: division by zero"),
    "long-winded": ("raise ValueError('\\x1b[31mfirst\\x1b[0m\\nsecond')", r"ValueError: first"),
    "hangs": ("while True: pass", r"a cell may take 2 s and this one took longer; .*ended"),
    "exhausts": (EXHAUST, r"MemoryError \(out of memory\)"),
    "killed": (
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        r"its kernel was killed \(SIGKILL\), as the system does when memory runs out",
    ),
    "crashes": (
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        r"its kernel was ended by SIGSEGV",
    ),
    "exits": ("import os; os._exit(7)", r"its kernel ended with code 7"),
    "breaks the format": (
        "from IPython.display import display; display({'text/plain': {'no': 'text'}}, raw=True)",
        r"its outputs make no notebook: .* is not valid under any of the given schemas",
    ),
}
NO_NOTEBOOKS = {  # content of the file -> what the message says was received
    b"": "Expecting value",
    b'{"cells": [': "Expecting value",
    b"\xff\xfe": "invalid start byte",
    b"[]": "JSON of another kind",
    b"{}": "JSON of another kind",
    b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "cells": []}': "format 3",
    b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}': "JSON of another kind",
    b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}': "JSON of another kind",
    b'{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [{}]}': "{} is not valid",
    b"[" * 100_000: "recursion",
}


def write(path, *sources, tags=()):
    """Writes a notebook with these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in cells:
        cell.metadata.update({"tags": list(tags)} if tags else {})
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def execute_all(folder, patch, slugs, **environment):
    """What `execute_all` makes of the notebooks in a folder: failures, successes, pages."""
    patch.setattr(notebooks, "FOLDER", folder)
    lines, out = [], folder / "executed"
    found = notebooks.execute_all(
        slugs, out, {**os.environ, **SMALL, **environment}, announce=lines.append
    )
    return found, [line for line in map(str, lines) if "executed in" in line], out


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """One notebook for each way to fail, and a sound one after them, executed together."""
    folder = tmp_path_factory.mktemp("notebooks")
    for number, (name, (source, _)) in enumerate(FAILING.items(), start=1):
        write(folder / f"{number:02d}_{name}.ipynb", "first = 1", source, "'never reached'")
    write(folder / "99_sound.ipynb", "print('still here')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "TIMEOUT", 2)
        return execute_all(folder, patch, [*FAILING, "sound"])


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_names_notebook_cell_time_and_cause(executed, name):
    """One line: which notebook, which cell of how many, after how long, and why."""
    [line] = [each for each in executed[0] if f"_{name}.ipynb" in each]
    why = FAILING[name][1]

    assert re.fullmatch(rf"\d\d_{name}\.ipynb, cell 2 of 3, after \d+ s: {why}", line)


def test_the_notebooks_after_a_failing_one_still_run(executed):
    """Every kernel before it failed, and the last notebook is executed and rendered."""
    failed, lines, out = executed

    assert len(failed) == len(FAILING)
    assert [line.split(":")[0] for line in lines] == ["99_sound.ipynb"]
    assert sorted(path.name for path in out.iterdir()) == ["99_sound.html", "99_sound.ipynb"]
    assert "still here" in (out / "99_sound.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", NO_NOTEBOOKS, ids=range(len(NO_NOTEBOOKS)))
def test_a_file_that_is_no_notebook_is_named(tmp_path, content):
    """Not JSON, another JSON, another format, a cell that is none: a sentence each."""
    path = tmp_path / "01_odd.ipynb"
    path.write_bytes(content)

    with pytest.raises(notebooks.NotebookError) as raised:
        notebooks.execute(path, tmp_path / "executed", {})

    message = str(raised.value)
    assert message.startswith("01_odd.ipynb: expected a Jupyter notebook of format 4, received ")
    assert NO_NOTEBOOKS[content] in message
    assert "\n" not in message
    assert not (tmp_path / "executed").exists()


def test_what_cannot_be_read_stops_no_other_notebook(tmp_path, monkeypatch):
    """A folder in place of a file, and a truncated notebook, beside a sound one."""
    (tmp_path / "01_folder.ipynb").mkdir()
    write(tmp_path / "03_sound.ipynb", "print('still here')")
    whole = (tmp_path / "03_sound.ipynb").read_bytes()
    (tmp_path / "02_cut.ipynb").write_bytes(whole[: len(whole) // 2])

    failed, lines, _ = execute_all(tmp_path, monkeypatch, ["folder", "cut", "sound"])

    assert [line.split(":")[0] for line in failed] == ["01_folder.ipynb", "02_cut.ipynb"]
    assert "Is a directory" in failed[0]
    assert [line.split(":")[0] for line in lines] == ["03_sound.ipynb"]


def test_an_error_that_says_a_lot_is_cut_short(tmp_path, monkeypatch):
    """A message of a million characters does not fill the terminal."""
    write(tmp_path / "01_chatty.ipynb", "raise ValueError('no' * 500_000)")

    [line], _, _ = execute_all(tmp_path, monkeypatch, ["chatty"])

    assert "ValueError: nono" in line and line.endswith(" ...") and len(line) < 400


def test_no_tag_lets_a_cell_fail_unseen(tmp_path, monkeypatch):
    """Jupyter's tag `raises-exception` is no way around: the notebook fails."""
    write(tmp_path / "01_tagged.ipynb", "1 / 0", tags=["raises-exception"])

    [line], _, _ = execute_all(tmp_path, monkeypatch, ["tagged"])

    assert "cell 1 of 1" in line and "ZeroDivisionError" in line


def test_a_kernel_that_does_not_start_is_a_sentence(tmp_path):
    """A kernel that ends before it says a word; the next notebook is tried, nothing is raised."""
    write(tmp_path / "01_first.ipynb", "1")
    write(tmp_path / "02_second.ipynb", "1")
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from replication import notebooks\n"
        "folder = notebooks.FOLDER = Path(sys.argv[1])\n"
        "sys.executable = '/bin/false'\n"
        "slugs, out = ['first', 'second'], folder / 'out'\n"
        "for line in notebooks.execute_all(slugs, out, dict(os.environ), announce=str):\n"
        "    print(line)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **SMALL},
        timeout=120,
    )

    first, second = ended.stdout.splitlines()
    assert re.fullmatch(
        r"01_first\.ipynb, no cell yet, after \d+ s: its kernel did not start: Kernel died.*", first
    )
    assert second.startswith("02_second.ipynb, no cell yet")
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 0


def until(condition, seconds=60):
    """The first true answer of a condition; fails after a time that no machine needs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not come about within {seconds} s")


def running(pid):
    """Whether a process computes; one that has ended and waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def busy(tmp_path):
    """A process that executes a notebook without an end; it, and the process of its kernel."""
    noted = tmp_path / "pid"
    cell = f"import os\nopen({str(noted)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    write(tmp_path / "01_busy.ipynb", cell)
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from replication import notebooks\n"
        "path = Path(sys.argv[1])\n"
        "notebooks.execute(path, path.parent / 'out', dict(os.environ))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "01_busy.ipynb"],
        cwd=ROOT,
        env={**os.environ, **SMALL},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=killing.heed_ctrl_c,
    ) as parent:
        try:
            yield parent, int(until(lambda: noted.exists() and noted.read_text()))
        finally:
            parent.kill()


def test_a_kernel_does_not_outlive_its_parent(busy):
    """SIGKILL to the process that executes a notebook: its kernel stops computing, unasked."""
    parent, kernel = busy
    parent.kill()
    parent.wait()

    until(lambda: not running(kernel))


def test_ctrl_c_ends_notebook_and_kernel(busy):
    """SIGINT while a cell runs is KeyboardInterrupt here, not a dead kernel and the next one."""
    parent, kernel = busy
    parent.send_signal(signal.SIGINT)
    said = parent.communicate()[1]

    assert not running(kernel)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert "NotebookError" not in said


BROKEN = {  # in place of the five notebooks
    "01_intuition": ("1 / 0", "cell 1 of 1, after"),
    "02_survey": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed (SIGKILL)"),
    "03_contractive": (None, "expected a Jupyter notebook of format 4"),
    "04_applied": (EXHAUST, "MemoryError (out of memory)"),
}


def test_the_command_ends_with_1_and_names_every_failed_notebook(tmp_path, monkeypatch):
    """`run` with four broken notebooks of five, its training left out."""
    for name, (source, _) in BROKEN.items():
        if source is None:
            (tmp_path / f"{name}.ipynb").write_text("<html>")
        else:
            write(tmp_path / f"{name}.ipynb", source)
    write(tmp_path / "05_clustering.ipynb", "print('still here')")
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "TODAY", tmp_path / "build" / "results")
    trained = runner.run_jobs([])
    monkeypatch.setattr(runner, "run_jobs", lambda *args, **options: trained)

    ended = CliRunner().invoke(command.app, ["run", "--profile", "smoke"])

    lines = sorted(line for line in ended.stderr.splitlines() if line.startswith("FAILED "))
    assert ended.exit_code == 1
    assert [line.split()[1].partition(".")[0] for line in lines] == list(BROKEN)
    assert all(why in line for line, (_, why) in zip(lines, BROKEN.values(), strict=True))
    assert "05_clustering.ipynb: executed in" in ended.stdout
    assert (tmp_path / "build" / "site" / "index.html").exists()


@pytest.mark.long
def test_the_whole_command_survives_a_kernel_that_is_killed(tmp_path):
    """In a checkout whose notebook kills its kernel: trained, judged, shown, and exit code 1."""
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name not in {"notebooks", "build"} and not path.name.startswith("."):
            (project / path.name).symlink_to(path)
    source = FAILING["killed"][0]
    write(project / "notebooks" / "03_contractive.ipynb", "print('first')", source)

    ended = subprocess.run(
        [sys.executable, "-m", "replication", "run", "--profile", "smoke"]
        + ["--article", "contractive"],
        capture_output=True,
        text=True,
        cwd=project,
        env={**os.environ, "REPLICATION_BUILD": str(project / "build")},
    )

    [failed] = [line for line in ended.stderr.splitlines() if line.startswith("FAILED ")]
    assert ended.returncode == 1
    assert re.match(
        r"FAILED 03_contractive\.ipynb, cell 2 of 2, after \d+ s: its kernel was k", failed
    )
    assert "Traceback" not in ended.stderr
    assert (project / "build" / "results" / "contractive" / "measurements.csv").exists()
    assert (project / "build" / "site" / "index.html").exists()

"""Two calls at once with one build folder: each ends well, and the tables are those of one call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_damage import replicate, rows_of

from replication import store

ROOT = Path(__file__).parents[2]
SWEEP = ("sweep", "--experiments", "contractive-formula", "--profile", "smoke", "--seeds", "2")
WRITER = """
import pathlib, sys
from replication.files import replace_files
for number in range(300):
    replace_files({pathlib.Path(sys.argv[1]): sys.argv[2].encode() * 100_000})
"""


def test_two_writers_of_one_file_never_mix(tmp_path):
    """Whoever reads meanwhile sees what one of them wrote, whole; no temporary file stays."""
    path = tmp_path / "file"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter], cwd=ROOT)
        for letter in "ab"
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            seen.add(path.read_bytes())

    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen <= {b"a" * 100_000, b"b" * 100_000}
    assert seen
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.long
def test_two_sweeps_share_a_store(tmp_path):
    """Started together on the same jobs: both end with 0, each file loads, the tables are equal."""
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    first = replicate(alone, *SWEEP)
    assert first.returncode == 0, first.stderr
    environment = {**os.environ, "REPLICATION_BUILD": str(shared)}
    calls = [
        subprocess.Popen(
            [sys.executable, "-m", "replication", *SWEEP],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [call.communicate(timeout=600)[0] for call in calls]

    assert [call.returncode for call in calls] == [0, 0], said
    assert rows_of(shared) == rows_of(alone)
    assert len(rows_of(shared)) == 3
    files = [path for path in shared.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".tmp" or "damaged" in path.name]
    for path in files:
        if path.suffix == ".npz":
            store.load_arrays(path)

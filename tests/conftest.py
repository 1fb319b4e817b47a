"""Fixtures that several test files share, and a quiet, repeatable Keras.

The environment is set before any test file imports Keras: one thread, so that
equality to the last bit can be asked for, and no log lines.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest  # noqa: E402

from replication.runner import settings  # noqa: E402
from replication.store import Checkpoints  # noqa: E402

UNTESTED = "REAL DATA NOT TESTED"


@pytest.fixture(scope="session")
def library():
    """The data sets of this machine; decoded once into build/, as a run does it."""
    return settings.library()


@pytest.fixture(scope="session")
def real_mnist(library):
    """MNIST as it is read here; skips, and says so at the end, where there is none."""
    if library.locate("mnist") is None:
        pytest.skip(f"{UNTESTED}: {library.how_to_get('mnist')}")
    return library.load("mnist")


@pytest.fixture
def checkpoints(tmp_path):
    """An empty run store of its own."""
    return Checkpoints(tmp_path / "checkpoints")


def pytest_terminal_summary(terminalreporter):
    """Says loudly, at the end, which tests found no real data."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)}
    for reason in sorted(reason for reason in reasons if UNTESTED in reason):
        terminalreporter.write_line(reason, red=True, bold=True)

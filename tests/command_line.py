"""The command line in this process: one of its own imports Keras to say one sentence."""

import sys

import pytest

from replication import __main__ as command


def call(monkeypatch, *arguments):
    """Runs `python -m replication`, but for the guards around its streams; its exit code."""
    monkeypatch.setattr(sys, "argv", ["replication", *arguments])
    with pytest.raises(SystemExit) as ended:
        command._main()
    return ended.value.code

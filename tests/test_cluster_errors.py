"""Sweeps on a Dask cluster, without one: wrong use, errors, jobs whose process fails."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from replication import __main__ as command
from replication import runner
from replication.runner import cluster, one_job
from replication.runner.cluster import ClusterError

pytest.importorskip("distributed")

ROOT = Path(__file__).parent.parent
PATIENCE = 600  # seconds; how long a busy machine may take, not how long a test takes
QUICK = "clustering-identities"


def test_other_code_is_named_by_definition():
    """A long list of definitions is cut short; parameters and versions are told in full."""
    ours = {"source": {name: "1" for name in "abcdefg"}, "environment": {"backend": "jax"}}
    theirs = {"source": {"a": "1"}, "environment": {"backend": "tensorflow"}}

    assert one_job.differences(ours, theirs) == [
        "environment: backend is jax at the client, tensorflow here",
        "other code in b, c, d, e, f and 1 more",
    ]


def test_an_interrupt_ends_with_130(monkeypatch):
    """Ctrl-C while a cluster works is told from a failure."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_jobs_on_cluster", interrupted)
    sweep = ["sweep", "--profile", "smoke", "--experiments", QUICK, "--dask", "tcp://host:1"]
    monkeypatch.setattr(sys, "argv", ["replication", *sweep])

    with pytest.raises(SystemExit) as ended:
        command.main()

    assert ended.value.code == 130


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("nonsense", "tcp://localhost:8000"),
        ("tcp://host", "missing port number"),
        ("tcp://host:port", "invalid literal"),
        ("http://host:8786", "unknown address scheme 'http'"),
    ],
)
def test_a_malformed_address_is_named(address, expected):
    """Nothing is connected to; the message shows what an address looks like."""
    with pytest.raises(ClusterError, match=re.escape(expected)) as raised:
        runner.run_jobs_on_cluster(address, [])

    assert repr(address) in str(raised.value) and "tcp://host:8786" in str(raised.value)


@pytest.mark.parametrize("listener", ["nobody", "silent"])
def test_a_scheduler_that_does_not_answer_is_given_up(listener):
    """Neither a refused connection nor a listener that never speaks is waited for."""
    import dask

    with contextlib.closing(socket.socket()) as port:
        port.bind(("127.0.0.1", 0))
        if listener == "silent":
            port.listen()
        address = "tcp://{}:{}".format(*port.getsockname())
        with dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}):
            with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address}"):
                runner.run_jobs_on_cluster(address, [])


def test_a_worker_without_the_project_is_told_from_other_failures():
    """The message says how workers are to be started."""
    error = ModuleNotFoundError("No module named 'replication'")

    assert "PYTHONPATH" in cluster._explained(error)
    assert cluster._explained(OSError("x")) == "OSError: x"


def test_without_distributed_the_extra_is_named(monkeypatch):
    """From this checkout: the project's name is not ours on PyPI, where anyone may take it."""
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(ClusterError, match=r"pip install -e '\.\[cluster\]'") as raised:
        runner.run_jobs_on_cluster("tcp://host:8786", [])

    assert "make setup" in str(raised.value)
    assert "autoencoders-replicated" not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dask", "tcp://127.0.0.1:9", "--jobs", "2"], "--jobs is for this machine"),
        (["--dask", "tcp://127.0.0.1:9"], "error: no Dask scheduler answers"),
    ],
)
def test_wrong_use_ends_with_2(arguments, expected, tmp_path):
    """A usage error and an absent scheduler: one sentence, no traceback, nothing run."""
    sweep = ["sweep", "--profile", "smoke", "--experiments", QUICK]
    ended = subprocess.run(
        [sys.executable, "-m", "replication", *sweep, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "REPLICATION_BUILD": str(tmp_path),
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "500ms",
        },
        timeout=PATIENCE,
    )

    assert ended.returncode == 2, ended.stderr
    assert expected in " ".join(ended.stderr.replace("│", " ").split())
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "runs").exists()


def run_instead(monkeypatch, tmp_path, script):
    """Puts a script in the place of the job's process."""
    (tmp_path / "stand_in.py").write_text(script)
    monkeypatch.setattr(one_job, "_START", "import stand_in")
    monkeypatch.syspath_prepend(tmp_path)  # of which a worker has a copy


def test_a_job_whose_process_dies_has_failed(monkeypatch, tmp_path):
    """A crash of native code, or a kill for memory, is no outcome; lines before it go on."""
    run_instead(
        monkeypatch,
        tmp_path,
        "import json, os\n"
        "event = {'event': 'log', 'line': json.loads(input())['name']}\n"
        "print(json.dumps({'event': event}), flush=True)\n"
        "os.kill(os.getpid(), 9)\n",
    )
    lines = []

    answer = one_job.run_apart("any/smoke/0", {}, lines.append)

    assert "was ended by SIGKILL" in answer["error"]
    assert lines == ["any/smoke/0"]


def test_a_process_that_never_listens_has_failed(monkeypatch, tmp_path):
    """A broken installation ends before it reads its task."""
    run_instead(monkeypatch, tmp_path, "import sys; sys.stdin.close(); sys.exit(3)")

    answer = one_job.run_apart("any/smoke/0", {"long": "x" * 1_000_000}, print)

    assert "ended with code 3" in answer["error"]

"""One job in a process of its own: `python -m replication.runner.one_job`.

Keras keeps its state per process, and draws initial weights by way of Python's global random
generator. A Dask worker's event loop draws from the same generator at any time, so a job in one of
its threads is not repeatable. Here a job has a process for itself, fresh code and memory
included. It dies with the process that started it, and with it the lock of the run.

The parent writes one line of JSON, the task, and then keeps the pipe open. The child answers in
lines of JSON: `line` to pass on, and at last `path`, the outcome's file, or `error` and `trace`.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable

from replication import fingerprints
from replication.runner import settings
from replication.runner.execution import job_named, load, run_and_store
from replication.runner.jobs import Job

_NAMED = 5  # definitions named when code differs


class RefusedError(ValueError):
    """A job has another key here than where it was planned; the message says what differs."""


def run_apart(name: str, inputs: dict, announce: Callable[[str], None] = print) -> dict:
    """Finds or runs one job in a process of its own, and waits for it.

    Args:
        name: The job's name, `experiment/profile/seed`.
        inputs: What the job's key is made of where it was planned.
        announce: Receives one line per event worth a line.

    Returns:
        `path`, the outcome's file in this machine's run store, or `error` and
        `trace`, what went wrong.
    """
    answer = None
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=settings.kernel_environment(name.split("/")[1]),
    ) as child:
        with contextlib.suppress(BrokenPipeError):  # it is gone: its exit code tells more
            child.stdin.write(json.dumps({"name": name, "inputs": inputs}) + "\n")
            child.stdin.flush()
        for line in child.stdout:
            message = json.loads(line)
            if "line" in message:
                announce(message["line"])
            else:
                answer = message
    return answer or {"error": _last_words(child.returncode), "trace": ""}


def _last_words(code: int) -> str:
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return f"the job's process {how} before it was done; what it wrote is in the worker's log"


def main() -> None:
    """Does the task on standard input; ends at once when that is closed before."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else is printed goes to the log
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def answer(**message) -> None:
        print(json.dumps(message), file=answers, flush=True)

    try:
        job = same_job(**task)
        if load(job) is None:
            run_and_store(job, announce=lambda line: answer(line=line))
        answer(path=str(job.path))
    except Exception as error:
        what = str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
        answer(error=what, trace=traceback.format_exc())


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not `sys.stdin`, whose lock a thread must not hold at the end
        pass
    os._exit(1)


def same_job(name: str, inputs: dict) -> Job:
    """The job of that name, if its key here is made of `inputs`.

    Raises:
        RefusedError: If it is made of something else; says what differs.
    """
    job = job_named(name)
    if fingerprints.digest(job.inputs) != fingerprints.digest(inputs):
        raise RefusedError(
            "refused, this worker would run another job under the same name: "
            f"{'; '.join(differences(inputs, job.inputs))}. Expected the client's code, "
            "library versions, KERAS_BACKEND and kind of device. Update the worker's checkout and "
            "environment, or start the client in an environment like the worker's"
        )
    return job


def differences(client: dict, worker: dict) -> list[str]:
    """What differs between what two keys of a job are made of, a phrase each."""
    found = []
    for part in sorted({*client, *worker}):
        ours, theirs = client.get(part, {}), worker.get(part, {})
        names = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
        if part == "source" and names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            found.append(f"other code in {', '.join(names[:_NAMED])}{more}")
        else:
            found += [
                f"{part}: {name} is {ours.get(name)} at the client, {theirs.get(name)} here"
                for name in names
            ]
    return found


if __name__ == "__main__":
    main()

"""Jobs in a process of their own: the process, and the handle of whoever started it.

Keras keeps its state per process, and draws initial weights by way of Python's global random
generator. A Dask worker's event loop draws from the same generator at any time, so a job in one of
its threads is not repeatable. Here a process does nothing but jobs, one after another. It dies with
the process that started it, and with it the lock of the run.

The parent writes a line of JSON for each job and then keeps the pipe open. The child answers in
lines of JSON: `event` to pass on, and at last `path`, the outcome's file, or `error`, `trace`,
and `stop`, the class of an error that every other job would meet too.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import traceback

from replication import environment, experiments, fingerprints, results, store
from replication.datasets import DatasetError
from replication.errors import ReplicationError
from replication.events import Announce, Event
from replication.runner import settings
from replication.runner.execution import load, run_and_store
from replication.runner.jobs import Job, changes

STOPPING = (  # the next job would meet these
    DatasetError,
    environment.SettingError,
    store.StoreError,
    results.ResultsError,
)
# Else the first of several takes nearly all memory of a GPU, and the second one ends.
_SHARING = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
_NAMED = 5  # definitions named when code differs
# Ctrl-C is for the parent, which ends its children by itself.
_START = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "from replication.runner import one_job; one_job.main()"
)


class RefusedError(ReplicationError, ValueError):
    """A job has another key here than where it was planned; the message says what differs."""


class Worker:
    """A process that runs jobs one after another; started when there is a first one.

    Args:
        threads: How many it computes with; None for as many as this process.
        log: Receives each line that the process writes beside its answers;
            None leaves them where this process' own go.
        alone: Whether it has the GPU, if there is one, for itself. Of several
            each takes the memory that it needs, unless the user says otherwise.
    """

    def __init__(
        self, threads: int | None = None, log: Announce | None = None, *, alone: bool = True
    ):
        self._threads, self._log, self._alone = threads, log, alone
        self._child: subprocess.Popen | None = None
        self._reader: threading.Thread | None = None
        self._killed = False

    def run(self, name: str, inputs: dict, announce: Announce = print, *, every=5.0) -> dict:
        """Finds or runs one job, and waits for it.

        Args:
            name: The job's name, `experiment/profile/seed`.
            inputs: What the job's key is made of where it was planned.
            announce: Receives an event per event.
            every: Seconds between two epochs that are announced.

        Returns:
            `path`, the outcome's file in this machine's run store, or
            `error` and `trace`, what went wrong.
        """
        if self._child is None:
            self._start(name.split("/")[1])
        child = self._child
        if self._killed:  # while it was being started
            child.kill()
        task = {"name": name, "inputs": inputs, "every": every}
        with contextlib.suppress(BrokenPipeError):  # it is gone: its exit code tells more
            child.stdin.write(json.dumps(task) + "\n")
            child.stdin.flush()
        for line in child.stdout:
            if not line.endswith("\n"):  # it died in the middle of a word
                break
            message = json.loads(line)
            if "event" not in message:
                return message
            announce(Event.from_dict(message["event"]))
        how = _last_words(child.wait())
        self.close()
        return {"error": how, "trace": ""}

    def kill(self) -> None:
        """Ends the process at once, from any thread; what it has stored stays."""
        self._killed = True
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        """Ends the process and lets go of it; for the thread that runs jobs on it."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        if self._reader is not None:
            self._reader.join()
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        child.stdout.close()

    def _start(self, profile: str) -> None:
        variables = settings.kernel_environment(profile)
        if not self._alone:
            variables = {**_SHARING, **variables}
        if self._threads is not None:
            variables["OMP_NUM_THREADS"] = str(self._threads)
        self._child = subprocess.Popen(
            environment.command(_START),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if self._log is None else subprocess.PIPE,
            text=True,
            errors="replace",
            env=variables,
        )
        if self._log is not None:
            self._reader = threading.Thread(target=self._pass_on, args=(self._child.stderr,))
            self._reader.start()

    def _pass_on(self, lines) -> None:
        with lines:
            for line in lines:
                self._log(Event(line.rstrip(), kind="log"))


def run_apart(name: str, inputs: dict, announce: Announce = print) -> dict:
    """Finds or runs one job in a process for it alone; see `Worker.run`."""
    with contextlib.closing(Worker()) as worker:
        return worker.run(name, inputs, announce)


def _last_words(code: int) -> str:
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return f"the job's process {how} before it was done; what it wrote is in the log"


def main() -> None:
    """Does the tasks on standard input; ends at once when that is closed."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else is printed goes to the log
    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_tasks, args=(tasks,), daemon=True).start()

    def answer(**message) -> None:
        print(json.dumps(message), file=answers, flush=True)

    while True:
        answer(**_answer(json.loads(tasks.get()), lambda event: answer(event=event.as_dict())))


def _answer(task: dict, announce: Announce) -> dict:
    try:
        job = same_job(task["name"], task["inputs"])
        if load(job) is None:
            run_and_store(job, announce=announce, every=task["every"])
        return {"path": str(job.path)}
    except STOPPING as error:
        stop = next(each.__name__ for each in STOPPING if isinstance(error, each))
        return {"error": str(error), "trace": traceback.format_exc(), "stop": stop}
    except Exception as error:
        what = str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
        return {"error": what, "trace": traceback.format_exc()}


def _read_tasks(tasks: queue.SimpleQueue) -> None:
    """Passes each line on; when the pipe is closed, the parent is gone or wants no more."""
    while line := sys.stdin.readline():
        tasks.put(line)
    os._exit(1)


def same_job(name: str, inputs: dict) -> Job:
    """The job of that name, if its key here is made of `inputs`.

    Raises:
        RefusedError: If it is made of something else; says what differs.
    """
    experiment, profile, seed = name.split("/")
    job = Job(experiments.find(experiment), profile, int(seed))
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
    changed = changes(client, worker)
    phrases = [
        f"{part}: {name} is {ours} at the client, {theirs} here"
        for part, name, ours, theirs in changed
        if part != "source"
    ]
    if names := [name for part, name, *_ in changed if part == "source"]:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        phrases.append(f"other code in {', '.join(names[:_NAMED])}{more}")
    return phrases

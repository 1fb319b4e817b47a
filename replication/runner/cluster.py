"""The same jobs on a Dask cluster that is already there: sent by name, brought home as files.

A worker runs each job in a process of its own, from its own checkout, and keeps checkpoints and
outcome in its own run store, `$REPLICATION_BUILD` or `build/`. Workers that share a folder carry on
each other's jobs. A job is run only where its key is the client's, so that a file name means the
same on both sides. The outcome's file travels back, and the client alone writes rows.
"""

import asyncio
import contextlib
import socket
import traceback
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from replication import store
from replication.errors import ReplicationError
from replication.events import Announce, Event
from replication.runner import one_job, today
from replication.runner.execution import load, note_failure
from replication.runner.jobs import Job
from replication.runner.pool import Ended, finish, planned


class ClusterError(ReplicationError, ValueError):
    """A Dask cluster cannot be used; the message says why and what to do."""


def run_jobs_on_cluster(address: str, jobs: list[Job], *, announce: Announce = print) -> Ended:
    """Runs jobs on the workers of a Dask scheduler; one that fails does not stop the others.

    Args:
        address: Of the scheduler, such as `tcp://host:8786`.
        jobs: What to run; sent in this order.
        announce: Receives an event per event.

    Raises:
        ClusterError: If the address is malformed, no scheduler answers there,
            or `distributed` is not installed.
        StoreError: If an outcome that arrived cannot be stored.
        ResultsError: If it is not what its experiment declares, or the tables cannot be written.
    """
    with _connected(address) as client:
        todo = today.prepare(jobs)
        announce(planned(jobs, todo))
        return Ended(_send(client, todo, announce) if todo else [], [])


def _distributed():
    try:
        import distributed
    except ImportError as error:
        raise ClusterError(
            f"--dask needs the package `distributed`, which cannot be imported ({error}): "
            "`make setup` puts it into .venv; for another Python, run in this checkout "
            "`python -m pip install -e '.[cluster]'`"
        ) from error
    return distributed


@contextlib.contextmanager
def _connected(address: str) -> Iterator:
    distributed = _distributed()
    import dask

    try:
        distributed.comm.get_address_host_port(address, strict=True)
    except ValueError as error:
        raise ClusterError(
            f"{address!r} is no address of a Dask scheduler: expected one such as "
            f"tcp://host:8786, received: {error}"
        ) from error
    timeout = dask.config.get("distributed.comm.timeouts.connect")
    seconds = dask.utils.parse_timedelta(timeout)
    try:
        asyncio.run(asyncio.wait_for(_greet(address, seconds), seconds))
        client = distributed.Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TypeError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} within {seconds:g} s: "
            f"{str(error) or 'no word from it'}. Start one with `dask scheduler`, or correct the "
            "address; to wait for longer, set DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT=60s"
        ) from error
    with client:
        yield client


async def _greet(address: str, seconds: float) -> None:
    """Shakes hands: `Client` would wait for ever for a listener that never says a word."""
    distributed = _distributed()
    keys = distributed.Security().get_connection_args("client")
    comm = await distributed.comm.connect(address, timeout=seconds, **keys)
    await comm.close()


def _send(client, jobs: list[Job], announce) -> list[tuple[Job, str]]:
    """Submits the jobs and settles each when it is done; the first ones have priority."""
    distributed, sweep = _distributed(), f"sweep-{uuid.uuid4().hex[:8]}"
    if not client.nthreads():
        announce(Event("no worker is connected yet: the jobs wait for one"))
    client.subscribe_topic(sweep, lambda sent: announce(Event.from_dict(sent[1])))
    sent, failed, function = {}, [], _by_value()
    try:
        for place, job in enumerate(jobs):
            options = {"key": (sweep, job.name), "priority": -place}
            sent[client.submit(function, job.name, job.inputs, sweep, **options)] = job
        for future in distributed.as_completed(list(sent), loop=client.loop):
            failed += _settle(sent[future], future, announce)
            future.release()  # a worker keeps a result for as long as we hold on to it
    except KeyboardInterrupt:
        client.cancel(list(sent))
        line = "queued jobs are cancelled; a job that is running ends, and is stored, there"
        announce(Event(line))
        raise
    return failed


def _by_value() -> Callable:
    """A function that is sent by value, so that the scheduler need not have this project."""

    def on_worker(*arguments):
        from replication.runner import cluster

        return cluster.work(*arguments)

    return on_worker


def _settle(job: Job, future, announce) -> list[tuple[Job, str]]:
    """Brings the outcome of a job home, or reports why there is none."""
    if future.status == "cancelled":
        what = "the connection to the scheduler was lost; run the same sweep again"
        return [note_failure(job, what, what, announce)]
    if future.status == "error":
        error = future.exception()
        trace = "".join(traceback.format_exception(error))
        return [note_failure(job, _explained(error), trace, announce)]
    report = future.result()
    host = report["host"]
    if "error" in report:
        return [note_failure(job, f"on {host}: {report['error']}", report["trace"], announce)]
    if load(job) is None:  # another store than ours, or a file server that lags behind
        store.write_atomically(job.path, report["content"])
    lost = f"on {host}: the outcome arrived damaged; run the same sweep again"
    return finish(job, lost, announce, where=host)


def _explained(error: BaseException) -> str:
    """What Dask itself, or a worker without this project, has to say."""
    what = f"{type(error).__name__}: {error}"
    if isinstance(error, ImportError):
        what += (
            ". A worker cannot import this project: start workers in a checkout of it, or with "
            "PYTHONPATH set to one, in the same environment"
        )
    if isinstance(error, _distributed().KilledWorker):
        what += " Finished epochs are kept where the workers share a store: run the sweep again"
    return what


def work(name: str, inputs: dict, topic: str) -> dict:
    """On a worker: finds or runs one job, in a process and in the run store of this machine.

    Args:
        name: The job's name, `experiment/profile/seed`.
        inputs: What the client makes the job's key of.
        topic: Of the lines that go to the client meanwhile.

    Returns:
        `host`, and either `content`, the bytes of the outcome's file, or
        `error` and `trace`. An error is returned, not raised: then it arrives
        whole whatever its class, and with its host.
    """
    host, worker = socket.gethostname(), _distributed().get_worker()

    def announce(event: Event) -> None:
        print(event, flush=True)
        worker.log_event(topic, {**event.as_dict(), "line": f"{event} [{host}]", "host": host})

    announce(Event(f"{name}: started", kind="started", job=name))
    report = one_job.run_apart(name, inputs, announce)
    if "path" in report:
        return {"host": host, "content": Path(report["path"]).read_bytes()}
    return {"host": host, **report}

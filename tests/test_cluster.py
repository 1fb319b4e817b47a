"""Sweeps on a Dask cluster: a real scheduler, and two worker processes that can be killed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from replication import experiments, fingerprints, results, runner, store
from replication.runner import Job, execution, pool, settings
from tests import command_line, stand_ins

psutil = pytest.importorskip("psutil")  # distributed needs it
distributed = pytest.importorskip("distributed")

ROOT = Path(__file__).parent.parent
PATIENCE = 600  # seconds; how long a busy machine may take, not how long a test takes
LONG, EPOCHS = "intuition-characters", 60  # one training, of so many epochs
QUICK = "clustering-identities"


class DaskCluster:
    """Processes of a Dask cluster whose workers share a run store and have no image data.

    The scheduler runs outside of any checkout; the workers in one with nothing beside it.
    """

    def __init__(self, folder):
        self.folder, self.build, self.processes = folder, folder / "build", {}
        self.project = folder / "project"
        self.project.mkdir()
        (self.project / "replication").symlink_to(ROOT / "replication")
        nowhere = "http://127.0.0.1:9"  # nothing listens on the discard port
        self.environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(settings.threads()),
            "REPLICATION_BUILD": str(self.build),
            "TFDS_DATA_DIR": "/nonexistent",
            "HOME": str(folder),
            "http_proxy": nowhere,
            "https_proxy": nowhere,
        }

    def start(self):
        """Starts a scheduler and workers `a` and `b`."""
        found = self.folder / "scheduler.json"
        self._start(
            "scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"),
            *("--scheduler-file", found, "--idle-timeout", "15m"),
            cwd=self.folder,
        )
        self.wait_for(lambda: found.exists() and found.read_text().endswith("}"))  # all of it
        self.address = json.loads(found.read_text())["address"]
        for name in ("a", "b"):
            self._start(
                "worker",
                *(self.address, "--name", name, "--nthreads", "1", "--no-nanny"),
                *("--host", "127.0.0.1", "--no-dashboard", "--memory-limit", "0"),
                *("--death-timeout", "60", "--local-directory", self.folder),
                cwd=self.project,
                label=name,
            )
        with self.client() as client:
            client.wait_for_workers(2, timeout=PATIENCE)

    def _start(self, program, *options, cwd, label=None):
        label = label or program
        with open(self.log(label), "wb") as log:
            self.processes[label] = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{program}", *map(str, options)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=self.environment,
            )

    def log(self, label):
        """Where a process writes its output."""
        return self.folder / f"{label}.log"

    def client(self):
        """A client of the test's own."""
        return distributed.Client(self.address, set_as_default=False)

    def worker_at_work(self):
        """The name of the worker that runs a job."""
        with self.client() as client:
            workers = client.scheduler_info(n_workers=-1)["workers"]
            [name] = [workers[at]["name"] for at, tasks in client.processing().items() if tasks]
        return name

    def wait_for(self, condition):
        """Waits until a condition holds; fails when a process is gone or it takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            ended = [name for name, each in self.processes.items() if each.poll() is not None]
            assert not ended, f"{ended[0]} ended: {self.log(ended[0]).read_text()}"
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    def stop(self):
        """Kills every process that is left, paused ones too."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory):
    """A scheduler and two workers."""
    found = DaskCluster(tmp_path_factory.mktemp("cluster"))
    try:
        found.start()
        yield found
    finally:
        found.stop()


def set_build(monkeypatch, folder):
    """Sets the build folder of this process, as REPLICATION_BUILD does at its start."""
    monkeypatch.setattr(settings, "BUILD", folder)
    monkeypatch.setattr(settings, "TODAY", folder / "results")


def smoke(name, seed=0):
    """A cheap job."""
    return Job(experiments.find(name), "smoke", seed)


class ElsewhereJob(Job):
    """A job that was planned with another version of Keras, and on a GPU."""

    @property
    def inputs(self):
        here = super().inputs
        return {**here, "environment": {**here["environment"], "keras": "0.0", "device": "gpu"}}


@pytest.fixture(scope="module")
def swept(dask_cluster, tmp_path_factory):
    """A sweep of two jobs that can be run and two that cannot, from a client with its own store.

    Returns the client's build folder, why which jobs failed, and the lines announced.
    """
    without_data = Job(experiments.find("contractive-as-published"), "full", 0)
    refused = ElsewhereJob(experiments.find(QUICK), "smoke", 1)
    jobs, lines = [without_data, refused, smoke(QUICK), smoke(LONG)], []
    with pytest.MonkeyPatch.context() as patch:
        build = tmp_path_factory.mktemp("client")
        set_build(patch, build)
        ended = runner.run_jobs_on_cluster(dask_cluster.address, jobs, announce=lines.append)
    return build, {job.name: why for job, why in ended.failed}, lines


def tables(build):
    """Every table of a build folder, byte by byte."""
    return {path.relative_to(build): path.read_bytes() for path in build.rglob("results/*/*.csv")}


def provenance(build):
    """How each run was made, without what differs between two runs of the same."""
    runs = results.read_provenance(build / "results")
    return {
        name: {key: about[key] for key in about if key not in ("minutes", "commit")}
        for name, about in runs.items()
    }


def outcomes(build):
    """The arrays of every outcome by file name, with what the job's key is made of."""
    found = {}
    for path in (build / "runs").glob("*.npz"):
        arrays = store.load_arrays(path)
        about = json.loads(str(arrays.pop("about")))
        found[path.name] = arrays, about["inputs"], about["metrics"], about["history"]
    return found


def test_a_cluster_leaves_what_a_sweep_here_leaves(swept, tmp_path, monkeypatch):
    """Same outcome files, same tables to the byte, same provenance."""
    build, _, lines = swept
    set_build(monkeypatch, tmp_path)
    jobs = [smoke(QUICK), smoke(LONG)]

    assert runner.run_jobs(jobs, announce=lambda line: None).failed == []

    assert tables(tmp_path) and tables(build) == tables(tmp_path)
    assert provenance(build) == provenance(tmp_path)
    here, there = outcomes(tmp_path), outcomes(build)
    assert here.keys() == there.keys() == {job.path.name for job in jobs}
    for name, (arrays, *rest) in here.items():
        assert tuple(rest) == there[name][1:]
        assert arrays.keys() == there[name][0].keys()
        assert all(np.array_equal(array, there[name][0][key]) for key, array in arrays.items())
    done = [line for line in lines if f": done on {socket.gethostname()}, " in line]
    assert {line.split(":")[0] for line in done} == {job.name for job in jobs}


def test_an_outcome_comes_home_from_a_store_elsewhere(swept, dask_cluster):
    """The client trains nothing and need not see the workers' store: it gets the same files."""
    build, there = swept[0], dask_cluster.build

    files = {path.name: path.read_bytes() for path in (build / "runs").iterdir()}

    assert files == {path.name: path.read_bytes() for path in (there / "runs").iterdir()}
    assert not (build / "checkpoints").exists()
    assert not (there / "results").exists()  # the client alone records


def test_a_display_can_follow_a_sweep(swept):
    """Nobody announced a start: a terminal showed no job, no epoch, and 0.0 minutes at the end."""
    _, _, lines = swept
    told = {}
    for line in lines:
        told.setdefault(line.facts.get("job"), []).append((line.kind, line.facts.get("host")))
    del told[None]

    assert len(told) == 4
    for events in told.values():
        assert events[0] == ("started", socket.gethostname())
        assert events[-1][0] in ("done", "failed")
    assert "epoch" in dict(told[smoke(LONG).name])


def test_what_fails_is_reported_with_its_host_and_stops_nobody(swept):
    """Missing data are named with the worker's traceback; the jobs that can run are recorded."""
    build, failed, lines = swept
    name = "contractive-as-published/full/0"

    assert failed.keys() == {name, f"{QUICK}/smoke/1"}
    assert failed[name].startswith(f"on {socket.gethostname()}: mnist is in none of")
    assert f"{name}: FAILED, {failed[name]}" in lines
    log = Path(re.search(r"traceback in (.*)\)$", failed[name])[1])
    assert log.is_relative_to(build)
    assert "raise DatasetError(self.how_to_get(name))" in log.read_text()
    recorded = set(results.read_provenance(build / "results"))
    assert recorded == {smoke(QUICK).name, smoke(LONG).name}


def test_a_job_of_another_key_is_refused(swept, dask_cluster):
    """The worker names what differs, and stores nothing under either key."""
    why = swept[1][f"{QUICK}/smoke/1"]
    actual = fingerprints.key_environment()

    assert why.startswith(f"on {socket.gethostname()}: refused")
    assert f"environment: keras is 0.0 at the client, {actual['keras']} here" in why
    assert f"environment: device is gpu at the client, {actual['device']} here" in why
    assert not list((dask_cluster.build / "runs").glob(f"{QUICK}-smoke-1-*"))


def test_jobs_stay_out_of_the_worker_process(swept, dask_cluster):
    """Dask's event loop draws random numbers there, and initial weights would depend on when."""
    with dask_cluster.client() as client:
        loaded = client.run(lambda: "keras" in __import__("sys").modules)

    assert list(loaded.values()) == [False, False]


def test_two_stores_merge_by_copying(tmp_path, monkeypatch):
    """Run files made under two build folders and copied into a third are found and recorded.

    Which process made them is all the same.
    """
    monkeypatch.setattr(pool, "Worker", stand_ins.Here)
    names = (QUICK, "contractive-identities")
    for seed in (0, 1):
        set_build(monkeypatch, tmp_path / f"machine-{seed}")
        runner.run_jobs([smoke(name, seed) for name in names], announce=lambda line: None)
        shutil.copytree(settings.BUILD / "runs", tmp_path / "merged/runs", dirs_exist_ok=True)
    set_build(monkeypatch, tmp_path / "merged")
    monkeypatch.setattr(execution, "run_and_store", lambda *_, **__: pytest.fail("trained anew"))
    jobs, lines = [smoke(name, seed) for name in names for seed in (0, 1)], []

    assert runner.run_jobs(jobs, announce=lines.append).failed == []

    assert lines == ["4 jobs, 4 stored already, 0 to run"]
    recorded = results.read_measurements(settings.TODAY)
    assert set(recorded["experiment"]) == set(names)
    for seed in (0, 1):
        alone = results.read_measurements(tmp_path / f"machine-{seed}" / "results")
        mine = recorded[recorded["seed"] == seed].reset_index(drop=True)
        assert len(alone) and mine.to_csv() == alone.to_csv()


@pytest.fixture
def idle(tmp_path, monkeypatch):
    """A scheduler without workers, and a build folder of the test's own."""
    set_build(monkeypatch, tmp_path)
    options = {"protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(n_workers=0, processes=False, **options) as found:
        yield found


def sweep_until(idle, disturb):
    """Sweeps two jobs that wait for a worker, and does something once they do."""

    def wait_and_disturb():
        while len(idle.scheduler.tasks) < 2:
            time.sleep(0.01)
        disturb()

    threading.Thread(target=wait_and_disturb, daemon=True).start()
    lines, jobs = [], [smoke(QUICK), smoke(LONG)]
    try:
        sweep = runner.run_jobs_on_cluster(idle.scheduler_address, jobs, announce=lines.append)
        return sweep.failed
    finally:
        assert lines[1] == "no worker is connected yet: the jobs wait for one"


def test_an_interrupted_sweep_cancels_what_is_queued(idle):
    """After Ctrl-C the scheduler holds no job of ours."""
    with pytest.raises(KeyboardInterrupt):
        sweep_until(idle, lambda: os.kill(os.getpid(), signal.SIGINT))

    deadline = time.monotonic() + PATIENCE
    while idle.scheduler.tasks and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not idle.scheduler.tasks


def test_a_lost_scheduler_fails_its_jobs(idle):
    """The sweep ends, and says that the same call goes on."""
    failed = sweep_until(idle, idle.close)

    assert {job.name for job, _ in failed} == {smoke(QUICK).name, smoke(LONG).name}
    assert all("connection to the scheduler was lost" in why for _, why in failed)


def epoch_stored(build):
    """Epochs in the one checkpoint of a store, 0 where there is none."""
    found = list((build / "checkpoints").glob("*.npz"))
    return json.loads(str(store.load_arrays(found[0])["about"]))["epoch"] if found else 0


def epochs_announced(log):
    """The epochs that a worker's log tells of; its first one is always announced."""
    told = re.findall(rf"^{LONG}/embedded/0: epoch (\d+)/{EPOCHS},", log.read_text(), re.MULTILINE)
    return [int(epoch) for epoch in told]


def sweep_on(monkeypatch, address):
    """Starts the command line on a cluster in a thread; it, and where its exit code comes."""
    sweep = ["sweep", "--seeds", "0-0", "--profile", "embedded", "--experiments", LONG]
    codes = []

    def call():
        codes.append(command_line.call(monkeypatch, *sweep, "--dask", address))

    started = threading.Thread(target=call, daemon=True)
    started.start()
    return started, codes


def test_a_killed_worker_costs_the_epochs_since_its_checkpoint(dask_cluster, monkeypatch, capsys):
    """SIGKILL in mid-job: the other worker takes the lock and goes on after the stored epoch.

    The other worker is paused meanwhile, so that the checkpoint of the dead one can be read.
    Last, as one worker is left.
    """
    build, processes = dask_cluster.build, dask_cluster.processes
    shutil.rmtree(build / "checkpoints", ignore_errors=True)
    set_build(monkeypatch, build)
    started, codes = sweep_on(monkeypatch, dask_cluster.address)
    dask_cluster.wait_for(lambda: epoch_stored(build) >= 1)
    victim = dask_cluster.worker_at_work()
    other = "b" if victim == "a" else "a"
    processes[other].send_signal(signal.SIGSTOP)
    [job] = psutil.Process(processes[victim].pid).children()
    processes[victim].kill()
    processes.pop(victim).wait()
    job.wait(PATIENCE)  # it ends by itself
    stored = epoch_stored(build)
    processes[other].send_signal(signal.SIGCONT)
    started.join(PATIENCE)

    assert codes == [0], capsys.readouterr().err
    assert 1 <= stored < EPOCHS
    assert epochs_announced(dask_cluster.log(victim))[0] == 1
    assert max(epochs_announced(dask_cluster.log(victim))) <= stored
    assert epochs_announced(dask_cluster.log(other))[0] == stored + 1
    assert epoch_stored(build) == EPOCHS
    history = results.read_history(build / "results", "intuition")
    trained = history[(history["experiment"] == LONG) & (history["profile"] == "embedded")]
    assert sorted(set(trained["epoch"])) == list(range(1, EPOCHS + 1))
    assert f"{LONG}/embedded/0: done on {socket.gethostname()}" in capsys.readouterr().out

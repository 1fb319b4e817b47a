"""Jobs in the processes of workers: how they are handed out, what is said, how they end."""

import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from replication import datasets
from replication.events import Event
from replication.runner import one_job, pool
from replication.runner.one_job import Worker

PATIENCE = 60  # seconds; a limit for what hangs, not a measurement


def named(name):
    experiment = SimpleNamespace(slug="any")
    return SimpleNamespace(name=name, inputs={}, profile="smoke", experiment=experiment)


JOBS = [named(f"any/smoke/{seed}") for seed in range(4)]


class Answering:
    """Stands in for a worker: answers as `answers` has it, or well."""

    answers: dict = {}
    hired: list[int]  # the threads of each

    def __init__(self, threads, log, *, alone):
        self.log = log
        self.hired.append(threads)

    def run(self, name, inputs, announce, *, every):
        announce(Event(f"{name}: epoch", kind="epoch", job=name))
        self.log(Event("a warning"))
        return self.answers.get(name, {"path": name})

    def kill(self):
        """Nothing to end."""

    close = kill


@pytest.fixture
def answers(monkeypatch, tmp_path):
    """Jobs that end as told; nothing is computed or stored but tracebacks."""
    minutes = {job.name: 10.0 * index for index, job in enumerate(JOBS)}
    known = SimpleNamespace(
        minutes=lambda job: minutes.get(job.name),
        total=lambda jobs, side_by_side: 60.0 / side_by_side,
    )
    found = (None, {"provenance": {"minutes": 1.0}})
    monkeypatch.setattr(pool.settings, "BUILD", tmp_path)
    monkeypatch.setattr(pool, "Worker", Answering)
    monkeypatch.setattr(pool, "Expected", lambda threads: known)
    monkeypatch.setattr(pool.today, "rebuild", lambda slugs: None)
    monkeypatch.setattr(pool.today, "prepare", lambda jobs, **_: list(jobs))
    monkeypatch.setattr(pool, "load", lambda job: found)
    told = {}
    monkeypatch.setattr(Answering, "answers", told)
    monkeypatch.setattr(Answering, "hired", [], raising=False)
    return told


def kinds(heard, kind):
    return [event.facts["job"] for event in heard if event.kind == kind]


@pytest.mark.parametrize("num_jobs", [1, 3])
def test_every_job_is_started_and_settled_once(answers, num_jobs):
    """However many workers there are; and what a worker writes beside its answers is passed on."""
    heard = []

    ended = pool.run_jobs(JOBS, num_jobs=num_jobs, announce=heard.append)

    names = [job.name for job in JOBS]
    assert ended == ([], [])
    for kind in ("started", "epoch", "done"):
        assert sorted(kinds(heard, kind)) == names
    assert sum(event == "a warning" for event in heard) == len(JOBS)


def test_the_plan_is_said_before_anything_runs(answers):
    """What will run, what is stored, and the minutes of this machine, shared out."""
    heard = []
    pool.run_jobs(JOBS, num_jobs=2, announce=heard.append)

    assert heard[0] == "4 jobs, 0 stored already, 4 to run: about 30 min on this machine"
    facts = heard[0].facts
    assert (facts["jobs"], facts["stored"], facts["missing"]) == (4, 0, 4)
    assert facts["by_job"] == {job.name: 10.0 * index for index, job in enumerate(JOBS)}


def test_a_budget_runs_what_fits_and_says_what_it_left(answers):
    """Jobs of 0, 10, 20 and 30 minutes that end at once: the last does not fit 25 minutes."""
    heard = []

    ended = pool.run_jobs(JOBS[::-1], budget_minutes=25, announce=heard.append)

    assert kinds(heard, "done") == [job.name for job in JOBS[:3]]
    assert ended.left == [JOBS[3]]
    assert heard[-1] == "any/smoke/3: left, it takes about 30 min here"
    assert "within 25 min" in heard[0]


def test_a_budget_that_is_over_leaves_jobs_that_nothing_is_known_about(answers):
    """A first run knows no minutes; to print them was a TypeError, and no notebook after it."""
    heard = []

    ended = pool.run_jobs([named("new/smoke/0")], budget_minutes=0.0, announce=heard.append)

    assert [job.name for job in ended.left] == ["new/smoke/0"]
    assert heard[-1] == "new/smoke/0: left, the time was over"
    assert heard[-1].facts["minutes"] is None


@pytest.mark.parametrize(
    ("minutes", "line"), [(0.123, "about 0.12 min"), (9.96, "about 10 min"), (475, "about 475 min")]
)
def test_minutes_are_said_without_exponents(minutes, line):
    """Two digits of 475 are 4.8e+02, which nobody reads."""
    assert pool._about(minutes) == line


@pytest.mark.parametrize(
    ("asked", "num_jobs", "threads"),
    [("", 1, 16), ("", 2, 8), ("", 32, 1), ("3", 1, 3), ("3", 2, 3)],
)
def test_workers_share_the_cores_unless_the_user_says_otherwise(
    answers, monkeypatch, asked, num_jobs, threads
):
    """OMP_NUM_THREADS, which is for one process, was ignored with more than one job."""
    monkeypatch.setattr(pool.settings, "_ASKED", asked)
    monkeypatch.setenv("OMP_NUM_THREADS", asked or "16")

    pool.run_jobs(JOBS, num_jobs=num_jobs, announce=lambda event: None)

    assert Answering.hired == [threads] * min(num_jobs, len(JOBS))


def test_a_job_that_fails_is_reported_and_stops_nobody(answers):
    """The others are run; the traceback is in a file."""
    answers[JOBS[1].name] = {"error": "ArithmeticError: one", "trace": "Traceback: one"}

    ended = pool.run_jobs(JOBS, announce=lambda event: None)

    [(job, why)] = ended.failed
    assert job is JOBS[1]
    assert why.startswith("ArithmeticError: one (traceback in ")


def test_an_error_that_every_job_would_meet_stops_all(answers):
    """Missing data are said once, as the error that they are."""
    answers[JOBS[0].name] = {"error": "no mnist", "trace": "", "stop": "DatasetError"}
    heard = []

    with pytest.raises(datasets.DatasetError, match="no mnist"):
        pool.run_jobs(JOBS, announce=heard.append)

    assert not kinds(heard, "done")


def test_what_a_thread_did_not_expect_is_raised_and_loses_no_job_unseen(answers, monkeypatch):
    """A process that cannot be started, say."""

    def refuse(*_, **__):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(Answering, "run", refuse)

    with pytest.raises(BlockingIOError, match="no more processes"):
        pool.run_jobs(JOBS, num_jobs=2, announce=lambda event: None)


STAND_IN = """
import json, sys, time
for line in sys.stdin:
    name = json.loads(line)["name"]
    if name.startswith("sleep"):
        print(json.dumps({"event": {"event": "log", "line": "asleep"}}), flush=True)
        time.sleep(3600)
    if name.startswith("cut"):
        print('{"event": {"ev', end="", flush=True)
        sys.exit(7)
    print("beside", name, file=sys.stderr, flush=True)
    print(json.dumps({"path": name}), flush=True)
"""


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """A script in the place of the process that runs jobs."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    monkeypatch.setattr(one_job, "_START", "import stand_in")
    monkeypatch.syspath_prepend(tmp_path)  # of which a worker has a copy


def test_a_worker_runs_jobs_one_after_another_in_one_process(stand_in):
    """Keras is imported once for all of them; what is written beside goes to the log."""
    said = []
    worker = Worker(log=said.append)

    answers = [worker.run(f"{name}/smoke/0", {}) for name in "ab"]
    child = worker._child
    worker.close()

    assert answers == [{"path": "a/smoke/0"}, {"path": "b/smoke/0"}]
    assert said == ["beside a/smoke/0", "beside b/smoke/0"]
    assert child.returncode == -signal.SIGKILL


def test_a_worker_that_dies_in_the_middle_of_a_word_has_failed(stand_in):
    """Half an answer is none; the next job gets a new process."""
    worker = Worker(log=lambda event: None)

    answers = [worker.run(f"{name}/smoke/0", {}) for name in ("cut", "whole")]
    worker.close()

    assert "ended with code 7" in answers[0]["error"]
    assert answers[1] == {"path": "whole/smoke/0"}


def test_a_killed_worker_lets_its_thread_go(stand_in):
    """From another thread, in the middle of a job, which then has an error for an answer."""
    worker, heard, answers = Worker(), threading.Event(), []
    run = lambda: answers.append(worker.run("sleep/smoke/0", {}, lambda event: heard.set()))  # noqa: E731
    thread = threading.Thread(target=run)
    thread.start()
    assert heard.wait(PATIENCE)

    worker.kill()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert "was ended by SIGKILL" in answers[0]["error"]


def test_ctrl_c_ends_every_worker(stand_in, answers, monkeypatch):
    """The interrupt reaches the caller, and no process is left behind."""
    workers = []

    def hire(*arguments, **options):
        workers.append(Worker(*arguments, **options))
        return workers[-1]

    monkeypatch.setattr(pool, "Worker", hire)
    children = []

    def announce(event):
        if event == "asleep":
            children[:] = [worker._child for worker in workers if worker._child]
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(PATIENCE)  # until the interrupt comes

    with pytest.raises(KeyboardInterrupt):
        pool.run_jobs(
            [named("sleep/smoke/0"), named("sleep/smoke/1")], num_jobs=2, announce=announce
        )

    assert children and all(child.returncode == -signal.SIGKILL for child in children)


def test_an_event_survives_json():
    """Line, kind and facts."""
    event = Event("a line", kind="epoch", job="a/smoke/0", epoch=2)

    again = Event.from_dict(json.loads(json.dumps(event.as_dict())))

    assert (again, again.kind, again.facts) == ("a line", "epoch", {"job": "a/smoke/0", "epoch": 2})

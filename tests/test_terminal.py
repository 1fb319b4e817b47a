"""What the terminal shows while jobs run: live lines, plain lines, JSON."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from replication import terminal
from replication.events import Event

ROOT = Path(__file__).parent.parent

NAMES = ["a-long/full/0", "b-short/full/1", "c-next/full/0"]


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when told."""
    now = [1000.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    return now


def planned(**minutes):
    by_job = dict(zip(NAMES, minutes.values(), strict=True))
    facts = {"jobs": 5, "stored": 2, "missing": 3, "by_job": by_job, "side_by_side": 2}
    return Event("the plan", kind="planned", **facts)


def epoch(name, number, epochs=10, pace=6.0, already=0.0):
    facts = {"epoch": number, "epochs": epochs, "loss": 0.5, "seconds_per_epoch": pace}
    facts |= {"seconds": pace * number + already, "seconds_left": pace * (epochs - number)}
    return Event(f"{name}: epoch {number}/{epochs}", kind="epoch", job=name, **facts)


def started(name):
    return Event(f"{name}: started", kind="started", job=name)


def done(name):
    return Event(f"{name}: done", kind="done", job=name, minutes=1.0)


def hear(progress, *events):
    for event in events:
        progress.hear(event)


def test_a_console_that_is_no_terminal_gets_the_table(capsys):
    """The display was made for it, and printed elsewhere."""
    console = Console(file=io.StringIO(), width=100)
    with terminal.display(console=console) as display:
        display(done(NAMES[0]))

    assert "a-long" in console.file.getvalue()


def test_the_time_left_is_what_is_expected_less_what_has_passed(clock):
    """For running jobs and waiting ones, shared out among those side by side."""
    progress = terminal.Progress()
    hear(progress, planned(a=10, b=8, c=6), started(NAMES[0]), started(NAMES[1]))
    clock[0] += 60

    assert progress.running[NAMES[0]].seconds_left() == 9 * 60
    assert progress.seconds_left() == (9 + 7 + 6) * 60 / 2


def test_all_jobs_take_no_less_than_the_longest(clock):
    """One job of 10 minutes was to end in 5 with two workers, of which one has nothing to do."""
    progress = terminal.Progress()
    hear(progress, planned(a=10, b=2, c=4), started(NAMES[0]))

    assert progress.seconds_left() == 10 * 60


def test_a_cluster_runs_as_many_side_by_side_as_it_runs(clock):
    """Workers come and go, so that the plan cannot know; nothing is said before one is done."""
    progress = terminal.Progress()
    plan = planned(a=None, b=None, c=None)
    plan.facts.update(side_by_side=1)
    hear(progress, plan, started(NAMES[0]))
    assert progress.seconds_left() is None
    clock[0] += 60
    hear(progress, done(NAMES[0]), started(NAMES[1]), started(NAMES[2]))
    hear(progress, epoch(NAMES[1], 1, pace=10.0), epoch(NAMES[2], 4, pace=10.0))

    assert progress.seconds_left() == 90


def test_an_event_may_come_while_the_time_left_is_added_up():
    """Jobs changed under the loop that walked them, and the thread that draws was gone."""
    progress = terminal.Progress()
    hear(progress, planned(a=1, b=1, c=1), *map(started, NAMES[:2]))
    other = threading.Thread(target=progress.hear, args=(started(NAMES[2]),))

    class Disturbed(terminal.Running):
        def seconds_left(self):
            other.start()
            other.join(0.1)  # seconds; it is heard by then, or waits for the loop to end
            return 30.0

    progress.running[NAMES[0]] = Disturbed(0.0, 1.0)

    assert progress.seconds_left() is not None
    other.join()
    assert list(progress.running) == NAMES


def test_a_job_takes_no_less_than_the_training_it_is_in(clock):
    """Where past wall times promise too little, the pace of the epochs counts."""
    progress = terminal.Progress()
    hear(progress, planned(a=1, b=None, c=None), started(NAMES[0]))
    clock[0] += 60
    hear(progress, epoch(NAMES[0], 1, epochs=11, pace=60.0))
    clock[0] += 30

    assert progress.running[NAMES[0]].seconds_left() == 600 - 30


def test_epochs_that_were_stored_need_no_time_again(clock):
    """A run that goes on at epoch 9 of 10 of a 10-minute job has about a minute left."""
    progress = terminal.Progress()
    hear(progress, planned(a=10, b=None, c=None), started(NAMES[0]))
    clock[0] += 60
    hear(progress, epoch(NAMES[0], 9, pace=60.0))

    assert progress.running[NAMES[0]].seconds_left() == pytest.approx(60)


def test_nothing_known_is_no_promise(clock):
    """Without past wall times and epochs there is no time left to tell."""
    progress = terminal.Progress()
    hear(progress, planned(a=None, b=None, c=None), started(NAMES[0]))

    assert progress.seconds_left() is None
    assert terminal._clock(None) == "?"


def test_what_is_done_says_how_long_the_unknown_takes(clock):
    """A first call has no past: its own jobs are the measure, once one is done."""
    progress = terminal.Progress()
    hear(progress, planned(a=None, b=None, c=None), started(NAMES[0]))
    clock[0] += 50
    hear(progress, done(NAMES[0]))

    assert progress.seconds_left() == 2 * 50 / 2


def test_lines_leave_out_epochs_that_come_thick(clock, capsys):
    """One line of a job every five seconds, and its last epoch always."""
    display = terminal.Lines()
    display(started(NAMES[0]))
    for number in range(1, 11):
        display(epoch(NAMES[0], number))
        display(epoch(NAMES[1], number))
        clock[0] += 1
    shown = capsys.readouterr().out.splitlines()

    assert shown == [f"{name}: epoch {n}/10" for n in (1, 6, 10) for name in NAMES[:2]]


def test_lines_of_two_threads_do_not_mix():
    """A cluster's epochs come in one thread and its ends in another; half a line is no JSON."""
    said = []

    class Slow(terminal.Lines):
        def say(self, line):
            said.append(f"{line} begins")
            if line == "a":
                other.start()
                other.join(0.1)  # seconds; it speaks by then, or waits for its turn
            said.append(f"{line} ends")

    display = Slow()
    other = threading.Thread(target=display, args=(Event("b"),))
    display(Event("a"))
    other.join()

    assert said == ["a begins", "a ends", "b begins", "b ends"]


def test_at_the_end_a_table_tells_what_came_of_the_jobs(clock, capsys):
    """Seeds of an experiment in one row; failures and what a budget left are told apart."""
    with terminal.Lines() as display:
        display(planned(a=10, b=2, c=4))
        display(started(NAMES[0]))
        clock[0] += 90
        display(done(NAMES[0]))
        display(Event("no", kind="failed", job=NAMES[1], why="no"))
        display(Event("later", kind="left", job=NAMES[2], minutes=4.0))
    rows = [
        " ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()
    ]

    assert "a-long full 0 done 1.5" in rows
    assert "b-short full 1 failed 0.0" in rows
    assert "c-next full 0 left" in rows
    assert "1 done, 1 failed, 1 left; 2 were stored already; 1:30 in all" in rows


def test_a_job_whose_start_was_not_heard_took_what_its_end_says(clock):
    """An end without a start was 0.0 minutes, and so was every job of a cluster."""
    progress = terminal.Progress()
    hear(progress, planned(a=None, b=None, c=None), done(NAMES[0]))

    assert progress.ended[NAMES[0]][1]["seconds"] == 60
    assert progress.seconds_left() == 2 * 60 / 2


def test_nothing_ran_nothing_to_tell(capsys):
    """Where all was stored, there is no table."""
    with terminal.Lines() as display:
        display(Event("2 jobs, 2 stored already, 0 to run", kind="planned", missing=0))

    assert capsys.readouterr().out == "2 jobs, 2 stored already, 0 to run\n"


def test_an_interrupt_says_what_is_stored(clock, capsys):
    """How many runs, and of those that were stopped the last epoch."""
    with pytest.raises(KeyboardInterrupt), terminal.Lines() as display:
        for event in (planned(a=1, b=1, c=1), *map(started, NAMES), done(NAMES[2])):
            display(event)
        display(epoch(NAMES[0], 3))
        raise KeyboardInterrupt
    shown = capsys.readouterr().out.splitlines()

    assert shown[-3:] == [
        "stopped: 3 of 5 runs are stored",
        "  a-long/full/0: stored up to epoch 3 of 10",
        "  b-short/full/1: in its first epoch",
    ]


def test_an_interrupt_does_not_stop_what_runs_on_a_cluster(clock):
    """Its line names the host; a job elsewhere is stored there when it ends."""
    progress = terminal.Progress()
    start = Event("start", kind="started", job=NAMES[0], host="node7")
    hear(progress, planned(a=1, b=1, c=1), start, epoch(NAMES[0], 3))

    assert progress.interrupted().splitlines()[1:] == ["  a-long/full/0: still running on node7"]


def test_a_display_takes_ctrl_c_and_gives_it_back():
    """While it is open Ctrl-C is an exception, whatever handled it before; ignored it stays."""
    noted, before = [], signal.signal(signal.SIGINT, lambda *_: noted.append("before"))
    try:
        with pytest.raises(KeyboardInterrupt), terminal.Lines():
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with terminal.Lines():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)

    assert noted == ["before"]


def test_json_is_an_object_a_line(clock, capsys):
    """Every event, one without facts, and at the end how many jobs ended which way."""
    with terminal.display(as_json=True) as display:
        for event in (
            planned(a=1, b=1, c=1),
            started(NAMES[0]),
            epoch(NAMES[0], 1),
            Event("a line"),
        ):
            display(event)
        display(done(NAMES[0]))
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    kinds = [each["event"] for each in found]
    assert kinds == ["planned", "started", "epoch", "log", "done", "ended"]
    assert found[2] | {"epoch": 1, "loss": 0.5, "job": NAMES[0]} == found[2]
    assert (found[-1]["done"], found[-1]["failed"], found[-1]["left"]) == (1, 0, 0)


def screen(**options):
    return Console(file=io.StringIO(), force_terminal=True, width=150, **options)


def test_a_terminal_gets_a_line_for_each_running_job_and_one_for_all(clock):
    """Experiment, seed, epoch, loss, pace and time left; then jobs, time so far and time left."""
    display = terminal.Live(Console(width=150))
    for event in (planned(a=10, b=2, c=12), started(NAMES[0]), started(NAMES[1])):
        display.progress.hear(event)
    clock[0] += 6
    display.progress.hear(epoch(NAMES[0], 1))
    display.progress.hear(done(NAMES[1]))
    target = Console(file=io.StringIO(), width=150)
    target.print(display._drawn())
    [job, total] = target.file.getvalue().splitlines()

    assert job.startswith("a-long seed 0  epoch 1/10  loss 0.5")
    assert job.rstrip().endswith("6 s an epoch  9:54 left")
    assert total.startswith("1 of 3 jobs")
    assert total.rstrip().endswith("0:06 so far, about 12:00 left")


def test_what_is_printed_above_the_live_lines_stands_as_it_is():
    """Brackets in a message are no markup."""
    console = screen(color_system=None)
    with terminal.display(console=console) as display:
        assert isinstance(display, terminal.Live)
        display(Event("a [red]warning[/red]"))

    assert "a [red]warning[/red]" in console.file.getvalue()


def test_a_file_or_a_dumb_terminal_gets_plain_lines(monkeypatch):
    """Live lines need a terminal that can go back."""
    assert type(terminal.display(console=Console(file=io.StringIO()))) is terminal.Lines
    monkeypatch.setenv("TERM", "dumb")
    assert type(terminal.display(console=screen())) is terminal.Lines


@pytest.mark.parametrize(
    "variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE", "PY_COLORS"]
)
def test_a_log_has_no_escape_sequences_whatever_a_variable_says(monkeypatch, capsys, variable):
    """`FORCE_COLOR=1 ... > log` wrote a thousand of them, and redrew lines that nobody saw."""
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    display = terminal.display()
    with display:
        display(Event("a/full/0: done", kind="done", job="a/full/0", minutes=1.0))
    terminal.output().print("[bold red]words[/bold red]")

    assert type(display) is terminal.Lines
    assert "words" in (shown := capsys.readouterr().out) and "\x1b" not in shown


@pytest.mark.parametrize("command", [["--help"], ["frobnicate"]])
def test_the_command_line_colours_no_log(command):
    """Typer takes a log of GitHub for a terminal."""
    variables = {"FORCE_COLOR": "1", "GITHUB_ACTIONS": "true", "TERMINAL_WIDTH": "wide"}
    ended = subprocess.run(
        [sys.executable, "-m", "replication", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **variables},
    )

    assert ended.returncode == 2 * (command != ["--help"]), ended.stderr
    assert "Usage" in ended.stdout + ended.stderr and "\x1b" not in ended.stdout + ended.stderr

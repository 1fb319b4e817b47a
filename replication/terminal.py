"""What the terminal shows while jobs run: live lines, plain lines, or JSON.

A display is a context manager that is called with events (`replication.events`). In a terminal it
keeps a line for each running job and one for all of them; elsewhere it prints lines, and with
`--json` an object a line. When it ends, on whatever account, it says what came of the jobs.
"""

import contextlib
import json
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from replication.events import Event

if TYPE_CHECKING:
    from rich.console import Console

_EVERY = 5.0  # seconds between two epochs of a job, as plain lines
_BAR = 24  # characters
_ENDED = ("done", "failed", "left")


def display(*, as_json: bool = False, console: "Console | None" = None) -> "Lines":
    """The display for this output, or for a console."""
    if as_json:
        return Json()
    console = console or output()
    live = console.is_terminal and not console.is_dumb_terminal
    return Live(console) if live else Lines(console)


def output(log_width: int = 100) -> "Console":
    """Standard output: a terminal as it is; anything else as a log, without colours.

    Variables such as `$FORCE_COLOR` make no terminal of a file.
    """
    from rich.console import Console

    if sys.stdout.isatty():
        return Console()
    return Console(width=log_width, force_terminal=False, force_interactive=False)


@contextlib.contextmanager
def interrupts(handler) -> Iterator[None]:
    """Has Ctrl-C handled that way meanwhile, unless it is ignored, or not ours to handle."""
    ours = threading.current_thread() is threading.main_thread()
    former = signal.getsignal(signal.SIGINT)
    if not ours or former in (signal.SIG_IGN, None):
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


@dataclass
class Running:
    """A job at work.

    Attributes:
        started: When, by `time.monotonic()`.
        minutes: How long it is expected to take in all, or None.
        host: Of the cluster that runs it, empty here.
        saved: Seconds of training that it found done.
        facts: Of the last epoch, empty before the first.
        heard: When that was.
    """

    started: float
    minutes: float | None
    host: str = ""
    saved: float = 0.0
    facts: dict = field(default_factory=dict)
    heard: float = 0.0

    def hear(self, facts: dict) -> None:
        """Takes note of an epoch."""
        now = time.monotonic()
        if facts["epoch"] <= self.facts.get("epoch", 0) or not self.facts:  # another training
            self.saved += max(0.0, facts["seconds"] - (now - (self.heard or self.started)))
        self.facts, self.heard = facts, now

    def seconds_left(self) -> float | None:
        """Of the whole job: by what it is expected to take, and no less than this training."""
        now, estimates = time.monotonic(), []
        if self.minutes is not None:
            estimates.append(60 * self.minutes - self.saved - (now - self.started))
        if self.facts:
            estimates.append(self.facts["seconds_left"] - (now - self.heard))
        return max(0.0, *estimates) if estimates else None


class Progress:
    """The state of a call's jobs, from its events; any thread may tell it of one, or ask."""

    def __init__(self):
        self._lock = threading.Lock()  # held for moments, and never while another one is taken
        self.started = time.monotonic()
        self.plan: dict = {}
        self.running: dict[str, Running] = {}
        self.ended: dict[str, tuple[str, dict]] = {}
        self.notebook = ""

    def hear(self, event: Event) -> None:
        """Takes note of an event."""
        kind, facts = event.kind, event.facts
        job = facts.get("job")
        with self._lock:
            if kind == "planned":
                self.plan = facts
            elif kind == "started":
                minutes = self.plan.get("by_job", {}).get(job)
                self.running[job] = Running(time.monotonic(), minutes, facts.get("host", ""))
            elif kind == "epoch" and job in self.running:
                self.running[job].hear(facts)
            elif kind in _ENDED:
                at_work = self.running.pop(job, None)
                seconds = 60 * (facts.get("minutes") or 0.0)  # where its start was not heard
                if at_work:
                    seconds = time.monotonic() - at_work.started
                self.ended[job] = kind, {**facts, "seconds": seconds}
            elif kind == "notebook":
                self.notebook = facts["notebook"] if facts["state"] == "started" else ""

    def at_work(self) -> dict[str, Running]:
        """The running jobs as they are now, which no event changes."""
        with self._lock:
            return {name: replace(job) for name, job in self.running.items()}

    def count(self, kind: str) -> int:
        """How many jobs ended that way."""
        with self._lock:
            return sum(ending == kind for ending, _ in self.ended.values())

    def seconds_left(self) -> float | None:
        """Until all jobs are done, or None where too little is known.

        That is not before the longest of them, nor before an equal share of all. A waiting job that
        nothing is known about takes what those that are done took on average. On a cluster as many
        are side by side as are running.
        """
        with self._lock:
            seconds = self._seconds_left_by_job()
            at_work = len(self.running)
        if not seconds or None in seconds:
            return None
        return max(*seconds, sum(seconds) / max(at_work, self.plan.get("side_by_side", 1)))

    def _seconds_left_by_job(self) -> list[float | None]:
        done = [facts["seconds"] for kind, facts in self.ended.values() if kind == "done"]
        average = sum(done) / len(done) if done else None
        waiting = [
            average if minutes is None else 60 * minutes
            for name, minutes in self.plan.get("by_job", {}).items()
            if name not in self.running and name not in self.ended
        ]
        return [*(job.seconds_left() for job in self.running.values()), *waiting]

    def interrupted(self) -> str:
        """What an interrupted call leaves behind: what is stored, stopped where, or not stopped."""
        stored = self.plan.get("stored", 0) + self.count("done")
        lines = [f"stopped: {stored} of {self.plan.get('jobs', 0)} runs are stored"]
        for name, job in self.at_work().items():
            state = "in its first epoch"
            if job.host:
                state = f"still running on {job.host}"
            elif job.facts:
                state = "stored up to epoch {epoch} of {epochs}".format(**job.facts)
            lines.append(f"  {name}: {state}")
        return "\n".join(lines)


class Lines:
    """A line per event, as a log file takes it."""

    def __init__(self, console: "Console | None" = None):
        self.progress, self._console = Progress(), console
        self._lock = threading.Lock()  # a cluster's events come in a thread of their own
        self._last: dict[str, float] = defaultdict(lambda: -_EVERY)

    def __enter__(self) -> "Lines":
        self._interrupts = interrupts(signal.default_int_handler)
        self._interrupts.__enter__()
        return self

    def __exit__(self, kind, *_) -> None:
        self._interrupts.__exit__(None, None, None)
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.say(Event(self.progress.interrupted()))
        elif kind is None:
            self.summarise()

    def __call__(self, event: Event) -> None:
        """Takes an event, from any thread: notes it, and shows what is worth showing."""
        with self._lock:
            self.progress.hear(event)
            if self._is_worth_a_line(event):
                self.say(event)

    def say(self, event: Event) -> None:
        """Prints a line."""
        print(event, flush=True)

    def summarise(self) -> None:
        """Prints a table of what came of the jobs, if any ran."""
        if self.progress.ended:
            (self._console or output()).print(ended_table(self.progress))
            self.say(Event(ended_line(self.progress)))

    def _is_worth_a_line(self, event: Event) -> bool:
        kind, facts = event.kind, event.facts
        if kind == "epoch" and facts["epoch"] < facts["epochs"]:
            now, job = time.monotonic(), facts["job"]
            if now - self._last[job] < _EVERY:
                return False
            self._last[job] = now
        return kind != "started" and facts.get("state") != "started"


class Json(Lines):
    """An object a line, for every event."""

    def say(self, event: Event) -> None:
        """Prints an event as JSON."""
        print(json.dumps(event.as_dict(), default=str), flush=True)

    def summarise(self) -> None:
        """Prints how many jobs ended in which way."""
        counts = {kind: self.progress.count(kind) for kind in _ENDED}
        seconds = round(time.monotonic() - self.progress.started, 1)
        self.say(Event(ended_line(self.progress), kind="ended", **counts, seconds=seconds))

    def _is_worth_a_line(self, event: Event) -> bool:
        return True


class Live(Lines):
    """A line per running job and one for all of them, redrawn; what ended scrolls by above."""

    def __enter__(self) -> Lines:
        from rich.live import Live as Screen

        options = {"console": self._console, "refresh_per_second": 4, "transient": True}
        self._screen = Screen(get_renderable=self._drawn, **options)
        self._screen.start()
        return super().__enter__()

    def __exit__(self, *about) -> None:
        self._screen.stop()
        super().__exit__(*about)

    def say(self, event: Event) -> None:
        """Prints a line above the live ones, as it stands."""
        self._console.print(event, markup=False, highlight=False, soft_wrap=True)

    def _is_worth_a_line(self, event: Event) -> bool:
        return event.kind != "epoch" and super()._is_worth_a_line(event)

    def _drawn(self):
        from rich.console import Group

        at_work = self.progress.at_work()
        parts = [_running_table(at_work)] if at_work else []
        if self.progress.notebook:
            parts.append(f"executing {self.progress.notebook}")
        return Group(*parts, *_total_line(self.progress))


def ended_table(progress: Progress):
    """A table of the jobs that ended: experiment, profile, seeds, how, minutes of this call.

    Of a job whose start nobody heard, the minutes that its end tells.
    """
    from rich.table import Table
    from rich.text import Text

    rows = defaultdict(list)
    for name, (kind, facts) in progress.ended.items():
        experiment, profile, seed = name.split("/")
        rows[kind, experiment, profile].append((int(seed), facts["seconds"]))
    table = Table(title="Runs of this call", title_justify="left")
    for column in ("experiment", "profile", "seeds", "ended"):
        table.add_column(column)
    table.add_column("minutes", justify="right")
    for kind in _ENDED:
        for (ended, experiment, profile), runs in sorted(rows.items()):
            if ended == kind:
                seeds = ", ".join(str(seed) for seed, _ in sorted(runs))
                minutes = "" if kind == "left" else f"{sum(each for _, each in runs) / 60:.1f}"
                word = Text(kind, style={"failed": "bold red", "left": "yellow"}.get(kind, "green"))
                table.add_row(experiment, profile, seeds, word, minutes)
    return table


def ended_line(progress: Progress) -> str:
    """How many jobs ended in which way, how many had nothing to do, and how long it took."""
    counts = ", ".join(f"{progress.count(kind)} {kind}" for kind in _ENDED)
    stored = progress.plan.get("stored", 0)
    took = _clock(time.monotonic() - progress.started)
    return f"{counts}; {stored} were stored already; {took} in all"


def _running_table(running: dict[str, Running]):
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for name, job in running.items():
        experiment, profile, seed = name.split("/")
        label = Text(f"{experiment} seed {seed}", style="bold")
        if profile != "full":
            label.append(f" {profile}", style="dim")
        facts, left = job.facts, _clock(job.seconds_left())
        if facts:
            bar = ProgressBar(total=facts["epochs"], completed=facts["epoch"], width=_BAR)
            epoch = f"epoch {facts['epoch']}/{facts['epochs']}"
            pace = f"{facts['seconds_per_epoch']:.3g} s an epoch"
            table.add_row(label, epoch, f"loss {facts['loss']:.4g}", bar, pace, f"{left} left")
        else:
            pulse = ProgressBar(total=None, width=_BAR, pulse=True)
            table.add_row(label, "", "", pulse, "", f"{left} left")
    return table


def _total_line(progress: Progress) -> list:
    """One line for all jobs, if there are any."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    missing = progress.plan.get("missing", 0)
    if not missing:
        return []
    line = Table.grid(padding=(0, 2))
    ended, elapsed = len(progress.ended), time.monotonic() - progress.started
    left = progress.seconds_left() if ended < missing else 0.0
    line.add_row(
        f"{ended} of {missing} jobs",
        ProgressBar(
            total=elapsed + left if left is not None else missing,
            completed=elapsed if left is not None else ended,
            width=2 * _BAR,
        ),
        f"{_clock(elapsed)} so far, about {_clock(left)} left",
    )
    return [line]


def _clock(seconds: float | None) -> str:
    """`1:02:03` or `2:03`; `?` for an unknown time.

    >>> _clock(3723)
    '1:02:03'
    """
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

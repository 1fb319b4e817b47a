"""Calls of `python -m replication` that get killed, and what they leave behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from replication import kernel

ROOT = Path(__file__).parents[2]
BOOKKEEPING = ("minutes", "commit")  # in provenance: what two equal runs may differ in
LONGEST = 3600  # seconds after which a call counts as hung


def heed_ctrl_c():
    """Undoes what a shell does to its background jobs: they ignore SIGINT, and so do we then."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Call:
    """A running `python -m replication` in a process group of its own."""

    def __init__(self, build, *arguments):
        build.mkdir(parents=True, exist_ok=True)
        self.build, self.began = build, time.time()
        self.log = build.with_name(f"{build.name}.log")
        places = {
            "REPLICATION_BUILD": str(build),
            "JUPYTER_RUNTIME_DIR": str(build.with_name("jupyter")),  # killed kernels leave files
        }
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "replication", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, **places},
                start_new_session=True,
                preexec_fn=heed_ctrl_c,
            )

    def ended(self):
        """Whether the call is over."""
        return self.process.poll() is not None

    def wait_until(self, condition):
        """Waits for a condition on the call, or for its end; whether the condition came true."""
        while not (self.ended() or condition(self)):
            if time.time() - self.began > LONGEST:
                self.kill()
                raise AssertionError(f"hangs:\n{self.said()}")
            time.sleep(0.05)
        return condition(self)

    def finish(self):
        """Waits for the end; the exit code."""
        self.wait_until(Call.ended)
        return self.process.returncode

    def kill(self, *, parent_only=False):
        """SIGKILL to the whole group, or only to the process that leads it; waits for its end."""
        end = os.kill if parent_only else os.killpg
        end(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def interrupt(self):
        """Ctrl-C: SIGINT to the group; the seconds until the call is over."""
        os.killpg(self.process.pid, signal.SIGINT)
        sent = time.monotonic()
        self.finish()
        return time.monotonic() - sent

    def said(self):
        """What the call has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def outcomes(call):
    """Outcomes in the run store."""
    return list((call.build / "runs").glob("*.npz"))


def kernels(call):
    """Processes of the call that execute a notebook."""
    try:
        children = psutil.Process(call.process.pid).children(recursive=True)
        return [each for each in children if kernel.START in " ".join(each.cmdline())]
    except psutil.Error:  # one ended while we looked
        return []


def pages(call):
    """Notebooks that this very call has executed and rendered."""
    found = (call.build / "notebooks").rglob("*.html")
    return [page for page in found if page.stat().st_mtime >= call.began]


@dataclass(frozen=True)
class Unbroken:
    """A call that nobody disturbed: its exit code, what it said, and seconds of its parts."""

    code: int
    said: str
    num_outcomes: int
    num_pages: int
    start: float
    training: float
    notebooks: float
    site: float

    def reached(self, part):
        """The condition that a call of the same arguments has got to a part."""
        return {
            "training": lambda call: True,
            "notebooks": lambda call: len(outcomes(call)) >= self.num_outcomes,
            "site": lambda call: len(pages(call)) >= self.num_pages,
        }[part]

    def longest_wait(self, part, kills):
        """Seconds from reaching a part until it is over for sure, shared out over some kills."""
        spread = self.start + 2 * self.training / kills  # a training call gets on by half of it
        return {"training": spread, "notebooks": self.notebooks, "site": self.site}[part]


def run_unbroken(build, *arguments):
    """Runs a call to its end, and tells from the times of its files how long what took."""
    call = Call(build, *arguments)
    code, ended = call.finish(), time.time()
    trained = sorted(path.stat().st_mtime for path in outcomes(call))
    shown = sorted(path.stat().st_mtime for path in pages(call))
    return Unbroken(
        code=code,
        said=call.said(),
        num_outcomes=len(trained),
        num_pages=len(shown),
        start=trained[0] - call.began,
        training=trained[-1] - trained[0],
        notebooks=shown[-1] - trained[-1],
        site=ended - shown[-1],
    )


def run_killed(build, *arguments, unbroken, kills, seed):
    """Runs a call again and again, killing it, and the last time to its end.

    Args:
        build: The build folder.
        *arguments: Of the command line.
        unbroken: What is known about an unbroken call.
        kills: Part -> how often to kill while it runs. The moment is drawn from a seeded
            generator; a call that ends before its moment has come is no kill, and is repeated.
        seed: Of the generator.

    Returns:
        The moments, a line each, and the exit code of the last call.
    """
    rng, moments = random.Random(seed), []
    for part, num_kills in kills.items():
        done = 0
        while done < num_kills:
            call = Call(build, *arguments)
            seconds = rng.random() * unbroken.longest_wait(part, num_kills)
            alone = rng.random() < 0.25
            if not call.wait_until(unbroken.reached(part)):
                raise AssertionError(f"ended before {part} with {call.finish()}:\n{call.said()}")
            due = time.time() + seconds
            call.wait_until(lambda _, due=due: time.time() >= due)
            if call.ended():
                continue
            call.kill(parent_only=alone)
            done += 1
            whom = "the process alone" if alone else "its group"
            moments.append(
                f"{part}: killed {whom} {time.time() - call.began:.1f} s after its start"
            )
    return moments, Call(build, *arguments).finish()


def still_running(build, patience=30):
    """Processes of calls with this build folder that do not end by themselves."""
    place, end = f"REPLICATION_BUILD={build}", time.monotonic() + patience
    while True:
        found = [each for each in psutil.process_iter() if place in _environment(each)]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.2)


def _environment(process):
    try:
        return [f"{name}={value}" for name, value in process.environ().items()]
    except (psutil.Error, OSError):  # gone, somebody else's, or a zombie
        return []


def tables(build):
    """The bytes of every table, by its address in the build folder."""
    return {
        str(path.relative_to(build)): path.read_bytes() for path in build.glob("results/*/*.csv")
    }


def provenance(build):
    """Everything known about each run, less what differs between two equal ones."""
    found = {}
    for path in build.glob("results/*/provenance.json"):
        for name, about in json.loads(path.read_text(encoding="utf-8")).items():
            found[name] = {key: value for key, value in about.items() if key not in BOOKKEEPING}
    return found


def visible(build):
    """Addresses of all files that a reader may find; hidden ones and locks are none."""
    found = (path.relative_to(build) for path in build.rglob("*") if path.is_file())
    return sorted(
        str(path)
        for path in found
        if path.suffix != ".lock" and not any(part.startswith(".") for part in path.parts)
    )

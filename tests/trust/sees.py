"""Runs healthy machines and planted faults, and writes down what `make check` says of them.

    PYTHONPATH=. python tests/trust/sees.py [--only PATTERN] [--minutes 60] [--python NAME=PATH]

Every row of `sees.csv` is a run of experiments in a process of their own with one seed: on a
machine that the noise table was not measured by, on the embedded digits and some at full size, or
there with a fault; a fault that one seed does not show gets five. What has a row is not run again;
`docs/trust.md` gets the table. Rows go stale with the code they ran and with the committed numbers:
delete the file to judge anew what `build/sees/` holds, and to run what it lacks. Machines of
`INTERPRETERS` need an interpreter with libraries of their own, such as `make setup
PYTHON=python3.12` makes in another checkout; `--python` says where.
"""

import argparse
import csv
import fnmatch
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import planted

from replication import machines, results
from replication.claims.intervals import moments
from replication.claims.regression import Regression, compare
from replication.claims.tables import replace_table
from replication.results.noise import read_noise
from replication.runner import select, settings

HERE = Path(__file__).parent
TABLE, DOCUMENT = HERE / "sees.csv", settings.ROOT / "docs" / "trust.md"
COLUMNS = (
    "kind",
    "name",
    "machine",
    "profile",
    "runs",
    "numbers",
    "drifted",
    "alone",
    "farthest",
    "moved",
    "by",
    "whole",
    "five",
)
FAULTY = "nehalem-avx2"  # the machine that faults are planted on
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
BACKENDS = {"jax": {**ONE_THREAD, "KERAS_BACKEND": "jax"}}
INTERPRETERS = {
    "python-3.12": ONE_THREAD,
    "python-3.13": ONE_THREAD,
    "older-scipy-and-scikit-learn": ONE_THREAD,  # 1.16.3 and 1.7.2
}
HEALTHY = {**machines.OTHERS, **BACKENDS, **INTERPRETERS}
WHOLE = (  # machines that run every core experiment on the digits, a quarter of an hour each
    "nehalem-avx2",
    "skylakex-avx2-baseline",
    "nehalem-no-onednn",
)
FULL = (*WHOLE, "haswell-sse41")  # and at full size every core one of these, half an hour each
FULL_ARTICLES = ("contractive", "applied", "intuition")
CHEAP = (  # the experiments that every other healthy machine runs, of all five articles
    "applied-reconstruction",
    "clustering-identities",
    "clustering-pixels-kmeans-fashion",
    "clustering-pixels-kmeans-mnist",
    "clustering-untrained-kmeans-fashion",
    "clustering-untrained-kmeans-mnist",
    "contractive-as-intended",
    "contractive-as-published",
    "contractive-baselines",
    "contractive-no-penalty",
    "intuition-characters",
    "survey-dense-relu",
    "survey-gradient-share",
    "survey-sparse-kl",
    "survey-sparse-l1",
)
RUN = """
import sys
import keras
import numpy as np
from replication import datasets, experiments, losses, metrics, models, runner, training
experiments.registry()
profile, seeds, planted_lines, *names = sys.argv[1:]
exec(planted_lines)
for name in names:
    for seed in range(int(seeds)):
        runner.execute(runner.Job(experiments.find(name), profile, seed))
"""


@dataclass(frozen=True)
class Trial:
    """What a row of the table is measured by: `experiments` on a machine, `lines` planted first."""

    kind: str
    name: str
    machine: str
    experiments: tuple[str, ...]
    lines: str = ""
    profile: str = "embedded"

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells its row from others."""
        return self.kind, self.name, self.profile

    @property
    def folder(self) -> Path:
        """The build folder of its runs."""
        name = f"{self.kind}-{self.name}".replace(" ", "-").replace("'", "")
        return settings.BUILD / "sees" / (name if self.profile == "embedded" else f"{name}-full")


def trials() -> Iterator[Trial]:
    """Everything that there should be a row of, in the order of the table."""
    core = select()
    whole = tuple(each.name for each in core)
    full = tuple(each.name for each in core if each.slug in FULL_ARTICLES)
    for name in HEALTHY:
        yield Trial("machine", name, name, whole if name in WHOLE else CHEAP)
    for name in FULL:
        yield Trial("machine", name, name, full, profile="full")
    for fault in planted.FAULTS:
        yield Trial("fault", fault.name, FAULTY, fault.reaches, fault.lines)


def measure(trial: Trial, python: str = sys.executable) -> dict:
    """Runs what a row needs and holds it against the committed numbers."""
    row = _measured(trial, 1, python)
    if trial.kind == "fault" and row["numbers"] != "0":
        row["whole"] = str(_num_drifted(compared(trial, whole=True)))
    if trial.kind == "fault" and not is_seen(row):
        more = _measured(trial, 5, python)
        row["five"] = f"{more['drifted']} of {more['numbers']}"
    return row


def _measured(trial: Trial, seeds: int, python: str) -> dict:
    machines.share_data(trial.folder)
    environment = {**os.environ, **HEALTHY[trial.machine], "REPLICATION_BUILD": str(trial.folder)}
    environment |= {"PYTHONPATH": str(settings.ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(
        [python, "-c", RUN, trial.profile, str(seeds), trial.lines, *trial.experiments],
        env=environment,
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    if ended.returncode:  # a fault that ends a run is seen, if not by a number
        words = (ended.stderr.strip().splitlines() or [""])[-1]
        return _row(trial, [], f"the run fails: {words[:80]}")
    return _row(trial, compared(trial, seeds), "")


def compared(trial: Trial, seeds: int = 1, *, whole: bool = False) -> list[Regression]:
    """What the check says of the first seeds of a trial, as of today's numbers.

    In a `whole` check stand beside them what the same machine finds in all other experiments.
    """
    root, folder = settings.RESULTS, trial.folder / "results"
    today, provenance = results.read_measurements(folder), results.read_provenance(folder)
    today = today[(today["seed"] < seeds) & today["experiment"].isin(trial.experiments)]
    if whole:
        healthy = Trial("machine", trial.machine, trial.machine, ()).folder / "results"
        rest = results.read_measurements(healthy)
        today = pd.concat([today, rest[~rest["experiment"].isin(trial.experiments)]])
        provenance = {**results.read_provenance(healthy), **provenance}
    found = compare(
        results.read_measurements(root),
        today,
        committed_provenance=results.read_provenance(root),
        today_provenance=provenance,
        machines=read_noise(root),
        metrics=results.read_metrics(root),
    )
    judged = (row for row in found if row.status not in ("not run", "new"))
    return [row for row in judged if row.experiment in trial.experiments]


def _num_drifted(found: list[Regression]) -> int:
    return sum(row.status == "drifted" for row in found)


def _row(trial: Trial, found: list[Regression], failed: str) -> dict:
    drifted = [row for row in found if row.status == "drifted"]
    drifted.sort(key=lambda row: (row.together, -abs(row.deviation or 0)))
    shown = ", ".join(f"{row.experiment}/{row.metric}" for row in drifted[:2])
    return {
        "kind": trial.kind,
        "name": trial.name,
        "machine": trial.machine,
        "profile": trial.profile,
        "runs": str(len({row.experiment for row in found})),
        "numbers": str(len(found)),
        "drifted": str(len(drifted)),
        "alone": str(sum(not row.together for row in drifted)),
        "farthest": f"{max((abs(row.deviation or 0) for row in found), default=0):.1f}",
        "moved": f"{_moved(found):.1f}",
        "by": failed or shown,
        "whole": "",
        "five": "",
    }


def _moved(found: list[Regression]) -> float:
    """How far the number that moved most did, in standard deviations of the seeds."""
    committed = results.read_measurements(settings.RESULTS)
    groups = committed.groupby(["experiment", "profile", "metric"])["value"].agg(list).to_dict()
    most = 0.0
    for row in found:
        seeds = groups[row.experiment, row.profile, row.metric]
        std = moments(seeds)[1] if len(seeds) > 2 else 0.0
        if std:
            most = max(most, abs(float(row.found) - _committed(committed, row)) / std)
    return most


def _committed(committed, row: Regression) -> float:
    same = committed[
        (committed["experiment"] == row.experiment)
        & (committed["profile"] == row.profile)
        & (committed["seed"] == row.seed)
        & (committed["metric"] == row.metric)
    ]
    return float(same["value"].iloc[0])


def read() -> list[dict]:
    """The rows measured so far, in the order they are declared in."""
    if not TABLE.is_file():
        return []
    found = {_key(row): row for row in csv.DictReader(io.StringIO(TABLE.read_text()))}
    return [found[trial.key] for trial in trials() if trial.key in found]


def _key(row: dict) -> tuple[str, str, str]:
    return row["kind"], row["name"], row["profile"]


def markdown(found: list[dict]) -> str:
    """The table of `docs/trust.md`, and what it comes to."""
    healthy = [row for row in found if row["kind"] == "machine"]
    faults = [row for row in found if row["kind"] == "fault"]
    seen = [row for row in faults if is_seen(row)]
    lines = ["| Healthy machine | profile | runs | numbers | farthest, sd | false alarms |"]
    lines += ["|---|---|--:|--:|--:|--:|"]
    columns = ("name", "profile", "runs", "numbers", "farthest", "drifted")
    for row in healthy:
        shown = (row[name] for name in columns)
        lines.append(f"| {' | '.join(shown)} |")
    lines += ["", "| Planted fault | moved, seed sd | drifted | alone | in a whole check | by |"]
    lines += ["|---|--:|--:|--:|--:|---|"]
    for row in faults:
        by = row["by"] or _unseen(row)
        drifted = f"{row['drifted']} of {row['numbers']}"
        shown = (row["name"], row["moved"], drifted, row["alone"], row["whole"], by)
        lines.append(f"| {' | '.join(shown)} |")
    alarms = sum(is_seen(row) for row in healthy)
    names = {row["name"] for row in healthy}
    lines += ["", f"{alarms} alarms on {len(names)} healthy machines; {len(seen)} of "]
    lines[-1] += f"{len(faults)} faults seen with one seed on another machine, "
    lines[-1] += f"{sum(is_seen(row, 'whole') for row in faults)} in a whole check, "
    lines[-1] += f"{len(faults) - sum(map(is_hidden, faults))} with five."
    if missing := _not_run(found):
        lines[-1] += f" Not run yet: {', '.join(missing)}."
    return "\n".join(lines)


def _unseen(row: dict) -> str:
    """What there is to say of a fault that one seed does not show."""
    count, numbers = row["five"].split(" of ")
    if int(count):
        return f"by five seeds: {count} of {numbers} numbers drift"
    reasons = {fault.name: fault.unseen for fault in planted.FAULTS}
    return f"not seen: {reasons[row['name']] or 'it moves less than noise'}"


def is_hidden(row: dict) -> bool:
    """Whether neither one seed nor five show a fault."""
    return not is_seen(row) and row["five"].startswith("0 ")


def is_seen(row: dict, column: str = "drifted") -> bool:
    """Whether one seed shows it: among what was run, or in a `whole` check."""
    return int(row[column] or 0) > 0 or row["by"].startswith("the run fails")


def _not_run(found: list[dict]) -> list[str]:
    measured = {_key(row) for row in found}
    return [f"{each.name} ({each.profile})" for each in trials() if each.key not in measured]


def write(found: list[dict]) -> None:
    """Writes the table of numbers, and that of the document."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    results.write_text(TABLE, buffer.getvalue())
    text = DOCUMENT.read_text(encoding="utf-8")
    results.write_text(DOCUMENT, replace_table(text, "sees", markdown(found), str(DOCUMENT)))


def main() -> None:
    """Measures the rows that are missing, one after another, as long as there is time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="*", help="names, such as 'Adam*'")
    parser.add_argument("--minutes", type=float, default=600.0, help="to start rows in")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH")
    wanted = parser.parse_args()
    pythons = dict(each.split("=", 1) for each in wanted.python)
    ends = time.monotonic() + 60 * wanted.minutes
    for trial in trials():
        done = {_key(row) for row in read()}
        if trial.key in done or not fnmatch.fnmatchcase(trial.name, wanted.only):
            continue
        what = " ".join(trial.key)
        if trial.name in INTERPRETERS and trial.name not in pythons:
            print(f"{what}: left out; it needs --python {trial.name}=PATH", flush=True)
            continue
        if time.monotonic() > ends:
            break
        row = measure(trial, pythons.get(trial.name, sys.executable))
        write([*read(), row])
        write(read())  # in the order they are declared in
        print(f"{what}: {row['drifted']} of {row['numbers']} drifted; {row['by']}", flush=True)


if __name__ == "__main__":
    main()

"""Runs healthy machines and planted faults, and writes down what `make check` says of them.

    PYTHONPATH=. python tests/trust/sees.py [--only PATTERN] [--minutes 60] [--python NAME=PATH]

Every row of `sees.csv` is a run of experiments in processes of their own, on the embedded digits
with one seed: on a machine that the noise table was not measured by, or there with a fault. What
has a row is not run again; `docs/trust.md` gets the table. Rows go stale with the code they ran:
delete the file to measure anew. Machines of `INTERPRETERS` need an interpreter with libraries of
their own, such as `make setup PYTHON=python3.12` makes in another checkout; `--python` says where.
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
from pathlib import Path

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
    "runs",
    "numbers",
    "drifted",
    "alone",
    "farthest",
    "moved",
    "by",
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
WHOLE = (  # machines that run every core experiment, a quarter of an hour each
    "nehalem-avx2",
    "skylakex-avx2-baseline",
    "nehalem-no-onednn",
)
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
exec(sys.argv[1])
for name in sys.argv[2:]:
    runner.execute(runner.Job(experiments.find(name), "embedded", 0))
"""


def rows() -> Iterator[tuple[str, str, str, tuple[str, ...], str]]:
    """Every row that there should be: kind, name, machine, experiments, what is planted."""
    core = tuple(each.name for each in select())
    for name in HEALTHY:
        yield "machine", name, name, core if name in WHOLE else CHEAP, ""
    for fault in planted.FAULTS:
        yield "fault", fault.name, FAULTY, fault.reaches, fault.lines


def measure(
    kind: str,
    name: str,
    machine: str,
    reaches: tuple[str, ...],
    lines: str,
    python: str = sys.executable,
) -> dict:
    """Runs what a row needs and holds it against the committed numbers."""
    folder = settings.BUILD / "sees" / f"{kind}-{name}".replace(" ", "-").replace("'", "")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **HEALTHY[machine], "REPLICATION_BUILD": str(folder)}
    environment |= {"PYTHONPATH": str(settings.ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(
        [python, "-c", RUN, lines, *reaches],
        env=environment,
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    if ended.returncode:  # a fault that ends a run is seen, if not by a number
        words = (ended.stderr.strip().splitlines() or [""])[-1]
        return _row(kind, name, machine, [], f"the run fails: {words[:80]}")
    return _row(kind, name, machine, compared(folder / "results"), "")


def compared(folder: Path) -> list[Regression]:
    """What the check says of a folder of results, as of today's numbers."""
    root = settings.RESULTS
    found = compare(
        results.read_measurements(root),
        results.read_measurements(folder),
        committed_provenance=results.read_provenance(root),
        today_provenance=results.read_provenance(folder),
        machines=read_noise(root),
        metrics=results.read_metrics(root),
    )
    return [row for row in found if row.status not in ("not run", "new")]


def _row(kind: str, name: str, machine: str, found: list[Regression], failed: str) -> dict:
    drifted = [row for row in found if row.status == "drifted"]
    drifted.sort(key=lambda row: (row.together, -abs(row.deviation or 0)))
    shown = ", ".join(f"{row.experiment}/{row.metric}" for row in drifted[:2])
    return {
        "kind": kind,
        "name": name,
        "machine": machine,
        "runs": str(len({row.experiment for row in found})),
        "numbers": str(len(found)),
        "drifted": str(len(drifted)),
        "alone": str(sum(not row.together for row in drifted)),
        "farthest": f"{max((abs(row.deviation or 0) for row in found), default=0):.1f}",
        "moved": f"{_moved(found):.1f}",
        "by": failed or shown,
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
    found = {
        (row["kind"], row["name"]): row for row in csv.DictReader(io.StringIO(TABLE.read_text()))
    }
    return [found[kind, name] for kind, name, *_ in rows() if (kind, name) in found]


def markdown(found: list[dict]) -> str:
    """The table of `docs/trust.md`, and what it comes to."""
    healthy = [row for row in found if row["kind"] == "machine"]
    faults = [row for row in found if row["kind"] == "fault"]
    unseen = {fault.name: fault.unseen for fault in planted.FAULTS}
    seen = [row for row in faults if _is_seen(row)]
    lines = ["| Healthy machine | runs | numbers | farthest, sd | false alarms |"]
    lines += ["|---|--:|--:|--:|--:|"]
    for row in healthy:
        shown = (row[name] for name in ("name", "runs", "numbers", "farthest", "drifted"))
        lines.append(f"| {' | '.join(shown)} |")
    lines += ["", "| Planted fault | moved, seed sd | drifted | of these alone | first seen by |"]
    lines += ["|---|--:|--:|--:|---|"]
    for row in faults:
        by = row["by"] or f"not seen: {unseen[row['name']] or 'it moves less than noise'}"
        drifted = f"{row['drifted']} of {row['numbers']}"
        lines.append(f"| {row['name']} | {row['moved']} | {drifted} | {row['alone']} | {by} |")
    alarms = sum(_is_seen(row) for row in healthy)
    lines += ["", f"{alarms} alarms on {len(healthy)} healthy machines; {len(seen)} of "]
    lines[-1] += f"{len(faults)} faults seen with one seed on another machine."
    if missing := _not_run(found):
        lines[-1] += f" Not run yet: {', '.join(missing)}."
    return "\n".join(lines)


def _is_seen(row: dict) -> bool:
    return int(row["drifted"]) > 0 or row["by"].startswith("the run fails")


def _not_run(found: list[dict]) -> list[str]:
    names = {(row["kind"], row["name"]) for row in found}
    return [name for kind, name, *_ in rows() if (kind, name) not in names]


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
    for kind, name, *what in rows():
        done = {(row["kind"], row["name"]) for row in read()}
        if (kind, name) in done or not fnmatch.fnmatchcase(name, wanted.only):
            continue
        if name in INTERPRETERS and name not in pythons:
            print(f"{kind} {name}: left out; it needs --python {name}=PATH", flush=True)
            continue
        if time.monotonic() > ends:
            break
        row = measure(kind, name, *what, python=pythons.get(name, sys.executable))
        write([*read(), row])
        write(read())  # in the order they are declared in
        print(
            f"{kind} {name}: {row['drifted']} of {row['numbers']} drifted; {row['by']}", flush=True
        )


if __name__ == "__main__":
    main()

"""Keeping results true: what changed since a run, keeping it all the same, promoting it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from replication import experiments, fingerprints, results, store
from replication.results.schema import BACKEND
from replication.runner import settings, today
from replication.runner.execution import read
from replication.runner.jobs import Job, changes, in_store, named, select

_OURS = "tensorflow"  # computed every number of results/ but those of backends.csv
_NAMED = 10  # runs that a message lists by name
_WORD = "unchanged_because"  # in the provenance of a run kept on a human's word


def explain(name: str, *, seed: int = 0, profile: str = "full") -> list[str]:
    """Whether a run is stored, and if not, what changed since one was: a line each."""
    job = Job(experiments.find(name), profile, seed)
    if job.path.exists():
        return [f"{job.name} is stored: {job.path}"]
    older = _older(job)
    if not older:
        return [f"{job.name} was never run in this checkout"]
    about, _ = read(older[0], "about")
    return [f"{job.name} was stored, and then changed:", *_changes(about["inputs"], job.inputs)]


def _older(job: Job) -> list[Path]:
    """The outcomes stored for this job under other keys, the newest first."""
    label = job.name.replace("/", "-")
    paths = [path for path in job.path.parent.glob(f"{label}-*.npz") if path != job.path]
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def _changes(before: dict, after: dict) -> list[str]:
    lines = []
    for part, name, old, new in changes(before, after):
        change = "removed" if new is None else "added" if old is None else "changed"
        values = "" if part == "source" else f": {old} -> {new}"
        lines.append(f"  {part}: {name} {change}{values}")
    return lines


def keep_unchanged(pattern: str, *, reason: str) -> list[str]:
    """Files stored runs under today's key, on a human's word that the numbers stand.

    Every run in the run store is kept, whatever its seed; its new key and the word are in its
    provenance. A run on another backend or device is another run, not an older one.

    Args:
        pattern: Experiments, such as `clustering-*`.
        reason: Why the change of code cannot change a number; kept with the
            run.

    Returns:
        A line for every run kept, and for every one that cannot be.

    Raises:
        ExperimentError: If no reason is given or nothing matches.
        StoreError: If a stored run is damaged.
    """
    if not reason.strip():
        raise experiments.ExperimentError(
            "accept --unchanged needs --reason: say why the change cannot change a number."
        )
    wanted = select(pattern=pattern)
    jobs = [job for slug in sorted({each.slug for each in wanted}) for job in in_store(slug)]
    kept = (job for job in jobs if job.experiment in wanted and job.profile != "smoke")
    lines = [line for job in kept for line in _keep(job, reason=reason.strip())]
    return lines or [f"nothing to keep: no run of {pattern!r} is stored under an older key only"]


def _keep(job: Job, *, reason: str) -> list[str]:
    """Keeps the newest older run of a job that has none of today; what it did, if anything."""
    if job.path.exists():
        return []
    inputs, older = job.inputs, (read(path) for path in _older(job))
    about, arrays = next((run for run in older if _same_place(run[0]["inputs"], inputs)), ({}, {}))
    if not about:
        return []
    if set(about["metrics"]) != {metric.name for metric in job.experiment.metrics}:
        return [f"not kept {job.name}: other metrics are declared than it has; run it again"]
    changed, about["inputs"] = _changes(about["inputs"], inputs), inputs
    about["provenance"] |= {
        "key": fingerprints.digest(inputs),
        "source": fingerprints.digest(inputs["source"]),
        _WORD: reason,
    }
    store.save_arrays(job.path, {**arrays, "about": np.array(json.dumps(about))})
    return ["\n".join([f"kept {job.name}: {reason}", *changed])]


def _same_place(before: dict, after: dict) -> bool:
    """Whether two keys are made of the same backend and kind of device."""
    return all(
        before["environment"].get(part) == after["environment"].get(part) for part in BACKEND
    )


def _listed(runs: list[str]) -> str:
    """Some runs by name, the others by number."""
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"{', '.join(runs[:_NAMED])}{more}"


def promote(
    *,
    reason: str = "",
    unchanged: str | None = None,
    ask: Callable[[list[str]], str] = lambda runs: "",
    announce: Callable[[str], None] = print,
) -> list[str]:
    """Merges `build/results` over `results`, smoke runs left out; names what changed.

    Args:
        reason: Why committed numbers may change; kept with the runs whose
            numbers do. Runs that are new, or come back with the same numbers,
            need none.
        unchanged: Experiments whose stored runs are kept before, see
            `keep_unchanged`; `reason` is then for these and for no other.
        ask: Called with the runs whose committed numbers would change, if
            there are some and no reason was given; returns one, or "".
        announce: Receives a line for each run kept, and what is left out.

    Raises:
        ExperimentError: If another backend is set, or a committed number would
            change or disappear and no reason is given. Nothing is promoted then.
        ResultsError: If another call has changed results meanwhile, so that more would.
    """
    _require_our_backend()
    if unchanged is not None:
        for line in keep_unchanged(unchanged, reason=reason):
            announce(line)
    today.rebuild()
    if others := today.left_out():
        announce(
            f"left out, stored by other code, libraries or devices: {_listed(others)} (`why` says "
            "what changed, a sweep makes them again, `accept --unchanged` keeps them on your word)"
        )
    lost = _of_every_article(results.overwritten)
    reason = "" if unchanged is not None else reason.strip()
    if lost and not reason:
        reason = ask(lost).strip()
    if lost and not reason:
        word = " (that of --unchanged is none for numbers that change)" if unchanged else ""
        raise experiments.ExperimentError(
            f"committed numbers would change or disappear in {_listed(lost)}, and no reason was "
            f"given{word}; nothing was accepted. Say why they may: make accept REASON='...', or "
            "accept --reason '...'; it is kept in provenance.json."
        )
    return _of_every_article(results.promote, reason=reason, foreseen=lost)


def take(folder: Path) -> list[str]:
    """Takes runs made elsewhere into `results/`, as further seeds of the same experiments.

    On another backend, device or version of a library a run has another key, and counts if all
    else that its key is made of is ours. A seed that `results/` has stays as it is.

    Args:
        folder: The build folder of another checkout, or the `runs` in it.

    Returns:
        A line for every run taken, and for every one that was not.

    Raises:
        ExperimentError: If the folder holds no runs.
        StoreError: If a run is damaged; nothing was taken then.
    """
    source = folder / "runs" if (folder / "runs").is_dir() else folder
    files = sorted(source.glob("*.npz"), key=lambda path: -path.stat().st_mtime)
    if not files:
        raise experiments.ExperimentError(
            f"{source}: expected the run store of another checkout, a build folder with "
            "runs/*.npz in it, received no such file."
        )
    runs, lines = {}, []
    for path in files:  # the newest of a seed first
        job, (about, _) = named(path), read(path, "about")
        why = _why_not(job, about)
        if why:
            lines.append(f"left {path.name}: {why}")
        else:
            runs.setdefault(job.name, (job.experiment.slug, today.run_of(job, about)))
    for slug in sorted({slug for slug, _ in runs.values()}):
        wanted = [run for article, run in runs.values() if article == slug]
        added = results.add_runs(settings.RESULTS, slug, sorted(wanted, key=lambda run: run.name))
        for run in wanted:
            there = f"left {run.name}: results/ has that seed already; run another one there"
            lines.append(_taken(run) if run.name in added else there)
    return sorted(lines)


def _why_not(job: Job | None, about: dict) -> str:
    """Why a run made elsewhere is no run of an experiment of ours; empty where it is one."""
    if job is None:
        return "no experiment has that name"
    if job.profile == "smoke":
        return "runs of profile smoke are no evidence"
    if set(about["metrics"]) != {metric.name for metric in job.experiment.metrics}:
        return "other metrics are declared than it has"
    elsewhere = {"environment": job.inputs["environment"]}
    changed = _changes({**about["inputs"], **elsewhere}, job.inputs)
    return f"made by other code: {'; '.join(map(str.strip, changed))}" if changed else ""


def _taken(run: results.Run) -> str:
    place = run.provenance["environment"]
    backend = place["backend"]
    return f"took {run.name}, made with {backend} {place.get(backend, '')} on {place['device']}"


def _require_our_backend() -> None:
    """Sees to it that what is accepted now was computed with the backend of all of `results/`.

    Raises:
        ExperimentError: If this process runs another one.
    """
    experiments.registry()  # it imports Keras without the greetings of TensorFlow
    backend = fingerprints.environment()["backend"]
    if backend != _OURS:
        raise experiments.ExperimentError(
            f"accept takes numbers of {_OURS} alone into results/, received the backend "
            f"{backend}; nothing was accepted. `python -m replication backends {settings.BUILD}` "
            "takes runs on another backend; to accept ours, unset KERAS_BACKEND."
        )


def _of_every_article(function, **options) -> list[str]:
    """The names of the runs that a function of `results` finds, article by article."""
    return [
        name
        for slug in experiments.slugs()
        for name in function(settings.TODAY, settings.RESULTS, slug, **options)
    ]

"""Keeping results true: what changed since a run, keeping it all the same, promoting it."""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from replication import experiments, fingerprints, results, store
from replication.events import Announce
from replication.experiments import Experiment
from replication.results.damage import move_damaged
from replication.results.schema import BACKEND, RUN
from replication.runner import settings
from replication.runner.execution import execute, load
from replication.runner.jobs import Job, select

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
    about, _ = _read(older[0])
    return [f"{job.name} was stored, and then changed:", *_changes(about["inputs"], job.inputs)]


def _older(job: Job) -> list[Path]:
    """The outcomes stored for this job under other keys, the newest first."""
    label = job.name.replace("/", "-")
    found = [path for path in job.path.parent.glob(f"{label}-*.npz") if path != job.path]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _read(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """What a stored outcome says of itself, and its arrays.

    Raises:
        StoreError: If it is damaged.
    """
    arrays = store.load_arrays(path)
    try:
        return json.loads(str(arrays.pop("about"))), arrays
    except (KeyError, ValueError) as error:
        raise store.StoreError(
            f"{path} is damaged: expected what was run under 'about', received {error}. Delete it "
            "and run again."
        ) from error


def _changes(before: dict, after: dict) -> list[str]:
    lines = []
    for part in after:
        for name in sorted({*before[part], *after[part]}):
            old, new = before[part].get(name), after[part].get(name)
            if old != new:
                change = "removed" if new is None else "added" if old is None else "changed"
                values = "" if part == "source" else f": {old} -> {new}"
                lines.append(f"  {part}: {name} {change}{values}")
    return lines


def keep_unchanged(pattern: str, *, reason: str) -> list[str]:
    """Files stored runs under today's key, on a human's word that the numbers stand.

    Every run in the run store is kept, whatever its seed, and its rows go into `build/results`
    with the new key and the word, from where `promote` takes them. A run on another backend or
    device is another run, not an older one.

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
    jobs = [job for experiment in select(pattern=pattern) for job in _stored(experiment)]
    lines = [line for job in jobs for line in _keep(job, reason=reason.strip())]
    return lines or [f"nothing to keep: no run of {pattern!r} is stored under an older key only"]


def _stored(experiment: Experiment) -> list[Job]:
    """The jobs of an experiment, smoke aside, with an outcome in the run store, of any key."""
    file = re.compile(rf"{re.escape(experiment.name)}-(full|embedded)-(\d+)-[0-9a-f]{{16}}\.npz")
    paths = (settings.BUILD / "runs").glob(f"{experiment.name}-*.npz")
    runs = {found.groups() for path in paths if (found := file.fullmatch(path.name))}
    return sorted(
        (Job(experiment, profile, int(seed)) for profile, seed in runs),
        key=lambda job: (job.profile, job.seed),
    )


def _keep(job: Job, *, reason: str) -> list[str]:
    """Keeps the newest older run of a job that has none of today; what it did, if anything."""
    inputs = job.inputs
    if job.path.exists():
        found = load(job)
        if found and _WORD in found[1]["provenance"]:
            execute(job)  # the call that kept it may have been cut off before it wrote the rows
        return []
    older = (_read(path) for path in _older(job))
    about, arrays = next((run for run in older if _same_place(run[0]["inputs"], inputs)), ({}, {}))
    if not about:
        return []
    if set(about["metrics"]) != {metric.name for metric in job.experiment.metrics}:
        return [f"not kept {job.name}: other metrics are declared than it has; run it anew"]
    changes, about["inputs"] = _changes(about["inputs"], inputs), inputs
    about["provenance"] |= {
        "key": fingerprints.digest(inputs),
        "source": fingerprints.digest(inputs["source"]),
        _WORD: reason,
    }
    store.save_arrays(job.path, {**arrays, "about": np.array(json.dumps(about))})
    execute(job)  # finds it done, and writes its rows
    return ["\n".join([f"kept {job.name}: {reason}", *changes])]


def _same_place(before: dict, after: dict) -> bool:
    """Whether two keys are made of the same backend and kind of device."""
    return all(
        before["environment"].get(part) == after["environment"].get(part) for part in BACKEND
    )


def forget_stale_rows() -> list[str]:
    """Drops rows of `build/results` whose job has another key; moves damaged tables aside.

    Rows come back from the run store when their jobs are asked for.

    Returns:
        A line for each cause, with the runs dropped for it.
    """
    dropped: dict[str, list[str]] = {}
    for slug in experiments.slugs():
        aside = settings.BUILD / "damaged" / f"{slug}-{time.time_ns()}"
        if problem := move_damaged(settings.TODAY, slug, aside):
            print(
                f"{problem}. These tables were moved to {aside}; rows of stored runs come back "
                "when their jobs are asked for.",
                file=sys.stderr,
            )
        for name, about in _runs_of_today(slug).items():
            if cause := _why_stale(name, about):
                experiment, profile, seed = name.rsplit("/", 2)
                run = {"experiment": experiment, "profile": profile, "seed": int(seed)}
                results.forget(settings.TODAY, slug, **run)
                dropped.setdefault(cause, []).append(name)
    return [
        f"dropped from {settings.TODAY}, {cause}: {_listed(runs)}"
        for cause, runs in dropped.items()
    ]


def _runs_of_today(slug: str) -> dict[str, dict]:
    """How each run of `build/results` was made; nothing for one of which there are rows alone."""
    found: dict[str, dict] = {}
    for read in (results.read_measurements, results.read_history):
        runs = read(settings.TODAY, slug)[list(RUN)].drop_duplicates()
        found |= {"/".join(map(str, run)): {} for run in runs.itertuples(index=False, name=None)}
    return found | results.read_provenance(settings.TODAY, slug)


def _why_stale(name: str, about: dict) -> str:
    """Why a run is none of this code, here and now, and what to do; empty where it is one."""
    experiment, profile, seed = name.rsplit("/", 2)
    known = experiments.registry().get(experiment)
    if known is None:
        return "as no experiment is called so"
    inputs = known.inputs(int(seed), profile)
    if about.get("key") == fingerprints.digest(inputs):
        return ""
    if not about:
        return "as nothing says how they were made"
    there, here = about.get("environment", {}), inputs["environment"]
    if any(there.get(part, here.get(part)) != here.get(part) for part in BACKEND):
        place = " on ".join(str(there.get(part)) for part in BACKEND)
        return (
            f"as they were computed with {place} (their sweep there finds them stored; then "
            f"`python -m replication backends {settings.BUILD}` takes them)"
        )
    others = [f"{part} {there[part]}" for part in here if there.get(part, here[part]) != here[part]]
    return (
        f"as they were made with {', '.join(others) or 'other code'} (`why` says what changed, a "
        "sweep makes them anew, `accept --unchanged` keeps them on your word)"
    )


def _listed(runs: list[str]) -> str:
    """Some runs by name, the others by number."""
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"{', '.join(runs[:_NAMED])}{more}"


def require_our_backend() -> None:
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


def at_stake() -> list[str]:
    """The committed runs of which `promote` would change or drop a number."""
    return _of_every_article(results.overwritten)


def promote(*, reason: str = "", announce: Announce = print) -> list[str]:
    """Merges `build/results` over `results`, smoke runs left out; names what changed.

    Rows that are not of this code and of our backend are dropped before.

    Args:
        reason: Why committed numbers may change; kept with every run accepted
            now. Runs that are new, or come back with the same numbers, need
            none.
        announce: Receives a line for each cause for which runs were dropped.

    Raises:
        ExperimentError: If another backend is set, or a committed number would
            change or disappear and no reason is given. Nothing is promoted then.
    """
    require_our_backend()
    for line in forget_stale_rows():
        announce(line)
    reason, lost = reason.strip(), at_stake()
    if lost and not reason:
        raise experiments.ExperimentError(
            f"committed numbers would change or disappear in {_listed(lost)}, and no reason was "
            "given; nothing was accepted. Say why they may: make accept REASON='...', or accept "
            "--reason '...'; it is kept in provenance.json."
        )
    return _of_every_article(results.promote, reason=reason)


def _of_every_article(function, **options) -> list[str]:
    """The names of the runs that a function of `results` finds, article by article."""
    return [
        f"{experiment}/{profile}/{seed}"
        for slug in experiments.slugs()
        for experiment, profile, seed in function(
            settings.TODAY, settings.RESULTS, slug, profiles=("full", "embedded"), **options
        )
    ]

"""Keeping results true: what changed since a run, keeping it all the same, promoting it."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from replication import experiments, fingerprints, results, store
from replication.results.damage import move_damaged
from replication.runner import settings
from replication.runner.jobs import Job, select

_NAMED = 10  # runs that a message lists by name


def explain(name: str, *, seed: int = 0, profile: str = "full") -> list[str]:
    """Whether a run is stored, and if not, what changed since one was: a line each."""
    job = Job(experiments.find(name), profile, seed)
    if job.path.exists():
        return [f"{job.name} is stored: {job.path}"]
    older = _older(job)
    if older is None:
        return [f"{job.name} was never run in this checkout"]
    about = json.loads(str(store.load_arrays(older)["about"]))
    return [f"{job.name} was stored, and then changed:", *_changes(about["inputs"], job.inputs)]


def _older(job: Job) -> Path | None:
    """The newest outcome stored for this job under another key."""
    label = job.name.replace("/", "-")
    found = [path for path in job.path.parent.glob(f"{label}-*.npz") if path != job.path]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


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

    Args:
        pattern: Experiments, such as `clustering-*`.
        reason: Why the change of code cannot change a number; kept with the
            run.

    Returns:
        A line for every run kept.

    Raises:
        ExperimentError: If no reason is given or nothing matches.
    """
    if not reason:
        raise experiments.ExperimentError(
            "accept --unchanged needs --reason: say why the change cannot change a number."
        )
    kept = []
    for experiment in select(pattern=pattern):
        for profile in ("full", "embedded"):
            for seed in experiment.seeds:
                job = Job(experiment, profile, seed)
                older = None if job.path.exists() else _older(job)
                if older is not None:
                    kept.append(_keep(job, older, reason=reason))
    return kept


def _keep(job: Job, older: Path, *, reason: str) -> str:
    arrays = store.load_arrays(older)
    about = json.loads(str(arrays.pop("about")))
    changes, about["inputs"] = _changes(about["inputs"], job.inputs), job.inputs
    about["provenance"] |= {
        "key": fingerprints.digest(job.inputs),
        "source": fingerprints.digest(job.inputs["source"]),
        "unchanged_because": reason,
    }
    store.save_arrays(job.path, {**arrays, "about": np.array(json.dumps(about))})
    return "\n".join([f"kept {job.name}: {reason}", *changes])


def forget_stale_rows() -> None:
    """Drops rows of `build/results` whose job has another key; moves damaged tables aside.

    Rows come back from the run store when their jobs are asked for.
    """
    for slug in experiments.slugs():
        aside = settings.BUILD / "damaged" / f"{slug}-{time.time_ns()}"
        if problem := move_damaged(settings.TODAY, slug, aside):
            print(
                f"{problem}. These tables were moved to {aside}; rows of stored runs come back "
                "when their jobs are asked for.",
                file=sys.stderr,
            )
        for name, about in results.read_provenance(settings.TODAY, slug).items():
            if about.get("key") != _current_key(name):
                experiment, profile, seed = name.split("/")
                run = {"experiment": experiment, "profile": profile, "seed": int(seed)}
                results.forget(settings.TODAY, slug, **run)


def _current_key(name: str) -> str | None:
    experiment, profile, seed = name.split("/")
    known = experiments.registry().get(experiment)
    return known and fingerprints.digest(known.inputs(int(seed), profile))


def at_stake() -> list[str]:
    """The committed runs of which `promote` would change or drop a number."""
    return _of_every_article(results.overwritten)


def promote(*, reason: str = "") -> list[str]:
    """Merges `build/results` over `results`, smoke runs left out; names what changed.

    Args:
        reason: Why committed numbers may change; kept with every run accepted
            now. Runs that are new, or come back with the same numbers, need
            none.

    Raises:
        ExperimentError: If a committed number would change or disappear and
            no reason is given. Nothing is promoted then.
    """
    reason, lost = reason.strip(), at_stake()
    if lost and not reason:
        others = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        raise experiments.ExperimentError(
            f"committed numbers would change or disappear in {', '.join(lost[:_NAMED])}{others}, "
            "and no reason was given; nothing was accepted. Say why they may: "
            "make accept REASON='...', or accept --reason '...'; it is kept in provenance.json."
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

"""`build/results`: what the run store holds of today's code, in the tables of `results/`.

The tables are a function of the stored outcomes and of today's keys. They are rewritten whenever
an outcome was added, so that rows are never missing, out of date or damaged for longer than that.
"""

from collections.abc import Iterable, Iterator

from replication import experiments, results
from replication.events import Announce
from replication.experiments import Outcome
from replication.results import Run
from replication.runner import settings
from replication.runner.execution import done, load, read_or_move_aside, run_and_store, set_aside
from replication.runner.jobs import Job, in_store


def execute(job: Job, *, announce: Announce = print) -> Outcome:
    """The outcome of one job, run now or found done; its rows are in `build/results` then."""
    stored = load(job)
    outcome, about = stored or run_and_store(job, announce=announce)
    if not stored:
        announce(done(job, about["provenance"]["minutes"]))
    rebuild([job.experiment.slug])
    return outcome


def prepare(jobs: list[Job], *, fresh: bool = False, announce: Announce = print) -> list[Job]:
    """The jobs without a stored outcome; every call begins with it, as it brings tables up to date.

    With `fresh`, all start over: what is stored is moved aside, and announced where to.
    """
    if fresh:
        set_aside(jobs, announce)
    missing = [job for job in jobs if load(job) is None]
    rebuild()
    return missing


def rebuild(slugs: Iterable[str] | None = None) -> None:
    """Writes the tables of these articles, or of all, from the run store."""
    for slug in experiments.slugs() if slugs is None else slugs:
        if (settings.BUILD / "runs").exists() or settings.TODAY.exists():
            results.write_runs(settings.TODAY, slug, _runs(slug))


def left_out() -> list[str]:
    """The runs that are stored, smoke aside, but not under today's key, sorted."""
    jobs = (job for slug in experiments.slugs() for job in in_store(slug))
    return sorted(job.name for job in jobs if job.profile != "smoke" and not job.path.exists())


def _runs(slug: str) -> Iterator[Run]:
    for job in in_store(slug):
        if stored := read_or_move_aside(job.path, "about"):
            yield run_of(job, stored[0])


def run_of(job: Job, about: dict) -> Run:
    """A stored outcome as tables hold it, by what it says of itself."""
    experiment = job.experiment
    return Run(
        experiment=experiment.name,
        profile=job.profile,
        seed=job.seed,
        tier=experiment.tier,
        metrics=[(each.name, each.unit, each.better) for each in experiment.metrics],
        measurements=about["metrics"],
        history=about["history"],
        provenance=about["provenance"],
    )

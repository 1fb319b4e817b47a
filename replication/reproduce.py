"""`make reproduce`: jobs, notebooks, check, report, site; and `sweep`, the jobs alone."""

import sys
from dataclasses import dataclass

from replication import notebooks, publish, runner
from replication.events import Event
from replication.runner import Ended, Job, settings
from replication.terminal import Lines


@dataclass(frozen=True)
class Wanted:
    """What a call asks for.

    Attributes:
        seeds: Which seeds.
        profile: `auto`, `full`, `embedded` or `smoke`.
        article: A slug, or None for all.
        pattern: Of experiments, or None for those of the tier.
        jobs: How many side by side; None for what fits this machine.
        fresh: Whether stored runs are ignored.
        everything: Whether extended experiments are wanted too.
        strict: Whether missing data are an error.
        budget_minutes: Wall time for jobs to be started in, or None.
    """

    seeds: list[int]
    profile: str
    article: str | None = None
    pattern: str | None = None
    jobs: int | None = None
    fresh: bool = False
    everything: bool = False
    strict: bool = False
    budget_minutes: float | None = None


def reproduce(wanted: Wanted, display: Lines, *, as_json: bool = False) -> bool:
    """Runs what is missing, executes the notebooks, checks, reports and writes the site.

    Returns:
        Whether all of it went well. Jobs that a budget left are no failure.
    """
    jobs, profile = _planned(wanted)
    with display:
        ended = _run(jobs, wanted, display)
        unfinished = {job.experiment.slug for job in ended.left}
        slugs = sorted({job.experiment.slug for job in jobs})
        for slug in sorted(unfinished):
            line = f"the notebook of {slug} is not executed: runs that it shows were left"
            display(Event(line, kind="notebook", notebook=slug, state="left"))
        broken = notebooks.execute_all(
            [slug for slug in slugs if slug not in unfinished],
            settings.BUILD / "notebooks" / profile,
            runner.kernel_environment(profile),
            announce=display,
        )
    report = publish.judge()
    publish.print_report(report, ran_profile=profile, as_json=as_json)
    _print_failures(ended.failed, broken)
    written = publish.write_site(report, as_json=as_json)
    return written and not (ended.failed or broken or report.problems)


def sweep(wanted: Wanted, display: Lines, *, scheduler: str | None = None) -> bool:
    """Runs jobs here or on a Dask cluster; no notebooks, no report.

    Returns:
        Whether no job failed.
    """
    jobs, _ = _planned(wanted, elsewhere=scheduler is not None)
    with display:
        if scheduler is None:
            ended = _run(jobs, wanted, display)
        else:
            ended = runner.run_jobs_on_cluster(scheduler, jobs, announce=display)
    _print_failures(ended.failed)
    return not ended.failed


def _planned(wanted: Wanted, *, elsewhere: bool = False) -> tuple[list[Job], str]:
    """The jobs, and the profile they have; data are looked for here, or where they are read."""
    options = {"article": wanted.article, "pattern": wanted.pattern}
    options["extended"] = wanted.everything
    profile = wanted.profile
    if not elsewhere or profile == "auto":
        experiments = runner.select(**options)
        profile, notice = runner.choose_profile(profile, experiments, strict=wanted.strict)
        if notice:
            print(f"\n*** {notice}\n", file=sys.stderr)
    return runner.plan(**options, seeds=wanted.seeds, profile=profile), profile


def _run(jobs: list[Job], wanted: Wanted, display: Lines) -> Ended:
    return runner.run_jobs(
        jobs,
        num_jobs=wanted.jobs or runner.jobs_that_fit(),
        fresh=wanted.fresh,
        budget_minutes=wanted.budget_minutes,
        announce=display,
    )


def _print_failures(failed: list[tuple[Job, str]], broken: list[str] = ()) -> None:
    for what in [*(f"{job.name}: {why}" for job, why in failed), *broken]:
        print(f"FAILED {what}", file=sys.stderr)

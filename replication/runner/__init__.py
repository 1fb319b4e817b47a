"""Runs jobs: (experiment, profile, seed), once each, here or side by side.

settings.py   where things are, and how many threads there are
jobs.py       what a call runs, and where each job's outcome is stored
execution.py  running a job: storing, resuming, reading what is stored
today.py      build/results, the tables of what is stored
one_job.py    jobs in a process of their own
pool.py       jobs side by side on this machine
cluster.py    the same on a Dask cluster
expected.py   minutes that jobs take here, and what fits a budget
upkeep.py     what changed since a run, and promoting build/ to results/

A notebook needs three names of this package: `run`, `measurements`, `history`.
"""

import pandas as pd

from replication import experiments, results
from replication.experiments import Outcome
from replication.runner import settings, today
from replication.runner.cluster import run_jobs_on_cluster
from replication.runner.expected import jobs_that_fit
from replication.runner.jobs import Job, plan, select
from replication.runner.pool import Ended, run_jobs
from replication.runner.settings import choose_profile, kernel_environment, profile_name
from replication.runner.today import execute
from replication.runner.upkeep import explain, keep_unchanged, promote, take

__all__ = [
    "Ended",
    "Job",
    "choose_profile",
    "execute",
    "explain",
    "history",
    "jobs_that_fit",
    "keep_unchanged",
    "kernel_environment",
    "measurements",
    "plan",
    "profile_name",
    "promote",
    "run",
    "run_jobs",
    "run_jobs_on_cluster",
    "select",
    "settings",
    "tables",
    "take",
    "today",
]


def run(name: str, seed: int = 0, profile: str | None = None) -> Outcome:
    """The outcome of an experiment: stored if it was run, else run now.

    The profile is `full`, `embedded`, `smoke` or `auto`; None for the profile of the
    `make reproduce` this notebook belongs to, else `auto`.

    Raises:
        ExperimentError: If there is no such experiment, seed or profile, or its outcome is not
            what it declares.
        DatasetError: If its data cannot be had, or are others.
        StoreError: If its stored outcome is damaged.
    """
    experiment = experiments.find(name)
    return execute(Job(experiment, profile_name([experiment], profile), seed))


def measurements(slug: str, profile: str | None = None) -> pd.DataFrame:
    """Measurements of an article in one profile: the committed ones under those of this checkout.

    None is the profile that is running. Rows are in the schema of `measurements.csv`.
    """
    return tables(slug, profile)[0]


def history(slug: str, profile: str | None = None) -> pd.DataFrame:
    """Per-epoch quantities of one profile, put together like `measurements`."""
    return tables(slug, profile)[1]


def tables(slug: str, profile: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both `measurements` and `history`, from one look at the run store."""
    chosen = profile_name(select(article=slug), profile)
    today.rebuild([slug])
    reads = results.read_measurements, results.read_history
    return tuple(_overlaid(read, slug, chosen) for read in reads)


def _overlaid(read, slug: str, profile: str) -> pd.DataFrame:
    run = ["experiment", "profile", "seed"]
    committed, made_here = read(settings.RESULTS, slug), read(settings.TODAY, slug)
    renewed = committed.set_index(run).index.isin(made_here.set_index(run).index)
    rows = pd.concat([committed[~renewed], made_here], ignore_index=True)
    return rows[rows["profile"] == profile].sort_values(run, kind="stable", ignore_index=True)

"""The check of everything committed: every claim judged, all problems at once.

`verdicts` asks whether a published claim holds in our numbers, `regression`
whether today's numbers are the committed ones; the two are never mixed. A
claim that does not replicate is a finding: `check` fails only where files and
numbers disagree with each other, a stale generated file among them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from replication import results
from replication.claims import Article, Claim, backends, devices, ledger, load, noise, overview
from replication.claims.differences import ValuesOf
from replication.claims.kinds.judgement import Judgement
from replication.claims.regression import Regression, compare
from replication.claims.staleness import (
    Generated,
    Problem,
    stale_documents,
    stale_numbers,
    stale_summaries,
    unmeasured,
)
from replication.claims.tables import Row, claims_of, markdown_table, rows_of, verdicts_frame
from replication.claims.verdicts import evidence_of, judge_all
from replication.results import seals
from replication.results.backends import read_backend_runs, read_backends
from replication.results.noise import read_noise
from replication.results.schema import BACKEND_RUN, LEDGER, VERDICTS, names_of, render_table


@dataclass(frozen=True)
class Report:
    """All claims with their judgement, today's numbers against the committed, and all problems.

    `rows` are the claims in reading order, as every table shows them; `metrics` is `metrics.csv`
    of all articles. `generated` holds what is rendered from all this. `judged` are the measurements
    that claims are judged by, without `apart`: seeds on a device that makes a difference.
    """

    articles: Mapping[str, Article]
    rows: tuple[Row, ...]
    regressions: tuple[Regression, ...]
    problems: tuple[Problem, ...]
    metrics: pd.DataFrame
    generated: Generated
    judged: pd.DataFrame
    apart: tuple[devices.Apart, ...]

    @property
    def claims(self) -> list[tuple[str, Claim]]:
        """Every claim with the slug of its article, in reading order."""
        return [(row.slug, row.claim) for row in self.rows]

    @cached_property
    def judgements(self) -> Mapping[tuple[str, str], Judgement]:
        """Each claim's judgement, by its slug and id."""
        return {(row.slug, row.claim.id): row.judgement for row in self.rows}


@dataclass(frozen=True)
class _Committed:
    """The committed tables of all articles; `elsewhere` are runs on other backends.

    `machines` are the numbers of emulated machines.
    """

    measurements: pd.DataFrame
    metrics: pd.DataFrame
    history: pd.DataFrame
    provenance: Mapping[str, dict]
    elsewhere: pd.DataFrame
    elsewhere_runs: Mapping[str, dict]
    machines: pd.DataFrame

    @cached_property
    def pooled(self) -> tuple[pd.DataFrame, list[devices.Apart]]:
        return devices.pool(self.measurements, self.provenance)

    @property
    def full(self) -> pd.DataFrame:
        """What claims are judged by: no seeds that stand apart."""
        judged, _ = self.pooled
        return judged[judged["profile"] == "full"]


def check(
    claims_dir: Path | None,
    results_root: Path,
    today_root: Path | None = None,
    *,
    documents: Mapping[str, Path] | None = None,
    sentences: Iterable[Path] = (),
    notebooks: Path | None = None,
) -> Report:
    """Judges every claim and collects every problem of the committed files.

    A claim that does not replicate is no problem, if it is signed so.

    Args:
        claims_dir: Where the `<slug>.toml` are; None for the project's own.
        results_root: The committed tables, normally `results`.
        today_root: The tables of this machine, normally `build/results`; None
            compares nothing, so that everything is `not run`.
        documents: Files with a generated table that must be up to date, by the
            name of its markers, such as `claims`; see `Generated`.
        sentences: Files whose sentences hold marked numbers, see `prose`.
        notebooks: The folder of notebooks, each of which must have been executed.

    Raises:
        ClaimError: If a claim file is malformed.
        ResultsError: If a table is malformed.
    """
    articles, root = load(claims_dir), Path(results_root)
    tables = _Committed(
        results.read_measurements(root),
        results.read_metrics(root),
        results.read_history(root),
        results.read_provenance(root),
        read_backends(root),
        read_backend_runs(root),
        read_noise(root),
    )
    evidence = evidence_of(tables.full, tables.metrics)
    rows = rows_of(articles, judge_all(articles, evidence))
    regressions = tuple(_compare_today(tables, today_root))
    generated = _generated(articles, rows, tables, evidence.values_of)
    problems = (
        *_drift(regressions),
        *_signatures(articles, rows),
        *_references(articles, tables),
        *_rows(tables),
        *_seals(tables),
        *_elsewhere(tables, evidence.values_of),
        *_noise(tables),
        *_unexecuted(articles, root, notebooks),
        *_doubts(articles, rows),
        *stale_summaries(generated, root),
        *stale_documents(generated, documents or {}),
        *unmeasured(articles, evidence.values_of),
        *stale_numbers(evidence.values_of, sentences),
    )
    judged, apart = tables.full, tuple(tables.pooled[1])
    return Report(articles, rows, regressions, problems, tables.metrics, generated, judged, apart)


def _generated(articles, rows: tuple[Row, ...], tables: _Committed, values_of) -> Generated:
    details = ledger.ledger_frame(articles, tables.full, tables.metrics)
    frames = ((VERDICTS, verdicts_frame(rows)), (LEDGER, details))
    return Generated(
        details,
        {each.file_name: render_table(each, frame, each.file_name) for each, frame in frames},
        {
            "claims": markdown_table(articles, rows),
            "ledger": ledger.ledger_table(articles, details),
            **overview.tables(articles, rows, tables.metrics),
            **backends.tables(articles, values_of, tables.elsewhere, tables.elsewhere_runs),
        },
        values_of,
    )


def _compare_today(tables: _Committed, today_root: Path | None) -> list[Regression]:
    nothing = today_root is None
    return compare(
        tables.measurements,
        tables.measurements.iloc[:0] if nothing else results.read_measurements(Path(today_root)),
        committed_provenance=tables.provenance,
        today_provenance={} if nothing else results.read_provenance(Path(today_root)),
        machines=tables.machines,
        metrics=tables.metrics,
    )


def _drift(regressions: tuple[Regression, ...]) -> Iterator[Problem]:
    for row in regressions:
        if row.status == "drifted":
            cause = f"{row.upgrades} is the likely cause; " if row.upgrades else ""
            yield Problem(
                f"{row.experiment}/{row.metric}, {row.profile}, seed {row.seed}",
                row.expected,
                row.found,
                f"drift: {cause}see `why` for what changed; fix it, or commit it with "
                "`make accept`; for an old build/ beside newer results/, `make reproduce`",
                measures=_doubted(row.experiment, row.profile, [row.metric]),
            )


def _doubted(experiment: str, profile: str, metrics: Iterable[str]) -> tuple[str, ...]:
    """The metrics as "experiment/metric"; none where no claim is judged by the profile."""
    return tuple(f"{experiment}/{each}" for each in sorted(metrics)) if profile == "full" else ()


def _signatures(articles: Mapping[str, Article], rows: Iterable[Row]) -> Iterator[Problem]:
    for row in rows:
        claim, judgement = row.claim, row.judgement
        if claim.verdict != judgement.verdict:
            path, unsigned = articles[row.slug].path, claim.verdict == ""
            yield Problem(
                f"{row.slug}/{claim.id}",
                "a signed verdict" if unsigned else f"{claim.verdict}, as signed",
                f"{judgement.verdict} (n = {judgement.n}): {judgement.reason}",
                f"read the runs, then {'sign' if unsigned else 'correct'} `verdict` and "
                f"`explanation` at {path.name}:{claim.line}",
                place=(path, claim.line),
            )


def _references(articles: Mapping[str, Article], tables: _Committed) -> Iterator[Problem]:
    """Names that no table declares; an extended experiment may be there not at all."""
    declared = set(tables.metrics["experiment"] + "/" + tables.metrics["metric"])
    experiments = set(tables.metrics["experiment"])
    named = [
        *((slug, claim, claim.references, claim.core) for slug, claim in claims_of(articles)),
        *((slug, detail, detail.references, False) for slug, detail in ledger.details_of(articles)),
    ]
    for slug, entry, references, core in named:
        unknown = [
            reference
            for reference in references
            if reference not in declared and (core or reference.split("/")[0] in experiments)
        ]
        if unknown:
            where = f"{articles[slug].path.name}:{entry.line}"
            yield Problem(
                f"{slug}/{entry.id}",
                f"metrics that {slug}/metrics.csv declares",
                ", ".join(unknown),
                f"run the experiment and `make accept`, or correct the names at {where}",
                place=(articles[slug].path, entry.line),
            )


def _rows(tables: _Committed) -> Iterator[Problem]:
    declared = tables.metrics.groupby("experiment")["metric"].agg(set).to_dict()
    for run, rows in tables.measurements.groupby(["experiment", "profile", "seed"]):
        subject = f"{run[0]}, {run[1]}, seed {run[2]}"
        expected, measured = declared.get(run[0], set()), set(rows["metric"])
        again = "re-run it and `make accept`"
        missing, surplus = expected - measured, measured - expected
        untold = set() if "/".join(map(str, run)) in tables.provenance else measured
        for names, wanted, received in (
            (missing, "a row for every declared metric", f"no row of {', '.join(sorted(missing))}"),
            (surplus, "only metrics that metrics.csv declares", ", ".join(sorted(surplus))),
            (untold, "how it was made, in provenance.json", "nothing"),
        ):
            if names:
                doubted = _doubted(*run[:2], names)
                yield Problem(subject, wanted, received, again, measures=doubted)
    core = set(tables.metrics.loc[tables.metrics["tier"] == "core", "experiment"])
    for experiment in sorted(core - set(tables.full["experiment"])):
        yield Problem(
            experiment,
            "a committed run of profile full, as its tier is core",
            "none",
            "run it with PROFILE=full and `make accept`",
            measures=_doubted(experiment, "full", declared[experiment]),
        )


def _seals(tables: _Committed) -> Iterator[Problem]:
    """Runs that are not as `make accept` left them."""
    rows = seals.rows_by_run(tables.measurements, tables.history)
    for run, fault in seals.broken(tables.provenance, rows).items():
        experiment, profile, seed = run.split("/")
        names = tables.metrics.loc[tables.metrics["experiment"] == experiment, "metric"]
        yield Problem(
            f"{experiment}, {profile}, seed {seed}",
            "rows and provenance as they were accepted",
            fault,
            "restore them from git, or re-run it and `make accept`",
            measures=_doubted(experiment, profile, names),
        )


def _noise(tables: _Committed) -> Iterator[Problem]:
    """Machine noise that does not fit what was measured."""
    fix = "measure it with `make noise`, or restore the table from git"
    for misfit in noise.misfits(tables.machines, tables.measurements, tables.metrics):
        yield Problem(*misfit, fix)


def _unexecuted(
    articles: Mapping[str, Article], root: Path, notebooks: Path | None
) -> Iterator[Problem]:
    """Notebooks of measured articles whose executed copy is not committed."""
    for slug, article in articles.items() if notebooks else ():
        executed, measured = root / slug / "notebook.ipynb", root / slug / "measurements.csv"
        written = (notebooks / article.notebook).is_file() and measured.is_file()
        if written and not executed.is_file():
            again = f"restore it from git, or `make reproduce ARTICLE={slug}`, then `make accept`"
            yield Problem(str(executed), f"{article.notebook}, executed", "no such file", again)


def _elsewhere(tables: _Committed, values_of: ValuesOf) -> Iterator[Problem]:
    """Runs on other backends that cannot be held against ours, or say not how they were made."""
    again = "re-run it there, then `python -m replication backends FOLDER`"
    for run in backends.unmatched(values_of, tables.elsewhere):
        yield Problem(f"backends.csv, {run}", "numbers that we have as well", "others", again)
    for run in sorted({*names_of(tables.elsewhere, BACKEND_RUN)} - {*tables.elsewhere_runs}):
        yield Problem(run, "how it was made, in backends.json", "nothing", again)


def _doubts(articles: Mapping[str, Article], rows: Iterable[Row]) -> Iterator[Problem]:
    """Tests that cannot be right: a tolerance below seed noise, a control with too few seeds."""
    for row in rows:
        for expected, found, fix in row.claim.doubts(row.judgement):
            path, line = place = articles[row.slug].path, row.claim.line
            where = f"{fix}, at {path.name}:{line}"
            yield Problem(f"{row.slug}/{row.claim.id}", expected, found, where, place)

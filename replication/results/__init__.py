"""The results tables: what they hold, and the only code that writes them.

Both halves of the project meet in these files. The measuring half records
rows, the judging half reads them; this package knows neither half. A folder
`<root>/<slug>/` holds, for one article,

    measurements.csv   one number per experiment, profile, seed and metric
    metrics.csv        unit, direction and tier of every declared metric
    history.csv        one number per epoch and quantity
    provenance.json    how each run was made, by "experiment/profile/seed"

and beside them `<root>/verdicts.csv` holds one row per claim, `ledger.csv` one per
alternative to a detail that an article leaves open. Rows are sorted and numbers
have 6 significant digits, so that a diff of a table means something.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from replication.results import seals
from replication.results.files import cannot_read, locked, read_text, replace_texts
from replication.results.schema import (
    HISTORY,
    MEASUREMENTS,
    METRICS,
    PROFILES,
    ResultsError,
    Table,
    format_value,
    names_of,
    parse_provenance,
    parse_table,
    render_provenance,
    render_table,
)

__all__ = [
    "PROFILES",
    "ResultsError",
    "Run",
    "add_runs",
    "format_value",
    "overwritten",
    "promote",
    "read_history",
    "read_measurements",
    "read_metrics",
    "read_provenance",
    "read_text",
    "write_runs",
    "write_text",
]
PROVENANCE = "provenance.json"
_REASON = "accepted_because"  # in the provenance of a run


def read_measurements(root: Path, slug: str | None = None) -> pd.DataFrame:
    """The measurements of one article, or of all; empty where nothing was measured."""
    return read_table(MEASUREMENTS, Path(root), slug)


def read_metrics(root: Path, slug: str | None = None) -> pd.DataFrame:
    """The declared metrics of one article, or of all."""
    return read_table(METRICS, Path(root), slug)


def read_history(root: Path, slug: str | None = None) -> pd.DataFrame:
    """The per-epoch quantities of one article, or of all, in long form."""
    return read_table(HISTORY, Path(root), slug)


def read_provenance(root: Path, slug: str | None = None) -> dict[str, dict]:
    """How each run was made, by "experiment/profile/seed", of one article or of all."""
    return provenance_of(_texts(Path(root), slug, PROVENANCE))


def write_text(path: Path, text: str) -> None:
    """Replaces a text file whole, or raises ResultsError and leaves it as it was."""
    replace_texts({Path(path): text})


@dataclass(frozen=True)
class Run:
    """One finished run, as the four tables hold it.

    Attributes:
        experiment: Name of the experiment.
        profile: `full`, `embedded` or `smoke`.
        seed: Seed of the run.
        tier: `core` or `extended`.
        metrics: Every declared metric as `(metric, unit, better)`.
        measurements: `(value, num_examples)` of every declared metric.
        history: Means of each epoch; empty where nothing was trained.
        provenance: How the run was made; its `fingerprint` names the environment.
    """

    experiment: str
    profile: str
    seed: int
    tier: str
    metrics: Sequence[tuple[str, str, str]]
    measurements: Mapping[str, tuple[float, int]]
    history: Sequence[Mapping[str, float]]
    provenance: Mapping[str, object]

    @property
    def name(self) -> str:
        """`experiment/profile/seed`, as in `provenance.json`."""
        return f"{self.experiment}/{self.profile}/{self.seed}"


def write_runs(root: Path, slug: str, runs: Iterable[Run]) -> None:
    """Makes the tables of `<root>/<slug>` those of these runs and of no other.

    A table that says so already is left as it is.

    Args:
        root: Folder of the tables, normally `build/results`.
        slug: The article the experiments belong to.
        runs: Read while the folder is locked: who writes last has looked last.

    Raises:
        ResultsError: If a value is not finite, the measured names are not the
            declared ones, or the folder cannot be written. All tables are then
            as they were.
    """
    root = Path(root)
    with locked(root):
        rows = _Rows.of(runs)
        texts = rows.texts_in(root / slug) if rows.provenance or (root / slug).exists() else {}
        replace_texts({path: text for path, text in texts.items() if not _holds(path, text)})


def add_runs(root: Path, slug: str, runs: Iterable[Run]) -> list[str]:
    """Adds sealed runs to the tables of `<root>/<slug>`; one that is there already stays.

    Returns:
        The runs added, as "experiment/profile/seed".
    """
    with locked(Path(root)):
        there = read_provenance(root, slug)
        new = [run for run in runs if run.name not in there]
        rows = _Rows.of(new)
        names = [run.name for run in new]
        sealed = seals.sealed(rows.provenance, rows.texts, names)
        if new:
            _merge(Path(root), slug, replace(rows, provenance=sealed), names)
    return names


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except (OSError, UnicodeEncodeError):  # writing tells what is wrong
        return False


def _require_declared(run: Run) -> None:
    declared, measured = {metric for metric, _, _ in run.metrics}, set(run.measurements)
    if declared != measured:
        raise ResultsError(
            f"experiment {run.experiment!r}, seed {run.seed}: expected every declared metric and "
            f"no other; received none of {sorted(declared - measured)} and, undeclared, "
            f"{sorted(measured - declared)}; measure what is declared, or declare it"
        )


def promote(
    source_root: Path,
    target_root: Path,
    slug: str,
    *,
    reason: str = "",
    foreseen: Collection[str] | None = None,
) -> list[str]:
    """Merges the runs of one folder of results over those of another.

    A run (experiment, profile, seed) of the source replaces the target's
    whole; runs that only the target has are kept, and smoke runs stay out. Declared
    metrics go over for every experiment of the source.

    Args:
        source_root: Where the new tables are, normally `build/results`.
        target_root: Where they go, normally `results`.
        slug: The article.
        reason: Why numbers may change; kept as `accepted_because` in the provenance of those
            runs whose numbers do, in place of an older one, and of no other.
        foreseen: The runs that `overwritten` told, and the reason is for; None for whatever run.

    Returns:
        The runs that are new or differ in a number or in provenance, or whose seal is broken, as
        "experiment/profile/seed", sorted; the reason given when they were accepted is not compared.

    Raises:
        ResultsError: If numbers of other runs than foreseen would change or disappear, as when
            somebody else has promoted meanwhile. Nothing of the article is promoted then.
    """
    source_root, target_root = Path(source_root), Path(target_root)
    with locked(target_root):  # before anything is read: who writes last has looked last
        source, target = _Rows.read(source_root, slug), _Rows.read(target_root, slug)
        lost = _evidence(_overwritten(source, target))
        others = [] if foreseen is None else [name for name in lost if name not in foreseen]
        if others:
            raise ResultsError(
                f"{target_root / slug}: expected the numbers that were there before, received "
                f"others of {', '.join(others)}, written meanwhile; nothing of {slug} was "
                "accepted: look at what would change, and accept again"
            )
        changed = _changed(source, target)
        new_metrics = set(source.metrics.itertuples(index=False, name=None)) - set(
            target.metrics.itertuples(index=False, name=None)
        )
        if changed or new_metrics:
            reasoned = _with_reasons(source, target, changed, reason)
            sealed = seals.sealed(reasoned, source.texts, changed)
            _merge(target_root, slug, replace(source, provenance=sealed), changed)
    return changed


def _changed(source: "_Rows", target: "_Rows") -> list[str]:
    """The runs of the source that the target has otherwise, or with a broken seal, or not."""
    sealed = {name: run for name, run in target.provenance.items() if seals.SEAL in run}
    doubtful = seals.broken(sealed, target.texts)
    return _evidence(
        name
        for name in source.texts
        if name in doubtful or source.content(name) != target.content(name)
    )


def overwritten(source_root: Path, target_root: Path, slug: str) -> list[str]:
    """The runs of the target of which `promote` would change or drop a number, sorted.

    A run that the target does not have loses nothing, nor does one that comes
    back with the same numbers or with more of them.
    """
    source, target = _Rows.read(Path(source_root), slug), _Rows.read(Path(target_root), slug)
    return _evidence(_overwritten(source, target))


def _overwritten(source: "_Rows", target: "_Rows") -> set[str]:
    before, after = target.texts, source.texts
    return {name for name in before.keys() & after.keys() if not {*before[name]} <= {*after[name]}}


def _evidence(names: Iterable[str]) -> list[str]:
    """These runs in order, smoke aside."""
    runs = [name.rsplit("/", 2) for name in names]
    runs.sort(key=lambda run: (*run[:2], int(run[2])))
    return ["/".join(run) for run in runs if run[1] != "smoke"]


def _with_reasons(source: "_Rows", target: "_Rows", runs: list[str], reason: str) -> dict:
    """The provenance of the source; a run whose numbers change says why, others what they said."""
    provenance, lost = dict(source.provenance), _overwritten(source, target)
    for name in runs:
        why = reason if name in lost else target.provenance.get(name, {}).get(_REASON, "")
        if name in provenance and why:
            provenance[name] = {**provenance[name], _REASON: why}
    return provenance


@dataclass(frozen=True)
class _Rows:
    """The rows of some runs in all four tables."""

    measurements: pd.DataFrame
    metrics: pd.DataFrame
    history: pd.DataFrame
    provenance: dict[str, dict]

    @staticmethod
    def read(root: Path, slug: str) -> "_Rows":
        return _Rows(
            read_measurements(root, slug),
            read_metrics(root, slug),
            read_history(root, slug),
            read_provenance(root, slug),
        )

    @staticmethod
    def of(runs: Iterable[Run]) -> "_Rows":
        measurements, metrics, history, provenance = [], set(), [], {}
        for run in runs:
            name = (run.experiment, run.profile, run.seed)
            _require_declared(run)
            measurements += [(*name, metric, *value) for metric, value in run.measurements.items()]
            metrics |= {(run.experiment, *metric, run.tier) for metric in run.metrics}
            history += [
                (*name, epoch, quantity, value)
                for epoch, means in enumerate(run.history, start=1)
                for quantity, value in means.items()
            ]
            provenance[run.name] = dict(run.provenance)
        tables = ((MEASUREMENTS, measurements), (METRICS, metrics), (HISTORY, history))
        frames = (pd.DataFrame(list(rows), columns=list(table.columns)) for table, rows in tables)
        return _Rows(*frames, provenance)

    def texts_in(self, folder: Path) -> dict[Path, str]:
        """The text of each table by its file in a folder, in the order in which to replace them.

        Provenance comes last: it vouches for rows that are there already.
        """
        tables = ((METRICS, self.metrics), (HISTORY, self.history))
        return {
            folder / table.file_name: render_table(table, rows, table.file_name)
            for table, rows in (*tables, (MEASUREMENTS, self.measurements))
        } | {folder / PROVENANCE: render_provenance(self.provenance, PROVENANCE)}

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """Every row of each measured run, as a seal covers it."""
        return seals.rows_by_run(self.measurements, self.history)

    def content(self, name: str) -> tuple:
        """Everything known of a run but what was said when it was accepted, to compare it."""
        about = self.provenance.get(name, {})
        return self.texts.get(name), {k: v for k, v in about.items() if k not in seals.LEFT_OUT}


def _merge(root: Path, slug: str, new: _Rows, runs: Collection[str]) -> None:
    """Replaces these runs by the rows of `new`; other rows of `new` stay out."""
    old = _Rows.read(root, slug)

    def of_runs(frame: pd.DataFrame) -> pd.Series:
        return pd.Series([name in runs for name in names_of(frame)], index=frame.index, dtype=bool)

    def merged(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
        return _concat(before[~of_runs(before)], after[of_runs(after)])

    metrics = _concat(
        old.metrics[~old.metrics["experiment"].isin(new.metrics["experiment"])], new.metrics
    )
    provenance = {name: run for name, run in old.provenance.items() if name not in runs}
    provenance |= {name: run for name, run in new.provenance.items() if name in runs}
    measurements = merged(old.measurements, new.measurements)
    together = _Rows(measurements, metrics, merged(old.history, new.history), provenance)
    replace_texts(together.texts_in(root / slug))


def _concat(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame for frame in (before, after) if len(frame)] or [before])


def _texts(root: Path, slug: str | None, file_name: str) -> Iterator[tuple[str, str]]:
    """Name and text of this file of one article, or of all."""
    try:
        folders = [root / slug] if slug is not None else sorted(root.glob("*/"))
        paths = [folder / file_name for folder in folders if (folder / file_name).is_file()]
    except OSError as error:
        raise cannot_read(root, error) from error
    return ((str(path), read_text(path)) for path in paths)


def read_table(table: Table, root: Path, slug: str | None) -> pd.DataFrame:
    """The rows of one article, or of all; see `table_of`."""
    return table_of(table, _texts(root, slug, table.file_name))


def table_of(table: Table, texts: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The rows of files, each by name and text; no experiment may stand in two of them."""
    frame = parse_table(table, ",".join(table.columns), table.file_name)
    owners: dict[str, str] = {}
    for source, text in texts:
        rows = parse_table(table, text, source)
        for experiment in rows["experiment"].unique():
            if owners.setdefault(experiment, source) != source:
                raise ResultsError(
                    f"{source}: expected experiment {experiment!r} in one article only, received "
                    f"it here and in {owners[experiment]}; remove one"
                )
        frame = _concat(frame, rows)
    return frame.reset_index(drop=True)


def provenance_of(texts: Iterable[tuple[str, str]]) -> dict[str, dict]:
    """The runs of provenance files, each by name and text."""
    runs: dict[str, dict] = {}
    for source, text in texts:
        runs.update(parse_provenance(text, source))
    return runs

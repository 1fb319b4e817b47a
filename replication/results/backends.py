"""Runs on other backends and devices, kept beside our own tables and never among them.

`<root>/backends.csv` holds one number per backend, device, experiment, profile,
seed and metric; `<root>/backends.json` how each run was made.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from replication.results import read_measurements, read_provenance
from replication.results.files import locked, read_text, replace_texts
from replication.results.schema import (
    BACKEND,
    BACKEND_RUN,
    BACKENDS,
    RUN,
    ResultsError,
    names_of,
    parse_provenance,
    parse_table,
    render_provenance,
    render_table,
)

__all__ = ["add_backend", "read_backend_runs", "read_backends"]
_PROVENANCE = "backends.json"


def read_backends(root: Path) -> pd.DataFrame:
    """The numbers of other backends and devices; empty where there are none."""
    path = Path(root) / BACKENDS.file_name
    text = read_text(path) if path.is_file() else ",".join(BACKENDS.columns)
    return parse_table(BACKENDS, text, str(path))


def read_backend_runs(root: Path) -> dict[str, dict]:
    """How each of their runs was made, by "backend/device/experiment/profile/seed"."""
    path = Path(root) / _PROVENANCE
    runs = parse_provenance(read_text(path), str(path), BACKEND_RUN) if path.is_file() else {}
    for name, about in runs.items():
        if "environment" not in about:
            raise ResultsError(
                f"{path}: run {name!r}: expected an environment, received none; restore the file "
                "or take the run again"
            )
    return runs


def add_backend(root: Path, *folders: Path) -> list[str]:
    """Takes the runs of profile full from build folders of other backends or devices.

    A run that is there already is replaced whole; others stay.

    Args:
        root: The committed results, normally `results`.
        *folders: The `build` of a checkout that ran under another `KERAS_BACKEND` or on another
            machine, each.

    Returns:
        The runs as "backend/device/experiment/profile/seed", sorted.

    Raises:
        ResultsError: If a folder has no such run, or a run does not say what
            it ran on; nothing was taken then.
    """
    taken: dict[str, tuple[pd.DataFrame, dict]] = {}
    for folder in folders:
        taken |= _runs(Path(folder) / "results")
    with locked(Path(root)):
        old, made = read_backends(root), read_backend_runs(root)
        kept = old[[name not in taken for name in names_of(old, BACKEND_RUN)]]
        table = pd.concat(
            [each for each in (kept, *(rows for rows, _ in taken.values())) if len(each)]
        )
        made |= {name: about for name, (_, about) in taken.items()}
        texts = {
            Path(root) / _PROVENANCE: render_provenance(made, _PROVENANCE, BACKEND_RUN),
            Path(root) / BACKENDS.file_name: render_table(BACKENDS, table, BACKENDS.file_name),
        }
        replace_texts(texts)
    return sorted(taken)


def _runs(source: Path) -> dict[str, tuple[pd.DataFrame, dict]]:
    """The numbers of each run of profile full in a folder of results, and how it was made."""
    frame, provenance = read_measurements(source), read_provenance(source)
    full = frame[frame["profile"] == "full"]
    if full.empty:
        raise ResultsError(
            f"{source}: expected runs of profile full, received none; name the build folder of "
            "the other backend, where `sweep` left its results"
        )
    runs = {}
    for run, rows in full.groupby(list(RUN)):
        name = "/".join(map(str, run))
        backend = _backend(provenance, name, source)
        numbers = rows.assign(**backend)[list(BACKENDS.columns)]
        runs["/".join([*backend.values(), name])] = numbers, provenance[name]
    return runs


def _backend(provenance: Mapping[str, dict], run: str, source: Path) -> dict[str, str]:
    """What a run was computed with, and on what."""
    environment = provenance.get(run, {}).get("environment", {})
    backend = {name: environment.get(name) for name in BACKEND}
    if not all(backend.values()):
        raise ResultsError(
            f"{source}: run {run!r}: expected an environment with {' and '.join(BACKEND)} in its "
            f"provenance, received {environment or 'none'}; run it again"
        )
    return backend

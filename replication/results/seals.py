"""Seals: what `make accept` took over for a run, in one digest beside how the run was made.

A seal covers the run's name, every one of its rows in `measurements.csv` and `history.csv`, and
its provenance. A row that is changed, swapped, rounded, added, dropped or given to another run by
any other way than `make accept` no longer fits. It is no signature: who computes it again as well
is found out by git history (`make diff`) and by running again (`make reproduce`).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from replication.results.schema import format_value, names_of

SEAL = "seal"  # in the provenance of a run
LEFT_OUT = (SEAL, "accepted_because")  # of what a seal covers
_Rows = Mapping[str, list[str]]  # the rows of each run as text, sorted


def rows_by_run(measurements: pd.DataFrame, history: pd.DataFrame) -> dict[str, list[str]]:
    """Every row by "experiment/profile/seed", as text, sorted."""
    texts: dict[str, list[str]] = {}
    for frame, columns in (
        (measurements, ["metric", "num_examples", "value"]),
        (history, ["epoch", "quantity", "value"]),
    ):
        rows = frame[columns].itertuples(index=False, name=None)
        for name, (*words, value) in zip(names_of(frame), rows, strict=True):
            text = ",".join([*map(str, words), format_value(value)])
            texts.setdefault(name, []).append(text)
    return {name: sorted(rows) for name, rows in texts.items()}


def sealed(provenance: Mapping[str, dict], rows: _Rows, names: Collection[str]) -> dict[str, dict]:
    """The provenance, with a seal for each of these runs."""
    return {
        name: {**about, SEAL: _seal(name, about, rows)} if name in names else about
        for name, about in provenance.items()
    }


def broken(provenance: Mapping[str, dict], rows: _Rows) -> dict[str, str]:
    """What is wrong with the seals, by run; nothing where no run was ever sealed."""
    faults = dict(_doubles(provenance))
    if any(SEAL in about for about in provenance.values()):
        for name, about in provenance.items():
            if SEAL not in about:
                faults[name] = "no seal"
            elif about[SEAL] != _seal(name, about, rows):
                faults[name] = "others" if name in rows else "no rows at all"
    return faults


def _doubles(provenance: Mapping[str, dict]) -> Iterable[tuple[str, str]]:
    """Runs with the key of another run: one run that stands for two."""
    first: dict[str, str] = {}
    for name, about in provenance.items():
        key = about.get("key")
        if key is not None and first.setdefault(key, name) != name:
            yield name, f"the key of {first[key]}"


def _seal(name: str, about: dict, rows: _Rows) -> str:
    content = {
        "run": name,
        "rows": rows.get(name, []),
        "about": {key: value for key, value in about.items() if key not in LEFT_OUT},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

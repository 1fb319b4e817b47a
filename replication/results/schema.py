"""The columns of the results tables, and their text form: parsed strictly, rendered stably."""

import csv
import functools
import io
import json
import math
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from replication.errors import ReplicationError

PROFILES = ("full", "embedded", "smoke")
RUN = ("experiment", "profile", "seed")
BACKEND = ("backend", "device")
BACKEND_RUN = (*BACKEND, *RUN)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # of a terminal; no name needs one
LARGEST = 1e150  # its square is still a number, so that a spread can be computed
_LARGEST_COUNT = 2**63 - 1
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


# The same dtype as "str" without pyarrow behind it, whose texts are slow to go through.
_STRING = pd.StringDtype("python", na_value=math.nan)


class ResultsError(ReplicationError, ValueError):
    """A results table that cannot be read or written: says where, and what was expected."""


def format_value(value: float) -> str:
    """The number with 6 significant digits, as every table holds it.

    Raises:
        ResultsError: If the number is not finite.

    >>> format_value(0.84512345)
    '0.845123'
    """
    if not math.isfinite(value):
        raise ResultsError(
            f"expected a finite number, received {value}; a metric that cannot be computed "
            "must be reported by its experiment, not stored"
        )
    text = f"{float(value):.6g}"
    return "0" if text == "-0" else text


def names_of(rows: pd.DataFrame, key: Sequence[str] = RUN) -> list[str]:
    """The run of each row, as "experiment/profile/seed" or what else its key is made of."""
    return ["/".join(map(str, run)) for run in zip(*(rows[name] for name in key), strict=True)]


@dataclass(frozen=True)
class _Kind:
    """What a column may hold: how a cell is parsed, rendered, described and typed."""

    parse: Callable[[str], object]
    render: Callable[[object], str]
    expected: str
    dtype: str | pd.StringDtype


@dataclass(frozen=True)
class Table:
    """The schema of one table: its file, its columns in order, and what makes a row unique."""

    file_name: str
    columns: Mapping[str, _Kind]
    key: tuple[str, ...]


@functools.lru_cache(4096)  # a table has few names, in many rows
def _parse_text(cell: str) -> str:
    if not cell or cell != cell.strip() or CONTROL.search(cell):
        raise ValueError(cell)
    return cell


def _parse_count(cell: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", cell) or int(cell) > _LARGEST_COUNT:
        raise ValueError(cell)
    return int(cell)


def _parse_number(cell: str) -> float:
    if not _DECIMAL.fullmatch(cell) or not abs(value := float(cell)) <= LARGEST:
        raise ValueError(cell)
    return value


def _render_count(value) -> str:
    if isinstance(value, float) and value.is_integer():  # pandas turns int columns into float
        value = int(value)
    return str(value)


def _one_of(*names: str) -> _Kind:
    def parse(cell: str) -> str:
        if cell not in names:
            raise ValueError(cell)
        return cell

    return _Kind(parse, str, "one of " + ", ".join(names), _STRING)


_TEXT = _Kind(_parse_text, str, "one line of text without blanks around it", _STRING)
_COUNT = _Kind(_parse_count, _render_count, "a whole number >= 0, of at most 19 digits", "int64")
_NUMBER = _Kind(_parse_number, format_value, f"a finite number up to {LARGEST:g}", "float64")
_BLANK_OR_NUMBER = _Kind(
    lambda cell: _parse_number(cell) if cell else math.nan,
    lambda value: "" if pd.isna(value) else format_value(value),
    f"a finite number up to {LARGEST:g}, or nothing",
    "float64",
)
_RUN_COLUMNS = {"experiment": _TEXT, "profile": _one_of(*PROFILES), "seed": _COUNT}

MEASUREMENTS = Table(
    "measurements.csv",
    _RUN_COLUMNS | {"metric": _TEXT, "value": _NUMBER, "num_examples": _COUNT},
    (*RUN, "metric"),
)
METRICS = Table(
    "metrics.csv",
    {
        "experiment": _TEXT,
        "metric": _TEXT,
        "unit": _TEXT,
        "better": _one_of("higher", "lower", "none"),
        "tier": _one_of("core", "extended"),
    },
    ("experiment", "metric"),
)
HISTORY = Table(
    "history.csv",
    _RUN_COLUMNS | {"epoch": _COUNT, "quantity": _TEXT, "value": _NUMBER},
    (*RUN, "epoch", "quantity"),
)
VERDICTS = Table(
    "verdicts.csv",
    dict.fromkeys(("article", "claim", "voice", "kind", "says"), _TEXT)
    | dict.fromkeys(("expected", "mean", "low", "high"), _BLANK_OR_NUMBER)
    | {"n": _COUNT, "seeds_needed": _TEXT, "rests_on": _TEXT}
    | dict.fromkeys(("verdict", "depends_on_settings"), _TEXT),
    ("article", "claim"),
)
LEDGER = Table(
    "ledger.csv",
    dict.fromkeys(("article", "detail", "alternative", "measures", "unit"), _TEXT)
    | dict.fromkeys(("ours", "difference", "low", "high", "typical"), _BLANK_OR_NUMBER)
    | {"n": _COUNT, "moves": _one_of("yes", "not seen", "unknown")},
    ("article", "detail", "alternative"),
)
NOISE = Table(
    "noise.csv",
    {"machine": _TEXT} | _RUN_COLUMNS | {"metric": _TEXT, "value": _NUMBER},
    ("machine", *RUN, "metric"),
)
BACKENDS = Table(
    "backends.csv",
    dict.fromkeys(BACKEND, _TEXT) | _RUN_COLUMNS | {"metric": _TEXT, "value": _NUMBER},
    (*BACKEND_RUN, "metric"),
)


def _is_environment(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str | int) for each in value.values())


# What else a run may say of itself; none is required of a run made by hand.
_ABOUT: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(
        ("key", "source", "commit", "accepted_because", "unchanged_because"),
        (lambda value: isinstance(value, str), "a text"),
    ),
    "seal": (
        lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{16}", value) is not None,
        "16 hexadecimal digits",
    ),
    "environment": (_is_environment, "an object of texts and whole numbers"),
    "data": (_is_environment, "an object of texts"),
    "numerics": (_is_environment, "an object of texts"),
    "minutes": (
        lambda value: type(value) in (int, float) and 0 <= value <= LARGEST,
        "a number >= 0",
    ),
}


def parse_table(table: Table, text: str, source: str) -> pd.DataFrame:
    """The rows of a CSV text, typed, in the order of the text; its source is for messages.

    Raises:
        ResultsError: With file, line and what was expected there.
    """
    reader = csv.reader(io.StringIO(text), strict=True)
    rows, lines = [], []
    try:
        header = next(reader, [])
        _check_columns(table, header, f"{source}:1")
        for cells in reader:
            rows.append(_parse_row(table, cells, f"{source}:{reader.line_num}"))
            lines.append(f"{source}:{reader.line_num}")
    except csv.Error as error:
        raise ResultsError(
            f"{source}:{reader.line_num}: expected comma-separated values, received text that "
            f"is none ({error}); restore the file or write it again with `make accept`"
        ) from error
    _check_unique(table, rows, lines)
    frame = pd.DataFrame(rows, columns=list(table.columns))
    return frame.astype({name: kind.dtype for name, kind in table.columns.items()})


def render_table(table: Table, frame: pd.DataFrame, source: str) -> str:
    """The CSV text of a frame: columns in order, rows sorted by key, 6 significant digits.

    Raises:
        ResultsError: If a column is missing or unknown, a cell is not of its
            kind, or two rows have the same key. Rows are counted from 1.
    """
    columns = list(table.columns)
    known = [name for name in columns if name in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in columns]
    _check_columns(table, known + unknown, source)
    rows, places = [], []
    for number, values in enumerate(frame[columns].itertuples(index=False, name=None), start=1):
        places.append(f"{source}, row {number}")
        cells = [
            _render_cell(table.columns[name], value, f"{places[-1]}, column {name!r}")
            for name, value in zip(columns, values, strict=True)
        ]
        rows.append((_parse_row(table, cells, places[-1]), cells))
    _check_unique(table, [row for row, _ in rows], places)
    indices = [columns.index(name) for name in table.key]
    rows.sort(key=lambda row: [row[0][index] for index in indices])
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([columns, *(cells for _, cells in rows)])
    return buffer.getvalue()


def parse_provenance(text: str, source: str, names: tuple[str, ...] = RUN) -> dict[str, dict]:
    """The runs of a provenance file by "experiment/profile/seed"; see `render_provenance`."""
    try:
        runs = json.loads(text, object_pairs_hook=_distinct)
        json.dumps(runs, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        raise ResultsError(
            f"{source}:{error.lineno}: expected JSON, received text that is none ({error.msg}); "
            "restore the file or write it again with `make accept`"
        ) from error
    except (RecursionError, ValueError) as error:
        why = "brackets nested too deeply" if isinstance(error, RecursionError) else error
        raise ResultsError(
            f"{source}:1: expected JSON with finite numbers and each key once, received {why}; "
            "restore the file or write it again with `make accept`"
        ) from error
    if not isinstance(runs, dict):
        raise ResultsError(f"{source}:1: expected an object, received {type(runs).__name__}")
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        lines.setdefault(line.strip().split('": ', 1)[0] + '"', number)
    for key, run in runs.items():
        line = lines.get(json.dumps(key, ensure_ascii=False), 1)
        _check_provenance(key, run, f"{source}:{line}", names)
    return runs


def render_provenance(runs: Mapping[str, dict], source: str, names: tuple[str, ...] = RUN) -> str:
    """The JSON text of the runs by their keys, which are `names` joined by slashes, sorted."""
    for key, run in runs.items():
        _check_provenance(key, run, source, names)
    try:
        return (
            json.dumps(runs, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        )
    except (TypeError, ValueError) as error:
        raise ResultsError(
            f"{source}: expected texts, finite numbers, lists and mappings, received {error}; "
            "convert the value before recording it"
        ) from error


def _distinct(pairs: list[tuple[str, object]]) -> dict:
    """The mapping of a JSON object; of a key that stands twice, JSON would keep the last."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} twice")
    return mapping


def _check_provenance(key: str, run: object, where: str, names: tuple[str, ...]) -> None:
    parts = {"profile": f"({'|'.join(PROFILES)})", "seed": "[0-9]{1,19}"}
    if not re.fullmatch(
        "/".join(parts.get(name, "[^/]+") for name in names), key
    ) or CONTROL.search(key):
        raise ResultsError(
            f"{where}: expected a key {'/'.join(names)!r} with a profile of "
            f"{', '.join(PROFILES)}, received {shortened(key)!r}"
        )
    fingerprint = run.get("fingerprint") if isinstance(run, dict) else None
    if not isinstance(fingerprint, str) or not fingerprint:
        raise ResultsError(
            f"{where}: run {shortened(key)!r}: expected an object with a text 'fingerprint' naming "
            f"the environment, received {reprlib.repr(fingerprint)}; record the run again"
        )
    for name, (is_valid, expected) in _ABOUT.items():
        if name in run and not is_valid(run[name]):
            raise ResultsError(
                f"{where}: run {shortened(key)!r}, {name!r}: expected {expected}, received "
                f"{reprlib.repr(run[name])}; record the run again"
            )


def shortened(text: str) -> str:
    """A text for a message, cut short where it is long."""
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"


def _check_columns(table: Table, received: list[str], where: str) -> None:
    if received != list(table.columns):
        raise ResultsError(
            f"{where}: expected the columns {','.join(table.columns)}; "
            f"received {shortened(repr(','.join(received)))}"
        )


def _render_cell(kind: _Kind, value: object, where: str) -> str:
    try:
        return kind.render(value)
    except (TypeError, ValueError) as error:
        raise ResultsError(
            f"{where}: expected {kind.expected}, received {value!r} ({error})"
        ) from error


def _parse_row(table: Table, cells: list[str], where: str) -> tuple:
    if len(cells) != len(table.columns):
        raise ResultsError(
            f"{where}: expected {len(table.columns)} cells ({','.join(table.columns)}), "
            f"received {len(cells)}"
        )
    row = []
    for (name, kind), cell in zip(table.columns.items(), cells, strict=True):
        try:
            row.append(kind.parse(cell))
        except ValueError as error:
            raise ResultsError(
                f"{where}: column {name!r}: expected {kind.expected}, received {shortened(cell)!r}"
            ) from error
    return tuple(row)


def _check_unique(table: Table, rows: list[tuple], places: list[str]) -> None:
    indices = [list(table.columns).index(name) for name in table.key]
    seen: dict[tuple, str] = {}
    for row, place in zip(rows, places, strict=True):
        key = tuple(row[index] for index in indices)
        if key in seen:
            raise ResultsError(
                f"{place}: expected one row for each ({', '.join(table.key)}), received "
                f"{shortened(str(key))} again, first at {seen[key]}; remove one"
            )
        seen[key] = place

"""What changed in results/ since a revision: verdicts, then numbers by the rules of stability.

Both states are judged by the same claims. The numbers of the older one are committed, as it were,
and those of the newer one are today's: `regression` says of each whether it is stable. A number
that is gone matters like one that drifted; one that is new matters with the verdict alone.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from replication.claims import Article, devices
from replication.claims.regression import Regression
from replication.claims.regression import compare as compare_numbers
from replication.claims.report import print_table, terminal
from replication.claims.tables import Row, rows_of
from replication.claims.verdicts import evidence_of, judge_all
from replication.results import format_value
from replication.results.schema import RUN, names_of

if TYPE_CHECKING:
    from rich.console import Console

MATTERS = ("gone", "drifted", "undecided")
_PLAIN = {"markup": False, "highlight": False, "soft_wrap": True}  # a revision may hold brackets
_CELL = [*RUN, "metric"]


@dataclass(frozen=True)
class State:
    """results/ at one time: its numbers, its epochs, and how each run was made."""

    measurements: pd.DataFrame
    history: pd.DataFrame
    provenance: Mapping[str, dict]


@dataclass(frozen=True)
class Number:
    """One number before and after, as text, empty where there is none; see `Regression`."""

    cell: str
    before: str
    after: str
    status: str
    expected: str

    @property
    def matters(self) -> bool:
        """Whether it is gone, drifted, or cannot be told."""
        return self.status in MATTERS


@dataclass(frozen=True)
class Changes:
    """Claims whose cells differ, before and after; numbers; and how many details, by table."""

    claims: tuple[tuple[Row, Row], ...]
    numbers: tuple[Number, ...]
    details: Mapping[str, int]

    @property
    def verdicts(self) -> list[tuple[Row, Row]]:
        """Claims with another verdict."""
        return [
            each for each in self.claims if each[0].judgement.verdict != each[1].judgement.verdict
        ]


def compare(
    before: State,
    after: State,
    articles: Mapping[str, Article],
    *,
    metrics: pd.DataFrame | None = None,
    machines: pd.DataFrame | None = None,
) -> Changes:
    """Every claim, number and epoch that changed, appeared or disappeared.

    Both states are judged by the same articles; for `metrics` and `machines` see
    `regression.compare`.
    """
    pooled = (devices.pool(each.measurements, each.provenance)[0] for each in (before, after))
    rows = [rows_of(articles, judge_all(articles, evidence_of(each, metrics))) for each in pooled]
    claims = [pair for pair in zip(*rows, strict=True) if _cells(pair[0]) != _cells(pair[1])]
    regressions = compare_numbers(
        before.measurements,
        after.measurements,
        committed_provenance=before.provenance,
        today_provenance=after.provenance,
        machines=machines,
        metrics=metrics,
    )
    cells, numbers = names_of(before.measurements, _CELL), before.measurements["value"]
    values = dict(zip(cells, map(format_value, numbers), strict=True))
    numbers = [_number(row, values) for row in regressions]
    changed = tuple(each for each in numbers if each.before != each.after)
    return Changes(tuple(claims), changed, _details(before, after))


def _cells(row: Row) -> tuple[str, str]:
    return row.verdict, row.ours


def _number(row: Regression, before: Mapping[str, str]) -> Number:
    cell = "/".join(map(str, (row.experiment, row.profile, row.seed, row.metric)))
    is_gone = row.status == "not run"
    after, status = ("", "gone") if is_gone else (row.found, row.status)
    return Number(cell, before.get(cell, ""), after, status, row.expected)


def _details(before: State, after: State) -> dict[str, int]:
    """How many rows changed of what no claim is judged by: numbers of examples, and epochs."""
    keys = {
        "num_examples": (_CELL, "num_examples", before.measurements, after.measurements),
        "history": ([*RUN, "quantity", "epoch"], "value", before.history, after.history),
    }
    counts = {}
    for name, (on, column, old, new) in keys.items():
        both = old[[*on, column]].merge(
            new[[*on, column]], on=on, how="outer", suffixes=("_old", "_new")
        )
        if name == "num_examples":  # the others came or went with their number
            both = both.dropna()
        counts[name] = int((both[f"{column}_old"] != both[f"{column}_new"]).sum())
    return counts


def print_changes(
    changes: Changes, since: str, *, everything: bool = False, console: "Console | None" = None
) -> None:
    """Prints what changed, the most important first.

    With `everything`, numbers that do not matter are listed, not only counted.
    """
    console = console or terminal()
    if not changes.claims and not changes.numbers and not any(changes.details.values()):
        line = f"No number of measurements.csv or history.csv in results/ changed since {since}."
        console.print(line, style="green", **_PLAIN)
        return
    console.print(f"Changes of results/ since {since}", style="bold", **_PLAIN)
    others = [each for each in changes.claims if each not in changes.verdicts]
    _print_claims(console, "Other verdicts", changes.verdicts)
    _print_claims(console, "The same verdict, another interval", others)
    mattering = [each for each in changes.numbers if each.matters]
    _print_numbers(console, "Numbers that matter", mattering)
    if everything:
        _print_numbers(
            console, "Numbers that do not", [each for each in changes.numbers if not each.matters]
        )
    console.print(summary_line(changes), **_PLAIN)


def summary_line(changes: Changes) -> str:
    """One line: verdicts, intervals, numbers by status, and details."""
    tally = Counter(each.status for each in changes.numbers)
    told = ", ".join(f"{count} {status}" for status, count in tally.most_common()) or "none"
    return (
        f"claims with another verdict: {len(changes.verdicts)}, with another interval alone: "
        f"{len(changes.claims) - len(changes.verdicts)}; changed numbers: {told} (--all lists "
        f"them); rows of history.csv: {changes.details['history']}, numbers of examples: "
        f"{changes.details['num_examples']}"
    )


def as_json(changes: Changes, revision: str, commit: str) -> str:
    """The same for machines: every number, whether it matters or not."""
    told = {
        "revision": revision,
        "commit": commit,
        "claims": [
            {"claim": f"{old.slug}/{old.claim.id}", "before": _side(old), "after": _side(new)}
            for old, new in changes.claims
        ],
        "numbers": [{**asdict(each), "matters": each.matters} for each in changes.numbers],
        "details": dict(changes.details),
    }
    return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)


def _side(row: Row) -> dict:
    names = ("verdict", "mean", "low", "high", "n")
    return {name: getattr(row.judgement, name) for name in names}


def _print_claims(console, title: str, pairs: Sequence[tuple[Row, Row]]) -> None:
    lines = [
        (
            f"{old.slug}/{old.claim.id}",
            f"{old.verdict}: {old.ours}",
            f"{new.verdict}: {new.ours}",
            new.judgement.reason,
        )
        for old, new in pairs
    ]
    print_table(console, title, ("claim", "before", "after", "why now"), lines)


def _print_numbers(console, title: str, rows: Sequence[Number]) -> None:
    lines = [
        (row.cell, f"{row.before or 'none'} -> {row.after or 'none'}", row.status, row.expected)
        for row in rows
    ]
    print_table(console, title, ("number", "before -> after", "status", "expected"), lines)

"""What `diff` prints: first other verdicts, then the numbers that matter, then how many do not."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from replication.claims.changes import ChangedClaim, ChangedDetail, ChangedNumber, Changes
from replication.claims.report import literal, terminal
from replication.claims.verdicts import Judgement
from replication.results import format_value

if TYPE_CHECKING:
    from rich.console import Console

_NAMED = 3  # details that are named, of each table and article
_PLAIN = {"markup": False, "highlight": False, "soft_wrap": True}  # a revision may hold brackets


def print_changes(
    changes: Changes, since: str, *, everything: bool = False, console: "Console | None" = None
) -> None:
    """Prints what changed, the most important first.

    Args:
        changes: What `compare` found.
        since: What it was compared with, for the title.
        everything: Whether numbers that do not matter are listed, not only counted.
        console: Where to print; None for the terminal.
    """
    console = console or terminal()
    if changes == Changes((), ()):
        line = f"No number of measurements.csv or history.csv in results/ changed since {since}."
        console.print(line, style="green", **_PLAIN)
        return
    console.print(f"Changes of results/ since {since}", style="bold", **_PLAIN)
    _print_claims(console, "Other verdicts", changes.verdicts)
    _print_claims(console, "The same verdict, another interval", changes.intervals)
    _print_numbers(console, "Numbers that matter", changes.mattering)
    if everything:
        _print_numbers(console, "Numbers that do not", changes.harmless)
    _print_details(console, changes.details)
    console.print(summary_line(changes, everything=everything), **_PLAIN)


def summary_line(changes: Changes, *, everything: bool = False) -> str:
    """One line: verdicts, intervals, numbers that matter, those that do not, and details."""
    kinds = Counter(map(_kind, changes.harmless))
    tally = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    line = (
        f"claims with another verdict: {len(changes.verdicts)}, with another interval alone: "
        f"{len(changes.intervals)}; numbers that matter: {len(changes.mattering)}, that do not: "
        f"{len(changes.harmless)}" + (f" ({tally})" if tally else "")
    )
    if changes.harmless and not everything:
        line += "; --all lists them"
    if changes.details:
        line += f"; beside them, what no claim is judged by: {_kinds_of(changes.details)}"
    return line


def as_json(changes: Changes, revision: str, commit: str) -> str:
    """The same for machines: every number, whether it matters or not."""
    return json.dumps(
        {
            "revision": revision,
            "commit": commit,
            "verdicts": [_claim(each) for each in changes.verdicts],
            "intervals": [_claim(each) for each in changes.intervals],
            "numbers": [_number(each) for each in changes.numbers],
            "details": [asdict(each) for each in changes.details],
        },
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
    )


def _print_claims(console, title: str, rows: Sequence[ChangedClaim]) -> None:
    lines = [(row.claim, _judged(row.before), _judged(row.after), row.after.reason) for row in rows]
    _print_table(console, title, ("claim", "before", "after", "why now"), lines)


def _print_numbers(console, title: str, rows: Sequence[ChangedNumber]) -> None:
    lines = [
        (
            row.experiment,
            row.metric,
            row.profile,
            str(row.seed),
            f"{_value(row.before)} -> {_value(row.after)}",
            _interval(row),
            row.why or _kind(row),
        )
        for row in rows
    ]
    names = ("experiment", "metric", "profile", "seed", "before -> after")
    _print_table(console, title, (*names, "95 % interval before", "why"), lines)


def _print_details(console, details: Sequence[ChangedDetail]) -> None:
    """How many of each table and article, the first few by name: those that are not new first."""
    groups: dict[tuple[str, str], list[ChangedDetail]] = {}
    for row in sorted(details, key=lambda row: row.before is None):
        groups.setdefault((row.table, row.article), []).append(row)
    lines = []
    for (table, article), rows in sorted(groups.items()):
        named = [
            f"{row.run}, {row.name}: {_exactly(row.before)} -> {_exactly(row.after)}"
            for row in rows[:_NAMED]
        ]
        more = [f"and {len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
        lines.append((table, article, _kinds_of(rows), "\n".join([*named, *more])))
    title = "What no claim is judged by"
    _print_table(console, title, ("table", "article", "how many", "before -> after"), lines)


def _kinds_of(rows: Sequence[ChangedDetail]) -> str:
    """How many changed, are new and are gone, such as `2 changed, 1 new`."""
    kinds = Counter(
        "new" if row.before is None else "gone" if row.after is None else "changed" for row in rows
    )
    return ", ".join(f"{kinds[kind]} {kind}" for kind in ("changed", "new", "gone") if kinds[kind])


def _exactly(value: float | None) -> str:
    return "none" if value is None else f"{value:.10g}"  # numbers of examples have many digits


def _print_table(console, title: str, names: Sequence[str], rows: Sequence[tuple]) -> None:
    from rich.table import Table

    if not rows:
        return
    table = Table(title=f"{title} ({len(rows)})", title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(literal, row))
    console.print(table)


def _kind(row: ChangedNumber) -> str:
    if row.before is None:
        return "a further seed" if row.n else "new"
    return "within the interval"


def _interval(row: ChangedNumber) -> str:
    if row.interval is None:
        return f"n = {row.n}"
    return f"[{_value(row.interval.low)}, {_value(row.interval.high)}], n = {row.n}"


def _judged(found: Judgement) -> str:
    if found.mean is None:
        return f"{found.verdict}: n = {found.n}"
    interval = f" [{found.low:.4g}, {found.high:.4g}]" if found.n > 1 else ""
    return f"{found.verdict}: {found.mean:.4g}{interval}, n = {found.n}"


def _claim(row: ChangedClaim) -> dict:
    def side(found: Judgement) -> dict:
        names = ("verdict", "mean", "low", "high", "n")
        return {name: getattr(found, name) for name in names}

    return {"claim": row.claim, "before": side(row.before), "after": side(row.after)}


def _number(row: ChangedNumber) -> dict:
    names = ("experiment", "metric", "profile", "seed", "before", "after", "n")
    bounds = (None, None) if row.interval is None else (row.interval.low, row.interval.high)
    return {
        **{name: getattr(row, name) for name in names},
        "low": bounds[0],
        "high": bounds[1],
        "matters": bool(row.why),
        "why": row.why,
        "claims": list(row.claims),
    }


def _value(value: float | None) -> str:
    return "none" if value is None else format_value(value)

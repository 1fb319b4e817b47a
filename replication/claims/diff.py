"""What `diff` prints: first other verdicts, then the numbers that matter, then how many do not."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from replication.claims.changes import ChangedClaim, ChangedNumber, Changes
from replication.claims.judge import Judgement
from replication.claims.report import literal, terminal
from replication.results import format_value

if TYPE_CHECKING:
    from rich.console import Console

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
    if not changes.claims and not changes.numbers:
        console.print(f"No number of results/ changed since {since}.", style="green", **_PLAIN)
        return
    console.print(f"Changes of results/ since {since}", style="bold", **_PLAIN)
    _print_claims(console, "Other verdicts", changes.verdicts)
    _print_claims(console, "The same verdict, another interval", changes.intervals)
    _print_numbers(console, "Numbers that matter", changes.mattering)
    if everything:
        _print_numbers(console, "Numbers that do not", changes.harmless)
    console.print(summary_line(changes, everything=everything), **_PLAIN)


def summary_line(changes: Changes, *, everything: bool = False) -> str:
    """One line: verdicts, intervals, numbers that matter and those that do not."""
    kinds = Counter(map(_kind, changes.harmless))
    tally = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    line = (
        f"claims with another verdict: {len(changes.verdicts)}, with another interval alone: "
        f"{len(changes.intervals)}; numbers that matter: {len(changes.mattering)}, that do not: "
        f"{len(changes.harmless)}" + (f" ({tally})" if tally else "")
    )
    return line if everything or not changes.harmless else f"{line}; --all lists them"


def as_json(changes: Changes, revision: str, commit: str) -> str:
    """The same for machines: every number, whether it matters or not."""
    return json.dumps(
        {
            "revision": revision,
            "commit": commit,
            "verdicts": [_claim(each) for each in changes.verdicts],
            "intervals": [_claim(each) for each in changes.intervals],
            "numbers": [_number(each) for each in changes.numbers],
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

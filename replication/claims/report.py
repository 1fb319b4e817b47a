"""What people read: the claims in the terminal, and the generated files written out."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from replication import results
from replication.claims import Claim, prose
from replication.claims.check import Report
from replication.claims.numbers import count
from replication.claims.regression import status_by_experiment, status_of_claim
from replication.claims.tables import COLUMNS, OURS, VOICES, Row, replace_table
from replication.terminal import output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_COMMANDS = re.compile(  # characters that move, ring, colour and break lines
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]"
)
_LOG_WIDTH = 150  # of a log file, which has no width of its own
_WHOLE = ("article", "claim", "expected", OURS, "verdict")  # never broken into lines by width
_LAYOUTS = (  # the first that fits is taken; without the column, articles are headings
    COLUMNS,
    ("claim", "expected", OURS, "verdict", "stability"),
    ("claim", OURS, "verdict", "stability"),
    ("claim", OURS, "verdict"),
)
_ID_WIDTHS = (20, 12)  # of ids broken at hyphens, where nothing else fits
_STYLES = {
    "reproduced": "green",
    "stable": "green",
    "not reproduced": "yellow",
    "contradicted": "yellow",
    "does not hold": "yellow",
    "no difference": "yellow",
    "vacuous": "yellow",
    "undecided": "yellow",
    "drifted": "bold red",
}


def write_summaries(results_root: Path, report: Report) -> None:
    """Writes `verdicts.csv` and `ledger.csv` into `results_root`."""
    for name, text in report.generated.summaries.items():
        results.write_text(Path(results_root) / name, text)


def update_documents(
    documents: Mapping[str, Path], report: Report, sentences: Iterable[Path] = ()
) -> None:
    """Writes every generated table between its markers, and every marked number.

    Documents are by the name of the table they hold; `sentences` have marked numbers, see `prose`.

    Raises:
        ClaimError: If the markers are not there, or a number is not measured.
        ResultsError: If a file cannot be read or written.
    """
    for name, path in documents.items():
        before = results.read_text(path)
        after = replace_table(before, name, report.generated.tables[name], str(path))
        if after != before:
            results.write_text(path, after)
    for path in sentences:
        before = results.read_text(path)
        after = prose.refresh(before, report.generated.values_of, str(path))
        if after != before:
            results.write_text(path, after)


def print_claims(report: Report, console: "Console | None" = None) -> None:
    """Prints every claim: ours beside what is expected, the verdict, and today's regression.

    In a narrow terminal there are fewer columns; a number, a word or a
    verdict is never broken.
    """
    from rich.measure import Measurement

    console = console or terminal()
    rows = {
        title: [_cells(report, row) for row in report.rows if row.claim.voice == voice]
        for voice, title in VOICES.items()
    }
    endless = console.options.update_width(10_000)
    parts = [_tables(report, title, each) for title, each in rows.items() if each]
    for tables in zip(*parts, strict=True):
        widths = [Measurement.get(console, endless, table).minimum for table in tables]
        if max(widths) <= console.width:
            break
    console.print(*tables, sep="\n\n")


def _cells(report: Report, row: Row) -> dict[str, str]:
    """A claim's cells by column."""
    today = _today(report, row.claim) if row.claim.is_counted else ""
    cells = (row.slug, row.claim.id, row.expected, row.ours, row.seeds_needed, row.verdict, today)
    return dict(zip(COLUMNS, cells, strict=True))


def _tables(report: Report, title: str, rows: list[dict[str, str]]) -> Iterator["Table"]:
    """The claims in ever narrower tables: the interval goes to a line of its own, then columns."""
    titles = dict(zip(COLUMNS, COLUMNS, strict=True))
    broken = [{**row, OURS: row[OURS].replace(" [", "\n[")} for row in (titles, *rows)]
    for columns in _LAYOUTS:
        yield _table(report, title, [titles, *rows], columns)
        yield _table(report, title, broken, columns)
    for width in _ID_WIDTHS:
        ids = ("\n".join(textwrap.wrap(row["claim"], width)) for row in broken)
        folded = [{**row, "claim": name} for row, name in zip(broken, ids, strict=True)]
        yield _table(report, title, folded, _LAYOUTS[-1])


def _table(
    report: Report, title: str, rows: list[dict[str, str]], columns: Sequence[str]
) -> "Table":
    """The claims in these columns; the first row has the titles."""
    from rich import box
    from rich.table import Table

    headed = "article" in columns
    look = {} if headed else {"box": box.SIMPLE_HEAD, "show_edge": False, "padding": (0, 1, 0, 0)}
    table = Table(title=title, title_justify="left", **look)
    for name in columns:
        whole = name in _WHOLE
        width = max(len(line) for row in rows for line in row[name].split("\n")) if whole else None
        table.add_column(rows[0][name], no_wrap=whole, min_width=width, overflow="fold")
    article = None
    for row in rows[1:]:
        if not headed and row["article"] != article:
            article = row["article"]
            table.add_section()
            number = report.articles[article].number
            table.add_row(literal(f"{number:02d} {article}", "bold"))
        table.add_row(*(_styled(row[name]) for name in columns))
    return table


def told_of_claim(report: Report, row: Row) -> list[str]:
    """What a claim says, its verdict, why so, and every seed it rests on: a line each."""
    claim, judgement = row.claim, row.judgement
    lines = [
        f"{row.slug}/{claim.id}: {claim.says}",
        f"  {row.verdict}: {judgement.reason}",
        f"  expected {row.expected}; ours {row.ours}; seeds to decide: {row.seeds_needed}",
    ]
    for reference in claim.judged:
        seeds = report.generated.values_of(reference)
        values = ", ".join(f"{value:.4g} ({seed})" for seed, value in seeds.items())
        lines.append(f"  {reference}, value (seed): {values or 'not run yet'}")
    lines += [f"  control {control.name}: {control.reason}" for control in judgement.controls]
    return [*lines, f"  {judgement.explanation}"] if judgement.explanation else lines


def print_problems(report: Report, console: "Console | None" = None) -> None:
    """Prints all problems, each with what was expected, what was found and how to fix it."""
    console = console or terminal()
    for apart in report.apart:
        console.print(literal(str(apart)))
    if not report.problems:
        console.print("No problems.", style="green")
        return
    rows = [(each.subject, each.expected, each.found, each.fix) for each in report.problems]
    names = ("where", "expected", "found", "fix")
    print_table(console, "Problems", names, rows, show_lines=True)


def print_table(console, title: str, names: Sequence[str], rows: Sequence[tuple], **look) -> None:
    """Prints a table of texts with their number in its title; nothing where there are none."""
    from rich.table import Table

    if not rows:
        return
    table = Table(title=f"{title} ({len(rows)})", title_justify="left", **look)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(literal, row))
    console.print(table)


def summary_line(report: Report, *, ran_profile: str | None = None) -> str:
    """One line: claims by verdict, readings by verdict, experiments by status, problems.

    What the articles claim and what we read into them are never added. Pictures are shown and
    not counted. Experiments count once, by their runs
    of profile full; after an embedded run, by those on the digits. With
    `ran_profile` embedded or smoke it ends by saying loudly that the claims
    themselves were not run.
    """
    judged = "embedded" if ran_profile == "embedded" else "full"
    by_run = status_by_experiment(report.regressions)
    statuses = Counter(status for (_, profile), status in by_run.items() if profile == judged)
    which = "experiment on the digits" if judged == "embedded" else "experiment"
    pictures = sum(not row.claim.is_counted for row in report.rows)
    parts = [
        *filter(None, (_by_verdict(report, voice) for voice in VOICES)),
        *([f"{count(pictures, 'picture')} shown, not counted"] if pictures else []),
        f"stability, by {which}: {_tally(statuses)}",
        count(len(report.problems), "problem"),
    ]
    line = "; ".join(parts)
    return f"{line}. {_not_run(ran_profile)}" if ran_profile in ("embedded", "smoke") else line


def _by_verdict(report: Report, voice: str) -> str:
    """How many claims of the articles, or readings of ours, came to each verdict, if any."""
    counted = (row for row in report.rows if row.claim.voice == voice and row.claim.is_counted)
    verdicts = Counter(row.judgement.verdict for row in counted)
    noun, whose = ("claim", "the articles") if voice == "article" else ("reading", "ours")
    told = f"{count(verdicts.total(), noun)} of {whose}: {_tally(verdicts)}"
    return told if verdicts else ""


def _today(report: Report, claim: Claim) -> str:
    status = status_of_claim(claim, report.regressions)
    if status == "not run" and not claim.core:
        return "not run, read from results"
    return status


def _not_run(profile: str) -> str:
    ran = "the embedded digits" if profile == "embedded" else "a smoke test"
    return f"NOT RUN: only {ran} ran; no claim on the full data sets was re-run"


def _tally(counts: Counter) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.most_common()) or "none"


def printable(text: str) -> str:
    """The text with whatever would command a terminal, or break the line, as its code."""
    return _COMMANDS.sub(lambda match: repr(match[0])[1:-1], text)


def literal(text: str, style: str = "") -> "Text":
    """A text as it is written: no markup in brackets, and no command to the terminal."""
    from rich.text import Text

    return Text(printable(text), style=style)


def _styled(text: str) -> "Text":
    return literal(text, _STYLES.get(text, ""))


def terminal() -> "Console":
    """The terminal, or a wide console where the output goes to a file."""
    return output(_LOG_WIDTH)

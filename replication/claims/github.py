"""The check as GitHub Actions shows it: marks on the lines of claims, and a step's summary.

A mark is a line that the runner of the workflow takes for a command; what it may hold is
escaped as https://docs.github.com/actions/reference/workflow-commands-for-github-actions asks.
"""

from collections.abc import Sequence
from pathlib import Path

from replication.claims.cases import Case, in_words
from replication.claims.check import Report
from replication.claims.regression import status_of_claim
from replication.claims.report import summary_line
from replication.claims.tables import OURS, format_expected, format_ours, markdown
from replication.results import ResultsError


def annotations(cases: Sequence[Case], notice: str = "") -> list[str]:
    """A line for every problem, at its place or at the first claim that shares it.

    Args:
        cases: What was checked.
        notice: What is worth saying of all of it, in a line; empty for nothing.

    Returns:
        Workflow commands: an error for each problem or malformed file, then
        the notice. A claim that does not replicate gets none.
    """
    lines, told = [], set()
    for case in cases:
        if case.status == "error":
            lines.append(_command("error", case.details, case, title=case.name))
        for problem in case.problems:
            if problem not in told:
                told.add(problem)
                lines.append(_command("error", in_words(problem), case, title=problem.subject))
    if notice:
        lines.append(_command("notice", notice, title="replication check"))
    return lines


def summary(report: Report) -> str:
    """The step's summary as Markdown: the tally, all problems, a table of all claims."""
    parts = ["## Claims", _cell(summary_line(report))]
    if report.problems:
        names = ("where", "expected", "found", "how to mend it")
        rows = [(p.subject, p.expected, p.found, p.fix) for p in report.problems]
        parts += [f"### Problems ({len(rows)})", markdown(names, (map(_cell, r) for r in rows))]
    names = ("article", "claim", "expected", OURS, "verdict", "against ourselves, today")
    rows = [
        (
            slug,
            claim.id,
            format_expected(claim),
            format_ours(claim, report.judgements[slug, claim.id]),
            report.judgements[slug, claim.id].verdict,
            "" if claim.kind == "reader" else status_of_claim(claim, report.regressions),
        )
        for slug, claim in report.claims
    ]
    table = markdown(names, (map(_cell, row) for row in rows))
    parts += ["<details><summary>All claims</summary>", table, "</details>"]
    return "\n\n".join(parts) + "\n"


def summary_of_error(case: Case) -> str:
    """The step's summary where a malformed file ended the check."""
    return f"## Claims\n\nNo claim could be judged. {_cell(case.details)}\n"


def append(path: Path, text: str) -> None:
    """Appends to the file of the step's summary, which other steps may have begun.

    Raises:
        ResultsError: If the file cannot be written.
    """
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ResultsError(
            f"{path}: expected a writable file for the step's summary, as GITHUB_STEP_SUMMARY "
            f"names it, received: {error.strerror}; correct the variable or unset it"
        ) from error


def _command(kind: str, message: str, case: Case | None = None, *, title: str) -> str:
    properties = {"title": title}
    if case is not None and case.file:
        properties = {"file": case.file, "line": str(case.line), **properties}
    written = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{kind} {written}::{_escaped(message)}"


def _escaped(text: str, separators: str = "") -> str:
    """The text with the per cent sign, ends of lines and separators as per cent codes."""
    for character in "%\r\n" + separators:  # the sign first: the codes hold it
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _cell(text: str) -> str:
    """One line of text as Markdown shows it literally, as far as HTML goes."""
    one_line = " ".join(str(text).split())
    return one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

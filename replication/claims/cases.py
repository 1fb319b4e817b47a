"""The check as test cases, for programs that read test reports: one for every claim.

    failed   files and numbers disagree with each other: a problem of this claim
    skipped  nothing is decided (`inconclusive`) or counted (`shown`), and it says why
    passed   decided, whichever way: a claim that does not replicate is a finding
    error    a file that cannot be read, so that no claim could be judged

A problem that no claim shares has a case of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from replication.claims import Claim
from replication.claims.check import Problem, Report
from replication.claims.regression import status_of_claim
from replication.claims.tables import format_expected, format_ours, format_seeds_needed

NO_CLAIM = "files and numbers"  # the group of problems that no claim shares
_UNDECIDED = ("inconclusive", "shown")
_PLACE = re.compile(r"(?P<path>[^\n]+?):(?P<line>[0-9]+): ")


@dataclass(frozen=True)
class Case:
    """One claim, or one problem apart from all claims.

    `group` is the article of a claim; `file` is relative to the root where it lies below it, and
    empty where there is none. `message` says why the case is not passed, in a sentence.
    """

    group: str
    name: str
    status: str
    message: str = ""
    details: str = ""
    problems: tuple[Problem, ...] = ()
    file: str = ""
    line: int | None = None


def of_report(report: Report, root: Path) -> list[Case]:
    """Every claim in reading order, then the problems that no claim shares.

    A claim shares the problems at its place in its file, and those that have no place and
    concern a number it refers to.

    Args:
        report: What `check` found.
        root: The folder that files are named from, normally the repository.
    """
    found = [_of_claim(report, slug, claim, root) for slug, claim in report.claims]
    shared = {problem for case in found for problem in case.problems}
    alone: dict[tuple, list[Problem]] = {}
    for problem in report.problems:
        if problem not in shared:
            alone.setdefault((problem.subject, problem.place), []).append(problem)
    for (subject, place), problems in alone.items():
        file, line = _relative(place, root)
        name = subject.replace(str(place[0]), file, 1) if place else subject
        found.append(_failed(NO_CLAIM, name, problems, file=file, line=line))
    return found


def of_error(error: Exception, root: Path) -> Case:
    """The one case of a check that a malformed file ended, at the place its message starts with."""
    text, place = str(error), _PLACE.match(str(error))
    named = place and Path(place["path"])
    file, line = _relative((named, int(place["line"])) if named and named.is_file() else None, root)
    return Case(NO_CLAIM, "check", "error", text.splitlines()[0], text, file=file, line=line)


def in_words(problem: Problem) -> str:
    """A problem in sentences: what was expected, what was found, how to mend it."""
    return f"Expected: {problem.expected}. Found: {problem.found}. To mend: {problem.fix}."


def _of_claim(report: Report, slug: str, claim: Claim, root: Path) -> Case:
    found, place = report.judgements[slug, claim.id], (report.articles[slug].path, claim.line)
    file, line = _relative(place, root)
    problems = [each for each in report.problems if _concerns(each, claim, place)]
    details = "\n".join(
        (
            claim.says,
            f"expected: {format_expected(claim)} ({claim.locator})",
            f"ours: {format_ours(claim, found)}",
            f"verdict: {found.verdict}: {found.reason}",
            f"seeds to decide: {format_seeds_needed(claim, found)}",
            f"against ourselves, today: {_today(report, claim)}",
        )
    )
    if problems:
        return _failed(slug, claim.id, problems, details=details, file=file, line=line)
    undecided = found.verdict in _UNDECIDED
    status, message = (
        ("skipped", f"{found.verdict}: {found.reason}") if undecided else ("passed", "")
    )
    return Case(slug, claim.id, status, message, details, file=file, line=line)


def _concerns(problem: Problem, claim: Claim, place: tuple[Path, int]) -> bool:
    if problem.place is not None:  # a stale number in a document is no fault of the claim
        return problem.place == place
    return not set(claim.references).isdisjoint(problem.measures)


def _today(report: Report, claim: Claim) -> str:
    return "not judged" if claim.kind == "reader" else status_of_claim(claim, report.regressions)


def _failed(group: str, name: str, problems: Sequence[Problem], **fields) -> Case:
    message = f"{problems[0].found}; expected {problems[0].expected}"
    if len(problems) > 1:
        message += f"; and {len(problems) - 1} more"
    return Case(group, name, "failed", message, problems=tuple(problems), **fields)


def _relative(place: tuple[Path, int] | None, root: Path) -> tuple[str, int | None]:
    """File and line, the file named from the root if it lies below it."""
    if place is None:
        return "", None
    path, root = Path(place[0]).resolve(), Path(root).resolve()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix(), place[1]

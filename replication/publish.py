"""What a command leaves behind once it has judged: terminal, documents, site."""

import json
import sys
from pathlib import Path

from replication.claims import check as checking
from replication.claims import report as reporting
from replication.claims.as_json import of_claims, of_problems
from replication.claims.stability import closing_lines
from replication.runner import settings


def judge() -> checking.Report:
    """Holds the committed results against the claims, and today's runs against them.

    Raises:
        ClaimError, ResultsError: If a file cannot be read.
    """
    return checking.check(
        None,
        settings.RESULTS,
        settings.TODAY,
        documents=settings.DOCUMENTS,
        sentences=settings.SENTENCES,
        notebooks=settings.ROOT / "notebooks",
    )


def print_report(
    report: checking.Report, *, ran_profile: str | None = None, as_json: bool = False
) -> None:
    """Prints the claims, all problems and a summary; with `as_json`, an object a line.

    After a run on stand-in data no claim is printed: nothing of it was run.
    """
    summary = reporting.summary_line(report, ran_profile=ran_profile)
    closing = closing_lines(report.regressions)
    if as_json:
        problems = of_problems(report)
        last = {"event": "summary", "line": summary, "problems": len(problems)}
        last["stability"] = closing
        for record in [*of_claims(report), *problems, last]:
            print(json.dumps(record, allow_nan=False), flush=True)
        return
    if ran_profile not in ("embedded", "smoke"):
        reporting.print_claims(report)
    reporting.print_problems(report)
    print("\n".join([*closing, summary]))


def write_documents(report: checking.Report) -> None:
    """Writes verdicts, ledger, and the tables and numbers of README.md and docs/."""
    reporting.write_summaries(settings.RESULTS, report)
    reporting.update_documents(settings.DOCUMENTS, report, settings.SENTENCES)


def write_site(report: checking.Report, out: Path | None = None, *, as_json: bool = False) -> bool:
    """Writes the site into a folder (None: `build/site`) and says where, or so as JSON.

    Returns:
        Whether it was written; else standard error says why not.

    Raises:
        SiteError: If the folder cannot be used.
    """
    out = out or settings.BUILD / "site"
    try:
        from replication import site
    except ModuleNotFoundError as error:
        print(f"FAILED site: no package {error.name}; install the extra `site`", file=sys.stderr)
        return False

    try:
        built = site.build(report, site.Project(settings.ROOT, settings.RESULTS), out)
    except site.StaleNumber as error:
        print(f"FAILED site: {error}", file=sys.stderr)
        return False
    for notice in built.notices:
        print(f"site: {notice}", file=sys.stderr)
    line = f"{out / 'index.html'}: {built.num_pages} pages"
    told = {"event": "site", "line": line, "pages": built.num_pages}
    print(json.dumps(told, allow_nan=False) if as_json else line)
    return True

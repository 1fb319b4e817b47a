"""The check as JUnit XML, which dashboards of CI services read.

One `testsuite` with a `testcase` for every claim: `classname` is the article, `name` the claim,
`file` and `line` where it stands. A case has no time of its own: what is timed is the check.
The order within a case is the one that Jenkins' schema asks for.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from replication.claims.cases import Case, in_words

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(cases: Sequence[Case], *, seconds: float, started: datetime) -> str:
    """The text of the file.

    Args:
        cases: What was checked.
        seconds: How long the check took.
        started: When it started.
    """
    counts = Counter(case.status for case in cases)
    totals = {
        "name": "replication check",
        "tests": len(cases),
        "failures": counts["failed"],
        "errors": counts["error"],
        "skipped": counts["skipped"],
        "time": f"{seconds:.3f}",
    }
    root = Element("testsuites", _attributes(totals))
    when = started.isoformat(timespec="seconds")
    suite = SubElement(root, "testsuite", _attributes({**totals, "timestamp": when}))
    for case in cases:
        _add(suite, case)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(suite: Element, case: Case) -> None:
    attributes = {"classname": case.group, "name": case.name, "file": case.file, "line": case.line}
    element = SubElement(suite, "testcase", _attributes(attributes))
    if case.status == "skipped":
        SubElement(element, "skipped", _attributes({"message": case.message}))
    elif case.status in ("failed", "error"):
        kind = "failure" if case.status == "failed" else "error"
        about = {"type": "problem" if case.problems else "malformed", "message": case.message}
        outcome = SubElement(element, kind, _attributes(about))
        outcome.text = _clean(
            "\n".join(f"{each.subject}\n{in_words(each)}" for each in case.problems) or case.details
        )
    if case.details and case.status != "error":
        SubElement(element, "system-out").text = _clean(case.details)


def _attributes(values: dict) -> dict[str, str]:
    return {name: _clean(str(value)) for name, value in values.items() if value not in ("", None)}


def _clean(text: str) -> str:
    """The text with a mark in place of every character that XML 1.0 cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)

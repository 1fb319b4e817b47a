"""What CI services read of a check: the JUnit report, the marks of GitHub Actions, and JSON."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from replication import results
from replication.claims import cases, github, junit, report
from replication.claims.check import check

ROOT = Path(__file__).parent.parent
HEAD = """slug = "demo"
number = 1
title = "Demo"
author = "Nobody"
year = 2018
url = "https://example.org"
language = "en"
"""
CLAIM = """
[[claims]]
id = "{id}"
says = "It is {id}, 100%."
locator = "section 1"
because = "said so"
verdict = "{verdict}"
explanation = "Seen."
"""
ORDER = 'kind = "order"\nmeasures = "demo-run/{a}"\ncompared_with = ["demo-run/{b}"]\n'
HIGH, LOW, LATER = (
    ORDER.format(a=a, b=b) + 'direction = "greater"\n'
    for a, b in (("good", "bad"), ("bad", "good"), ("good", "late"))
)
PICTURE = 'kind = "reader"\nfigure = "grid"\n'
CLAIMS = HEAD + "".join(
    CLAIM.format(id=name, verdict=verdict) + fields
    for name, verdict, fields in (
        ("high", "reproduced", HIGH),
        ("low", "contradicted", LOW),
        (
            "later",
            "inconclusive",
            LATER.replace("demo-run/late", "demo-late/late") + "core = false\n",
        ),
        ("grid", "shown", PICTURE),
    )
)
README = "# Demo\n\n<!-- claims:begin -->\n<!-- claims:end -->\n"


def record(root, seed, good, *, profile="full"):
    """Records a run with the metrics `good` and `bad`."""
    results.record(
        root,
        "demo",
        experiment="demo-run",
        profile=profile,
        seed=seed,
        metrics=[("good", "fraction", "higher"), ("bad", "fraction", "higher")],
        tier="core",
        measurements={"good": (good, 10), "bad": (0.1 + seed / 100, 10)},
        history=None,
        provenance={"fingerprint": "here"},
    )


@pytest.fixture
def project(tmp_path):
    """A small project whose committed files all agree."""
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "demo.toml").write_text(CLAIMS)
    (tmp_path / "README.md").write_text(README)
    for seed, good in enumerate((0.83, 0.84, 0.86)):
        record(tmp_path / "results", seed, good)
    found = run_check(tmp_path)
    report.write_summaries(tmp_path / "results", found)
    report.update_documents({"claims": tmp_path / "README.md"}, found)
    return tmp_path


def run_check(project):
    """The report of a project, today's runs included."""
    return check(
        project / "claims",
        project / "results",
        project / "build",
        documents={"claims": project / "README.md"},
    )


def cases_of(project):
    """The test cases of a project by name."""
    return {case.name: case for case in cases.of_report(run_check(project), project)}


def rendered(found, **fields):
    """The XML of cases, parsed."""
    options = {"seconds": 1.25, "started": datetime(2026, 1, 2, 3, 4, 5, 678, UTC)} | fields
    return ElementTree.fromstring(junit.render(list(found), **options))


def edit(path, before, after):
    """Replaces a text that must be in a file."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_every_claim_is_a_case_at_its_line(project):
    """In reading order, with the article as its group and a file named from the root."""
    found = cases.of_report(run_check(project), project)
    lines = (project / "claims" / "demo.toml").read_text().splitlines()

    assert [(case.group, case.name) for case in found] == [
        ("demo", "high"), ("demo", "low"), ("demo", "later"), ("demo", "grid"),
    ]  # fmt: skip
    for case in found:
        assert case.file == "claims/demo.toml"
        assert lines[case.line - 1] == f'id = "{case.name}"'


def test_a_claim_that_does_not_replicate_is_no_failure(project):
    """What is decided passes, whichever way; what is not decided or counted is skipped."""
    found = cases_of(project)

    assert {name: case.status for name, case in found.items()} == {
        "high": "passed", "low": "passed", "later": "skipped", "grid": "skipped",
    }  # fmt: skip
    assert "contradicted" in found["low"].details
    assert found["later"].message.startswith("inconclusive: ")
    assert found["grid"].message.startswith("shown: a picture, never counted")


def test_a_wrong_signature_fails_its_claim_alone(project):
    """And says what was signed, what was found and where to correct it."""
    edit(project / "claims" / "demo.toml", '"contradicted"', '"reproduced"')
    found = cases_of(project)

    assert {n for n, case in found.items() if case.status == "failed"} == {"low"}
    assert "contradicted (n = 3)" in found["low"].message
    assert "expected reproduced, as signed" in found["low"].message


def test_drift_fails_every_claim_that_rests_on_the_number(project):
    """Those that do not refer to it pass."""
    record(project / "build", 1, 0.8401)
    failed = {n: case for n, case in cases_of(project).items() if case.status == "failed"}

    assert set(failed) == {"high", "low", "later"}
    assert {len(case.problems) for case in failed.values()} == {1}


def test_problems_of_no_claim_are_cases_of_their_own(project):
    """Drift on the embedded digits, and a generated file that is out of date."""
    for root, value in (("results", 0.5), ("build", 0.6)):
        record(project / root, 0, value, profile="embedded")
    edit(project / "README.md", "inconclusive", "reproduced")
    alone = [c for c in cases.of_report(run_check(project), project) if c.group == cases.NO_CLAIM]

    assert [(case.name, case.file, case.line, case.status) for case in alone] == [
        ("demo-run/good, embedded, seed 0", "", None, "failed"),
        ("README.md", "README.md", 1, "failed"),
    ]


def test_a_stale_number_in_a_sentence_is_no_fault_of_a_claim(project):
    """The case and the mark stand at the line of the document."""
    (project / "guide.md").write_text("Seen.\nIt is <!-- =demo-run/good:.2f -->0.99<!-- / -->.\n")
    found = check(project / "claims", project / "results", sentences=[project / "guide.md"])
    [case] = [c for c in cases.of_report(found, project) if c.status == "failed"]

    assert (case.name, case.file, case.line) == ("guide.md:2", "guide.md", 2)
    assert github.annotations([case])[0].startswith("::error file=guide.md,line=2,title=")


def test_missing_rows_fail_the_claims_that_need_them(project):
    """Here of a metric that two claims use, in every seed."""
    for seed in range(3):
        frame = results.read_measurements(project / "results")
        results.write_measurements(
            project / "results", "demo", frame[(frame.metric != "bad") | (frame.seed != seed)]
        )
    failed = {n: case for n, case in cases_of(project).items() if case.status == "failed"}

    assert {"high", "low"} <= set(failed)
    assert "later" not in failed
    assert [p.found for p in failed["high"].problems if "row" in p.found] == ["no row of bad"] * 3


def test_the_totals_of_the_xml_are_its_elements(project):
    """As dashboards add them up: tests, failures, errors, skipped, and the time of the check."""
    edit(project / "claims" / "demo.toml", '"contradicted"', '"reproduced"')
    root = rendered(cases_of(project).values())
    [suite] = root

    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert {child.tag for child in suite} == {"testcase"}
    for element in (root, suite):
        assert element.get("name")
        assert int(element.get("tests")) == len(suite) == 4
        assert int(element.get("failures")) == len(suite.findall("testcase/failure")) == 1
        assert int(element.get("errors")) == len(suite.findall("testcase/error")) == 0
        assert int(element.get("skipped")) == len(suite.findall("testcase/skipped")) == 2
        assert float(element.get("time")) == 1.25
    assert datetime.fromisoformat(suite.get("timestamp")) == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=UTC
    )


def test_a_case_of_the_xml_has_what_the_schema_asks_for(project):
    """Jenkins' order of parts, a message in each outcome, and one outcome at most."""
    record(project / "build", 1, 0.8401)
    order = ["skipped", "error", "failure", "system-out"]

    for element in rendered(cases_of(project).values()).iter("testcase"):
        tags = [child.tag for child in element]
        assert element.get("name") and element.get("classname")
        assert tags == sorted(tags, key=order.index)
        assert len(set(tags) - {"system-out"}) <= 1
        assert all(child.get("message") for child in element if child.tag != "system-out")
        if element.get("line"):
            assert element.get("file") and int(element.get("line")) > 0


def test_any_text_makes_well_formed_xml():
    """Markup is escaped; characters that XML cannot hold are replaced, others kept."""
    text = 'a < b & "c" ]]> \x00\x1b\ud800\ufffe é 数 🙂\ttab'
    case = cases.Case("demo", text, "failed", text, details=text)
    element = rendered([case]).find(".//testcase")

    assert element.get("name") == 'a < b & "c" ]]> ���� é 数 🙂\ttab'
    assert element.find("failure").get("message") == element.get("name")
    assert element.find("system-out").text == element.get("name")


def test_a_malformed_file_is_an_error_of_the_report(project):
    """The one case names file and line, as the message does."""
    edit(project / "results" / "demo" / "measurements.csv", "0.83", "much")
    with pytest.raises(results.ResultsError) as raised:
        run_check(project)
    case = cases.of_error(raised.value, project)
    root = rendered([case])

    assert (case.file, case.line) == ("results/demo/measurements.csv", 3)
    assert (root.get("tests"), root.get("errors"), root.get("failures")) == ("1", "1", "0")
    assert root.find(".//error").text == str(raised.value)
    assert github.annotations([case])[0].startswith(
        "::error file=results/demo/measurements.csv,line=3,title=check::"
    )
    assert "received 'much'" in github.summary_of_error(case)


def parsed(command):
    """Kind, properties and message of a workflow command, as a runner reads it."""
    kind, rest = re.fullmatch(r"::(\w+) (.*)", command).groups()
    written, message = rest.split("::", 1)
    properties = dict(each.split("=", 1) for each in written.split(","))
    return kind, {k: urllib.parse.unquote(v) for k, v in properties.items()}, message


def test_marks_stand_on_the_line_of_the_claim(project):
    """An error for every problem, once; the summary as one notice."""
    edit(project / "claims" / "demo.toml", '"contradicted"', '"reproduced"')
    record(project / "build", 1, 0.8401)
    found = run_check(project)
    cases_found = cases.of_report(found, project)
    lines = [parsed(line) for line in github.annotations(cases_found, "all told")]
    errors = {about["title"]: about for kind, about, _ in lines if kind == "error"}

    assert len(lines) == len(found.problems) + 1
    assert set(errors) == {problem.subject for problem in found.problems}
    by_name = {case.name: case for case in cases_found}
    assert errors["demo/low"]["file"] == "claims/demo.toml"
    assert int(errors["demo/low"]["line"]) == by_name["low"].line
    assert int(errors["demo-run/good, full, seed 1"]["line"]) == by_name["high"].line
    assert lines[-1] == ("notice", {"title": "replication check"}, "all told")


def test_files_that_agree_get_no_mark(project):
    """Nor does a claim that was contradicted."""
    assert github.annotations(cases.of_report(run_check(project), project)) == []


def test_marks_are_escaped():
    """The codes of the workflow commands: five characters in a property, three in a message."""
    case = cases.Case("g", "50%: a,b\nc", "error", details="50%: a,b\r\nc", file="x,y.toml", line=3)

    assert github.annotations([case]) == [
        "::error file=x%2Cy.toml,line=3,title=50%25%3A a%2Cb%0Ac::50%25: a,b%0D%0Ac"
    ]


def test_the_summary_has_the_tally_the_problems_and_a_row_for_every_claim(project):
    """As Markdown that hides nothing: a comment in a cell would vanish with what follows it."""
    (project / "README.md").write_text("# Demo\n")  # the problem names the missing markers
    found = run_check(project)
    text = github.summary(found)
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE)

    assert report.summary_line(found) in text
    assert "&lt;!-- claims:begin --&gt;" in text and "<!--" not in text
    assert [len(table.splitlines()) - 2 for table in tables] == [len(found.problems), 4]
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
    assert "| demo | low | greater, by seed |" in tables[1] and "| contradicted |" in tables[1]


def test_the_summary_is_appended(tmp_path):
    """Other steps may have written before; an unwritable file is named."""
    (tmp_path / "summary.md").write_text("before\n")
    github.append(tmp_path / "summary.md", "after\n")

    assert (tmp_path / "summary.md").read_text() == "before\nafter\n"
    with pytest.raises(results.ResultsError, match="GITHUB_STEP_SUMMARY"):
        github.append(tmp_path / "absent" / "summary.md", "text")


@pytest.fixture
def checkout(tmp_path):
    """A checkout of its own without any results, and the environment of a step in it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "replication", tmp_path / "replication", ignore=ignored)
    (tmp_path / "results").mkdir()
    (tmp_path / "README.md").write_text(README)
    step = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    return tmp_path, {**step, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}


def replicate(cwd, *arguments, **environment):
    """Runs `python -m replication` in a checkout; GitHub's variables only as given."""
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("GITHUB_")}
    inherited.pop("REPLICATION_BUILD", None)
    return subprocess.run(
        [sys.executable, "-m", "replication", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**inherited, **environment},
        timeout=120,
    )


def test_check_writes_the_report_and_marks_on_github(checkout):
    """Exit code 1 for problems; each problem is marked, in a file of the workspace."""
    project, step = checkout
    ended = replicate(project, "check", **step)
    root = ElementTree.parse(project / "build" / "check.xml").getroot()
    marks = [parsed(x) for x in ended.stdout.splitlines() if x.startswith("::error ")]

    assert ended.returncode == 1, ended.stderr
    assert int(root.get("failures")) > 0
    assert marks
    assert all(not about.get("file", "").startswith("/") for _, about, _ in marks)
    assert any(about.get("file") == "replication/claims/survey.toml" for _, about, _ in marks)
    assert "## Claims" in (project / "summary.md").read_text()


def test_check_is_quiet_elsewhere_and_reports_where_it_is_told(checkout):
    """No marks and no summary on another machine; a malformed table still makes a report."""
    project, _ = checkout
    (project / "results" / "demo").mkdir()
    (project / "results" / "demo" / "measurements.csv").write_text("nonsense\n")
    ended = replicate(project, "check", "--junit", "out/report.xml")
    root = ElementTree.parse(project / "out" / "report.xml").getroot()

    assert ended.returncode == 2
    assert "expected the columns" in ended.stderr
    assert root.get("errors") == "1"
    assert "::" not in ended.stdout
    assert not (project / "summary.md").exists()
    assert not (project / "build" / "check.xml").exists()


def test_json_on_github_is_json_alone(checkout):
    """A line `::notice` or `::error` stood among the objects; now they are on standard error."""
    project, step = checkout
    ended = replicate(project, "check", "--json", **step)
    told = [json.loads(line) for line in ended.stdout.splitlines()]

    assert (ended.returncode, told[-1]["event"]) == (1, "summary")
    assert "::error " in ended.stderr and "::notice " in ended.stderr
    (project / "results" / "demo").mkdir()
    (project / "results" / "demo" / "measurements.csv").write_text("nonsense\n")
    refused = replicate(project, "check", "--json", **step)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "::error " in refused.stderr

"""Claims and problems for programs: what they get is JSON, which knows no infinite number."""

import json
import math
from dataclasses import replace

import pytest
from site_demo import PURITY, make_project

from replication.claims import as_json
from replication.claims.check import check
from replication.claims.tables import rows_of


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with every kind of claim, and with problems."""
    root = make_project(tmp_path_factory.mktemp("demo"))
    return check(root / "claims", root / "results")


def told(report):
    """The claims as a program reads them, by name."""
    lines = [json.dumps(each, allow_nan=False) for each in as_json.of_claims(report)]
    return {each["claim"]: each for each in map(json.loads, lines)}


def test_every_claim_is_an_object(report):
    """In reading order; a picture has no number, and no number of seeds."""
    found = told(report)

    assert list(found) == [claim.id for _, claim in report.claims]
    assert found["high"]["values"] == {str(i): v for i, v in enumerate(PURITY["demo-run"])}
    assert (found["later"]["voice"], found["high"]["voice"]) == ("reading", "article")
    assert found["high"]["controls"] == [
        {"control": "demo-rival/purity", "passes": False, "reason": "could not print it"}
    ]
    assert (found["grid"]["mean"], found["grid"]["against_ourselves"]) == (None, None)
    assert (found["grid"]["seeds_needed"], found["grid"]["seeds_to_decide"]) == (None, "–")


@pytest.mark.parametrize(
    ("needed", "number", "words"),
    [(math.inf, None, "over 1000"), (None, None, "unknown"), (12, 12, "12")],
)
def test_an_infinite_number_of_seeds_is_null_and_words(report, needed, number, words):
    """It was written as `Infinity`, which is no JSON; the words say why there is no number."""
    judged = {
        name: replace(each, verdict="inconclusive", seeds_needed=needed)
        for name, each in report.judgements.items()
    }
    found = told(replace(report, rows=rows_of(report.articles, judged)))["high"]

    assert (found["seeds_needed"], found["seeds_to_decide"]) == (number, words)


def test_every_problem_is_an_object_with_its_place(report):
    """File and row, where there is one; here the summaries that were never written."""
    problems = [json.loads(json.dumps(each)) for each in as_json.of_problems(report)]

    assert len(problems) == len(report.problems) > 0
    assert {each["event"] for each in problems} == {"problem"}
    assert any(each["file"].endswith("verdicts.csv") and each["row"] == 1 for each in problems)

"""A new kind of claim is a file, a line in the table of kinds, and its part of a page."""

import ast
from pathlib import Path
from typing import ClassVar

import pytest

import replication
from replication import cards
from replication.claims import as_json, kinds, overview, report
from replication.claims.check import check
from replication.claims.kinds.claim import FAILS, HOLDS, OPEN, SHOWN, Answer, Claim, Measure
from replication.claims.kinds.judgement import Judgement
from replication.runner import settings

PACKAGE = Path(replication.__file__).parent
TEMPLATES = PACKAGE / "site" / "templates" / "kinds"
ARTICLE = """
slug = "toy"
number = 6
title = "A toy"
author = "Nobody"
year = 2024
url = "https://example.org"
language = "en"

[[claims]]
id = "positive"
says = "It is positive."
locator = "paragraph 1"
kind = "sign"
voice = "article"
measures = "{measures}"
because = "a number has a sign"
"""


class Sign(Claim):
    """A claim that every seed is positive, which says only what no kind can do without."""

    kind: ClassVar[str] = "sign"
    controls: ClassVar[tuple] = ()
    answers: ClassVar[dict[str, Answer]] = {
        "positive": Answer(HOLDS, "Yes."),
        "sometimes negative": Answer(FAILS, "No."),
        "unknown": Answer(OPEN, "We cannot tell yet."),
    }

    measures: Measure

    @property
    def expectation(self):
        return "above zero"

    def judge(self, evidence):
        values = evidence.values_of(self.measures)
        if not values:
            return Judgement("unknown", "not run")
        verdict = "positive" if min(values.values()) > 0 else "sometimes negative"
        return Judgement(verdict, "counted", len(values), values=values)


def test_verdicts_come_to_the_same_in_every_kind():
    for kind in kinds.KINDS.values():
        for verdict, answer in kind.answers.items():
            assert answer.outcome == kinds.OUTCOMES[verdict]
            assert answer.outcome in ({HOLDS, FAILS, OPEN} if kind.is_counted else {SHOWN})


def test_every_kind_has_its_part_of_a_page():
    assert {path.stem for path in TEMPLATES.glob("*.html")} == set(kinds.KINDS)


def test_nothing_else_asks_what_kind_a_claim_is():
    """Neither for the name of a kind, nor whether a claim is of a kind's class."""
    classes, asked = {kind.__name__ for kind in kinds.KINDS.values()}, []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                named = any(isinstance(each, ast.Constant) for each in sides)
                asks = named and any(ast.unparse(each).endswith("claim.kind") for each in sides)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                asks = not classes.isdisjoint(ast.unparse(node.args[1]).split(" | "))
            else:
                continue
            asked += [f"{path}:{node.lineno}"] * asks

    assert asked == []


@pytest.fixture
def new_kind(tmp_path, monkeypatch):
    """The committed results, judged by an article whose only claim is of a new kind."""
    monkeypatch.setitem(kinds.KINDS, "sign", Sign)
    for word, answer in Sign.answers.items():
        monkeypatch.setitem(kinds.OUTCOMES, word, answer.outcome)

    def made(measures):
        (tmp_path / "toy.toml").write_text(ARTICLE.format(measures=measures), encoding="utf-8")
        return check(tmp_path, settings.RESULTS)

    return made


@pytest.mark.parametrize(
    ("measures", "verdict", "told"),
    [
        ("clustering-eq5-mnist/test_purity", "positive", "expected above zero"),
        ("clustering-eq5-mnist/nothing", "unknown", "Not run yet."),
    ],
)
def test_a_new_kind_is_judged_counted_and_told_by_its_own_file(new_kind, measures, verdict, told):
    found = new_kind(measures)
    (row,) = found.rows
    (listed,) = as_json.of_claims(found)
    values_of = found.generated.values_of

    assert row.verdict == listed["verdict"] == verdict
    assert overview.outcome(row) == Sign.answers[verdict].outcome
    assert f"positive: {verdict}" in found.generated.tables["overview"]
    assert f"1 {verdict}" in report.summary_line(found)
    card = cards.plain(row.claim, row.judgement, values_of, {})
    assert Sign.answers[verdict].text in card and told in card

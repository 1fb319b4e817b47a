"""Everything committed agrees with itself: a test for each claim, and one for the rest.

A claim fails where files and numbers disagree about it. One that is not decided is skipped, with
the reason; one that does not replicate passes, since that is a finding. With `--junitxml` this is
the report that CI services read.
"""

import json

import pytest

from replication.runner import settings
from tests import committed

FOUND = committed.report()
UNDECIDED = ("inconclusive", "shown")


def place_of(slug, claim):
    """The file and the line that a claim starts in."""
    return FOUND.articles[slug].path, claim.line


def concerns(problem, slug, claim):
    """Whether a problem is one of this claim: at its place, or of a number it refers to."""
    if problem.place is not None:  # an outdated number in a document is no fault of the claim
        return problem.place == place_of(slug, claim)
    return not set(claim.references).isdisjoint(problem.measures)


def told(problems):
    """Problems in sentences."""
    return "\n".join(
        f"{each.subject}. Expected: {each.expected}. Found: {each.found}. Fix: {each.fix}."
        for each in problems
    )


@pytest.mark.parametrize(
    ("slug", "claim"), [pytest.param(*each, id=f"{each[0]}-{each[1].id}") for each in FOUND.claims]
)
def test_a_claim_agrees_with_its_numbers(slug, claim):
    problems = [each for each in FOUND.problems if concerns(each, slug, claim)]
    judged = FOUND.judgements[slug, claim.id]

    assert not problems, told(problems)
    if judged.verdict in UNDECIDED:
        pytest.skip(f"{judged.verdict}: {judged.reason}")


def test_whatever_no_claim_rests_on_agrees_too():
    shared = {p for p in FOUND.problems for claim in FOUND.claims if concerns(p, *claim)}

    assert not set(FOUND.problems) - shared, told(set(FOUND.problems) - shared)


@pytest.mark.parametrize("slug", FOUND.articles)
def test_a_committed_notebook_shows_no_progress_of_training(slug):
    """Lines of epochs once pushed the first figure of a page below its first screen."""
    notebook = json.loads((settings.RESULTS / slug / "notebook.ipynb").read_text(encoding="utf-8"))
    outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", ())]

    assert outputs
    assert not [each["text"] for each in outputs if each["output_type"] == "stream"]

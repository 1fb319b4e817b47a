"""README at a glance: the picture, the scoreboard and the printed numbers, from verdicts alone."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from replication.claims import overview
from replication.claims.kinds.judgement import ControlOutcome
from replication.runner import settings
from tests import committed


@pytest.fixture(scope="module")
def found():
    return committed.report()


@pytest.fixture(scope="module")
def arguments(found):
    return found.articles, found.rows


def cells(table):
    """The rows below the head, cell by cell."""
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def test_the_scoreboard_adds_up_and_keeps_voices_apart(found, arguments):
    for language in ("en", "zh"):
        rows = cells(overview.scoreboard(*arguments, language))
        assert len(rows) == len(found.articles)
        for row, article in zip(rows, found.articles.values(), strict=True):
            for cell, voice in zip(row[1:3], ("article", "reading"), strict=True):
                wanted = [c for c in article.claims if c.voice == voice and c.is_counted]
                counted = sum(map(int, re.findall(r"\d+", cell)))
                assert counted == len(wanted), (article.slug, voice)


def test_only_an_address_of_its_own_links_an_article(found, arguments):
    """Three are known by another page only, which does not pass for the article."""
    rows = cells(overview.scoreboard(*arguments))

    for row, article in zip(rows, found.articles.values(), strict=True):
        assert (article.url in row[0]) == (not article.link), article.slug
    assert len({bool(article.link) for article in found.articles.values()}) == 2


def test_the_picture_has_a_square_for_every_counted_claim(found, arguments):
    text = (settings.ROOT / "docs" / "overview.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    counted = [claim.id for _, claim in found.claims if claim.is_counted]

    assert len(titles) - 3 == len(counted)  # three of the legend
    assert {each.split(": ")[0] for each in titles[:-3]} == set(counted)
    width = float(root.get("width"))
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(rect.get("x", 0)) + float(rect.get("width")) <= width
    bottom = max(float(each.get("y")) for each in root.iter("{http://www.w3.org/2000/svg}text"))
    assert bottom < float(root.get("height"))


def test_printed_numbers_stand_beside_every_run(found, arguments):
    """How many runs reach the number is counted from the committed seeds."""
    rows = cells(overview.printed(found.rows, found.metrics))
    claims = [row for row in found.rows if overview.is_printed(row)]

    assert len(rows) == len(claims) >= 2
    for row, wanted in zip(rows, claims, strict=True):
        reported, values = wanted.claim.reported, list(wanted.judgement.values.values())
        shown = f"{reported:.1%}".replace("%", " %")
        assert row[0] == f"{shown} (`{wanted.claim.id}`)", "of which data set, and where to read on"
        assert row[1] == f"{sum(value >= reported for value in values)} of {len(values)}"
        assert wanted.judgement.verdict in row[-1]


def test_printed_numbers_have_the_unit_and_the_better_end_of_their_metric(found):
    """Every one was per cent, and the largest control the best."""
    row = next(each for each in found.rows if overview.is_printed(each))
    controls = tuple(
        ControlOutcome(name, False, "", 5, mean) for name, mean in (("a", 9), ("b", 7))
    )
    judgement = replace(row.judgement, mean=5.0, low=4.0, high=6.25, controls=controls)
    metrics = found.metrics.assign(unit="nats", better="lower")
    ((name, _, ours, control, _),) = cells(
        overview.printed([replace(row, judgement=judgement)], metrics)
    )

    assert name == f"{row.claim.reported} (`{row.claim.id}`)"
    assert (ours, control) == ("5 [4, 6.25]", "7")


def test_readme_is_short_and_no_wider_than_a_page():
    """One screen an answer; the long table stands in docs/claims.md."""
    for name in ("README.md", "README.zh-CN.md"):
        text = (settings.ROOT / name).read_text(encoding="utf-8")
        assert len(text.splitlines()) < 150
        for row in re.findall(r"^\|.*\|$", text, flags=re.MULTILINE):
            shown = re.sub(r"\]\([^)]*\)", "]", row)
            first, rest = shown.strip("|").split("|", 1)  # author and title may take two lines
            assert min(len(first), 60) + len(rest) < 130, row


def test_both_readmes_bind_the_same_numbers():
    bound = [
        re.findall(r"<!-- =(.*?) -->", (settings.ROOT / name).read_text(encoding="utf-8"))
        for name in ("README.md", "README.zh-CN.md")
    ]

    assert sorted(bound[0]) == sorted(bound[1])

"""Claim files: what they may hold, and errors that name file, line, claim and key."""

import pytest

from replication import claims
from replication.claims import ClaimError, Comparison
from tests import claim_files

ARTICLE = claim_files.article(number=9)
VALUE = """[[claims]]
id = "one"
says = "It is high."
locator = "section 1"
kind = "value"
because = "printed so"
measures = "demo-run/purity"
reported = 0.845
controls = []
voice = "article"
"""
ORDER = """[[claims]]
id = "two"
says = "It is higher."
locator = "section 2"
kind = "order"
because = "said so"
measures = "demo-run/purity"
compared_with = ["demo-other/purity"]
direction = "greater"
matters = 0.005
voice = "reading"

[[claims.controls]]
measures = "demo-control/purity"
compared_with = ["demo-other/purity"]
"""


def load(tmp_path, text, name="demo.toml"):
    """The articles of a folder with this one file."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    return claims.load(tmp_path)


def test_the_projects_own_claims_load_and_keep_the_contract():
    """Section 05 has its eight rows; split ones keep their name in front."""
    article = claims.load()["clustering"]
    ids = [claim.id for claim in article.claims]
    rows = ("mnist-purity", "fashion-purity", "class-pictures", "one-step", "balance-term",
            "dec-comparable", "elbo-identity", "batch-dot")  # fmt: skip

    assert article.number == 5
    assert all(any(found.startswith(row) for found in ids) for row in rows)
    assert {c.id: c.target for c in article.claims}["mnist-purity"] == 0.845


def test_an_address_that_is_not_the_articles_own_says_what_it_leads_to(tmp_path):
    """Of three articles the address is not known; by default it is the article itself."""
    ours, other = claims.load(), load(tmp_path, ARTICLE + VALUE)["demo"]
    told = ARTICLE.replace("\n\n", '\nlink = "the site that carries it"\nyear_estimated = true\n\n')
    found = load(tmp_path, told + VALUE)["demo"]

    assert {slug: article.link for slug, article in ours.items() if article.link} == {
        "intuition": "the first reference that it names",
        "contractive": "the post that it follows",
        "applied": "the site that carries it",
    }
    assert all(article.year_estimated == bool(article.link) for article in ours.values())
    assert (other.link, other.year_estimated) == ("", False)
    assert (found.link, found.year_estimated) == ("the site that carries it", True)


def test_a_claim_keeps_everything_it_says(tmp_path):
    """Tables become dataclasses, lists tuples; defaults are unsigned and core."""
    value, order = load(tmp_path, ARTICLE + VALUE + ORDER)["demo"].claims

    assert (value.reported, value.verdict, value.core) == (0.845, "", True)
    assert order.controls == (
        Comparison(measures="demo-control/purity", compared_with=("demo-other/purity",)),
    )
    assert order.references == ("demo-run/purity", "demo-other/purity", "demo-control/purity")
    assert value.line == 10


@pytest.mark.parametrize("text", ["0.840", "85", "85.0", "1_0.50"])
def test_a_printed_number_keeps_its_digits(tmp_path, text):
    """0.840 was read as if the article had printed 0.84, and 85 as if it had printed 85.0."""
    written = VALUE.replace("0.845", text)
    (value,) = load(tmp_path, ARTICLE + written)["demo"].claims

    assert (str(value.reported), value.reported) == (text, float(text))


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("reported = 0.845", "reported = '0.845'", 16, "claim \"one\", key 'reported': expected a"),
        ("reported = 0.845", "reported = nan", 16, "expected a finite number .*, received nan"),
        ("reported = 0.845\n", "", 10, "key 'reported': expected a finite number .* received noth"),
        ("reported = 0.845", "reported = 1e200", 16, r"a finite number up to 1e\+150, received 1e"),
        ("reported = 0.845", f"reported = 1{'0' * 400}", 16, "a finite number up to"),
        ("number = 9", f"number = 0x{'f' * 5000}", 2, "received a number of thousands of digits"),
        ('"It is high."', r'"It is\nhigh."', 11, "key 'says': expected a text of one line"),
        ('"It is high."', r'"It is\u0000."', 11, "key 'says': expected a text of one line"),
        ("reported =", "tolerance = 1\nreported =", 16, "key 'tolerance': .* unknown"),
        ('kind = "value"', 'kind = "valu"', 13, "expected one of value, order, exact"),
        ('id = "one"', 'id = "One Two"', 10, "key 'id': expected a kebab-case name"),
        ('id = "one"', 'id = "two"', 21, "key 'id': expected an id of its own"),
        ("demo-run/purity", "demo-run", 15, "key 'measures': expected 'experiment-name/metric"),
        ("controls = []", 'controls = ["x"]', 17, "key 'controls': expected a list of"),
        ('direction = "greater"', 'direction = "up"', 28, "expected 'greater' or 'less'"),
        ("because = \"said so\"", 'because = ""', 25, "key 'because': expected a text that is not"),
        ('slug = "demo"', 'slug = "other"', 1, "article, key 'slug': expected the name of the f"),
        ("number = 9\n", "", 1, "article, key 'number': expected a whole number > 0, .* receive"),
        ("year = 2018", "link = ''\nyear = 2018", 5, "article, key 'link': expected a text of one"),
        ("year = 2018", "year_estimated = 'x'\nyear = 2018", 5,
         "article, key 'year_estimated': expected true or false, received 'x'"),
        ("year = 2018", "colour = 1\nyear = 2018", 5, "article, key 'colour': .* unknown key"),
        ('voice = "article"\n', "", 10, "key 'voice': expected 'article' .* received nothing; add"),
        ('"article"', '"us"', 18, "key 'voice': expected 'article' .*, received 'us'"),
        ("matters = 0.005\n", "", 21, "key 'matters': expected a finite number > 0, .* nothing"),
        ("matters = 0.005", "matters = 0", 29, "key 'matters': expected a finite number > 0, .* 0"),
        ("matters = 0.005", "matters = true", 29, "key 'matters': expected .*, received True"),
        ("matters =", "benchmark = 0.8\nmatters =", 27, "'compared_with': expected either comp"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_file_line_and_claim(tmp_path, before, after, line, message):
    """The line is found although the TOML parser does not tell it."""
    text = (ARTICLE + VALUE + "\n" + ORDER).replace(before, after, 1)

    with pytest.raises(ClaimError, match=rf"demo\.toml:{line}: .*{message}"):
        load(tmp_path, text)


def test_a_verdict_must_be_one_of_its_kind_and_explained(tmp_path):
    """`contradicted` is no verdict on a value; a signature without a reason is none."""
    with pytest.raises(ClaimError, match=r"demo\.toml:19: .*'verdict': expected one of reproduced"):
        load(tmp_path, ARTICLE + VALUE + 'verdict = "contradicted"\nexplanation = "x"\n')
    with pytest.raises(ClaimError, match=r"demo\.toml:.*'explanation': expected why"):
        load(tmp_path, ARTICLE + VALUE + 'verdict = "reproduced"\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [("x = " + "[" * 100_000, "recursion"), ("x = " + "9" * 5000, "digits")],
    ids=["nested", "endless"],
)
def test_toml_that_python_cannot_hold_is_an_error(tmp_path, text, message):
    """Brackets nested deeply and endless numbers are no errors of the parser's own kind."""
    with pytest.raises(ClaimError, match=rf"demo\.toml: expected TOML.*{message}"):
        load(tmp_path, text)


def test_text_that_is_no_toml_is_told_with_its_line(tmp_path):
    """The parser's own line comes through."""
    with pytest.raises(ClaimError, match=r"demo\.toml: expected TOML.*line 9"):
        load(tmp_path, ARTICLE + "[[claims]\n")


def test_a_missing_folder_and_a_number_used_twice_are_errors(tmp_path):
    """Reading order is by number, so numbers are unique."""
    with pytest.raises(ClaimError, match="expected a folder of <slug>.toml files"):
        claims.load(tmp_path / "absent")
    load(tmp_path, ARTICLE + VALUE)
    with pytest.raises(ClaimError, match="key 'number': expected a number of its own"):
        load(tmp_path, (ARTICLE + VALUE).replace('"demo"', '"else"'), "else.toml")

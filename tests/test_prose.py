"""Numbers in sentences: how they are bound, shown, kept up to date and never typed.

What looks measured (a decimal point or a per cent sign, as in test_notebooks.py) stands in
README.md, docs/*.md and our explanations only if it is bound, or printed by an article, or named
below with the reason. Measured numbers are not spelt out either: a word cannot be kept up to date.
CHANGELOG.md and docs/decisions/ are records of a day, and stay as they were written.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication import claims
from replication.claims import ClaimError, report
from replication.claims.check import check
from replication.claims.intervals import CONFIDENCE, MAX_SEEDS
from replication.claims.kinds import order, value
from replication.claims.prose import Bound, fill, marked, missing, parse, refresh
from replication.claims.tables import claims_of
from replication.runner import settings
from tests.test_claims import ARTICLE, VALUE
from tests.test_notebooks import measured_looking, printed_in
from tests.test_report import CLAIMS, record
from tests.test_verdicts import judge, measured

TYPED = {  # by document, what stands there unbound, and why no row of results/ holds it
    "README.md": {"Apache-2.0": "the name of a licence"},
    "README.zh-CN.md": {
        "Apache-2.0": "the name of a licence",
        "Python 3.11 到 3.13": "versions",
        "84.5 %": "printed in article 05",
        "60.6 %": "printed in article 05",
    },
    "backends.md": {"round-off (0.1 %)": "a setting", "at 5 % for all": "a level"},
    "method.md": {
        "Below 2.5 %": "a rule, see the test below",
        "Below 10 %": "a rule",
        "From 10 % on": "a rule",
        "in 80 % and refused in 5 %": "rates that tests/test_verdict_rates.py holds",
    },
    "running.md": {
        "take 0.8 of the time": "a ratio of a benchmark, measured in one run",
        "| 2.9 (`.venv`) |": "size of an installation, weighed once",
        "| `make reproduce ARTICLE=contractive` | 1.4 |": "a whole call, timed once",
        "with nothing changed | 0.3 |": "a whole call, timed once",
        "| 0.2 (`build/`), 1.8 of memory |": "disk and memory of a call, weighed once",
        "3.12 or 3.13": "versions",
    },
}
TYPED_ANYWHERE = re.compile(
    r"Python \(?\d\.\d+(?:, \d\.\d+)*(?: or \d\.\d+)?"  # versions
    r"|\]\(http[^)]*\) \(\d[\d.]*\)"  # the version of a project, after its link
    r"|\d+\.\d+ [GM]i?B\b"  # memory or disk: weighed, in no row
)
SPELT_OUT = {  # what is spelt out in explanations and was not measured
    "five times the noise": "a setting",
    "a tenth of the largest": "how the metric is defined",
}
COUNT = "(?:an?|one|two|three|four|five|six|seven|eight|nine|ten)"
PART = "[a-z-]*(?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth|teenth|tieth|hundredth)s?"
SPELT = re.compile(
    rf"\b(?:hal(?:f|ves)|twice|thrice|doubled|{COUNT}fold|{COUNT} {PART}"
    rf"|{COUNT} (?:points?|times|decibels?|per cent|(?:in|of) ten))\b"
)
TABLE = re.compile(r"<!-- ([\w-]+):begin -->.*?<!-- \1:end -->", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
MARK = re.compile(r"<!-- =[^>]*-->[^<]*<!-- / -->")
VALUES = {
    "demo-run/purity": {0: 0.5, 1: 0.75, 2: 0.25},
    "demo-run/floor": {0: 0.1, 1: 0.2},
    "other/error": {1: 0.5, 2: 0.25, 3: 9.0},
    "other/none_at_all": {0: 0.0, 1: 0.0},
}
BRACES = st.text(alphabet="{}ab/-:. %\n", max_size=30) | st.text(max_size=60)
REFERENCE = st.sampled_from(sorted(VALUES))
FORM = st.sampled_from(["", ".1%", ".0p", "+.2f", ",.0f", ".3g", ".1e"])
BOUND = st.builds(Bound, st.tuples(REFERENCE), st.just(""), FORM) | st.builds(
    Bound, st.tuples(REFERENCE, REFERENCE), st.sampled_from("-/"), FORM
)


def values_of(reference):
    """The numbers of a small project."""
    return VALUES.get(reference, {})


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{demo-run/purity}", "0.5"),  # (0.5 + 0.75 + 0.25) / 3
        ("{demo-run/purity:.1%}", "50.0 %"),
        ("{demo-run/purity:+.0p} points", "+50 points"),
        ("{demo-run/purity:.2e}", "5.00e-01"),
        # Only seeds 0 and 1 have both: 0.625 less 0.15, and 0.625 to 0.15.
        ("{demo-run/purity - demo-run/floor:.3f}", "0.475"),
        ("{demo-run/purity - floor:.1p}", "47.5"),
        ("{demo-run/purity / floor:.2f}", "4.17"),
        # Seeds 1 and 2: 0.375 less 0.5, over two lines.
        ("{other/error\n - demo-run/purity:+.3f}", "-0.125"),
        ("{other/error - error:.1f}", "0.0"),
        ("{{x}} is {{}}", "{x} is {}"),
        ("{demo-run/absent:.1%}", "(not measured yet)"),
        ("{demo-run/floor / other/none_at_all:.1f}", "(not measured yet)"),
    ],
)
def test_a_bound_number_is_the_mean_over_seeds_in_its_format(written, shown):
    """Worked out by hand; two references are taken over the seeds that both have."""
    assert fill(f"Say {written}.", values_of) == f"Say {shown}."


def test_no_minus_stands_before_a_rounded_zero():
    """A difference of -0.0001 is 0.0, or +0.0 where a sign is asked for."""
    tiny = {"a/x": {0: 0.0}, "a/y": {0: 0.0001}}

    assert fill("{a/x - y:.1f} {a/x - y:+.1f}", tiny.__getitem__) == "0.0 +0.0"


def test_parsing_keeps_text_and_numbers_in_order():
    """What a page needs to draw a number as a link."""
    assert parse("A {demo-run/purity:.1%}, {{b}} {x/y / z}.") == [
        "A ",
        Bound(("demo-run/purity",), "", ".1%"),
        ", {b} ",
        Bound(("x/y", "x/z"), "/"),
        ".",
    ]
    assert parse("") == []


@given(st.lists(BRACES | BOUND, max_size=6))
def test_what_is_written_is_read_back(pieces):
    """Any text survives if its braces are doubled, any binding as it prints itself."""
    written = "".join(
        f"{{{piece}}}" if isinstance(piece, Bound) else piece.replace("{", "{{").replace("}", "}}")
        for piece in pieces
    )
    merged = []
    for piece in filter(None, pieces):
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)

    assert parse(written) == merged


@given(BRACES)
def test_any_text_is_read_or_refused_with_a_reason(text):
    """Nothing else happens; text without braces is never touched."""
    try:
        filled = fill(text, values_of)
    except ClaimError as error:
        assert "expected" in str(error) and "received" in str(error)
        assert "{" in text or "}" in text
    else:
        assert filled == text or "{" in text or "}" in text


@pytest.mark.parametrize(
    "wrong",
    [
        "{",
        "a } b",
        "{}",
        "{purity}",
        "{Demo/purity}",
        "{demo-run/purity:.1d}",
        "{demo-run/purity:1%}",
        "{demo-run/purity-floor}",
        "{demo-run/purity + floor}",
        "{demo-run/purity - floor - floor}",
        "{{demo-run/purity}",
    ],
)
def test_a_claim_file_with_a_wrong_binding_is_named_with_its_line(tmp_path, wrong):
    """Before anything is judged."""
    text = ARTICLE + VALUE + f'explanation = "It is {wrong}."\n'
    (tmp_path / "demo.toml").write_text(text)

    with pytest.raises(ClaimError, match=r"demo\.toml:19: claim \"one\", key 'explanation': expec"):
        claims.load(tmp_path)


def test_a_judged_claim_carries_its_explanation_with_the_numbers_in_place(tmp_path):
    """Notebook and site print the judgement's text; runs of other profiles do not count."""
    text = ARTICLE + VALUE + 'explanation = "We get {ours/m:.1%}, not {ours/x:.2f}."\n'
    (tmp_path / "demo.toml").write_text(text)
    (claim,) = claims.load(tmp_path)["demo"].claims
    rows = measured(ours=[0.8, 0.9])

    found = judge(claim, rows)
    assert found.explanation == "We get 85.0 %, not (not measured yet)."
    assert "(not measured yet), not" in judge(claim, rows.assign(profile="embedded")).explanation
    assert missing(claim.explanation, lambda reference: {}) == [
        "ours/m:.1%",
        "ours/x:.2f",
    ]


def test_a_marked_number_in_a_document_is_brought_up_to_date():
    """The rest of the text stays, code that shows the syntax included."""
    mark = "<!-- =demo-run/purity:.1% -->"
    text = (
        f"# Title\n\nWe get {mark}49.9 %<!-- / --> and\nin `{mark}1<!-- / -->`\n\n"
        f"```\n{mark}2<!-- / -->\n```\n| a | {mark}<!-- / --> | <!-- other -->\n"
    )

    wanted = text.replace("49.9 %", "50.0 %").replace(f"{mark}<!", f"{mark}50.0 %<!")
    assert refresh(text, values_of, "README.md") == wanted
    assert refresh(wanted, values_of, "README.md") == wanted
    assert [(each.line, each.shown) for each in marked(text, "README.md")] == [
        (3, "49.9 %"),
        (9, ""),
    ]


@given(st.text(alphabet="<!-=/> ab`\n", max_size=40))
def test_a_document_without_marks_is_left_alone(text):
    """Or refused, if it holds half of a mark."""
    try:
        assert refresh(text, values_of, "README.md") == text
    except ClaimError as error:
        assert "README.md:" in str(error)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a <!-- =demo-run/purity -->1", "expected <!-- =experiment/metric"),
        ("a 1<!-- / -->", "complete the mark"),
        ("a <!-- =purity -->1<!-- / -->", "received 'purity'"),
        ("a <!-- =demo-run/absent -->1<!-- / -->", "expected a measured number"),
        ("<!-- =demo-run/purity -->1<!-- / -->", "expected a word before the mark"),
        (" - <!-- =demo-run/purity -->1<!-- / -->", "expected a word before the mark"),
    ],
)
def test_a_wrong_mark_is_named_with_its_line(line, message):
    """Markdown takes a line that begins with a comment for HTML, and shows it unrendered."""
    with pytest.raises(ClaimError, match=r"README\.md:3: ") as caught:
        refresh(f"One.\n\n{line} b\n", values_of, "README.md")
    assert message in str(caught.value)


@pytest.fixture
def project(tmp_path):
    """A small project: one claim with a bound number, one page with a marked one."""
    (tmp_path / "claims").mkdir()
    bound = 'explanation = "Purity {demo-run/purity:.1%} on the mean."'
    text = CLAIMS.replace('explanation = "Five seeds hold it."', bound)
    (tmp_path / "claims" / "demo.toml").write_text(text)
    page = "# Page\n\nOurs is <!-- =demo-run/purity:.1% -->84.3 %<!-- / -->, theirs 84.5 %.\n"
    (tmp_path / "page.md").write_text(page)
    for seed, purity in enumerate((0.83, 0.84, 0.86, 0.84, 0.8465)):
        record(tmp_path / "results", "demo-run", seed, purity)
        record(tmp_path / "results", "demo-control", seed, 0.5)
    report.write_summaries(tmp_path / "results", run_check(tmp_path))
    return tmp_path


def run_check(project):
    """The report of the project."""
    sentences = [project / "page.md"]
    return check(project / "claims", project / "results", sentences=sentences)


def test_a_stale_number_is_a_problem_that_names_place_old_and_new_and_report_mends_it(project):
    """One more seed moves the mean from 84.3 % to 86.0 %."""
    assert run_check(project).problems == ()
    record(project / "results", "demo-run", 5, 0.9435)
    report.write_summaries(project / "results", run_check(project))

    (problem,) = run_check(project).problems
    assert problem.subject == f"{project / 'page.md'}:3"
    assert problem.place == (project / "page.md", 3)
    assert (problem.expected, problem.found) == ("86.0 %, from demo-run/purity:.1%", "84.3 %")
    assert "make report" in problem.fix
    report.update_documents({}, run_check(project), [project / "page.md"])
    assert run_check(project).problems == ()
    assert "86.0 %<!-- / -->, theirs 84.5 %." in (project / "page.md").read_text()


@pytest.mark.parametrize("unknown", ["demo-run/absent", "demo-run/purity - demo-later/purity"])
def test_a_number_that_nothing_measures_is_a_problem_in_claim_and_page(project, unknown):
    """A misspelt name and a run that is still to come look the same."""
    for path in (project / "claims" / "demo.toml", project / "page.md"):
        path.write_text(path.read_text().replace("demo-run/purity:.1%", f"{unknown}:.1%"))

    claim, page = run_check(project).problems
    assert (claim.subject, claim.found) == ("demo/high", f"none for {unknown}:.1%")
    assert claim.fix.endswith("demo.toml:10")
    assert (page.subject, page.found) == (f"{project / 'page.md'}:3", "not measured")
    with pytest.raises(ClaimError, match=r"page\.md:3: expected a measured number"):
        report.update_documents({}, run_check(project), [project / "page.md"])


def test_a_broken_mark_is_a_problem_and_stops_no_check(project):
    """All problems are told at once."""
    (project / "page.md").write_text("Half <!-- =demo-run/purity -->84 %\n")

    (problem,) = run_check(project).problems
    assert "page.md:1: expected <!-- =experiment/metric" in problem.found


def unbound(text, typed=()):
    """Numbers of a Markdown text that look measured and are neither generated nor bound."""
    for phrase in typed:
        text = text.replace(phrase, "")
    for pattern in (TABLE, MARK, TYPED_ANYWHERE, CODE):
        text = pattern.sub("", text)
    return measured_looking([text])


@pytest.mark.parametrize("path", settings.SENTENCES, ids=lambda path: path.name)
def test_no_measured_number_is_typed_into_a_document(path):
    """What an article prints may be repeated; so may the confidence of our verdicts."""
    text = path.read_text(encoding="utf-8")
    typed = TYPED.get(path.name, {})
    printed = set().union(*map(printed_in, claims.load().values()))

    assert not [phrase for phrase in typed if phrase not in text], "no longer there: remove it"
    assert not unbound(text, typed) - printed - {f"{100 * CONFIDENCE:g}"}, (
        "write it as <!-- =experiment/metric:.1% --><!-- / --> and run `make report`"
    )


def test_the_method_has_the_limits_that_verdicts_are_judged_by():
    """And its examples are claims of their kinds, which the site draws."""
    text = (settings.ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    words = " ".join(text.split())

    assert f"Below {100 * value.OUTSIDE:g} %: *not reproduced*" in words
    assert f"Below {100 * value.UNUSUAL:g} %: possible, not typical" in words
    assert f"{100 * CONFIDENCE:g} % *prediction interval*" in words
    assert f"nothing above {MAX_SEEDS:,}." in words
    counts = value.MIN_RUNS, order.MIN_PAIRS, order.MIN_GROUP
    assert counts == (5, 6, 4), "the words: five runs, six pairs, four against four"
    found = {f"{slug}/{claim.id}": claim.kind for slug, claim in claims_of(claims.load())}
    names = re.findall(r"<!-- example: (\S+) -->", text)
    assert [found.get(name) for name in names] == ["value", "order", "exact"]


@pytest.mark.parametrize("slug", claims.load())
def test_no_measured_number_is_typed_into_an_explanation(slug):
    """Neither in digits nor in words."""
    article = claims.load()[slug]
    texts = [re.sub(r"\{[^{}]*\}", "#", claim.explanation) for claim in article.claims]

    assert not measured_looking(texts) - printed_in(article), "write {experiment/metric:.1%}"
    words = " ".join(texts)
    for phrase in SPELT_OUT:
        words = words.replace(phrase, "")
    assert not SPELT.findall(words), "a word cannot be kept up to date: bind the number"


def test_every_phrase_that_may_be_spelt_out_is_in_use():
    """An exception that nobody needs is removed."""
    texts = " ".join(claim.explanation for _, claim in claims_of(claims.load()))

    assert not [phrase for phrase in SPELT_OUT if phrase not in texts]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we reach 0.79, `0.81` in code", {"0.79"}),
        ("bound <!-- =demo-run/purity:.1% -->79.1 %<!-- / --> and not 80 %", {"80"}),
        ("Python 3.12, [x](https://x.org) (0.9), 1.8 GB; (0.93)", {"0.93"}),
        ("<!-- claims:begin -->\n| 0.5 |\n<!-- claims:end -->\n60,000 images", set()),
    ],
)
def test_the_rule_on_documents(text, found):
    """Only what nobody keeps up to date is found."""
    assert unbound(text) == found


@pytest.mark.parametrize(
    "text",
    ["falls to a third", "is half of it", "about eight decibels", "twice as many", "four of ten",
     "two points more", "weakens it tenfold", "nine in ten", "a nineteenth", "a fifth of it",
     "three quarters of it"],
)  # fmt: skip
def test_the_rule_on_words(text):
    """Texts as they once stood in the claim files."""
    assert SPELT.search(text)


@pytest.mark.parametrize(
    "text",
    ["the third term", "on the manifold", "two clusters share", "three epochs", "ten values"],
)
def test_counts_and_names_may_be_spelt_out(text):
    """They are settings, or what one sees in a picture."""
    assert not SPELT.search(text)

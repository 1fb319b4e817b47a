"""The check of the committed files, and what people read of it."""

import io
import re
import subprocess
import sys

import pandas as pd
import pytest
from rich.console import Console

from replication import publish, results
from replication.claims import ClaimError, report
from replication.claims.check import check
from replication.claims.tables import replace_table
from tests import claim_files, table_files

CLAIMS = claim_files.article("""[[claims]]
id = "high"
says = "It is high | very."
locator = "section 1"
kind = "value"
voice = "article"
because = "printed so"
measures = "demo-run/purity"
reported = 0.845
controls = ["demo-control/purity"]
verdict = "reproduced"
explanation = "Five seeds hold it."

[[claims]]
id = "grid"
says = "It looks good."
locator = "figure"
kind = "reader"
voice = "article"
because = "a picture"
figure = "grid"
verdict = "shown"
explanation = "Seen."

[[claims]]
id = "later"
says = "It beats another."
locator = "section 2"
kind = "order"
voice = "article"
because = "said so"
measures = "demo-run/purity"
compared_with = ["demo-extended/purity"]
direction = "greater"
matters = 0.005
core = false
verdict = "inconclusive"
explanation = "Not run yet."
""")
README = "# Demo\n\n<!-- claims:begin -->\nold\n<!-- claims:end -->\n\nAfter.\n"


def record(root, experiment, seed, value, *, profile="full", fingerprint="here"):
    """Records a run with the one metric `purity`."""
    table_files.record(
        root,
        "demo",
        experiment=experiment,
        profile=profile,
        seed=seed,
        metrics=[("purity", "fraction", "higher")],
        tier="core",
        measurements={"purity": (value, 100)},
        history=None,
        provenance={"fingerprint": fingerprint, "numerics": {"products": fingerprint}},
    )


@pytest.fixture
def project(tmp_path):
    """A small project whose committed files all agree."""
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "demo.toml").write_text(CLAIMS)
    (tmp_path / "README.md").write_text(README)
    for seed, value in enumerate((0.83, 0.84, 0.86, 0.84, 0.85)):
        record(tmp_path / "results", "demo-run", seed, value)
        record(tmp_path / "results", "demo-control", seed, 0.5)
    refresh(tmp_path)
    return tmp_path


def run_check(project, today=None):
    """The report of a project."""
    return check(
        project / "claims", project / "results", today, documents={"claims": project / "README.md"}
    )


def refresh(project):
    """Writes what is generated."""
    report.write_summaries(project / "results", run_check(project))
    report.update_documents({"claims": project / "README.md"}, run_check(project))


def printed(function, *args, **kwargs):
    """What a function prints on a wide console."""
    console = Console(file=io.StringIO(), width=200)
    function(*args, console, **kwargs)
    return console.file.getvalue()


def only_problem(found):
    """The one problem of a report, in one line."""
    assert len(found.problems) == 1, found.problems
    problem = found.problems[0]
    return f"{problem.subject}: {problem.expected} | {problem.found} | {problem.fix}"


def edit(path, before, after):
    """Replaces a text that must be in a file."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_files_that_agree_have_no_problem(project):
    """Nor has a claim that was signed inconclusive because nothing was run."""
    found = run_check(project)

    assert found.problems == ()
    assert found.judgements["demo", "later"].n == 0
    assert "No problems" in printed(report.print_problems, found)


def test_drift_is_a_problem_and_names_both_numbers(project):
    """The same environment gave another number today."""
    record(project / "build", "demo-run", 1, 0.841)

    assert "0.84, as in the same environment | 0.841" in only_problem(
        run_check(project, project / "build")
    )


def test_new_undecided_and_unrun_numbers_are_no_problem(project):
    """Only drift fails; a further seed is merely new."""
    record(project / "build", "demo-run", 7, 0.1)

    found = run_check(project, project / "build")
    assert found.problems == ()
    assert {row.status for row in found.regressions} == {"new", "not run"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"reproduced"', '"vacuous"', "demo/high: vacuous, as signed | reproduced (n = 5)"),
        ('"reproduced"', '""', "demo/high: a signed verdict | reproduced (n = 5)"),
        ("demo-control/purity", "demo-control/puriti", "demo/high: metrics that demo/metrics.csv"),
    ],
)
def test_a_signature_or_reference_that_does_not_fit_is_a_problem(project, before, after, message):
    """With the file and line to go to."""
    edit(project / "claims" / "demo.toml", before, after)

    messages = [
        f"{p.subject}: {p.expected} | {p.found} | {p.fix}" for p in run_check(project).problems
    ]
    assert any(message in text and "demo.toml:10" in text for text in messages)


def test_a_better_verdict_than_signed_is_a_problem_too(project):
    """A claim that suddenly replicates must be looked at as well."""
    edit(project / "claims" / "demo.toml", '"reproduced"', '"not reproduced"')

    assert "not reproduced, as signed | reproduced" in only_problem(run_check(project))


def test_missing_and_surplus_rows_are_problems(project):
    """A metric declared later is missing from every run, which is said for each."""
    extra = ("demo-run", "entropy", "nats", "none", "core")
    metrics = results.read_metrics(project / "results")
    metrics = pd.concat([metrics, pd.DataFrame([extra], columns=metrics.columns)])
    table_files.write_metrics(project / "results", "demo", metrics)

    found = [problem.found for problem in run_check(project).problems]
    assert found == ["no row of entropy"] * 5


def test_a_core_experiment_needs_a_full_run_and_every_run_its_provenance(project):
    """An embedded run is no substitute."""
    record(project / "results", "demo-new", 0, 0.5, profile="embedded")
    runs = results.read_provenance(project / "results")
    del runs["demo-new/embedded/0"]
    table_files.write_provenance(project / "results", "demo", runs)

    subjects = {p.subject: p.expected for p in run_check(project).problems}
    assert subjects == {
        "demo-new": "a committed run of profile full, as its tier is core",
        "demo-new, embedded, seed 0": "how it was made, in provenance.json",
    }


def test_a_tolerance_narrower_than_seed_noise_is_a_problem(project):
    """Passing it would be luck."""
    exact = CLAIMS.replace('kind = "value"', 'kind = "exact"').replace("reported = 0.845",
                           "expected = 0.845\ntolerance = 0.02")  # fmt: skip
    (project / "claims" / "demo.toml").write_text(exact)
    refresh(project)

    assert "a tolerance of at least the seed noise, 0.0346778" in only_problem(run_check(project))


def test_generated_files_that_are_out_of_date_are_problems(project):
    """One more seed changes verdicts.csv and README; `make report` mends both."""
    record(project / "results", "demo-run", 5, 0.845)

    problems = run_check(project).problems
    assert [p.subject.rsplit("/", 1)[1] for p in problems] == ["verdicts.csv", "README.md"]
    assert "demo,high" in problems[0].found
    refresh(project)
    assert run_check(project).problems == ()


def test_a_readme_without_markers_is_a_problem(project):
    """And writing to it is an error that says which markers to put where."""
    (project / "README.md").write_text("# Demo\n")

    assert "between its markers" in only_problem(run_check(project))
    with pytest.raises(ClaimError, match="expected the markers <!-- claims:begin"):
        report.update_documents({"claims": project / "README.md"}, run_check(project))


def test_the_readme_table_has_both_axes_and_leaves_the_rest_alone(project):
    """Cells are escaped, numbers carry interval and n."""
    text = (project / "README.md").read_text()

    assert text.startswith("# Demo\n\n<!-- claims:begin -->\n**What the articles claim**\n\n| art")
    assert text.endswith("\n<!-- claims:end -->\n\nAfter.\n")
    assert r"`high`: It is high \| very. | 0.845 | 0.844 [0.8093, 0.8787], n = 5" in text
    assert "n = 5 | – | **reproduced** | 5 seeds, re-run |" in text
    assert replace_table(text, "claims", "x", "README.md") == README.replace("old", "x")


def test_verdicts_have_one_row_per_claim_and_nothing_volatile(project):
    """Claims without a number leave the cells blank."""
    lines = (project / "results" / "verdicts.csv").read_text().splitlines()

    assert lines[0] == (
        "article,claim,voice,kind,says,expected,mean,low,high,n,seeds_needed,rests_on,verdict,"
        "depends_on_settings"
    )
    assert lines[1] == "demo,grid,article,reader,It looks good.,,,,,0,–,none,shown,no"
    assert lines[2].startswith("demo,high,article,value,It is high | very.,0.845,0.844,0.809")
    assert lines[3] == (
        "demo,later,article,order,It beats another.,,,,,0,unknown,"
        "demo-run/purity; demo-extended/purity,inconclusive,no"
    )


def test_the_summary_counts_verdicts_but_no_picture(project):
    """One line, with the problems at its end."""
    record(project / "build", "demo-run", 0, 0.83)

    assert report.summary_line(run_check(project, project / "build")) == (
        "2 claims of the articles: 1 reproduced, 1 inconclusive; 1 picture shown, not counted; "
        "stability, by experiment: 1 not run, 1 stable; 0 problems"
    )


def test_the_summary_counts_an_experiment_once_by_what_is_judged(project):
    """It counted pairs of experiment and profile: the digits beside full."""
    for root in ("results", "build"):
        record(project / root, "demo-run", 0, 0.7, profile="embedded")
    found = run_check(project, project / "build")

    assert "by experiment: 2 not run; 0 problems" in report.summary_line(found)
    assert "by experiment on the digits: 1 stable; " in report.summary_line(
        found, ran_profile="embedded"
    )


@pytest.mark.parametrize("width", [150, 140, 120, 100, 80, 66])
def test_a_terminal_of_any_width_breaks_no_word_and_no_number(project, width):
    """In 80 columns the table had 745 lines, with "art icl e" and "-0.1 362" in its cells."""
    path = project / "claims" / "demo.toml"
    path.write_text(path.read_text().replace('"later"', '"' + "-".join(["balance"] * 4) + '"'))
    console = Console(file=io.StringIO(), width=width)
    report.print_claims(run_check(project), console)
    lines = console.file.getvalue().splitlines()
    cells = [cell.strip() for line in lines for cell in re.split(r"│|  +", line)]

    assert max(map(len, lines)) <= width
    assert {"high", "grid", "reproduced", "shown", "inconclusive"} <= set(cells)
    assert any(cell.endswith("[0.8093, 0.8787], n = 5") for cell in cells)
    assert ("balance-balance-balance-balance" in cells) == (width > 66)
    assert (sum("demo" in line for line in lines) == 1) == (width < 140)  # a heading, not a column
    assert any("stability" in line for line in lines) == (width > 80)
    assert all(re.fullmatch("(balance-?)+", cell) for cell in cells if cell.startswith("bal"))


def test_a_log_has_its_own_width(monkeypatch):
    """In a pipe there is no terminal whose width counts."""
    monkeypatch.setattr("rich.console.Console.is_terminal", False)

    assert report.terminal().width == 150


def test_after_an_embedded_run_the_claims_are_loudly_not_run(project):
    """The digits are judged against themselves, and stand in for nothing."""
    for root in ("results", "build"):
        record(project / root, "demo-run", 0, 0.7, profile="embedded")
    found = run_check(project, project / "build")

    assert found.problems == ()
    line = report.summary_line(found, ran_profile="embedded")
    assert "NOT RUN: only the embedded digits ran" in line
    assert "no claim on the full data sets was re-run" in line
    assert "not run" in printed(report.print_claims, found)


def test_a_run_on_the_digits_ends_with_what_was_compared_and_no_table_of_claims(project, capsys):
    """A newcomer took the table of committed verdicts for a judgement of the run."""
    for root in ("results", "build"):
        record(project / root, "demo-run", 0, 0.7, profile="embedded")
    found = run_check(project, project / "build")

    publish.print_report(found, ran_profile="embedded")
    digits = capsys.readouterr().out
    publish.print_report(found, ran_profile="full")
    full = capsys.readouterr().out

    assert "reproduced │" not in digits and "reproduced" in full.split("stability on")[0]
    assert "stability on the digits of scikit-learn: 1 run against results/" in digits
    assert "same environment: 1 of 1 numbers equal to six digits" in digits
    assert digits.splitlines()[-1].endswith("no claim on the full data sets was re-run")


def test_all_problems_are_printed_with_their_cure(project):
    """Not only the first one."""
    edit(project / "claims" / "demo.toml", '"reproduced"', '""')
    edit(project / "claims" / "demo.toml", '"shown"', '""')

    text = printed(report.print_problems, run_check(project))
    assert "Problems (2)" in text
    assert "demo/high" in text and "demo/grid" in text and "demo.toml:23" in text


def test_judging_loads_nothing_heavy():
    """`make check` answers in about a second: no keras, no scipy.stats, no scikit-learn."""
    script = (
        "import sys; from replication.claims import check, intervals, report; "
        "intervals.prediction_interval([1.0, 2.0]); check.check(None, 'absent'); "
        "print(sorted({'keras', 'tensorflow', 'sklearn', 'scipy.stats', 'matplotlib'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr

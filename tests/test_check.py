"""Every problem that `check` can find, as a whole: subject, numbers, cure, place and doubt."""

import pandas as pd
import pytest

from replication import results
from replication.claims.check import Problem, check
from replication.results import seals
from tests import table_files
from tests.test_report import edit, project, record, refresh, run_check  # noqa: F401

AGAIN = "re-run it and `make accept`"
ANEW = "update it with `make report`"
OPEN = """
[[open]]
id = "width"
detail = "How wide it is."
locator = "section 3"
ours = "ten"
measures = "demo-run/purity"
alternatives = [{ what = "twenty", measures = "demo-wide/purity" }]
"""


def problems(project, today=None):  # noqa: F811
    """The problems of a project."""
    return list(run_check(project, today).problems)


def toml(project):  # noqa: F811
    """The claim file of a project."""
    return project / "claims" / "demo.toml"


@pytest.mark.parametrize(("profile", "doubted"), [("full", ("demo-run/purity",)), ("embedded", ())])
def test_drift(project, profile, doubted):  # noqa: F811
    """Numbers of the digits put no claim in doubt."""
    record(project / "results", "demo-run", 1, 0.84, profile=profile)
    record(project / "build", "demo-run", 1, 0.841, profile=profile)

    assert problems(project, project / "build") == [
        Problem(
            f"demo-run/purity, {profile}, seed 1",
            "0.84, as in the same environment",
            "0.841",
            "drift: see `why` for what changed; fix it, or commit it with `make accept`; "
            "for an old build/ beside newer results/, `make reproduce`",
            measures=doubted,
        )
    ]


def test_nothing_is_compared_where_nothing_ran(project):  # noqa: F811
    """Without a folder of today everything is not run; with one, numbers are compared."""
    record(project / "build", "demo-run", 1, 0.84)

    assert {row.status for row in run_check(project).regressions} == {"not run"}
    found = run_check(project, project / "build").regressions
    assert sorted(row.status for row in found) == ["not run"] * 9 + ["stable"]
    assert {row.found for row in found} == {"nothing today", "0.84"}


@pytest.mark.parametrize(
    ("signed", "expected", "verb"),
    [("vacuous", "vacuous, as signed", "correct"), ("", "a signed verdict", "sign")],
)
def test_a_signature(project, signed, expected, verb):  # noqa: F811
    """Another verdict than the signed one, or none."""
    edit(toml(project), 'verdict = "reproduced"', f'verdict = "{signed}"')

    assert problems(project) == [
        Problem(
            "demo/high",
            expected,
            "reproduced (n = 5): 50.0 % of runs like ours are predicted at least as far out as the "
            "printed 0.845",
            f"read the runs, then {verb} `verdict` and `explanation` at demo.toml:10",
            place=(toml(project), 10),
        )
    ]


def unknown(project, subject, found, line):  # noqa: F811
    """The problem of a name that no table declares."""
    return Problem(
        subject,
        "metrics that demo/metrics.csv declares",
        found,
        f"run the experiment and `make accept`, or correct the names at demo.toml:{line}",
        place=(toml(project), line),
    )


def test_names_that_nothing_declares(project):  # noqa: F811
    """A core claim needs its runs; other claims and open details only need true names."""
    toml(project).write_text(toml(project).read_text() + OPEN)
    refresh(project)
    assert problems(project) == []

    edit(toml(project), "demo-extended/purity", "demo-run/puriti")
    edit(toml(project), "demo-wide/purity", "demo-run/pureness")
    edit(toml(project), "demo-control/purity", "demo-nowhere/purity")
    refresh(project)

    found = [each for each in problems(project) if "declares" in each.expected]
    assert found == [
        unknown(project, "demo/high", "demo-nowhere/purity", 10),
        unknown(project, "demo/later", "demo-run/puriti", 34),
        unknown(project, "demo/width", "demo-run/pureness", 49),
    ]


def test_missing_and_surplus_rows(project):  # noqa: F811
    """Against metrics.csv, run by run; digits put no claim in doubt."""
    record(project / "results", "demo-control", 0, 0.5, profile="embedded")
    metrics = results.read_metrics(project / "results").replace({"metric": {"purity": "entropy"}})
    metrics = metrics[metrics["experiment"] == "demo-control"]
    kept = results.read_metrics(project / "results")
    kept = kept[kept["experiment"] == "demo-run"]
    table_files.write_metrics(project / "results", "demo", pd.concat([metrics, kept]))
    rows = results.read_measurements(project / "results")
    later = rows[rows["experiment"] == "demo-control"].assign(metric="later")
    table_files.write_measurements(project / "results", "demo", pd.concat([rows, later]))

    found = [each for each in problems(project) if each.fix == AGAIN]
    assert found == [
        each
        for profile, seed in [("embedded", 0), *(("full", each) for each in range(5))]
        for each in (
            Problem(
                f"demo-control, {profile}, seed {seed}",
                "a row for every declared metric",
                "no row of entropy",
                AGAIN,
                measures=("demo-control/entropy",) if profile == "full" else (),
            ),
            Problem(
                f"demo-control, {profile}, seed {seed}",
                "only metrics that metrics.csv declares",
                "later, purity",
                AGAIN,
                measures=("demo-control/later", "demo-control/purity") if profile == "full" else (),
            ),
        )
    ]


def test_runs_without_provenance_and_core_without_runs(project):  # noqa: F811
    """Each says what it puts in doubt."""
    record(project / "results", "demo-new", 0, 0.5, profile="embedded")
    runs = results.read_provenance(project / "results")
    del runs["demo-run/full/1"]
    table_files.write_provenance(project / "results", "demo", runs)

    assert problems(project) == [
        Problem(
            "demo-run, full, seed 1",
            "how it was made, in provenance.json",
            "nothing",
            AGAIN,
            measures=("demo-run/purity",),
        ),
        Problem(
            "demo-new",
            "a committed run of profile full, as its tier is core",
            "none",
            "run it with PROFILE=full and `make accept`",
            measures=("demo-new/purity",),
        ),
    ]


def test_runs_elsewhere(project):  # noqa: F811
    """Of an experiment that we never ran, and without a word on how they were made."""
    (project / "results" / "backends.csv").write_text(
        "backend,device,experiment,profile,seed,metric,value\n"
        "jax,cpu,demo-run,full,0,purity,0.83\n"
        "jax,cpu,demo-wide,full,0,purity,0.83\n"
    )
    again = "re-run it there, then `python -m replication backends FOLDER`"

    found = problems(project)
    assert [(each.expected, each.found, each.fix) for each in found] == [
        ("numbers that we have as well", "others", again),
        ("how it was made, in backends.json", "nothing", again),
        ("how it was made, in backends.json", "nothing", again),
    ]
    assert "demo-wide" in found[0].subject and "demo-run" not in found[0].subject
    assert "demo-run" in found[1].subject and "demo-wide" in found[2].subject


def exact(project, tolerance):  # noqa: F811
    """Makes the first claim an identity with this tolerance."""
    text = toml(project).read_text().replace('kind = "value"', 'kind = "exact"', 1)
    number = f"expected = 0.845\ntolerance = {tolerance!r}"
    toml(project).write_text(text.replace("reported = 0.845", number))
    refresh(project)
    return problems(project)


def test_a_tolerance_and_the_seed_noise(project):  # noqa: F811
    """As wide as the noise is wide enough; a hair narrower is not."""
    judged = run_check(project).judgements["demo", "high"]
    noise = (judged.high - judged.low) / 2

    assert exact(project, noise) == []
    edit(toml(project), repr(noise), repr(noise * 0.999))
    refresh(project)
    assert problems(project) == [
        Problem(
            "demo/high",
            f"a tolerance of at least the seed noise, {noise:.6g}",
            f"{noise * 0.999:.6g}",
            "measure it with less noise, or widen `tolerance` and say so in `because`, "
            "at demo.toml:10",
            place=(toml(project), 10),
        )
    ]


def test_two_seeds_know_no_noise(project):  # noqa: F811
    """Nor has an order a tolerance."""
    for seed in (2, 3, 4):
        table_files.forget(project / "results", "demo", "demo-run", seed)

    assert exact(project, 0.02) == []


@pytest.mark.parametrize(("table", "line"), [("verdicts.csv", 2), ("ledger.csv", 1)])
def test_stale_tables(project, table, line):  # noqa: F811
    """Each row that differs is named; a file that is gone has none."""
    toml(project).write_text(toml(project).read_text() + OPEN)
    refresh(project)
    path = project / "results" / table
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([*lines[:line], lines[line].replace(",", ",un", 1), *lines[line + 1 :]]) + "\n"
    )
    article, name = lines[line].split(",")[:2]

    assert problems(project) == [
        Problem(
            str(path),
            "the rows as they are recomputed from the tables",
            f"other rows for {'; '.join(sorted([f'{article},{name}', f'{article},un{name}']))}",
            ANEW,
            place=(path, 1),
        )
    ]
    path.unlink()
    assert [(each.found, each.place) for each in problems(project)] == [("no file", (path, 1))]


def test_documents(project):  # noqa: F811
    """Gone, without markers, or with another table."""
    readme = project / "README.md"
    text = readme.read_text()

    readme.write_text(text.replace("0.844 [", "0.845 ["))
    assert problems(project) == [
        Problem(str(readme), "the table 'claims' as recomputed", "out of date", ANEW, (readme, 1))
    ]
    readme.write_text("# Demo\n")
    (found,) = problems(project)
    assert (found.subject, found.expected, found.fix, found.place) == (
        str(readme), "the table 'claims' between its markers",
        "put the markers back, or restore the file from git", (readme, 1),
    )  # fmt: skip
    readme.unlink()
    assert problems(project) == [
        Problem(str(readme), "the table 'claims'", "no file", "restore it from git", (readme, 1))
    ]
    assert check(project / "claims", project / "results").problems == ()  # no documents, no problem


def test_numbers_in_sentences(project):  # noqa: F811
    """Stale, empty, of nothing that is measured, or badly marked."""
    page = project / "page.md"

    def found(text):
        page.write_text(f"It is\n{text} high.\n", encoding="utf-8")
        arguments = {"documents": {"claims": project / "README.md"}, "sentences": [page]}
        return list(check(project / "claims", project / "results", **arguments).problems)

    def marked(shown, name="demo-run/purity"):
        return f"of <!-- ={name}:.1% -->{shown}<!-- / -->"

    assert found(marked("84.4 %")) == []
    for shown, told in (("84.3 %", "84.3 %"), ("", "nothing")):
        assert found(marked(shown)) == [
            Problem(
                f"{page}:2",
                "84.4 %, from demo-run/purity:.1%",
                told,
                ANEW,
                (page, 2),
                ("demo-run/purity",),
            )
        ]
    assert found(marked("84.3 %", "demo-run/puriti")) == [
        Problem(
            f"{page}:2",
            "demo-run/puriti:.1%",
            "not measured",
            "correct the name, or run it and `make accept`",
            (page, 2),
        )
    ]
    (bad,) = found("of <!-- =demo-run -->84<!-- / -->")
    assert (bad.subject, bad.expected, bad.fix, bad.place) == (
        str(page), "sentences with marked numbers", "fix the mark", None,
    )  # fmt: skip


def test_numbers_of_an_explanation(project):  # noqa: F811
    """Every number that it names has to be there."""
    edit(toml(project), "Five seeds hold it.", "At {demo-run/puriti}.")

    assert problems(project) == [
        Problem(
            "demo/high",
            "a committed number for everything that `explanation` names",
            "none for demo-run/puriti",
            "run it and `make accept`, or correct the names at demo.toml:10",
            place=(toml(project), 10),
        )
    ]


def test_a_report_holds_what_it_was_made_from(project):  # noqa: F811
    """All claims in order, and the declared metrics."""
    found = run_check(project)

    assert [(slug, claim.id) for slug, claim in found.claims] == [
        ("demo", "high"), ("demo", "grid"), ("demo", "later"),
    ]  # fmt: skip
    assert sorted(found.metrics["experiment"]) == ["demo-control", "demo-run"]
    assert found.generated.values_of("demo-run/purity") == {
        0: 0.83, 1: 0.84, 2: 0.86, 3: 0.84, 4: 0.85,
    }  # fmt: skip
    assert {"claims", "ledger", "backends"} <= set(found.generated.tables)


def test_the_ledger_rests_on_full_runs_alone(project):  # noqa: F811
    """Digits move nothing."""
    toml(project).write_text(toml(project).read_text() + OPEN)
    for seed in range(3):
        record(project / "results", "demo-run", seed, 0.1, profile="embedded")
        record(project / "results", "demo-wide", seed, 0.2, profile="embedded")
    before = run_check(project).generated.tables["ledger"]
    for seed in range(3):
        record(project / "results", "demo-wide", seed, 0.85)

    after = run_check(project).generated

    assert after.tables["ledger"] != before
    row = after.ledger.iloc[0]
    assert row["ours"] == pytest.approx(0.844, abs=1e-12)  # doubles
    assert row["n"] == 3


def test_a_broken_seal(project):  # noqa: F811
    """It names the run, and puts every number of its experiment in doubt."""
    root = project / "results"
    rows = seals.rows_by_run(results.read_measurements(root), results.read_history(root))
    runs = results.read_provenance(root, "demo")
    table_files.write_provenance(root, "demo", seals.sealed(runs, rows, set(runs)))
    assert problems(project) == []

    record(root, "demo-run", 1, 0.841)
    refresh(project)

    assert problems(project) == [
        Problem(
            "demo-run, full, seed 1",
            "rows and provenance as they were accepted",
            "no seal",
            "restore them from git, or re-run it and `make accept`",
            measures=("demo-run/purity",),
        )
    ]


def test_an_executed_notebook_that_is_gone_is_a_problem(project):  # noqa: F811
    """A deleted one passed the check; that of an article without runs is not expected."""
    for name in ("01_demo", "02_other"):
        (project / "notebooks").mkdir(exist_ok=True)
        (project / "notebooks" / f"{name}.ipynb").write_text("{}")
    executed = project / "results" / "demo" / "notebook.ipynb"

    def problems():
        found = check(project / "claims", project / "results", notebooks=project / "notebooks")
        return [each for each in found.problems if "executed" in each.expected]

    [problem] = problems()
    assert (problem.subject, problem.expected) == (str(executed), "01_demo.ipynb, executed")
    assert "make reproduce ARTICLE=demo" in problem.fix
    executed.write_text("{}")
    assert problems() == []

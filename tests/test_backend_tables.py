"""Runs on other backends: taken from their build folders, and held against our own seeds."""

import math

import pandas as pd
import pytest
from scipy import stats

from replication import results
from replication.claims import backends
from replication.claims.check import check
from replication.claims.verdicts import evidence_of
from replication.results import ResultsError
from replication.results.backends import add_backend, read_backend_runs, read_backends
from tests import table_files

JAX = {"backend": "jax", "device": "cpu-x86_64", "jax": "1.2.3", "threads": 1}
SEEDS = (0.83, 0.84, 0.86, 0.85, 0.82)
NAMES = ("backends", "backends-outside", "backends-environments")
PAGE = "".join(f"\n<!-- {name}:begin -->\nold\n<!-- {name}:end -->\n" for name in NAMES)


def record(root, value, *, seed=0, profile="full", metric="purity", environment=None):
    """Records a run of one experiment with one metric."""
    table_files.record(
        root,
        "demo",
        experiment="demo-run",
        profile=profile,
        seed=seed,
        metrics=[(metric, "fraction", "higher")],
        tier="core",
        measurements={metric: (value, 100)},
        history=None,
        provenance={"fingerprint": "there", "environment": environment or {}, "commit": "abc"},
    )


@pytest.fixture
def home(tmp_path):
    """Our own results: five seeds."""
    for seed, value in enumerate(SEEDS):
        record(tmp_path / "results", value, seed=seed)
    return tmp_path / "results"


@pytest.fixture
def elsewhere(tmp_path):
    """Makes the build folder of another backend, by a value and a name."""

    def build(value, name="jax", **options):
        folder = tmp_path / name
        options = {"environment": {**JAX, "backend": name}, **options}
        record(folder / "results", value, **options)
        return folder

    return build


def found(home):
    """Every number of other backends, compared."""
    return backends.agreements(*read(home)[:2])


def test_runs_of_profile_full_are_taken_with_how_they_were_made(home, elsewhere):
    """Smoke and embedded runs stay where they are; our own tables are not touched."""
    before = {path: path.read_bytes() for path in (home / "demo").iterdir()}
    folder = elsewhere(0.84123456)
    elsewhere(0.1, profile="smoke")

    assert add_backend(home, folder) == ["jax/cpu-x86_64/demo-run/full/0"]
    assert (home / "backends.csv").read_text().splitlines()[1:] == [
        "jax,cpu-x86_64,demo-run,full,0,purity,0.841235"
    ]
    assert read_backend_runs(home)["jax/cpu-x86_64/demo-run/full/0"]["environment"] == JAX
    assert before == {path: path.read_bytes() for path in (home / "demo").iterdir()}


def test_a_run_taken_again_replaces_its_former_self_and_no_other(home, elsewhere):
    """By backend, device, experiment and seed; the order of taking does not matter."""
    add_backend(home, elsewhere(0.5, "torch"))
    add_backend(home, elsewhere(0.1))

    add_backend(home, elsewhere(0.2))

    rows = read_backends(home)
    assert dict(zip(rows["backend"], rows["value"], strict=True)) == {"jax": 0.2, "torch": 0.5}
    assert len(read_backend_runs(home)) == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"profile": "smoke"}, "runs of profile full"),
        ({"environment": {"backend": "jax"}}, "an environment with backend and device"),
    ],
)
def test_a_folder_that_cannot_be_taken_changes_nothing(home, elsewhere, options, expected):
    """The message says what was expected of it."""
    with pytest.raises(ResultsError, match=expected):
        add_backend(home, elsewhere(0.8, **options))

    assert not (home / "backends.csv").exists()


def test_of_several_folders_all_are_taken_or_none(home, elsewhere):
    """The first was taken when the second was refused, and no document told of it."""
    good, other, bad = (
        elsewhere(0.8),
        elsewhere(0.7, "torch"),
        elsewhere(0.8, profile="smoke", name="x"),
    )
    with pytest.raises(ResultsError, match="runs of profile full"):
        add_backend(home, good, bad)

    assert not (home / "backends.csv").exists()
    assert len(add_backend(home, good, other)) == len(read_backends(home)) == 2


@pytest.mark.parametrize(("inside", "status"), [(0.999, "stable"), (1.001, "drifted")])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_number_is_stable_inside_the_prediction_interval(home, elsewhere, inside, status, side):
    """mean ± t s sqrt(1 + 1/n), with SciPy's t."""
    mean, std = stats.tmean(SEEDS), stats.tstd(SEEDS)
    half_width = stats.t.ppf(0.975, 4) * std * math.sqrt(1 + 1 / 5)
    add_backend(home, elsewhere(mean + side * inside * half_width))

    (agreement,) = found(home)

    assert agreement.status == status
    assert agreement.deviation == pytest.approx(side * inside * half_width / std, rel=1e-4)  # csv


def test_too_few_seeds_decide_nothing(tmp_path, elsewhere):
    """Two say little about seed noise."""
    for seed in (0, 1):
        record(tmp_path / "results", 0.8 + seed / 10, seed=seed)
    add_backend(tmp_path / "results", elsewhere(5.0))

    assert [each.status for each in found(tmp_path / "results")] == ["undecided"]
    table = backends.tables(["demo"], *read(tmp_path / "results"))["backends"]
    assert table.count("\n") == 1, "header and rule alone"


def read(home):
    """What the tables are rendered from."""
    values_of = evidence_of(results.read_measurements(home)).values_of
    return values_of, read_backends(home), read_backend_runs(home)


def test_what_no_seed_moves_must_come_back(tmp_path, elsewhere):
    """Without spread there is no unit of deviation, and only the same six digits are stable."""
    for seed in range(3):
        record(tmp_path / "results", 0.5, seed=seed)
    for name, value in (("same", 0.5000000001), ("other", 0.50001)):
        add_backend(tmp_path / "results", elsewhere(value, name))

    other, same = found(tmp_path / "results")

    assert (same.status, same.deviation, same.equal) == ("stable", 0, True)
    assert (other.status, other.deviation, other.equal) == ("drifted", math.inf, False)


def test_our_own_seeds_are_held_against_the_others_only(home, elsewhere):
    """One seed far off lies outside of the rest, and pulls every other interval wide."""
    record(home, 9.0, seed=4)
    add_backend(home, elsewhere(0.84))

    ours = backends.held_out(*read(home)[:2])

    assert {each.seed: each.status for each in ours} == {
        **dict.fromkeys(range(4), "stable"),
        4: "drifted",
    }
    assert all(each.interval.n == 4 for each in ours)


def test_the_summary_counts_by_backend_device_and_article(home, elsewhere):
    """One number equal to ours and one outside; our own seeds below, and their spread."""
    add_backend(home, elsewhere(SEEDS[0]))
    add_backend(home, elsewhere(0.5, "torch"))

    tables = backends.tables(["demo"], *read(home))

    lines = tables["backends"].splitlines()[2:]
    assert lines[0].startswith("| jax | cpu-x86_64 | demo | 1 | 1 | 1 | 1 | 0 (0.0 %) | -0.6,")
    assert lines[1].startswith("| torch | cpu-x86_64 | demo | 1 | 1 | 0 | 0 | 1 (100.0 %) |")
    ours = (
        "| our own seeds | each held against the others | demo | 5 | 5 |  | 5 | 0 (0.0 %; by seed"
    )
    assert lines[2].startswith(ours)
    (outside,) = tables["backends-outside"].splitlines()[2:]
    assert outside.startswith("| torch | cpu-x86_64 | `demo-run/purity` | 0 | 0.84 [0.7")
    first = tables["backends-environments"].splitlines()[2]
    assert first == "| jax 1.2.3 | cpu-x86_64 |  | 1 |  | abc | 1 |"


@pytest.fixture
def page(home, tmp_path):
    """Checks the three tables of a document."""
    path, claims = tmp_path / "backends.md", tmp_path / "claims"
    path.write_text(PAGE)
    claims.mkdir()

    def problems():
        report = check(claims, home, documents=dict.fromkeys(NAMES, path))
        return report, [problem for problem in report.problems if "verdicts" not in problem.subject]

    return path, problems


def test_the_check_names_stale_tables_until_they_are_written(home, elsewhere, page):
    """They follow from committed files alone."""
    from replication.claims.report import update_documents

    path, problems = page
    add_backend(home, elsewhere(0.84))
    report, stale = problems()
    update_documents(dict.fromkeys(NAMES, path), report)

    assert len([problem for problem in stale if problem.subject == str(path)]) == len(NAMES)
    assert not [problem for problem in problems()[1] if problem.subject == str(path)]
    record(home, 0.99, seed=0)  # one of ours moves, and its interval with it
    assert [problem for problem in problems()[1] if problem.subject == str(path)]


def test_the_check_names_runs_that_cannot_be_held_against_ours(home, elsewhere, page):
    """Of a metric that we have not, or without a word on how it was made."""
    add_backend(home, elsewhere(0.84, metric="other"))
    (home / "backends.json").unlink()

    found = {problem.subject: problem.found for problem in page[1]()[1]}

    assert found["backends.csv, jax/cpu-x86_64/demo-run"] == "others"
    assert found["jax/cpu-x86_64/demo-run/full/0"] == "nothing"


def test_no_other_backend_is_no_problem(home, page):
    """Empty tables, and no file is needed."""
    assert read_backends(home).empty
    assert isinstance(read_backends(home), pd.DataFrame)
    assert not [p for p in page[1]()[1] if "backend" in p.subject and p.place is None]

"""False friends: wrong results planted in a copy of the committed ones, and what catches each.

The list of faults here and the table in docs/trust.md are the same; a test holds them together.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from replication import results
from replication.claims import ClaimError, load
from replication.claims.check import check
from replication.claims.tables import replace_table
from replication.results import ResultsError
from replication.runner import settings
from tests import committed, test_architecture
from tests.test_prose import unbound
from tests.trust.faults import FAULTS, SLUG

TRUST = settings.ROOT / "docs" / "trust.md"


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A copy of one article's claims, results and table in README, without a problem."""
    root = tmp_path_factory.mktemp("clean")
    (root / "claims").mkdir()
    shutil.copy(settings.ROOT / "replication" / "claims" / f"{SLUG}.toml", root / "claims")
    shutil.copytree(settings.RESULTS / SLUG, root / "results" / SLUG)
    marked = "About <!-- =clustering-eq5-mnist/test_purity:.1% --><!-- / --> of them."
    readme = f"# Copy\n\n<!-- claims:begin -->\n<!-- claims:end -->\n\n{marked}\n"
    (root / "README.md").write_text(readme, encoding="utf-8")
    publish(root)
    assert problems(root) == []
    return root


@pytest.fixture
def copy(clean, tmp_path):
    """A fresh copy to plant a fault in."""
    return Path(shutil.copytree(clean, tmp_path / "copy"))


def judged(root):
    """The report of a copy."""
    readme = root / "README.md"
    return check(
        root / "claims", root / "results", documents={"claims": readme}, sentences=[readme]
    )


def publish(root):
    """What `make report` does."""
    from replication.claims import report

    readme = root / "README.md"
    report.write_summaries(root / "results", judged(root))
    report.update_documents({"claims": readme}, judged(root), [readme])


def problems(root):
    """Every problem as a line; a file that cannot be read is one."""
    try:
        found = judged(root).problems
    except (ClaimError, ResultsError) as error:
        return [f"refused: {error}"]
    return [f"{each.subject}: {each.expected} | {each.found}" for each in found]


@pytest.mark.parametrize("name", FAULTS)
def test_check_catches(copy, name):
    """With a problem that says what is wrong."""
    plant, caught = FAULTS[name]
    plant(copy)

    found = problems(copy)
    assert any(caught in line for line in found), found


def test_the_command_exits_1_for_a_fault_and_2_for_a_broken_table(copy):
    """The way `make check` is called: on a copy of the repository's own folders."""
    for name in ("replication", "docs"):
        shutil.copytree(settings.ROOT / name, copy / name, ignore=shutil.ignore_patterns("__py*"))
    shutil.rmtree(copy / "results")
    shutil.copytree(settings.RESULTS, copy / "results")
    for readme in settings.ROOT.glob("README*.md"):
        shutil.copy(readme, copy / readme.name)

    def called():
        command = [sys.executable, "-m", "replication", "check"]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    assert called()[0] == 0
    FAULTS["the values of two seeds are swapped"][0](copy)
    assert called()[0] == 1
    FAULTS["a cell is not a number"][0](copy)
    code, said = called()
    assert code == 2 and "nan" in said and "Traceback" not in said


def test_every_committed_run_is_sealed():
    """So that removing all seals is no way out."""
    for slug in load():
        runs = results.read_provenance(settings.RESULTS, slug)
        assert runs and all(run.get("seal") for run in runs.values()), slug


def sizes_of(row):
    """How many images a metric of profile full may rest on, by its name; None: any."""
    if row.experiment.startswith("clustering-") and row.metric.startswith("all_"):
        return {70_000}
    if few := re.search(r"_train_mse_(\d+)$", row.metric):  # of as many images as it learned from
        return {min(int(few[1]), 10_000)}
    split = re.search(r"(?:^|_)(train|test)_(?!$)", f"{row.metric}_".partition("_fit_on_")[0])
    if row.experiment.startswith(("intuition-", "survey-moving")) or not split:
        return None
    return {10_000} if split[1] == "test" else {60_000, 48_000, 10_000, 1_000}


def misplaced(measurements):
    """Metrics that rest on another split than their name says."""
    full = measurements[measurements["profile"] == "full"]
    return {
        f"{row.experiment}/{row.metric}: {row.num_examples}"
        for row in full.itertuples(index=False)
        if row.num_examples not in (sizes_of(row) or {row.num_examples})
    }


def test_a_test_number_rests_on_the_test_images():
    """Ten thousand of them; with the training images in their place it would say so."""
    committed = results.read_measurements(settings.RESULTS)

    assert misplaced(committed) == set()
    planted = committed.assign(num_examples=committed["num_examples"].replace(10_000, 60_000))
    assert any("test_purity: 60000" in each for each in misplaced(planted))


@pytest.mark.parametrize(
    "line",
    [
        "from replication.claims import load",
        "import replication.claims.check",
        "import importlib\nload = importlib.import_module('replication.claims')",
        "TEXT = open('replication/claims/clustering.toml').read()",
        "import tomllib",
    ],
)
def test_an_experiment_that_looks_at_claims_is_found(tmp_path, monkeypatch, line):
    """Blind measurement: tests/test_architecture.py on a copy with one more line."""
    package = tmp_path / "replication"
    shutil.copytree(settings.ROOT / "replication", package)
    path = package / "experiments" / "contractive" / "variants.py"
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(test_architecture, "ROOT", tmp_path)
    monkeypatch.setattr(test_architecture, "PACKAGE", package)

    with pytest.raises(AssertionError):
        test_architecture.test_modules_import_only_what_the_table_allows(path)
        test_architecture.test_only_claims_reads_claims(path)


def test_a_number_typed_into_prose_is_found():
    """The rule that tests/test_prose.py holds README and docs to."""
    text = (settings.ROOT / "README.md").read_text(encoding="utf-8")

    assert unbound(text + "\nIt reaches 84.567 % of them.\n") - unbound(text) == {"84.567"}


def shown(slug, root=settings.RESULTS):
    """All texts that the committed notebook of an article puts out."""
    notebook = json.loads((root / slug / "notebook.ipynb").read_text(encoding="utf-8"))
    outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", ())]
    return "\n".join("".join(text) for each in outputs for text in texts(each))


def texts(output):
    """The texts of one output."""
    data = output.get("data", {})
    return [data.get("text/html", ""), data.get("text/markdown", ""), data.get("text/plain", "")]


@pytest.mark.parametrize("slug", load())
def test_a_notebook_has_a_card_for_every_claim(slug):
    """One that shows another verdict than today's is noticed by the site: tests/test_site.py.

    A claim without a run stands in the box of what was not run.
    """
    found, text = committed.report(), shown(slug)
    rows = [row for row in found.rows if row.slug == slug]
    without_run = {row.claim.id for row in rows if row.claim.is_counted and not row.judgement.n}

    cards = {row.claim.id: text.count(f"<code>{row.claim.id}</code></small>") for row in rows}
    boxed = {name for name in without_run if f"(`{name}`)" in text}
    assert {name for name, number in cards.items() if number != 1} == boxed == without_run


def listed(section):
    """The first cells of the tables in a section of docs/trust.md."""
    text = TRUST.read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]


def test_the_list_in_the_document_is_the_list_of_faults():
    """Nothing is said to be caught that is not planted here, and nothing is planted unsaid."""
    found = [
        name for name in listed("Wrong results are caught") if name not in ("Promise", "Planted")
    ]

    assert [name for name in found if name in FAULTS] == list(FAULTS)


def test_a_table_can_be_put_back(copy):
    """What is planted is the fault and nothing else: the copy itself has no problem."""
    readme = (copy / "README.md").read_text(encoding="utf-8")
    table = judged(copy).generated.tables["claims"]

    assert replace_table(readme, "claims", table, "README.md") == readme
    assert problems(copy) == []

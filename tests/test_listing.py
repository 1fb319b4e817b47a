"""`list` and `why`: what there is, told by name, without Keras where no key is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from replication import claims, environment, listing, results, runner, store
from replication.experiments import ExperimentError, registry
from replication.runner import declared as module
from replication.runner import settings

ROOT = Path(__file__).parent.parent
WITHOUT_KERAS = """
import sys
from replication import __main__ as command
sys.argv = ["replication", *sys.argv[1:]]
try:
    command.main()
except SystemExit as ended:
    print("code", ended.code)
print("keras" in sys.modules or "tensorflow" in sys.modules)
"""


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Declarations as the registry has them, noted in a build folder of the test's own."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    return module.declared()


def test_declarations_are_those_of_the_registry_and_are_noted(told, monkeypatch):
    """The second time nothing is imported; another source asks again."""
    expected = [
        (each.name, each.slug, each.tier, each.minutes, len(each.seeds), len(each.metrics))
        for each in registry().values()
    ]
    assert told == expected
    calls = []
    monkeypatch.setattr(module.experiments, "registry", lambda: calls.append(1) or registry())
    assert module.declared() == expected and not calls

    [path] = (settings.BUILD / "declared").iterdir()
    path.write_text("[[1, 2")
    assert module.declared() == expected and calls == [1]
    monkeypatch.setattr(module, "_digest", lambda: "other")
    module.declared()
    assert calls == [1, 1]


def test_a_build_folder_that_cannot_be_written_costs_time_and_nothing_else(told, monkeypatch):
    """A read-only checkout may be looked at."""
    monkeypatch.setattr(settings, "BUILD", Path("/dev/null/build"))
    with pytest.raises(store.StoreError):
        store.write_atomically(settings.BUILD / "x", b"")

    assert module.declared() == told


def test_the_list_is_aligned_and_counts_committed_seeds(told):
    """A column each; of those committed and those declared."""
    header, *lines = listing.table("clustering")

    assert len({len(line) for line in (header, *lines)}) == 1
    ends = header.index("seeds committed") + len("seeds committed")
    provenance = results.read_provenance(settings.RESULTS)
    for line in lines:
        name = line.split()[0]
        done = sum(run.startswith(f"{name}/full/") for run in provenance)
        assert line[:ends].endswith(f" {done} of {len(registry()[name].seeds)}")
    assert {line.split()[0] for line in lines} == {
        each.name for each in registry().values() if each.slug == "clustering"
    }


def test_list_and_a_misspelt_name_need_no_keras(told):
    """They took five seconds."""
    for arguments, code in ((["list", "--article", "05"], 0), (["why", "mnist-puriy"], 2)):
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT_KERAS, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"REPLICATION_BUILD": str(settings.BUILD), "PATH": ""},
        )
        assert ended.stdout.splitlines()[-2:] == [f"code {code}", "False"], ended.stderr


def test_an_article_may_be_named_by_its_number():
    """As its notebook is."""
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert len(names) >= 5
    for name in names:
        number, _, slug = name.partition("_")
        assert [listing.slug(each) for each in (number, str(int(number)), name, slug)] == [slug] * 4
    assert listing.slug("99") == "99"


def test_why_tells_a_claim_its_verdict_and_its_seeds():
    """With or without the article before it."""
    [claim] = [each for each in claims.load()["clustering"].claims if each.id == "mnist-purity"]

    lines = listing.why("clustering/mnist-purity")

    assert lines == listing.why("mnist-purity")
    assert lines[0] == f"clustering/mnist-purity: {claim.says}"
    assert lines[1].startswith(f"  {claim.verdict}")
    reference = claim.judged[0]
    rows = results.read_measurements(settings.RESULTS)
    rows = rows[(rows["experiment"] + "/" + rows["metric"] == reference)]
    [line] = [each for each in lines if each.startswith(f"  {reference}, value (seed): ")]
    for row in rows[rows["profile"] == "full"].itertuples():
        assert f"{row.value:.4g} ({row.seed})" in line


def test_why_of_a_name_that_nothing_has_says_what_is_near(told):
    """Experiments and claims alike."""
    with pytest.raises(ExperimentError, match="Did you mean clustering-eq5-mnist"):
        listing.why("clustering-eq5-minst")
    with pytest.raises(ExperimentError, match="has the name 'qqqqqq'. `list` prints"):
        listing.why("qqqqqq")


@pytest.mark.parametrize("asked", [{"seed": 7}, {"seed": 0}, {"profile": "smoke"}])
def test_why_of_a_claim_refuses_what_is_for_runs(told, asked):
    """Both options were accepted, and nothing came of them."""
    with pytest.raises(ExperimentError, match="is a claim, .* leave out --seed and --profile"):
        listing.why("mnist-purity", **asked)


def test_a_sweep_of_everything_says_what_it_costs(told):
    """In hours, so that nobody starts it by accident."""
    hours = sum(each.minutes for each in registry().values()) / 60

    assert f"all {len(registry())} experiments take {hours:.0f} hours" in listing.cost_of_all()


@pytest.mark.parametrize(
    ("cores", "gib", "asked", "device", "jobs"),
    [
        (8, 64, "", "cpu-x86_64", 8),
        (8, 6, "", "cpu-x86_64", 2),
        (8, 1, "", "cpu-x86_64", 1),
        (2, 64, "", "cpu-x86_64", 2),
        (1, 64, "", "cpu-x86_64", 1),
        (8, 64, "8", "cpu-x86_64", 1),
        (8, 64, "", "gpu", 1),
    ],
)
def test_jobs_are_what_cores_and_memory_allow(monkeypatch, cores, gib, asked, device, jobs):
    """One a core; fewer where memory is short; one where threads are asked for, or on a GPU."""
    expected = runner.expected
    monkeypatch.setattr(settings, "_ASKED", asked)
    monkeypatch.setenv("OMP_NUM_THREADS", asked or str(cores))
    monkeypatch.setattr(expected, "_free_memory", lambda: gib * 2**30)
    monkeypatch.setattr(expected.fingerprints, "environment", lambda: {"device": device})

    assert runner.jobs_that_fit() == jobs


@pytest.mark.parametrize(
    ("line", "group", "limit", "used"),
    [
        ("0::/", ".", "memory.max", "memory.current"),
        ("0::/job/step", "job", "memory.max", "memory.current"),  # Slurm: of a parent
        ("4:memory:/job", "memory/job", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ],
)
def test_the_memory_of_a_container_counts(monkeypatch, tmp_path, line, group, limit, used):
    """Its limit less what it uses; `max` is none."""
    (tmp_path / "listed").write_text(f"{line}\n")
    monkeypatch.setattr(environment, "_LISTED", tmp_path / "listed")
    monkeypatch.setattr(environment, "_CGROUPS", tmp_path)
    machine = runner.expected._free_memory()
    (tmp_path / group).mkdir(parents=True, exist_ok=True)
    (tmp_path / group / limit).write_text("max\n")
    (tmp_path / group / used).write_text("1000\n")
    assert runner.expected._free_memory() == pytest.approx(machine, rel=0.5)  # others use some
    (tmp_path / group / limit).write_text("5000\n")

    assert runner.expected._free_memory() == 4000


def test_a_kernel_that_does_not_tell_what_is_available_has_all_of_it(monkeypatch, tmp_path):
    """Before Linux 3.14, and where the file is made up; it was a KeyError."""
    (tmp_path / "meminfo").write_text("MemTotal: 1024 kB\n")
    monkeypatch.setattr(runner.expected, "_MEMORY_INFO", tmp_path / "meminfo")

    assert runner.expected._free_memory() > 0

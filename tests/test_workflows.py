"""The workflows of GitHub Actions: what they run, on what, and with which rights."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RUN = ROOT / ".ci" / "run"
EVERY = ("setup", "lint", "torch", "test", "check", "test-site")  # of its sections with a task


def steps_of(workflow):
    """Every step of a workflow."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request):
    """A workflow, parsed; YAML 1.1 reads its key `on` as true."""
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


def test_workflows_run_targets_of_the_makefile(workflow):
    """Each with variables that the Makefile knows; what writes an output has a test of its own."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) *\?=", makefile, flags=re.MULTILINE))
    commands = [step["run"] for step in steps_of(workflow) if "run" in step]
    commands = [each for each in commands if "GITHUB_OUTPUT" not in each]

    assert commands
    for command in commands:
        program, *words = re.sub(r"\$\{\{.*?\}\}", "VALUE", command).split()
        assert program == "make"
        assert {word for word in words if "=" not in word} <= targets
        assert {word.split("=")[0] for word in words if "=" in word} <= variables


def test_workflows_may_read_and_no_more_and_end(workflow):
    """No rights but reading, no two runs at once, a limit of time, nothing kept after checkout.

    One job may do more, and it runs nothing but the action that publishes the pages.
    """
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert 0 < job["timeout-minutes"] < 360
        if "permissions" in job:
            [step] = job["steps"]
            assert step["uses"].startswith("actions/deploy-pages@") and "run" not in step
            assert job["permissions"] == {"pages": "write", "id-token": "write"}
    for step in steps_of(workflow):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_actions_are_pinned_by_commit():
    """With the release beside it, the same everywhere."""
    found = {}
    for path in WORKFLOWS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "uses:" in line:
                owner, name, pin = re.search(
                    r"uses: ([\w-]+)/([\w-]+)[\w/-]*@([0-9a-f]{40} # v\d+\.\d+\.\d+)$", line
                ).groups()
                found.setdefault((owner, name), set()).add(pin)

    assert {owner for owner, _ in found} == {"actions"}
    assert {len(pins) for pins in found.values()} == {1}


def test_what_must_hold_before_a_merge_runs_on_push():
    """On every Python that the project supports, with the report uploaded."""
    [path] = [path for path in WORKFLOWS if path.name == "check.yml"]
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    before_merge = set(
        re.findall(r"^(?:section|begin) \S+ (make \S+)$", RUN.read_text(encoding="utf-8"), re.M)
    )
    uploads = [
        s["with"]["path"] for s in steps_of(content) if "upload-artifact" in s.get("uses", "")
    ]
    pythons = content["jobs"]["check"]["strategy"]["matrix"]["python"]

    assert set(content[True]) == {"push", "pull_request"}
    assert before_merge == {f"make {section}" for section in EVERY}
    assert before_merge <= {step.get("run") for step in steps_of(content)}
    assert uploads == ["build/tests.xml"]
    assert pythons == ["3.11", "3.12", "3.13"]


@pytest.mark.parametrize("failing", ["none", "setup", "lint", "torch", "test"])
def test_every_section_runs_even_after_one_has_failed(tmp_path, failing):
    """With stand-ins for `make` and the browser; PyTorch, last to come, is there for the tests."""
    stand_in = (
        "#!/usr/bin/env bash\n"
        "if [ $1 = torch ]; then sleep 0.5; fi\n"
        f"echo $1 >> {tmp_path}/noted; echo says $1; [ $1 != {failing} ]\n"
    )
    for name in ("make", "chromium"):
        (tmp_path / name).write_text(stand_in)
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    ended = subprocess.run(
        ["bash", RUN], capture_output=True, text=True, env=environment, timeout=60
    )

    ran = (tmp_path / "noted").read_text().split()
    section = r"^=== (\S+): .+\n([^=]*)=== \1: (passed|FAILED) after \d+ s$"
    sections = {name: rest for name, *rest in re.findall(section, ended.stdout, re.M)}
    sections.pop("browser", None)  # says where it is
    every = ["setup"] if failing == "setup" else EVERY
    assert ended.returncode == (failing != "none"), ended.stderr
    assert (f"=== failed: {failing}\n" in ended.stdout) == (failing not in ("none", "setup"))
    assert sorted(ran) == sorted(every) == sorted(sections)
    for name, (said, outcome) in sections.items():
        assert said == f"says {name}\n", "no section says what another does"
        assert outcome == ("FAILED" if name == failing else "passed"), name
    assert failing == "setup" or ran.index("torch") < ran.index("test")


def test_every_article_is_reproduced_weekly(tmp_path):
    """The workflow finds them by itself; each on its own data, or not at all."""
    [path] = [path for path in WORKFLOWS if path.name == "reproduce.yml"]
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    [listing] = [s["run"] for s in steps_of(content) if "GITHUB_OUTPUT" in s.get("run", "")]
    environment = {**os.environ, "GITHUB_OUTPUT": str(tmp_path / "output")}
    subprocess.run(["bash", "-e", "-c", listing], cwd=ROOT, env=environment, check=True)
    name, listed = (tmp_path / "output").read_text().split("=", 1)
    job = content["jobs"]["reproduce"]
    [command] = [s for s in job["steps"] if "reproduce" in s.get("run", "")]

    assert name in content["jobs"]["articles"]["outputs"]
    assert set(json.loads(listed)) == {p.name for p in (ROOT / "results").iterdir() if p.is_dir()}
    assert re.fullmatch(r"\d+ \d+ \* \* \d", content[True]["schedule"][0]["cron"])
    assert command["run"] == "make reproduce ARTICLE=${{ matrix.article }} STRICT=1 BUDGET=200m"
    assert command["timeout-minutes"] < job["timeout-minutes"]


def test_all_promises_and_the_packages_are_looked_at_weekly():
    """The audit runs whatever the tests say."""
    [path] = [path for path in WORKFLOWS if path.name == "trust.yml"]
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = {step["run"]: step for step in steps_of(content) if "run" in step}

    assert re.fullmatch(r"\d+ \d+ \* \* \d", content[True]["schedule"][0]["cron"])
    assert set(steps) == {"make setup", "make trust", "make audit"}
    assert steps["make audit"]["if"].startswith("${{ !cancelled()")


def test_the_site_of_main_is_published():
    """What `make site` writes, of no other branch, and never cut off half-way."""
    [path] = [path for path in WORKFLOWS if path.name == "pages.yml"]
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    build, publish = content["jobs"]["build"], content["jobs"]["publish"]
    [upload] = [s for s in build["steps"] if "upload-pages-artifact" in s.get("uses", "")]

    assert content[True] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert "make site" in [step.get("run") for step in build["steps"]]
    assert upload["with"] == {"path": "build/site"}
    assert publish["needs"] == "build" and "permissions" not in build
    assert content["concurrency"]["cancel-in-progress"] is False

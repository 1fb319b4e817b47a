"""Emulated machines: other kernels by variables, and their numbers in noise.csv."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from replication import __main__ as command
from replication import machines, results
from replication.results.noise import add_machine, read_noise
from replication.runner import settings


def record(root, value, *, seed=0):
    """A run of one metric in a folder of results, and the same at smoke size."""
    runs = [
        results.Run(
            "survey-one",
            profile,
            seed,
            "core",
            [("m", "nats", "lower")],
            {"m": (value, 10)},
            [],
            {"fingerprint": "here"},
        )
        for profile in ("embedded", "smoke")
    ]
    results.write_runs(root, "survey", runs)


def test_no_machine_is_there_twice_and_none_tests_what_it_was_measured_by():
    """What the check is tried on is no combination that the noise comes from."""
    every = [*machines.NOISE.values(), *machines.OTHERS.values()]

    assert len(machines.NOISE) >= 6
    assert all(every.count(variables) == 1 for variables in every)


def test_numbers_of_a_machine_are_taken_and_replaced(tmp_path):
    """Run by run; smoke stays out, other machines stay as they are."""
    root = tmp_path / "results"
    for name, value in (("one", 1.0), ("two", 2.0), ("one", 3.0)):
        record(tmp_path / "build" / "results", value)
        assert add_machine(root, name, tmp_path / "build") == ["survey-one/embedded/0"]

    found = read_noise(root)

    assert found["value"].tolist() == [3.0, 2.0]
    assert found["machine"].tolist() == ["one", "two"]
    assert set(found["profile"]) == {"embedded"}
    pd.testing.assert_frame_equal(read_noise(root, "survey"), found)
    assert read_noise(tmp_path / "nowhere").empty


def test_a_damaged_noise_table_is_named(tmp_path):
    """With file and line, as any table is."""
    (tmp_path / "survey").mkdir()
    (tmp_path / "survey" / "noise.csv").write_text(
        "machine,experiment,profile,seed,metric,value\none,survey-one,embedded,-1,m,1\n"
    )

    with pytest.raises(results.ResultsError, match=r"noise.csv:2: column 'seed'"):
        read_noise(tmp_path)


@pytest.fixture
def swept(tmp_path, monkeypatch):
    """Results of the test's own; sweeps that only leave a run, and end with the codes given."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(settings, "RESULTS", tmp_path / "results")
    calls, codes = [], []

    def run(arguments, env, cwd):
        calls.append((arguments, env))
        record(machines.Path(env["REPLICATION_BUILD"]) / "results", float(len(calls)), seed=4)
        return machines.subprocess.CompletedProcess(arguments, codes.pop(0) if codes else 0)

    monkeypatch.setattr(machines.subprocess, "run", run)
    return calls, codes


def test_each_machine_runs_with_its_variables_in_a_folder_of_its_own(swept):
    """The sweep gets profile, seed and pattern; its rows end in noise.csv."""
    calls, _ = swept
    told = machines.measure(["plain", "zen-no-onednn"], pattern="survey-*", seed=4, jobs=2)

    assert told == (["plain: 1 runs taken", "zen-no-onednn: 1 runs taken"], True)
    arguments, environment = calls[1]
    assert environment["OPENBLAS_CORETYPE"] == "Zen"
    assert environment["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert arguments[-8:] == [
        *("--experiments", "survey-*", "--profile", "embedded"),
        *("--seeds", "4-4", "--jobs", "2"),
    ]
    assert command._seeds(arguments[arguments.index("--seeds") + 1]) == [4]  # it was four others
    assert read_noise(settings.RESULTS)["value"].tolist() == [1.0, 2.0]


def test_a_sweep_that_fails_is_told_by_the_exit_code(swept):
    """One that was refused leaves the rows of an earlier call, which are not taken again."""
    _, codes = swept
    codes += [1, 2]
    ended = CliRunner().invoke(command.app, ["noise", "--machine", "*-threads"])

    assert ended.exit_code == 1
    assert ended.output.splitlines() == [
        "skylakex-2-threads: 1 runs taken, some failed",
        "haswell-3-threads: 0 runs taken, the sweep ended with code 2",
    ]
    assert set(read_noise(settings.RESULTS)["machine"]) == {"skylakex-2-threads"}


def test_a_link_to_data_that_are_gone_is_made_anew(tmp_path, monkeypatch):
    """The build folder had been elsewhere; it was a FileExistsError."""
    monkeypatch.setattr(settings, "BUILD", tmp_path / "build")
    link = tmp_path / "machine" / "data"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "gone")

    machines.share_data(link.parent)

    assert link.resolve() == settings.BUILD / "data"


def test_a_machine_that_is_none_is_a_usage_error():
    """It names those there are."""
    found = CliRunner().invoke(command.app, ["noise", "--machine", "cray"])

    assert found.exit_code == 2
    assert "zen-no-onednn" in found.output.replace("\n", "")

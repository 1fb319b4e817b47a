"""What a call runs: experiments by article and pattern, and the profile that data allow."""

import json

import numpy as np
import pytest

from replication import datasets, experiments, runner
from replication.experiments import ExperimentError
from replication.runner import settings
from replication.runner.jobs import changes


def test_selection_names_what_there_is():
    """An unknown article or pattern is an error that lists the known ones."""
    with pytest.raises(ExperimentError, match="expected one of applied"):
        runner.select(article="nothing")
    with pytest.raises(ExperimentError, match="matches 'nothing-.*begin with .*clustering"):
        runner.select(pattern="nothing-*")
    with pytest.raises(ExperimentError, match="Did you mean clustering-eq5-mnist"):
        runner.select(pattern="clustering-eq5-minst")
    with pytest.raises(ExperimentError, match="no experiment of survey matches 'clustering-"):
        runner.select(article="survey", pattern="clustering-*")


def test_an_article_of_extended_experiments_alone_says_how_to_have_them(monkeypatch):
    """The message spoke of the pattern, which was None, and listed every name there is."""
    extended = [each for each in runner.select(article="survey", extended=True)]
    known = {each.name: each for each in extended if each.tier == "extended"}
    monkeypatch.setattr(experiments, "registry", lambda: known)

    with pytest.raises(ExperimentError, match=r"of survey is in tier core; .* --all \(make: ALL=1"):
        runner.select(article="survey")
    assert runner.select(article="survey", extended=True) == [*known.values()]


def test_a_plan_holds_core_jobs_longest_first():
    """Extended experiments come only on demand; long jobs start first."""
    core = runner.plan(seeds=[0, 1], profile="full")
    everything = runner.plan(seeds=[0], profile="full", extended=True)

    assert {job.experiment.tier for job in core} == {"core"}
    assert {job.seed for job in core} == {0, 1}
    assert len(everything) == len(experiments.registry())
    minutes = [job.experiment.minutes for job in core]
    assert minutes == sorted(minutes, reverse=True)


def test_a_seed_of_numpy_is_an_ordinary_one():
    """Its job could not be handed to a process: JSON writes no integer of NumPy's."""
    job = runner.Job(experiments.find("clustering-identities"), "smoke", np.int64(3))

    assert json.dumps(job.inputs["parameters"]["seed"]) == "3"


def test_what_differs_between_two_keys_may_be_a_whole_part():
    """A run of an older version may lack one; it was a KeyError."""
    before = {"source": {"f": "1", "g": "1"}, "older": {"x": 1}}
    after = {"source": {"f": "2", "g": "1"}, "data": {"mnist": "3"}}

    assert changes(before, after) == [
        ("source", "f", "1", "2"),
        ("data", "mnist", None, "3"),
        ("older", "x", 1, None),
    ]


def _library_without_data(tmp_path, monkeypatch):
    empty = datasets.Library((tmp_path / "nowhere",), tmp_path / "cache")
    monkeypatch.setattr(settings, "library", lambda: empty)
    monkeypatch.setattr(datasets, "_reachable", lambda name: False)


def test_auto_falls_back_loudly_to_the_embedded_digits(tmp_path, monkeypatch):
    """Without data `auto` is embedded and says which data are missing and how to get them."""
    _library_without_data(tmp_path, monkeypatch)
    wanted = runner.select(article="clustering")

    name, notice = runner.choose_profile("auto", wanted, strict=False)

    assert name == "embedded"
    assert "NO DATA: fashion_mnist, mnist" in notice
    assert "TFDS_DATA_DIR" in notice


@pytest.mark.parametrize(("profile", "strict"), [("auto", True), ("full", False)])
def test_missing_data_are_an_error_where_asked_for(tmp_path, monkeypatch, profile, strict):
    """STRICT=1 and an explicit full profile refuse to run on the digits."""
    _library_without_data(tmp_path, monkeypatch)

    with pytest.raises(datasets.DatasetError, match="Set TFDS_DATA_DIR"):
        runner.choose_profile(profile, runner.select(), strict=strict)


def test_an_unknown_profile_is_an_error():
    """The message lists the profiles."""
    with pytest.raises(ExperimentError, match="auto, full, embedded, smoke"):
        runner.choose_profile("huge", [], strict=False)


def test_the_search_path_starts_with_the_named_folder(monkeypatch, tmp_path):
    """$TFDS_DATA_DIR comes first, the home folder last."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    search = settings.library().search

    assert search[0] == tmp_path
    assert search[-1].name == "tensorflow_datasets"

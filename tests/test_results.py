"""The results tables: strict reading, stable writing, all or nothing, two writers at once."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import results
from replication.results import ResultsError, format_value
from replication.results.files import replace_texts
from tests import table_files

ABOUT = '{"one/full/0": {"fingerprint": "here", %s}}'  # a run's provenance
ABOUT_RUN = {"fingerprint": "here"}
HEADER = "experiment,profile,seed,metric,value,num_examples\n"
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


def record(root, experiment="one", seed=0, value=0.5, **changes):
    """Records a run with one metric and two epochs."""
    history = pd.DataFrame({"epoch": [2, 1], "quantity": "loss", "value": [0.25, 0.5]})
    arguments = {
        "experiment": experiment,
        "profile": "full",
        "seed": seed,
        "metrics": [("test_purity", "fraction", "higher")],
        "tier": "core",
        "measurements": {"test_purity": (value, 100)},
        "history": history,
        "provenance": {"fingerprint": "this machine", "minutes": 1.5},
    } | changes
    table_files.record(root, "article", **arguments)


def tables(root):
    """Name and bytes of every table below a folder, temporary files included, lock aside."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.name != ".results-lock")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def written(tmp_path, text, name="measurements.csv"):
    """A folder whose article has one table with this text."""
    (tmp_path / "article").mkdir()
    (tmp_path / "article" / name).write_text(text)
    return tmp_path


def test_a_folder_without_tables_reads_as_empty_frames_with_columns(tmp_path):
    """Nothing measured is no error."""
    assert list(results.read_measurements(tmp_path).columns) == HEADER.strip().split(",")
    assert results.read_metrics(tmp_path, "article").empty
    assert results.read_history(tmp_path / "absent").empty
    assert results.read_provenance(tmp_path) == {}


def test_a_recorded_run_reads_back_from_all_four_tables(tmp_path):
    """What went in comes out, typed."""
    record(tmp_path, value=0.84512345)

    row = results.read_measurements(tmp_path).iloc[0]
    assert row.to_dict() == {
        "experiment": "one",
        "profile": "full",
        "seed": 0,
        "metric": "test_purity",
        "value": 0.845123,
        "num_examples": 100,
    }
    assert results.read_metrics(tmp_path)["tier"].tolist() == ["core"]
    assert results.read_history(tmp_path)["value"].tolist() == [0.5, 0.25]  # sorted by epoch
    assert results.read_provenance(tmp_path)["one/full/0"]["fingerprint"] == "this machine"


def test_recording_again_replaces_only_that_run(tmp_path):
    """Other seeds and experiments stay; the replaced run leaves nothing behind."""
    for experiment, seed in (("one", 0), ("one", 1), ("two", 0)):
        record(tmp_path, experiment, seed)
    record(tmp_path, "one", 1, value=0.75, history=None)

    values = results.read_measurements(tmp_path).set_index(["experiment", "seed"])["value"]
    assert values.to_dict() == {("one", 0): 0.5, ("one", 1): 0.75, ("two", 0): 0.5}
    assert len(results.read_history(tmp_path)) == 4


def test_the_order_of_recording_does_not_show_in_the_files(tmp_path):
    """Tables are sorted: the same runs give the same bytes."""
    for experiment, seed in (("one", 0), ("one", 10), ("one", 2), ("two", 0)):
        record(tmp_path / "a", experiment, seed)
    for experiment, seed in (("two", 0), ("one", 2), ("one", 10), ("one", 0)):
        record(tmp_path / "b", experiment, seed)

    assert tables(tmp_path / "a") == tables(tmp_path / "b")
    assert results.read_measurements(tmp_path / "a")["seed"].tolist() == [0, 2, 10, 0]


@settings(deadline=None)  # a busy machine is no failure
@given(FINITE)
def test_a_formatted_value_is_close_and_formatting_it_again_changes_nothing(value):
    """Six significant digits are a fixed point."""
    text = format_value(value)

    assert float(text) == pytest.approx(value, rel=5.1e-6)  # half a unit of the sixth digit
    assert format_value(float(text)) == text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_and_nothing_is_written(tmp_path, value):
    """A metric that cannot be computed must be told by its experiment."""
    with pytest.raises(ResultsError, match="row 1, column 'value': expected a finite number"):
        record(tmp_path, value=value)

    assert tables(tmp_path) == {}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "one,full,-1,m,0.5,10",
            r":3: column 'seed': expected a whole number >= 0, .*'-1'",
        ),
        ("one,full,1.5,m,0.5,10", r":3: column 'seed'"),
        ("one,best,0,m,0.5,10", r":3: column 'profile': expected one of full, embedded, smoke"),
        ("one,full,0,m,nan,10", r":3: column 'value': expected a finite number .*, received 'nan'"),
        ("one,full,0,m,high,10", r":3: column 'value'"),
        ("one,full,0,m,1e200,10", r":3: column 'value': expected a finite number up to 1e\+150"),
        ("one,full,0,m,1_0,10", r":3: column 'value'"),
        (f"one,full,{2**63},m,0.5,10", r":3: column 'seed': .* of at most 19 digits"),
        (",full,0,m,0.5,10", r":3: column 'experiment': expected one line of text"),
        ("one,full,0,m,0.5", r":3: expected 6 cells .* received 5"),
        ("<<<<<<< HEAD", r":3: expected 6 cells .* received 1"),
        ('one,full,0,"m,0.5,10', r":3: expected comma-separated values"),
        ("zero,full,0,m,0.5,10", r":3: expected one row for each .* first at .*:2; remove one"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, row, message):
    """Line 3 of a hand-edited file is found at once."""
    root = written(tmp_path, HEADER + "zero,full,0,m,0.5,10\n" + row + "\n")

    with pytest.raises(ResultsError, match=r"article/measurements\.csv" + message):
        results.read_measurements(root)


@pytest.mark.parametrize("header", ["", "experiment,seed\n", HEADER.replace("value", "valeu")])
def test_a_wrong_header_is_told_with_the_expected_columns(tmp_path, header):
    """Missing and unknown columns are errors of line 1."""
    with pytest.raises(ResultsError, match=r"csv:1: expected the columns experiment,profile"):
        results.read_measurements(written(tmp_path, header))


def test_a_column_with_a_line_break_in_its_name_is_told_in_one_line(tmp_path):
    """What a damaged file says is quoted."""
    with pytest.raises(ResultsError) as told:
        results.read_measurements(written(tmp_path, HEADER.replace("seed", '"se\nd"')))

    assert len(str(told.value).splitlines()) == 1


def test_a_folder_that_cannot_be_looked_into_is_told():
    """A name that no file system takes."""
    with pytest.raises(ResultsError, match="expected a readable file or folder, received: File na"):
        results.read_measurements(Path("x" * 300))


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path):
    """A damaged file is named, not decoded with question marks."""
    path = written(tmp_path, HEADER) / "article" / "measurements.csv"
    path.write_bytes(HEADER.encode() + b"\xff\n")

    with pytest.raises(ResultsError, match=r"measurements\.csv:2: expected UTF-8"):
        results.read_measurements(tmp_path)


def test_an_experiment_belongs_to_one_article(tmp_path):
    """The same experiment in two folders is ambiguous."""
    for slug in ("a", "b"):
        frame = pd.DataFrame([("one", "full", 0, "m", 0.5, 1)], columns=HEADER.strip().split(","))
        table_files.write_measurements(tmp_path, slug, frame)

    assert len(results.read_measurements(tmp_path, "a")) == 1
    with pytest.raises(ResultsError, match="expected experiment 'one' in one article only"):
        results.read_measurements(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n  1\n}", ":2: expected JSON"),
        ("[]", ":1: expected an object, received list"),
        ('{\n  "one/full": {}\n}', ":2: expected a key 'experiment/profile/seed'"),
        ('{\n\n  "one/full/0": {}\n}', ":3: run 'one/full/0': .* 'fingerprint'"),
        ('{"one/full/0": {"fingerprint": ["%s"]}}' % ("x" * 99), r":1: .* received \['x+\.\.\.x"),
        ("[" * 100_000, ":1: expected JSON .* nested too deeply"),
        ('{"one/full/0": {"minutes": NaN}}', ":1: expected JSON with finite numbers"),
        ('{"one/full/0": {"minutes": 1e999}}', ":1: expected JSON with finite numbers"),
        ('{"one/full/0": {"commit": "\\ud800"}}', ":1: expected JSON .* surrogates"),
        ('{"a": ' + "9" * 5000 + "}", ":1: expected JSON .* digits"),
        ('{"one/full/0": {}, "one/full/0": {}}', ":1: expected JSON .* 'one/full/0' twice"),
        (ABOUT % '"environment": []', ":1: run .* 'environment': expected an object"),
        (ABOUT % '"minutes": "long"', ":1: run .* 'minutes': expected a number"),
        (ABOUT % '"seal": "none"', ":1: run .* 'seal': expected 16 hexadecimal digits"),
        (ABOUT % '"commit": 7', ":1: run .* 'commit': expected a text"),
    ],
)
def test_bad_provenance_is_named_by_file_and_line(tmp_path, text, message):
    """The fingerprint decides how strictly later runs are compared: it must be there."""
    with pytest.raises(ResultsError, match=r"provenance\.json" + message):
        results.read_provenance(written(tmp_path, text, "provenance.json"))


def test_a_written_frame_is_checked_like_a_read_one(tmp_path):
    """Unknown columns and duplicates never reach the disk."""
    frame = pd.DataFrame([("one", "m", "nats", "lower", "core")], columns=["experiment", "metric",
                         "unit", "better", "tier"])  # fmt: skip

    with pytest.raises(ResultsError, match="received .*tier,colour"):
        table_files.write_metrics(tmp_path, "article", frame.assign(colour="red"))
    with pytest.raises(ResultsError, match="row 2: expected one row for each"):
        table_files.write_metrics(tmp_path, "article", pd.concat([frame, frame]))
    with pytest.raises(ResultsError, match="column 'better': expected one of higher, lower, none"):
        table_files.write_metrics(tmp_path, "article", frame.assign(better="bigger"))
    assert tables(tmp_path) == {}


def test_measured_names_must_be_the_declared_ones(tmp_path):
    """A forgotten and an undeclared metric are both named."""
    with pytest.raises(ResultsError, match=r"none of \['test_purity'\] .* \['purity'\]"):
        record(tmp_path, measurements={"purity": (0.5, 10)})


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """A read-only place gives a sentence, not a traceback of the system."""
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(ResultsError, match=r"file.*: expected a writable folder"):
        record(tmp_path / "file" / "results")
    with pytest.raises(ResultsError, match=r"README\.md: expected a writable folder"):
        results.write_text(tmp_path / "file" / "README.md", "text")


def test_the_file_that_is_at_fault_is_named(tmp_path):
    """Not the first of those that are written together."""
    (tmp_path / "file").write_text("not a folder")
    first = tmp_path / "first.csv"

    with pytest.raises(ResultsError, match=r"second\.csv: expected text that UTF-8 can hold"):
        replace_texts({first: "", tmp_path / "second.csv": "\ud800"})
    with pytest.raises(ResultsError, match=r"file/third\.csv: expected a writable folder"):
        replace_texts({first: "", tmp_path / "file" / "third.csv": ""})
    assert not first.exists()


def test_a_full_disk_leaves_every_table_as_it_was(tmp_path, monkeypatch):
    """The write fails at the third file: none is replaced, no temporary file stays."""
    record(tmp_path)
    before, calls = tables(tmp_path), []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ResultsError, match="No space left on device"):
        record(tmp_path, seed=1)

    assert tables(tmp_path) == before


def write_stored(root, name):
    """Stores six seeds of an experiment and has the tables written after each."""

    def stored():
        for path in sorted((root / "store").iterdir()):
            experiment, seed = path.name.split("-")
            yield results.Run(experiment, "full", int(seed), "core", [], {}, [], ABOUT_RUN)

    for seed in range(6):
        (root / "store" / f"{name}-{seed}").touch()
        results.write_runs(root / "tables", "article", stored())


def test_two_processes_may_write_at_once(tmp_path):
    """Who writes last has looked last: no run is lost between one's reading and writing."""
    (tmp_path / "store").mkdir()
    context = multiprocessing.get_context("fork")  # spawn would import pandas twice more
    workers = [
        context.Process(target=write_stored, args=(tmp_path, name)) for name in ("one", "two")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(results.read_provenance(tmp_path / "tables")) == 12


def test_tables_are_those_of_the_runs_and_of_no_other(tmp_path):
    """What was there before goes; a table that is right already is not written again."""
    runs = [
        results.Run(
            "one", "full", seed, "core", [("purity", "fraction", "higher")],
            {"purity": (0.5, 10)}, [{"loss": 2.0}, {"loss": 1.0}], ABOUT_RUN,
        )
        for seed in range(2)
    ]  # fmt: skip
    record(tmp_path, "gone")
    results.write_runs(tmp_path, "article", runs)
    before, path = tables(tmp_path), tmp_path / "article" / "history.csv"
    os.utime(path, (0, 0))
    results.write_runs(tmp_path, "article", runs[::-1])

    assert results.read_measurements(tmp_path)["experiment"].tolist() == ["one", "one"]
    assert results.read_history(tmp_path)["value"].tolist() == [2.0, 1.0, 2.0, 1.0]
    assert (tables(tmp_path), path.stat().st_mtime) == (before, 0)
    results.write_runs(tmp_path, "article", [])
    assert all(len(content.splitlines()) == 1 for content in tables(tmp_path).values())


def test_promoting_replaces_whole_runs_and_keeps_the_others(tmp_path):
    """Changed and new runs are named, equal ones are not, unknown ones stay."""
    source, target = tmp_path / "build", tmp_path / "results"
    for root in (source, target):
        record(root, "same")
    record(target, "kept")
    record(target, "changed", measurements={"test_purity": (0.1, 1), "old": (1, 1)},
           metrics=[("test_purity", "fraction", "higher"), ("old", "nats", "none")])  # fmt: skip
    record(source, "changed")
    record(source, "fresh", seed=3)

    changed = results.promote(source, target, "article")

    assert changed == ["changed/full/0", "fresh/full/3"]
    names = results.read_measurements(target)["experiment"].tolist()
    assert names == ["changed", "fresh", "kept", "same"]
    assert "old" not in results.read_metrics(target)["metric"].tolist()
    assert results.promote(source, target, "article") == []


def test_smoke_runs_are_not_promoted(tmp_path):
    """One never slips into the committed tables with the full ones."""
    record(tmp_path / "build", profile="smoke")
    record(tmp_path / "build", profile="full")

    changed = results.promote(tmp_path / "build", tmp_path / "results", "article")

    assert changed == ["one/full/0"]
    assert results.read_measurements(tmp_path / "results")["profile"].tolist() == ["full"]

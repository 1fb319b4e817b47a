"""Faults that test_false_friends.py plants in a copy of the committed results, each with what
catches it: a phrase of the problem that `check` reports."""

import json
import re

from replication import results
from replication.results import seals
from replication.results.schema import render_provenance
from tests import table_files

SLUG = "clustering"
MNIST, FASHION = "clustering-eq5-mnist,full", "clustering-eq5-fashion,full"
ACCEPTED = "rows and provenance as they were accepted"
FAULTS = {}


def fault(name, caught):
    """Declares a fault: what is planted, and a phrase of the problem that catches it."""

    def declare(plant):
        FAULTS[name] = (plant, caught)
        return plant

    return declare


def lines_of(root, name="measurements.csv"):
    return (root / "results" / SLUG / name).read_text(encoding="utf-8").splitlines()


def write_lines(root, lines, name="measurements.csv"):
    (root / "results" / SLUG / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def rows(root, start):
    """Places of the rows that begin so."""
    found = [place for place, line in enumerate(lines_of(root)) if line.startswith(start)]
    assert found, start
    return found


def change(root, start, edit):
    """Rewrites the cells of every row that begins so."""
    lines = lines_of(root)
    for place in rows(root, start):
        lines[place] = ",".join(edit(lines[place].split(",")))
    write_lines(root, lines)


def swap(root, first, second):
    """Swaps the values of two rows."""
    lines = lines_of(root)
    (one,), (other,) = rows(root, first), rows(root, second)
    a, b = lines[one].split(","), lines[other].split(",")
    assert a[4] != b[4]
    a[4], b[4] = b[4], a[4]
    lines[one], lines[other] = ",".join(a), ",".join(b)
    write_lines(root, lines)


def about(root, edit):
    """Edits provenance.json."""
    path = root / "results" / SLUG / "provenance.json"
    runs = json.loads(path.read_text(encoding="utf-8"))
    edit(runs)
    path.write_text(render_provenance(runs, str(path)), encoding="utf-8")


def toml(root, before, after, *, regex=False):
    """Edits the claim file, once."""
    path = root / "claims" / f"{SLUG}.toml"
    text = path.read_text(encoding="utf-8")
    edited = re.sub(before, after, text, count=1) if regex else text.replace(before, after, 1)
    assert edited != text
    path.write_text(edited, encoding="utf-8")


def duplicate(root, source, target, *, with_provenance):
    """Copies a run under another seed: its rows, its history, and how it was made."""
    for name in ("measurements.csv", "history.csv"):
        lines = lines_of(root, name)
        copies = [line.replace(source, target, 1) for line in lines if line.startswith(source)]
        kept = [line for line in lines if not line.startswith(target)]
        write_lines(root, [*kept, *copies], name)
    if with_provenance:
        first, second = (each.rstrip(",").replace(",", "/") for each in (source, target))
        about(root, lambda runs: runs.__setitem__(second, runs[first]))


@fault("the values of two seeds are swapped", ACCEPTED)
def _(root):
    swap(root, f"{MNIST},0,test_purity,", f"{MNIST},1,test_purity,")


@fault("the values of two metrics are swapped", ACCEPTED)
def _(root):
    swap(root, f"{MNIST},0,test_purity,", f"{MNIST},0,test_hungarian_accuracy,")


@fault("the values of two experiments are swapped", ACCEPTED)
def _(root):
    swap(root, f"{MNIST},0,test_purity,", f"{FASHION},0,test_purity,")


@fault("a metric is scaled for every seed", ACCEPTED)
def _(root):
    for seed in (0, 1, 2):
        start = f"{MNIST},{seed},all_normalized_mutual_information,"
        change(root, start, lambda row: [*row[:4], f"{float(row[4]) * 1.01:.6g}", row[5]])


@fault("a number is rounded", ACCEPTED)
def _(root):
    change(root, f"{MNIST},0,test_purity,", lambda row: [*row[:4], f"{float(row[4]):.2f}", row[5]])


@fault("a number says it rests on more examples", ACCEPTED)
def _(root):
    change(root, f"{MNIST},0,test_purity,", lambda row: [*row[:5], "70000"])


@fault("a value of an epoch is changed", ACCEPTED)
def _(root):
    lines = lines_of(root, "history.csv")
    place = next(n for n, line in enumerate(lines) if line.startswith(f"{MNIST},0,"))
    lines[place] = lines[place].rpartition(",")[0] + ",1"
    write_lines(root, lines, "history.csv")


@fault("a seed is dropped", ACCEPTED)
def _(root):
    gone = set(rows(root, f"{MNIST},1,"))
    write_lines(root, [line for n, line in enumerate(lines_of(root)) if n not in gone])


@fault("a seed is dropped with its provenance", "other rows for clustering,")
def _(root):
    for name in ("measurements.csv", "history.csv"):
        kept = [line for line in lines_of(root, name) if not line.startswith(f"{MNIST},1,")]
        write_lines(root, kept, name)
    about(root, lambda runs: runs.pop("clustering-eq5-mnist/full/1"))


@fault("one metric of a run is dropped", "a row for every declared metric")
def _(root):
    (gone,) = rows(root, f"{MNIST},1,test_purity,")
    write_lines(root, [line for n, line in enumerate(lines_of(root)) if n != gone])


@fault("a seed is added", "how it was made, in provenance.json")
def _(root):
    duplicate(root, f"{MNIST},0,", f"{MNIST},77,", with_provenance=False)


@fault("a run is copied under another seed, with its provenance", ACCEPTED)
def _(root):
    duplicate(root, f"{MNIST},0,", f"{MNIST},77,", with_provenance=True)


@fault("a run is copied under another seed, and sealed again", "the key of")
def _(root):
    duplicate(root, f"{MNIST},0,", f"{MNIST},77,", with_provenance=True)
    seal_anew(root)


@fault("the rows of one seed are copied over another's", ACCEPTED)
def _(root):
    duplicate(root, f"{MNIST},0,", f"{MNIST},1,", with_provenance=False)


@fault("a row is given to another profile", "how it was made, in provenance.json")
def _(root):
    change(root, "clustering-eq5-mnist,embedded,0,", lambda row: [row[0], "full", "77", *row[3:]])


@fault("a cell is not a number", "received 'nan'")
def _(root):
    change(root, f"{MNIST},0,test_purity,", lambda row: [*row[:4], "nan", row[5]])


@fault("a row stands there twice", "expected one row for each")
def _(root):
    lines = lines_of(root)
    write_lines(root, [*lines, lines[rows(root, f"{MNIST},0,test_purity,")[0]]])


@fault("the provenance names another commit", ACCEPTED)
def _(root):
    about(root, lambda runs: runs["clustering-eq5-mnist/full/0"].update(commit="0123456789ab"))


@fault("the provenance has the key of another run", ACCEPTED)
def _(root):
    def edit(runs):
        runs["clustering-eq5-mnist/full/0"]["key"] = runs["clustering-eq5-fashion/full/0"]["key"]

    about(root, edit)


@fault("the seal of a run is removed", "no seal")
def _(root):
    about(root, lambda runs: runs["clustering-eq5-mnist/full/0"].pop("seal"))


@fault("a number is changed and the run sealed again", "other rows for clustering,")
def _(root):
    change(root, f"{MNIST},0,test_purity,", lambda row: [*row[:4], "0.9", row[5]])
    seal_anew(root)


@fault("a verdict is edited in its claim", "as signed")
def _(root):
    toml(root, r'verdict = "inconclusive"', 'verdict = "reproduced"')


@fault("a verdict is edited in verdicts.csv", "the rows as they are recomputed")
def _(root):
    path = root / "results" / "verdicts.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",inconclusive,no\n", ",reproduced,no\n", 1))


@fault("a verdict is edited in README", "the table 'claims' as recomputed")
def _(root):
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("**inconclusive**", "**reproduced**", 1), encoding="utf-8")


@fault("a reported number is edited in its claim", "the rows as they are recomputed")
def _(root):
    toml(root, "reported = 0.845", "reported = 0.8451")


@fault("a tolerance is widened", "the table 'claims' as recomputed")
def _(root):
    toml(root, r"\ntolerance = [0-9.e-]+", "\ntolerance = 5.0", regex=True)


@fault("a control is removed from a claim", "the rows as they are recomputed")
def _(root):
    toml(root, r"\ncontrols = \[\n[^\n]*\n", "\ncontrols = [\n", regex=True)


@fault("a claim is removed", "the rows as they are recomputed")
def _(root):
    start = r"\[\[claims\]\]\n"
    toml(root, rf'{start}id = "balance-term"\n(?:.*\n)*?(?={start})', "", regex=True)


@fault("a bound number is edited in a sentence", "from clustering-eq5-mnist/test_purity")
def _(root):
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"-->[0-9.]+ %<", "-->84.5 %<", text), encoding="utf-8")


def seal_anew(root):
    """What a forger does who knows the program."""
    folder = root / "results"
    found = results.read_measurements(folder, SLUG), results.read_history(folder, SLUG)
    runs = results.read_provenance(folder, SLUG)
    sealed = seals.sealed(runs, seals.rows_by_run(*found), set(runs))
    table_files.write_provenance(folder, SLUG, sealed)

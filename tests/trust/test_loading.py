"""Nothing that is read becomes a program: stored arrays, checkpoints, caches, names, addresses.

Each fault is a live one: a control shows that it would do harm where it is let through. What
becomes of hostile texts on the pages of the site is tested in test_injection.py.
"""

import ast
import io
import json
import os
import pickle
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text

from replication import results, store
from replication.claims import ClaimError, diff, load, report
from replication.claims.check import Problem
from replication.datasets import Library
from replication.runner import execution
from replication.store import Checkpoints, StoreError
from tests import claim_files

ROOT = Path(__file__).parent.parent.parent
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
RUNS_DATA = {
    *("eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec", "os.system"),
    *("joblib.load", "torch.load", "torch.jit.load", "tensorflow.saved_model.load"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.unsafe_load_all"),
    *("pandas.read_pickle", "pandas.read_hdf", "pandas.eval"),
    *("keras.config.enable_unsafe_deserialization", "keras.models.model_from_json"),
}
READS_ARRAYS = {"numpy.load", "numpy.lib.format.read_array", "numpy.lib.npyio.NpzFile"}
KERAS_LOADS = ("load_model", "load_weights")  # of keras, or of a model


def sources():
    """Text of every file whose code reads data, notebooks included, by name."""
    found = {}
    for folder in ("replication", "benchmarks", ".ci"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        lines = "\n".join(code).splitlines()
        kept = ("" if line.startswith(("%", "!")) else line for line in lines)
        found[path.relative_to(ROOT).as_posix()] = "\n".join(kept)
    return found


def unsafe(text):
    """What in a source could run data, a line each."""
    tree, names, found = ast.parse(text), {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(a.asname or a.name.split(".")[0]): a.name for a in node.names if a.asname}
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names |= {a.asname or a.name: f"{base}.{a.name}" for a in node.names}
            imported = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        found += [f"import {name}" for name in imported if set(name.split(".")) & MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += _unsafe_call(node, names)
    return found


def _unsafe_call(node, names):
    head, _, rest = ast.unparse(node.func).partition(".")
    name = ".".join(filter(None, [names.get(head, head), rest]))
    name = name.replace("np.", "numpy.", 1) if name.startswith("np.") else name
    given = {each.arg: ast.unparse(each.value) for each in node.keywords}
    if name in RUNS_DATA or name.split(".")[0] in MODULES:
        return [name]
    if name in READS_ARRAYS and given.get("allow_pickle") != "False":
        return [f"{name} without allow_pickle=False"]
    if name.split(".")[-1] in KERAS_LOADS and given.get("safe_mode") != "True":
        return [f"{name} without safe_mode=True"]
    return [
        f"{name}(..., {key}=True)" for key in ("shell", "allow_pickle") if given.get(key) == "True"
    ]


@pytest.mark.parametrize("name", sources())
def test_no_code_of_ours_runs_what_it_reads(name):
    """No pickle, no eval; arrays with allow_pickle=False, Keras files in safe mode."""
    assert unsafe(sources()[name]) == []


@pytest.mark.parametrize(
    "planted",
    [
        "import pickle",
        "from multiprocessing.reduction import pickle",
        "import cloudpickle as c",
        "import numpy as np\nnp.load(path)",
        "import numpy\nnumpy.load(path, allow_pickle=True)",
        "import numpy as anything\nanything.load(path)",
        "from numpy import load as read\nread(path)",
        "from numpy.lib.format import read_array\nread_array(file)",
        "import numpy as np\nnp.lib.format.read_array(file, allow_pickle=flag)",
        "import joblib\njoblib.load(path)",
        "from joblib import load\nload(path)",
        "import torch\ntorch.load(path, weights_only=True)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "import pandas as pd\npd.read_pickle(path)",
        "import keras\nkeras.models.load_model(path)",
        "model.load_weights(path)",
        "import keras\nkeras.saving.load_model(path, safe_mode=False)",
        "eval(text)",
        "def f():\n    exec(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "import os\nos.system(text)",
    ],
)
def test_the_scan_finds_what_it_looks_for(planted):
    assert unsafe(planted)


def test_the_scan_lets_safe_reading_pass():
    assert unsafe("import numpy as np\nnp.load(path, allow_pickle=False)") == []
    assert unsafe("import keras\nkeras.models.load_model(path, safe_mode=True)") == []
    assert unsafe("import json, yaml, tomllib\njson.load(f)\nyaml.safe_load(f)") == []


class Bait:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def baited(kind, trap, about):
    """The bytes of a file whose reader, if it unpickles, makes the folder `trap`."""
    buffer = io.BytesIO()
    array = np.array([Bait(trap)], dtype=object)
    if kind == "a pickle":
        return pickle.dumps(Bait(trap))
    if kind == "an array of objects":
        np.save(buffer, array, allow_pickle=True)
    elif kind == "an archive with an array of objects":
        np.savez(buffer, about=about, **{"0000": array})
    elif kind == "an archive with a pickled description":
        np.savez(buffer, about=array)
    return buffer.getvalue()


KINDS = [
    "a pickle",
    "an array of objects",
    "an archive with an array of objects",
    "an archive with a pickled description",
]


@pytest.fixture(params=KINDS)
def bait(request, tmp_path):
    """A folder that must not appear, and the content of a file that tries to make it."""
    trap = tmp_path / "sprung"
    state = {"epoch": 1, "history": [], "seconds": 0.0, "fingerprints": []}
    about = np.array(json.dumps({**state, "metrics": {}, "provenance": {}}))
    return trap, baited(request.param, trap, about)


def test_the_bait_is_live(bait):
    """NumPy makes the folder where unpickling is allowed."""
    trap, content = bait
    loaded = np.load(io.BytesIO(content), allow_pickle=True)
    if isinstance(loaded, np.lib.npyio.NpzFile):
        _ = [loaded[name] for name in loaded.files]

    assert trap.is_dir()


def test_a_stored_run_is_never_unpickled(bait, tmp_path, capsys):
    """It is moved aside and named, and the job runs anew."""
    trap, content = bait
    path = tmp_path / "runs" / "demo-full-0-0123.npz"
    path.parent.mkdir()
    path.write_bytes(content)

    assert execution.load(SimpleNamespace(path=path, name="demo/full/0")) is None
    [aside] = path.parent.iterdir()
    assert aside.name.startswith(f"{path.name}.damaged-") and aside.read_bytes() == content
    assert str(path) in capsys.readouterr().err
    assert not trap.exists()


def test_a_checkpoint_is_never_unpickled(bait, tmp_path, capsys):
    """It is moved aside and named, and training starts over."""
    trap, content = bait
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    path = checkpoints.path("0123")
    path.parent.mkdir()
    path.write_bytes(content)

    assert checkpoints.load("0123") is None
    [aside] = path.parent.iterdir()
    assert aside.name.startswith("0123.npz.damaged-")
    assert str(path) in capsys.readouterr().err
    assert not trap.exists()


def test_a_cached_data_set_is_never_unpickled(bait, tmp_path):
    """It is refused by name; the file stays, nothing is trained on it."""
    trap, content = bait
    path = tmp_path / "data" / "mnist.npz"
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises((StoreError, ValueError), match="mnist.npz.*(Delete|delete)"):
        Library((), path.parent).load("mnist")
    assert path.read_bytes() == content
    assert not trap.exists()


def test_what_we_store_holds_no_pickle(tmp_path):
    """Objects are refused before anything is written."""
    with pytest.raises(ValueError, match="allow_pickle"):
        store.save_arrays(tmp_path / "run.npz", {"x": np.array([Bait(tmp_path / "sprung")])})

    assert list(tmp_path.iterdir()) == []


ESCAPES = "\x1b]0;owned\x07 \x1b[2J \x1b[31m \x9b31m \x08\r"
MARKUP = "[red]red[/red] [link=https://evil.example]here[/link] [/] [bold"


def printed(show):
    """What a terminal receives, with rich's own colours."""
    file = io.StringIO()
    show(Console(file=file, force_terminal=True, width=400, color_system="standard"))
    return file.getvalue()


def shown_literally(text):
    """Whether the markup stands there as it was written, and no escape reaches the terminal."""
    plain = Text.from_ansi(text).plain
    escapes = [each.split("m")[0] for each in text.split("\x1b")[1:]]
    only_colours = all(
        each.startswith("[") and set(each[1:]) <= set("0123456789;") for each in escapes
    )
    commands = set(text) & set("\x07\x08\x9b\r")
    return MARKUP in plain and "\\x1b]0;owned\\x07" in plain and only_colours and not commands


def test_a_problem_is_printed_without_obeying_it():
    """Escape sequences and rich's markup in a name, a number or an explanation."""
    problem = Problem(*[f"{MARKUP} {ESCAPES}"] * 4)
    found = SimpleNamespace(problems=(problem,), apart=())

    assert shown_literally(printed(lambda console: report.print_problems(found, console)))


def test_a_change_is_printed_without_obeying_it():
    text = f"{MARKUP} {ESCAPES}"
    number = diff.Number(text, "1", "2", "drifted", text)
    found = diff.Changes((), (number,), {"history": 0, "num_examples": 0})

    assert shown_literally(printed(lambda at: diff.print_changes(found, MARKUP, console=at)))


def test_the_terminal_test_can_fail():
    """What rich does with the same text by itself."""
    text = f"{MARKUP} {ESCAPES}"

    assert not shown_literally(printed(lambda console: console.print(text, markup=False)))
    assert not shown_literally(printed(lambda console: console.print("[red]red[/red]")))


@pytest.mark.parametrize("name", ["demo\x1b[31m", "demo\x9b31m", "demo\x07", "a\tb", "a\rb"])
def test_no_name_in_a_table_commands_the_terminal(name):
    """It is refused, by a message that does not hold the character either."""
    row = f"{name},full,0,purity,1,1000\n"
    header = "experiment,profile,seed,metric,value,num_examples\n"

    with pytest.raises(results.ResultsError, match=":2") as refused:
        results.schema.parse_table(results.schema.MEASUREMENTS, header + row, "measurements.csv")
    assert not set(str(refused.value)) & set("\x1b\x9b\x07\t\r")
    with pytest.raises(results.ResultsError) as refused:
        key = json.dumps({f"{name}/full/0": {"fingerprint": "here"}})
        results.schema.parse_provenance(key, "provenance.json")
    assert not set(str(refused.value)) & set("\x1b\x9b\x07\t\r")


GRID = """[[claims]]
id = "grid"
says = "It looks good."
locator = "figure"
kind = "reader"
voice = "article"
because = "a picture"
figure = "grid"
"""


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//evil.example",
        'https://example.org/" onclick="alert(1)',
        "https://example.org/<script>",
    ],
)
def test_the_address_of_an_article_is_no_program(url, tmp_path):
    """It becomes a link on every page: http and https alone."""
    text = claim_files.article(GRID, url=url)
    (tmp_path / "demo.toml").write_text(text)

    assert tomllib.loads(text)["url"] == url
    with pytest.raises(ClaimError, match="key 'url': expected an address that starts with https"):
        load(tmp_path)


def test_an_address_of_the_web_is_accepted(tmp_path):
    url = "https://example.org/a?b=c#d"
    (tmp_path / "demo.toml").write_text(claim_files.article(GRID, url=url))

    assert load(tmp_path)["demo"].url == url

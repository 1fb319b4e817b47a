"""What a process takes from where it is started: folders, cores, Keras' settings, and no more."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from replication import environment
from replication.environment import SettingError
from replication.runner import settings

ROOT = Path(__file__).parent.parent
ODD = {  # what ~/.keras/keras.json may say
    "floatx": "float16",
    "epsilon": 0.1,
    "backend": "jax",
    "image_data_format": "channels_first",
}
SHOW = (
    "import keras; print(keras.config.floatx(), keras.config.epsilon(), keras.config.backend(), "
    "keras.config.image_data_format(), keras.config.dtype_policy().name)"
)
PLAIN = "float32 1e-07 tensorflow channels_last float32"


def python(code, *arguments, **variables):
    """Runs code in a fresh interpreter, in an environment with some variables of its own."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("KERAS_")}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**inherited, **variables},
        timeout=120,
    )


@pytest.fixture
def hostile(tmp_path):
    """Variables that lead to a home with settings for Keras."""
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(ODD))
    return {"HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"}


def test_keras_has_our_settings_whatever_the_user_has_set(hostile):
    """With floatx float16 a norm was 301 in place of 5.3, under the same key and fingerprint.

    In a child that imports Keras before this package, too, as a notebook may.
    """
    variables = {
        "KERAS_HOME": f"{hostile['HOME']}/.keras",
        "KERAS_BACKEND": "",
        "KERAS_MAX_EPOCHS": "x",
        "KERAS_MAX_STEPS_PER_EPOCH": "1",
        "KERAS_NNX_ENABLED": "1",
    }
    code = "import replication, subprocess as s, sys; s.run([sys.executable, '-c', sys.argv[1]])"
    ended = python(code, SHOW, **hostile, **variables)

    assert ended.stdout.split("\n")[0] == PLAIN, ended.stderr
    assert json.loads(Path(hostile["HOME"], ".keras", "keras.json").read_text()) == ODD


def test_keras_imported_before_is_set_right(monkeypatch):
    """In a notebook, or a worker, of somebody else."""
    import keras

    monkeypatch.setenv("KERAS_BACKEND", keras.config.backend())
    keras.config.set_floatx("float16")
    keras.config.set_epsilon(0.1)
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("float16")
    environment.fix_keras()

    config = keras.config
    assert (config.floatx(), config.epsilon()) == ("float32", 1e-7)
    assert (config.image_data_format(), config.dtype_policy().name) == ("channels_last", "float32")


@pytest.mark.parametrize("named", ["", "tensorflow"])
def test_keras_imported_before_with_another_backend_is_refused(monkeypatch, named):
    """It cannot be changed any more."""
    odd = SimpleNamespace(config=SimpleNamespace(backend=lambda: "jax"))
    monkeypatch.setitem(sys.modules, "keras", odd)
    monkeypatch.setenv("KERAS_BACKEND", named)

    with pytest.raises(SettingError, match="with the backend jax; expected tensorflow. Import"):
        environment.fix_keras()


TRAINS = repr("replication sweep --profile smoke --experiments clustering-identities")


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("theano", "names no backend of ours; expected one of tensorflow, jax, torch"),
        ("numpy", "names no backend of ours"),
        ("TensorFlow", "names no backend of ours"),
        ("jax", "cannot be imported: no package jax in"),
    ],
)
def test_a_backend_that_cannot_be_had_exits_2(backend, why):
    """It was a traceback of Keras, and exit code 1."""
    code = (
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *of: None if name == 'jax' else found(name, *of)\n"
        f"sys.argv = {TRAINS}.split()\n"
        "from replication.__main__ import main; main()\n"
    )
    ended = python(code, KERAS_BACKEND=backend)

    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.startswith(f"error: KERAS_BACKEND={backend!r} {why}")
    assert ended.stderr.count("\n") == 1


def test_a_backend_that_fails_on_import_is_named(tmp_path):
    """Installed, and broken: a library of the system is missing, say."""
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("raise ImportError('no libcuda\\nat all')")
    code = f"import sys; sys.argv = {TRAINS}.split(); from replication.__main__ import main; main()"
    ended = python(code, KERAS_BACKEND="jax", PYTHONPATH=str(tmp_path))

    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.startswith("error: KERAS_BACKEND='jax' cannot be imported: no libcuda. ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~/data", "{home}/data"),
        ("~", "{home}"),
        ("data/../here", "{cwd}/here"),
        ("/data", "/data"),
        ("", None),
    ],
)
def test_a_variable_names_a_folder_as_a_shell_would(tmp_path, monkeypatch, text, expected):
    """`~` made a folder of that name, and a relative one another folder for each notebook."""
    monkeypatch.setenv("HOME", "/home/of/us")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", text)
    expected = expected and Path(expected.format(home="/home/of/us", cwd=tmp_path))

    assert environment.folder("TFDS_DATA_DIR") == expected
    assert settings.library().downloads == (expected or Path("/home/of/us/tensorflow_datasets"))
    handed_on = settings.kernel_environment("smoke").get("TFDS_DATA_DIR")
    assert handed_on == (str(expected) if expected else text)


def test_the_build_folder_may_be_in_the_home(tmp_path):
    code = "from replication.runner import settings; print(settings.BUILD)"
    ended = python(code, HOME=str(tmp_path), REPLICATION_BUILD="~/build")

    assert ended.stdout == f"{os.path.realpath(tmp_path)}/build\n", ended.stderr
    assert not (ROOT / "~").exists()


def test_a_home_that_nobody_has_is_an_error(monkeypatch):
    """A sentence; it was a RuntimeError."""
    monkeypatch.setenv("TFDS_DATA_DIR", "~nobody-of-that-name/x")

    with pytest.raises(SettingError, match="TFDS_DATA_DIR='~nobody-of-that-name/x': expected a"):
        settings.library()


def test_a_build_folder_in_the_home_that_nobody_has_exits_2():
    """The variable is read on import, before any command could handle an error."""
    code = "import sys; sys.argv[1:] = ['list']; from replication.__main__ import main; main()"
    ended = python(code, REPLICATION_BUILD="~nobody-of-that-name/x")

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: REPLICATION_BUILD='~nobody-of-that-name/x': expected a")
    assert ended.stderr.count("\n") == 1


@pytest.fixture
def nameless(monkeypatch):
    """A user whom the system does not know, without a home, as in many a container."""
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)

    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_user_without_a_home_has_data_beside_the_project(nameless):
    """`Path.home` raises then."""
    found = settings.library()

    assert environment.home() is None
    assert found.downloads == settings.ROOT / "data" and found.downloads in found.search


def quota(folder, **files):
    """Makes a cgroup with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".", 1)).write_text(f"{content}\n")


@pytest.mark.parametrize(
    ("lines", "groups", "cores"),
    [
        ("0::/", {}, 8),
        ("0::/", {".": {"cpu_max": "max 100000"}}, 8),
        ("0::/", {".": {"cpu_max": "50000 100000"}}, 1),
        ("0::/", {".": {"cpu_max": "150000 100000"}}, 2),
        ("0::/", {".": {"cpu_max": "1600000 100000"}}, 8),
        ("0::/a/b", {"a": {"cpu_max": "200000 100000"}, "a/b": {"cpu_max": "max 100000"}}, 2),
        ("0::/docker/x", {".": {"cpu_max": "300000 100000"}}, 3),  # not its own path inside
        (
            "4:cpu,cpuacct:/a\n1:name=systemd:/",
            {"cpu,cpuacct/a": {"cpu_cfs_quota_us": "50000", "cpu_cfs_period_us": "100000"}},
            1,
        ),
        ("4:cpuacct,cpu:/a", {"cpu": {"cpu_cfs_quota_us": 400, "cpu_cfs_period_us": 100}}, 4),
        ("4:cpu:/", {"cpu": {"cpu_cfs_quota_us": -1, "cpu_cfs_period_us": 100000}}, 8),
        ("4:cpu:/", {"cpu": {"cpu_cfs_quota_us": "?", "cpu_cfs_period_us": 0}}, 8),
        ("0::/\n3:cpu:/", {"unified": {"cpu_max": "200000 100000"}}, 2),
    ],
)
def test_a_quota_counts_as_cores(tmp_path, monkeypatch, lines, groups, cores):
    """In a container with half a core two threads were started, and took turns."""
    listed = tmp_path / "listed"
    listed.write_text(f"{lines}\n")
    for group, files in groups.items():
        quota(tmp_path / "groups" / group, **files)
    monkeypatch.setattr(environment, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(environment, "_LISTED", listed)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    assert environment.num_cores() == cores


def test_where_there_are_no_cgroups_all_cores_count(tmp_path, monkeypatch):
    """On macOS."""
    monkeypatch.setattr(environment, "_LISTED", tmp_path / "none")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)

    assert environment.num_cores() == 3


def test_a_process_of_ours_is_this_interpreter_with_its_modules(tmp_path):
    """Nothing of the user's comes in between: no start-up file, path, folder or flag of Python."""
    for folder, name in (("path", "sitecustomize"), ("here", "json"), ("path", "json")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.py").write_text("print('hijacked')")
    hostile = {
        "PYTHONPATH": str(tmp_path / "path"),
        "PYTHONSTARTUP": str(tmp_path / "path" / "json.py"),
        "PYTHONHOME": "/nowhere",
        "PYTHONSAFEPATH": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "PYTHONHASHSEED": "7",
        "PYTHONUSERBASE": str(tmp_path),
    }
    code = (
        "import json, replication; print(sys.executable, sys.flags.optimize, sys.warnoptions, "
        "sys.flags.hash_randomization, replication.__file__)"
    )
    ended = subprocess.run(
        environment.command(code),
        capture_output=True,
        text=True,
        cwd=tmp_path / "here",
        env=environment.without_tastes({**os.environ, **hostile}),
    )

    expected = f"{sys.executable} 0 [] 0 {ROOT / 'replication' / '__init__.py'}\n"
    assert ended.stdout == expected, ended.stderr

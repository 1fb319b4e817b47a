"""Fixtures that several test files share, and a quiet, repeatable Keras.

The environment is set before any test file imports Keras: one thread, so that
equality to the last bit can be asked for, and no log lines.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import functools  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from dataclasses import dataclass, field, replace  # noqa: E402
from pathlib import Path  # noqa: E402
from types import SimpleNamespace  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from filelock import FileLock  # noqa: E402
from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from replication import experiments, training  # noqa: E402
from replication.experiments import Profile  # noqa: E402
from replication.runner import settings  # noqa: E402
from replication.store import Checkpoints  # noqa: E402
from tests import site_demo, site_pages  # noqa: E402

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what is in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests send it to themselves

UNTESTED = "REAL DATA NOT TESTED"
SHELF_IMAGES = 120


@pytest.fixture(scope="session")
def library():
    """The data sets of this machine; decoded once into build/, as a run does it."""
    return settings.library()


@pytest.fixture(scope="session")
def real_mnist(library):
    """MNIST as it is read here; skips, and says so at the end, where there is none."""
    if library.locate("mnist") is None:
        pytest.skip(f"{UNTESTED}: {library.how_to_get('mnist')}")
    return library.load("mnist")


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder of this call of pytest, the same one for all workers of `pytest -n`."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def smoke(library, shared):
    """The smoke profile over one store, so that experiments share what they train.

    With `pytest -n` the workers share it too: what one trains, the others wait for and load.
    """
    return Profile("smoke", library, Checkpoints(shared / "checkpoints"))


@dataclass
class Noted(Checkpoints):
    """Training runs by key, and the keys of those that were asked for."""

    keys: set = field(default_factory=set)

    def load(self, key):
        self.keys.add(key)
        return super().load(key)


@pytest.fixture(scope="module")
def at_smoke_size(smoke):
    """Runs an experiment by name, once: its outcome, and the keys of all models it trains or finds.

    One key is one training, in the store of `smoke`: by whoever asks first, then found by others.
    """

    @functools.cache
    def run(name):
        store = Noted(smoke.checkpoints.root)
        return experiments.find(name).run(0, replace(smoke, checkpoints=store)), store.keys

    return run


@pytest.fixture(scope="session")
def start(shared):
    """What `initial_losses.py` reports under a backend; run once for each, by whoever asks first.

    Of the workers of `pytest -n`, one runs it, and the others wait for that.
    """

    def report(backend):
        if backend == "torch" and importlib.util.find_spec("torch") is None:
            pytest.skip("PYTORCH NOT TESTED: it is not installed; `make torch` installs it")
        kept = shared / f"losses-{backend}.json"
        with FileLock(f"{kept}.lock"):
            if not kept.exists():
                kept.write_text(json.dumps(_under(backend, shared / backend)))
        code, output, errors = json.loads(kept.read_text())
        assert code == 0, errors[-2000:]
        return json.loads(output.splitlines()[-1])

    return report


def _under(backend, build):
    """The script in a fresh interpreter: how it ended, and what it said."""
    variables = {"KERAS_BACKEND": backend, "REPLICATION_BUILD": str(build)}
    ended = subprocess.run(
        [sys.executable, Path(__file__).with_name("initial_losses.py")],
        capture_output=True,
        text=True,
        cwd=settings.ROOT,
        env={**os.environ, "PYTHONPATH": str(settings.ROOT), **variables},
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def checkpoints(tmp_path):
    """An empty run store of its own."""
    return Checkpoints(tmp_path / "checkpoints")


@pytest.fixture
def ax():
    """Axes of a figure that no window and no global state knows of."""
    return Figure().subplots()


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as a notebook would receive it."""
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(InteractiveShell, "initialized", classmethod(lambda cls: True))
    shell = type("Shell", (), {"display_pub": publisher})
    monkeypatch.setattr(InteractiveShell, "instance", classmethod(lambda cls: shell))
    return publisher.outputs


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small project whose committed files all agree, for the tests of the site."""
    return site_demo.make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def built(project, tmp_path_factory):
    """The folder of the small project's site, what the build said, and its pages."""
    folder = tmp_path_factory.mktemp("out") / "site"
    told = site_demo.build(project, folder)
    return folder, told, site_pages.read_site(folder)


class Shelf:
    """A library with the first digits under every name, so that a full profile is small."""

    def __init__(self, library):
        self.digits = library.load("digits").head(SHELF_IMAGES)

    def load(self, name):
        """The digits; as negatives where clothes are asked for."""
        found = replace(self.digits, name=name)
        return replace(found, x_test=1 - found.x_test) if name == "fashion_mnist" else found


@pytest.fixture(scope="session")
def shelf(library):
    """A stand-in for the library of a full profile."""
    return Shelf(library)


@pytest.fixture(scope="session")
def starter():
    """What stands in for `train`: notes each call, and returns the model untrained."""
    return _starter


@pytest.fixture(scope="session")
def run_untrained(shelf):
    """Runs an experiment at full settings with untrained models.

    Returns its metrics, its arrays, and what was to be trained. `modules` are those that call
    `train`; `patches` are other attributes to replace, as `(module, name, value)`.
    """

    def run(name, modules, *, patches=(), draw_biases=False):
        calls = []
        with pytest.MonkeyPatch.context() as patch:
            for module in modules:
                patch.setattr(module, "train", _starter(calls, draw_biases=draw_biases))
            for each in patches:
                patch.setattr(*each)
            found = experiments.find(name).run(0, Profile("full", shelf))
        return {name: value for name, (value, _) in found.metrics.items()}, found.arrays, calls

    return run


@pytest.fixture(scope="module")
def data(shelf):
    """The digits that stand in for MNIST."""
    return shelf.load("mnist")


@pytest.fixture(scope="module")
def started(run_untrained, request):
    """`run_untrained` by an experiment's name, once; `TRAINERS` of the test file call `train`."""
    return functools.cache(lambda name: run_untrained(name, request.module.TRAINERS))


def _starter(calls, *, draw_biases):
    """Stands in for `train`: notes what was to be trained, and returns it untrained.

    Drawn biases keep two layers of a size from taking each other's place.
    """

    def start(
        build, build_args, x, y=None, *, recipe, seed, checkpoints, initial=None, observe=None
    ):
        model = training.initialise(build, build_args, x[:1], seed=seed)
        rng = np.random.default_rng([seed, x[0].size])
        for weight in model.trainable_weights:
            if draw_biases and initial is None and y is None and len(weight.shape) == 1:
                weight.assign(rng.normal(size=weight.shape))
        if initial is not None:
            model.set_weights(initial)
        options = {"recipe": recipe, "seed": seed}
        key = functools.partial(training.run_key, build, build_args, (x, y), **options)
        noted = {"args": build_args, "model": model, "x": x, "y": y, "initial": initial}
        calls.append(SimpleNamespace(**noted, **options, key=key))
        number = float(len(calls))
        observed = {} if observe is None else observe(model, 1)
        return training.Trained(
            model, [{"loss": number, "reconstruction_loss": number, **observed}]
        )

    return start


def pytest_terminal_summary(terminalreporter):
    """Says loudly, at the end, what was not tested for want of data or of a library."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)}
    for reason in sorted(reason for reason in reasons if "NOT TESTED" in reason):
        terminalreporter.write_line(reason, red=True, bold=True)

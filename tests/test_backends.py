"""The same experiments on TensorFlow, JAX and PyTorch: same weights, same loss."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from replication import experiments, fingerprints

ROOT = Path(__file__).parent.parent
OTHERS = ("jax", "torch")
REGISTRY = experiments.registry()
TRAINING = {
    name
    for name, each in REGISTRY.items()
    if "replication.training.train" in fingerprints.source_closure(each.function)
}
AGREEMENT = 1e-4  # relative: float32 sums of a thousand terms, in another order

each_backend = pytest.mark.parametrize("backend", ("tensorflow", *OTHERS))
each_other = pytest.mark.parametrize("backend", OTHERS)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """What `initial_losses.py` reports under a backend; run once for each."""
    runs = {}

    def report(backend):
        if backend == "torch" and importlib.util.find_spec("torch") is None:
            pytest.skip("PYTORCH NOT TESTED: it is not installed; `make torch` installs it")
        if backend not in runs:
            runs[backend] = run(backend, tmp_path_factory.mktemp(backend))
        assert runs[backend].returncode == 0, runs[backend].stderr[-2000:]
        return json.loads(runs[backend].stdout.splitlines()[-1])

    return report


def run(backend, build):
    """The script in a fresh interpreter."""
    variables = {"KERAS_BACKEND": backend, "REPLICATION_BUILD": str(build)}
    return subprocess.run(
        [sys.executable, Path(__file__).with_name("initial_losses.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


@each_backend
def test_every_experiment_runs(backend, start):
    """Whatever it measures, and one model of each kind trains for an epoch."""
    assert start(backend)["failed"] == {}


@each_backend
def test_every_experiment_that_trains_is_compared(backend, start):
    """In all five articles; those without losses are those that cannot reach `train`."""
    losses = start(backend)["losses"]

    assert set(losses) == set(REGISTRY)
    assert {name for name in losses if losses[name]} == TRAINING
    assert {REGISTRY[name].slug for name in TRAINING} == set(experiments.slugs())


@each_other
def test_initial_losses_agree(backend, start):
    """Same weights, same batch, same noise: the same loss as with TensorFlow."""
    ours, theirs = start("tensorflow")["losses"], start(backend)["losses"]

    for name in sorted(TRAINING):
        assert len(theirs[name]) == len(ours[name]), name
        expected, found = (np.array(each[name])[:, 0] for each in (ours, theirs))
        np.testing.assert_allclose(found, expected, rtol=AGREEMENT, err_msg=name)


@each_other
def test_other_weights_do_not_agree(backend, start):
    """Control: noise of a hundredth on the other backend's weights does not pass."""
    ours, theirs = start("tensorflow")["losses"], start(backend)["losses"]

    for name in sorted(TRAINING):
        expected = np.array(ours[name])[:, 0]
        other = np.array(theirs[name])[:, 1]
        assert not np.allclose(other, expected, rtol=AGREEMENT, atol=0), name


@each_backend
def test_an_epoch_has_finite_means_of_the_same_names(backend, start):
    """The history's columns do not depend on the backend."""
    ours, theirs = start("tensorflow")["trained"], start(backend)["trained"]

    assert set(theirs) == set(ours)
    for kind in theirs:
        assert set(theirs[kind]) == set(ours[kind]), kind
        assert all(math.isfinite(value) for value in theirs[kind].values()), kind


@each_backend
def test_the_device_has_a_name(backend, start):
    """Keras' list of devices leaves out PyTorch's."""
    assert start(backend)["device"] == fingerprints.environment()["device"]

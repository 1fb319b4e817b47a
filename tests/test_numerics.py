"""The probe of what this machine computes: repeatable, without traces, never a crash."""

import json
import os
import random
import subprocess
import sys

import keras
import numpy as np
import pytest

from replication import models, numerics, training

PRINT = "import json; from replication import numerics; print(json.dumps(numerics.probe()))"


def probe_of_another_process(**environment):
    """What the probe finds in a process with these variables."""
    ended = subprocess.run(
        [sys.executable, "-c", PRINT],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def weights():
    """An epoch of a classifier with dropout under a seed."""
    rng = np.random.default_rng(1)
    data = rng.random((48, 30), np.float32), rng.integers(10, size=48)
    recipe = training.Recipe(1, 16, loss="sparse_categorical_crossentropy")
    found = training.train(models.dropout_classifier, {"seed": 3}, *data, recipe=recipe, seed=3)
    return found.model.get_weights()


def test_every_part_is_known_here_and_has_a_digest():
    """On a sound machine nothing fails, and no two parts agree by being empty."""
    found = numerics.probe()

    assert list(found) == list(numerics.PARTS)
    assert all(len(digest) == 8 and int(digest, 16) >= 0 for digest in found.values())
    assert len(set(found.values())) == len(found)


def test_two_processes_find_the_same_and_another_kernel_is_seen():
    """The BLAS kernel of 2008 rounds differently; operations without a BLAS do not know of it.

    One of the two is this process, which has computed before.
    """
    plain, again = numerics.probe(), probe_of_another_process(PYTHONHASHSEED="7")
    old = probe_of_another_process(OPENBLAS_CORETYPE="Nehalem")

    assert plain == again
    if old == plain:
        pytest.skip("this BLAS has no kernel of that name")
    assert old["matrix products"] != plain["matrix products"]
    assert old["elementary functions"] == plain["elementary functions"]


def test_the_probe_leaves_random_states_alone_and_training_as_it_was():
    """Neither a global generator nor a trained weight can tell that it ran."""
    keras.backend.clear_session()
    before = weights()
    keras.utils.set_random_seed(5)
    states = random.getstate(), repr(np.random.get_state())
    drawn = keras.random.uniform((3,))
    keras.utils.set_random_seed(5)

    for compute in numerics.PARTS.values():
        numerics._digest(compute)

    assert (random.getstate(), repr(np.random.get_state())) == states
    np.testing.assert_array_equal(keras.random.uniform((3,)), drawn)
    keras.backend.clear_session()
    for ours, theirs in zip(before, weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_fails_or_is_not_finite_is_unknown():
    """A library that is missing or breaks down, and a result that is no number."""

    def missing(rng):
        import no_such_library  # noqa: F401

        yield rng.random(3)

    def broken(rng):
        yield rng.random(3)
        yield np.array([1.0, np.nan])

    assert numerics._digest(missing) == numerics._digest(broken) == numerics.UNKNOWN

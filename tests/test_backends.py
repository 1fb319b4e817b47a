"""The same experiments on TensorFlow, JAX and PyTorch: same weights, same loss.

What is held of every backend, and TensorFlow; the others have files of their own beside this one,
`test_backends_*.py`, so that `pytest -n` may run them side by side.
"""

import math

import numpy as np

from replication import experiments, fingerprints

REGISTRY = experiments.registry()
TRAINING = {
    name
    for name, each in REGISTRY.items()
    if "replication.training.train" in fingerprints.source_closure(each.function)
}
AGREEMENT = 1e-4  # relative: float32 sums of a thousand terms, in another order


class Each:
    """What is held of every backend; each test begins with its own run, which takes longest."""

    backend = "tensorflow"

    def test_every_experiment_runs(self, start):
        """Whatever it measures, and one model of each kind trains for an epoch."""
        assert start(self.backend)["failed"] == {}

    def test_every_experiment_that_trains_is_compared(self, start):
        """In all five articles; those without losses are those that cannot reach `train`."""
        losses = start(self.backend)["losses"]

        assert set(losses) == set(REGISTRY)
        assert {name for name in losses if losses[name]} == TRAINING
        assert {REGISTRY[name].slug for name in TRAINING} == set(experiments.slugs())

    def test_an_epoch_has_finite_means_of_the_same_names(self, start):
        """The history's columns do not depend on the backend."""
        theirs, ours = start(self.backend)["trained"], start("tensorflow")["trained"]

        assert set(theirs) == set(ours)
        for kind in theirs:
            assert set(theirs[kind]) == set(ours[kind]), kind
            assert all(math.isfinite(value) for value in theirs[kind].values()), kind

    def test_the_device_has_a_name(self, start):
        """Keras' list of devices leaves out PyTorch's."""
        assert start(self.backend)["device"] == fingerprints.environment()["device"]


class Other(Each):
    """What else is held of a backend that is not TensorFlow."""

    def test_initial_losses_agree(self, start):
        """Same weights, same batch, same noise: the same loss as with TensorFlow."""
        theirs, ours = start(self.backend)["losses"], start("tensorflow")["losses"]

        for name in sorted(TRAINING):
            assert len(theirs[name]) == len(ours[name]), name
            expected, found = (np.array(each[name])[:, 0] for each in (ours, theirs))
            np.testing.assert_allclose(found, expected, rtol=AGREEMENT, err_msg=name)

    def test_other_weights_do_not_agree(self, start):
        """Control: noise of a hundredth on the other backend's weights does not pass."""
        theirs, ours = start(self.backend)["losses"], start("tensorflow")["losses"]

        for name in sorted(TRAINING):
            expected = np.array(ours[name])[:, 0]
            other = np.array(theirs[name])[:, 1]
            assert not np.allclose(other, expected, rtol=AGREEMENT, atol=0), name


class TestTensorFlow(Each):
    """What the others are compared with."""

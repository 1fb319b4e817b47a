"""Numbers of test images rest on them: other test images give other numbers, and train nothing."""

from dataclasses import replace

import numpy as np
import pytest

from replication import experiments
from replication.experiments import Profile
from replication.store import Checkpoints

REGISTRY = experiments.registry()
QUICK = "applied-reconstruction"


class Library:
    """The data sets, with something in place of their test images."""

    def __init__(self, library, change):
        self.library, self.change = library, change

    def load(self, name):
        """A data set with other test images."""
        found = self.library.load(name)
        return replace(found, x_test=self.change(found))


def noise(found):
    """Images that show nothing."""
    return np.random.default_rng(0).random(found.x_test.shape).astype(found.x_test.dtype)


def training_images(found):
    """The fault: what was learned from, as many as there are test images."""
    return found.x_train[: len(found.x_test)]


def of_test_images(name):
    """The metrics of an experiment that say in their name that they are of test images."""
    names = [metric.name for metric in REGISTRY[name].metrics]
    return {each for each in names if "test" in each.partition("_fit_on_")[0].split("_")}


def unmoved(name, libraries, store):
    """Which metrics of test images are the same with either library; the second trains nothing."""
    first = REGISTRY[name].run(0, Profile("smoke", libraries[0], Checkpoints(store)))
    stop = Checkpoints(store, on_epoch=lambda *_: pytest.fail("test images reached training"))
    second = REGISTRY[name].run(0, Profile("smoke", libraries[1], stop))
    return {each for each in of_test_images(name) if first.metrics[each] == second.metrics[each]}


# After the one epoch of a smoke run these put every image into one cluster, whatever it shows.
COLLAPSED = {
    f"clustering-{which}-{data}"
    for which in ("eq5", "first-code", "shuffled-labels")
    for data in ("mnist", "fashion")
}
EVERY = [
    pytest.param(each, marks=() if each == QUICK else pytest.mark.long)
    for each in REGISTRY
    if of_test_images(each) and REGISTRY[each].datasets and each not in COLLAPSED
]


@pytest.mark.parametrize("name", EVERY)
def test_other_test_images_give_other_numbers(name, library, tmp_path):
    """And no model is trained anew for them: they are measured on, never learned from."""
    assert of_test_images(name)
    assert unmoved(name, (library, Library(library, noise)), tmp_path) == set()


def test_an_experiment_that_measures_on_training_images_is_found(library, tmp_path):
    """Then it makes no difference what the test images are."""
    blind = Library(library, training_images)

    class Deaf(Library):
        def load(self, name):
            return blind.load(name)

    found = unmoved(QUICK, (blind, Deaf(Library(library, noise), noise)), tmp_path)
    assert found == of_test_images(QUICK)

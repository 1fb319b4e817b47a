"""Prints, as JSON, the first loss of every model that an experiment would train.

`test_backends.py` and its siblings run this file once for each backend, in a process
of its own, since Keras reads `KERAS_BACKEND` when it is imported. All weights and all
noise are drawn by NumPy, so that every backend starts from the same numbers. Nothing
is trained but, at the end, one model of each kind, for an epoch.

TensorFlow can be imported under its own backend only: the others do without.
"""

import contextlib
import json
import os
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path


class WithoutTensorFlow(PathFinder):
    """Finds every installed module but TensorFlow and its data sets."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname.split(".")[0] in ("tensorflow", "tensorflow_datasets"):
            return None
        return super().find_spec(fullname, path, target)


if os.environ["KERAS_BACKEND"] != "tensorflow":
    sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTensorFlow

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402

from replication import datasets, experiments, fingerprints, training  # noqa: E402
from replication.experiments import Profile  # noqa: E402
from tests import rates  # noqa: E402

NUDGE = 1e-2  # standard deviation of what the negative control adds to weights
NUM_IMAGES = 500  # as many as are encoded at once: JAX compiles anew for every other number
TRAIN = "replication.training.train"


def draws(shape, *salt):
    """A generator that depends on nothing but a shape and a salt."""
    return np.random.default_rng([len(shape), *shape, *salt])


@contextlib.contextmanager
def drawn_by_numpy():
    """Replaces the source of randomness of every layer and initialiser of Keras.

    Each shape has its draw. A shape that is not known yet, while a graph is traced, keeps
    the backend's own source.
    """
    source = keras.src.backend.random
    own = {name: getattr(source, name) for name in ("normal", "truncated_normal", "uniform")}
    own["dropout"] = source.dropout

    def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None, name="normal"):
        if not all(isinstance(size, int) for size in shape):
            return own[name](shape, mean, stddev, dtype, seed)
        numbers = draws(shape).normal(size=shape)
        numbers = np.clip(numbers, -2, 2) if name == "truncated_normal" else numbers
        return ops.convert_to_tensor(mean + stddev * numbers, dtype or "float32")

    def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
        return normal(shape, mean, stddev, dtype, seed, "truncated_normal")

    def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
        if not all(isinstance(size, int) for size in shape):
            return own["uniform"](shape, minval, maxval, dtype, seed)
        numbers = draws(shape).uniform(minval, maxval, size=shape)
        return ops.convert_to_tensor(numbers, dtype or "float32")

    def dropout(inputs, rate, noise_shape=None, seed=None):
        kept = ops.cast(uniform(ops.shape(inputs)) >= rate, inputs.dtype)
        return inputs * kept / (1 - rate)

    for each in (normal, truncated_normal, uniform, dropout):
        setattr(source, each.__name__, each)
    try:
        yield
    finally:
        for name, function in own.items():
            setattr(source, name, function)


def drawn_weights(model):
    """Weights for this model's shapes: kernels drawn after Glorot, trained vectors small.

    Vectors that are not trained start from a constant, which they keep.
    """
    trained = {id(each) for each in model.trainable_weights}
    weights = []
    for number, variable in enumerate(model.weights):
        shape = tuple(variable.shape)
        if len(shape) > 1:
            fans = np.prod(shape[:-2], dtype=int) * (shape[-2] + shape[-1])
            std = np.sqrt(2 / fans)
        else:
            std = 0.1
        if len(shape) > 1 or id(variable) in trained:
            weights.append(draws(shape, number).normal(scale=std, size=shape))
        else:
            weights.append(ops.convert_to_numpy(variable))
    return weights


def nudged(model, weights):
    """The same weights, but everything that is trained is moved by about `NUDGE`."""
    trained = {id(each) for each in model.trainable_weights}
    moved = []
    for variable, each in zip(model.weights, weights, strict=True):
        noise = draws(each.shape).normal(scale=NUDGE, size=each.shape)
        moved.append(each + noise if id(variable) in trained else each)
    return moved


def first_loss(model, weights, x, y):
    """The loss that a training step on these examples would begin with."""
    model.set_weights(weights)
    x, y = (None if each is None else ops.convert_to_tensor(each) for each in (x, y))
    outputs = model(x, training=True)
    return float(ops.convert_to_numpy(model.compute_loss(x=x, y=y, y_pred=outputs)))


class Enough(BaseException):
    """Leaves an experiment that is to train nothing more, and whose measuring is not wanted."""


class Watch:
    """Stands in for `initialise` and `train`, and notes the losses that training starts from.

    Attributes:
        losses: Of what was to be trained, in order, each beside the loss of nudged weights.
        kinds: The arguments of one call of `train` for each builder.
        last: After so many calls of `train` an experiment is left; None lets it end.
    """

    def __init__(self):
        self.losses, self.kinds, self.started, self.last = [], {}, {}, None
        self.own_initialise = training.initialise

    def initialise(self, build, build_args, example, *, seed):
        """The untrained model with the weights drawn for it."""
        model = self.own_initialise(build, build_args, example, seed=seed)
        model.set_weights(drawn_weights(model))
        return model

    def train(self, build, build_args, x, y=None, *, checkpoints=None, observe=None, **options):
        """Notes the losses of the first batch, and returns the model untrained."""
        key = training.run_key(build, build_args, (x, y), **options)
        if key not in self.started:  # experiments share what they train
            self.started[key] = self._start(build, build_args, x, y, **options)
        losses, trained = self.started[key]
        if observe is not None:
            trained.history[-1].update(observe(trained.model, 1))
        self.losses.append(losses)
        if len(self.losses) == self.last:
            raise Enough
        return trained

    def _start(self, build, build_args, x, y, *, recipe, seed, initial=None):
        model = training._compiled(build, build_args, x[:1], recipe=recipe, seed=seed)
        weights = model.get_weights() if initial is None else initial
        batch = training.epoch_order(len(x), seed=seed, epoch=0)[: recipe.batch_size]
        examples = x[batch], None if y is None else y[batch]
        starts = (weights, nudged(model, weights))
        losses = [first_loss(model, start, *examples) for start in starts]
        model.set_weights(weights)
        self.kinds.setdefault(build.__qualname__, ((build, build_args, *examples), recipe, seed))
        trained = training.Trained(model, [{"loss": 1.0, "reconstruction_loss": 1.0}])
        return losses, trained

    @contextlib.contextmanager
    def in_place(self):
        """Wherever an experiment finds the two functions, it finds these."""
        replaced = []
        for module in [each for name, each in sys.modules.items() if name.startswith("replica")]:
            for name in ("initialise", "train"):
                if getattr(module, name, None) is getattr(training, name):
                    replaced.append((module, name, getattr(module, name)))
        for module, name, _ in replaced:
            setattr(module, name, getattr(self, name))
        try:
            yield
        finally:
            for module, name, original in replaced:
                setattr(module, name, original)


def losses_by_experiment(watch, failed):
    """What every experiment would start from; empty for those that train nothing.

    At this size every data set is the digits, so that of an experiment with several one is
    run. One that needs packages of its own and cannot reach `train` is not run. With
    TensorFlow, `test_conformance.py` has every variant of a function measure; here all but
    the first are left when they have trained as often as it. Other backends take them to the
    end, and have to find as many losses.

    Args:
        watch: Receives the losses.
        failed: Receives what went wrong, by experiment.
    """
    found, profile = {}, Profile("smoke", datasets.Library((), Path()))
    by_function, trainings = {}, {}
    measured_elsewhere = keras.backend.backend() == "tensorflow"
    for name, each in experiments.registry().items():
        variant = each.function, repr(each.arguments)
        if variant not in by_function:
            watch.losses = by_function[variant] = []
            watch.last = trainings.get(each.function) if measured_elsewhere else None
            if not each.packages or TRAIN in fingerprints.source_closure(each.function):
                attempt(failed, name, each.run, 0, profile)
            trainings.setdefault(each.function, len(watch.losses))
        found[name] = by_function[variant]
    return found


def trained_for_an_epoch(kinds, failed):
    """By builder: the means of an epoch of training, by name."""
    found = {}
    for kind, (arguments, recipe, seed) in kinds.items():
        trained = attempt(failed, kind, training.train, *arguments, recipe=recipe, seed=seed)
        found[kind] = trained and trained.history[0]
    return found


def attempt(failed, name, function, *args, **kwargs):
    """What a function returns; None where it is left, or fails: a note of the last lines."""
    try:
        return function(*args, **kwargs)
    except Enough:
        return None
    except Exception:
        failed[name] = traceback.format_exc(limit=-2)


def main():
    """Losses under drawn weights and noise, then real training."""
    experiments.registry()
    experiments.SMOKE_EXAMPLES = NUM_IMAGES
    rates.only_the_first()  # a rate changes no loss before the first step
    rates.few_pictures()
    watch, failed = Watch(), {}
    with drawn_by_numpy(), watch.in_place():
        losses = losses_by_experiment(watch, failed)
    found = {
        "device": fingerprints.environment()["device"],
        "losses": losses,
        "trained": trained_for_an_epoch(watch.kinds, failed),
        "failed": failed,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()

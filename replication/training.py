"""Training: seed, build, fit epoch by epoch, and carry on where a run was cut off.

A trained model is a checkpoint whose last epoch is done. Resuming a killed run
and sharing one model between several measurements are therefore the same
mechanism (docs/decisions/0003).
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import keras
import numpy as np
from keras import ops

from replication import fingerprints
from replication.store import Checkpoints, State


@dataclass(frozen=True)
class Recipe:
    """How a model is fitted.

    Attributes:
        epochs: Passes over the data.
        batch_size: Examples per step.
        learning_rate: Of Adam; 1e-3 is Keras' default, then and now.
        loss: Keras loss for models that have no `compute_loss` of their own.
        metrics: Keras metrics to write into the history.
    """

    epochs: int
    batch_size: int
    learning_rate: float = 1e-3
    loss: str | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """A trained model and one dict of epoch means per epoch."""

    model: keras.Model
    history: list[dict[str, float]]


def train(
    build: Callable[..., keras.Model],
    build_args: dict,
    x: np.ndarray,
    y: np.ndarray | None = None,
    *,
    recipe: Recipe,
    seed: int,
    checkpoints: Checkpoints | None = None,
    initial: list[np.ndarray] | None = None,
    observe: Callable[[keras.Model, int], dict[str, float]] | None = None,
) -> Trained:
    """Builds a model under a seed and fits it, or takes up a stored run of it.

    Args:
        build: Module-level builder; called as `build(**build_args)` after the
            seed is set, so that weights cannot exist before it.
        build_args: JSON-serialisable arguments of `build`.
        x: Inputs of shape `(num_examples, ...)`.
        y: Targets, or None where the model's own loss needs none.
        recipe: Epochs, batch size, optimizer and loss.
        seed: Decides initial weights and the order of the data.
        checkpoints: Where runs are kept; None keeps nothing.
        initial: Weights to start from, in the order of `model.get_weights()`,
            such as those of pretrained layers; None for freshly drawn ones.
        observe: Called as `observe(model, epoch)` when an epoch is done; what
            it measures goes into the history of that epoch. It must not
            change the model, and is no part of the key: a run that was
            trained without it has no such entries.

    Returns:
        The model after the last epoch, and the history. A run that was cut
        off ends with the same weights as an unbroken one.
    """
    checkpoints = checkpoints or Checkpoints()
    key = run_key(build, build_args, (x, y), recipe=recipe, seed=seed, initial=initial)
    with checkpoints.lock(key):
        model = _compiled(build, build_args, x[:1], recipe=recipe, seed=seed)
        if initial is not None:
            model.set_weights(initial)
        state = _resume(model, checkpoints.load(key), recipe=recipe)
        buffer = np.empty_like(x)  # one for all epochs: fresh pages cost half a second each time
        while state.epoch < recipe.epochs:
            epoch_data = _shuffled(x, y, buffer, seed=seed, epoch=state.epoch)
            state = _run_epoch(model, *epoch_data, state=state, recipe=recipe)
            if observe is not None:
                state.history[-1].update(observe(model, state.epoch))
            names = sorted({*state.fingerprints, checkpoints.fingerprint})
            state = State(**{**vars(state), "fingerprints": names})
            checkpoints.save(key, state)
            checkpoints.on_epoch(state.epoch, recipe.epochs, state.history[-1], state.seconds)
    return Trained(model, state.history)


def run_key(
    build, build_args: dict, arrays: tuple, *, recipe: Recipe, seed: int, initial=None
) -> str:
    """Key of a training run: source, arguments, arrays, weights, seed and environment."""
    started = {} if initial is None else {"initial": fingerprints.array_digest(*initial)}
    return fingerprints.digest(
        {
            **started,
            "build": fingerprints.source_closure(build),
            "fit": [
                fingerprints.source_closure(each) for each in (_compiled, _shuffled, _run_epoch)
            ],
            "args": build_args,
            "arrays": fingerprints.array_digest(*(array for array in arrays if array is not None)),
            "recipe": asdict(recipe),
            "seed": seed,
            "environment": fingerprints.key_environment(),
        }
    )


def epoch_order(num_examples: int, *, seed: int, epoch: int) -> np.ndarray:
    """The order of the data in one epoch: a function of seed and epoch alone.

    Keras' own shuffling depends on everything drawn before it, which a resumed
    run cannot repeat (docs/decisions/0005).
    """
    return np.random.default_rng([seed, epoch]).permutation(num_examples)


def initialise(build, build_args: dict, example: np.ndarray, *, seed: int) -> keras.Model:
    """An untrained model with the weights that `train` starts from under this seed.

    Args:
        build: Builder, called as `build(**build_args)` after the seed is set.
        build_args: Arguments of `build`.
        example: Inputs of shape `(1, ...)`; calling the model on them creates
            its weights.
        seed: Decides the weights.

    Returns:
        The model, not compiled.
    """
    keras.utils.set_random_seed(seed)
    model = build(**build_args)
    model(example)
    return model


def redraw_kernels(
    model: keras.Model, initializer: Callable[..., keras.initializers.Initializer], *, seed: int
) -> keras.Model:
    """Gives every kernel of an untrained model a new start; biases keep theirs.

    Args:
        model: A built model. Its kernels are the trainable weights with more
            than one axis.
        initializer: Called as `initializer(seed=...)`, such as
            `keras.initializers.HeNormal`.
        seed: Decides the numbers; one stream for all kernels, so that two of
            one size do not start alike.

    Returns:
        The model itself, changed.
    """
    draw = initializer(seed=keras.random.SeedGenerator(seed))
    for weight in model.trainable_weights:
        if len(weight.shape) > 1:
            weight.assign(draw(weight.shape))
    return model


def _shuffled(x, y, buffer: np.ndarray, *, seed: int, epoch: int) -> tuple:
    """Inputs and targets in the order of an epoch; the inputs in `buffer`."""
    order = epoch_order(len(x), seed=seed, epoch=epoch)
    np.take(x, order, axis=0, out=buffer)
    return buffer, None if y is None else y[order]


def _compiled(build, build_args: dict, example, *, recipe: Recipe, seed: int) -> keras.Model:
    model = initialise(build, build_args, example, seed=seed)
    backend = keras.backend.backend()
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss=recipe.loss,
        metrics=list(recipe.metrics),
        # A third of Python's overhead a step is gone at 50, none after; PyTorch must take one.
        steps_per_execution=1 if backend == "torch" else 50,
        jit_compile=backend == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _variables(model: keras.Model) -> list:
    """Every variable that training changes: weights, random states, optimizer."""
    metrics = {id(variable) for variable in model.metrics_variables}
    kept = [variable for variable in model.variables if id(variable) not in metrics]
    return kept + list(model.optimizer.variables)


def _resume(model: keras.Model, state: State | None, *, recipe: Recipe) -> State:
    if state is None or state.epoch > recipe.epochs:
        return State(epoch=0, variables=[], history=[], seconds=0.0, fingerprints=[])
    for variable, value in zip(_variables(model), state.variables, strict=True):
        variable.assign(value)
    return state


def _run_epoch(model, x, y, *, state: State, recipe: Recipe) -> State:
    """One pass over the data in the order given; the state after it."""
    started = time.perf_counter()
    logs = model.fit(x, y, batch_size=recipe.batch_size, shuffle=False, verbose=0).history
    means = {name: float(values[-1]) for name, values in logs.items()}
    if not all(math.isfinite(value) for value in means.values()):
        raise FloatingPointError(
            f"training diverged in epoch {state.epoch + 1} of {recipe.epochs}: expected finite "
            f"means, received {means}. Lower the learning rate or check the inputs."
        )
    return State(
        epoch=state.epoch + 1,
        variables=[ops.convert_to_numpy(variable) for variable in _variables(model)],
        history=[*state.history, means],
        seconds=state.seconds + time.perf_counter() - started,
        fingerprints=state.fingerprints,
    )

"""Training: repeatable, resumable after a kill, and never past a divergence."""

import inspect
import os
import signal
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from replication import fingerprints, models, training
from replication.models import variational
from replication.store import Checkpoints
from replication.training import Recipe, epoch_order, initialise, run_key, train

VAE_ARGS = {"kl": "one-sample", "precision": 2.5, "seed": 3}
KILLED_EPOCHS = 10
SUPERVISED = Recipe(2, 16, loss="sparse_categorical_crossentropy", metrics=("accuracy",))


def images(num_examples=64):
    """Random images, enough for four batches of sixteen."""
    return np.random.default_rng(0).random((num_examples, 28, 28, 1)).astype("float32")


def labels(num_examples=64):
    return np.random.default_rng(1).integers(10, size=num_examples)


def train_vae(epochs=2, *, x=None, seed=3, checkpoints=None):
    """A short run of the headline's model; `kl` is the one that samples most."""
    return train(
        models.ClusteringVAE,
        VAE_ARGS,
        images(32) if x is None else x,
        recipe=Recipe(epochs, 16),
        seed=seed,
        checkpoints=checkpoints,
    )


def train_classifier(recipe=SUPERVISED, *, seed=3, checkpoints=None):
    """A short supervised run."""
    data = images(), labels()
    return train(
        models.image_classifier, {}, *data, recipe=recipe, seed=seed, checkpoints=checkpoints
    )


def weights(trained):
    """Every variable of model and optimizer."""
    return [ops.convert_to_numpy(each) for each in training._variables(trained.model)]


def assert_equal_runs(first, second):
    """Equal to the last bit: history, weights, optimizer and random states."""
    assert first.history == second.history
    for one, other in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@pytest.fixture(scope="module")
def unbroken():
    """The run that a killed one must end like."""
    return train_vae(KILLED_EPOCHS)


def test_one_seed_trained_twice_is_equal_to_the_last_bit():
    """Weights, optimizer and history depend on nothing but the seed."""
    first = train_classifier()
    keras.utils.set_random_seed(999)
    np.random.seed(999)

    assert_equal_runs(first, train_classifier())


def test_another_seed_is_another_run():
    """Initial weights and the order of the data both come from it."""
    first, second = train_classifier(), train_classifier(seed=4)

    assert first.history != second.history
    assert not np.array_equal(weights(first)[0], weights(second)[0])


def test_weights_do_not_exist_before_the_seed_is_set():
    """Two builds under one seed start equal, whatever was drawn before."""
    built = []
    for global_seed in (1, 2):
        keras.utils.set_random_seed(global_seed)
        built.append(initialise(models.ClusteringVAE, VAE_ARGS, images(1), seed=7))
    other = initialise(models.ClusteringVAE, VAE_ARGS, images(1), seed=8)

    for one, same in zip(*[model.weights for model in built], strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(built[0].mean_head.kernel, other.mean_head.kernel)


def test_training_starts_from_the_initialised_weights(monkeypatch):
    """`initialise` is the control "before any training": the same weights, not like ones."""
    trained = train_classifier(replace(SUPERVISED, epochs=0))
    untrained = initialise(models.image_classifier, {}, images(1), seed=3)

    assert trained.history == []
    for one, other in zip(trained.model.weights, untrained.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_equals_a_loop_over_batches():
    """One epoch is Adam on batches taken in `epoch_order`, each example once."""
    trained = train_classifier(replace(SUPERVISED, epochs=1))
    model = initialise(models.image_classifier, {}, images(1), seed=3)
    model.compile(keras.optimizers.Adam(1e-3), loss=SUPERVISED.loss)

    for batch in epoch_order(64, seed=3, epoch=0).reshape(4, 16):
        model.train_on_batch(images()[batch], labels()[batch])

    for one, other in zip(trained.model.trainable_weights, model.trainable_weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)  # 4 steps of 1e-3; other graph, float32


def test_history_has_one_entry_of_finite_means_per_epoch():
    """The terms of the loss, or the metrics of the recipe, under Keras' names."""
    history = train_classifier().history

    assert [set(each) for each in history] == [{"loss", "accuracy"}] * 2
    assert history[1]["loss"] < history[0]["loss"]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 300), st.integers(0, 2**31), st.integers(0, 1000))
def test_epoch_order_is_a_permutation_of_seed_and_epoch_alone(num_examples, seed, epoch):
    """Each example once, and the same order however often and whenever it is asked for."""
    order = epoch_order(num_examples, seed=seed, epoch=epoch)
    np.random.random()

    assert sorted(order) == list(range(num_examples))
    np.testing.assert_array_equal(order, epoch_order(num_examples, seed=seed, epoch=epoch))


def test_epochs_and_seeds_have_orders_of_their_own():
    """No two epochs of the first seeds repeat an order."""
    orders = {
        tuple(epoch_order(30, seed=seed, epoch=epoch)) for seed in range(5) for epoch in range(50)
    }

    assert len(orders) == 250


def test_a_run_killed_in_mid_training_ends_like_an_unbroken_one(tmp_path, unbroken):
    """SIGKILL after the third epoch, resumed: equal weights and history, to the last bit."""
    script = (
        "import sys, pathlib\n"
        f"sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
        "import test_training as test\n"
        "from replication.store import Checkpoints\n"
        "said = lambda epoch, *_: print(epoch, flush=True)\n"
        "store = Checkpoints(pathlib.Path(sys.argv[1]), fingerprint='first', on_epoch=said)\n"
        "test.train_vae(test.KILLED_EPOCHS, checkpoints=store)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if line.strip() == "3":
                child.send_signal(signal.SIGKILL)
                break
    epochs = []
    checkpoints = Checkpoints(tmp_path, fingerprint="second")
    checkpoints.on_epoch = lambda epoch, *_: epochs.append(epoch)

    resumed = train_vae(KILLED_EPOCHS, checkpoints=checkpoints)

    assert child.returncode == -signal.SIGKILL
    assert 4 <= epochs[0] <= KILLED_EPOCHS, "carried on with, neither started over nor finished"
    assert epochs == list(range(epochs[0], KILLED_EPOCHS + 1))
    assert_equal_runs(resumed, unbroken)
    (path,) = tmp_path.glob("*.npz")
    assert Checkpoints(tmp_path).load(path.stem).fingerprints == ["first", "second"]


def test_a_run_interrupted_twice_ends_like_an_unbroken_one(checkpoints, unbroken):
    """After the first epoch, and again before the last, with the error passed on."""

    def interrupt(epoch, *_):
        if epoch in (1, KILLED_EPOCHS - 1):
            raise KeyboardInterrupt

    checkpoints.on_epoch = interrupt
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_vae(KILLED_EPOCHS, checkpoints=checkpoints)
    checkpoints.on_epoch = lambda *_: None

    assert_equal_runs(train_vae(KILLED_EPOCHS, checkpoints=checkpoints), unbroken)


def test_a_finished_run_is_taken_from_the_store(checkpoints):
    """The same call trains nothing and returns the same model."""
    first = train_classifier(checkpoints=checkpoints)
    checkpoints.on_epoch = lambda *_: pytest.fail("trained again")

    second = train_classifier(checkpoints=checkpoints)

    assert_equal_runs(first, second)
    assert checkpoints.seconds > 0


def test_a_damaged_checkpoint_is_trained_anew(checkpoints, capsys):
    """Named, moved aside, and the numbers come out the same."""
    first = train_classifier(checkpoints=checkpoints)
    (path,) = checkpoints.root.glob("*.npz")
    path.write_bytes(path.read_bytes()[:-200])

    second = train_classifier(checkpoints=checkpoints)

    assert_equal_runs(first, second)
    assert "damaged" in "".join(capsys.readouterr())


def test_diverging_training_stops_and_names_the_epoch(checkpoints):
    """No mean that is not finite enters a history or the store."""
    broken = images(32)
    broken[20] = np.nan

    with pytest.raises(FloatingPointError, match="diverged in epoch 1 of 2"):
        train_vae(x=broken, checkpoints=checkpoints)

    assert list(checkpoints.root.glob("*.npz")) == []


def test_divergence_keeps_the_epochs_before(checkpoints, monkeypatch):
    """The second epoch diverges: the message says so, the first one is stored."""
    run_epoch = training._run_epoch

    def overflow(model, x, y, *, state, **arguments):
        x = x * np.float32(np.inf) if state.epoch == 1 else x
        return run_epoch(model, x, y, state=state, **arguments)

    monkeypatch.setattr(training, "_run_epoch", overflow)
    monkeypatch.setattr(training, "run_key", lambda *_, **__: "key")

    with pytest.raises(FloatingPointError, match="diverged in epoch 2 of 2"):
        train_vae(checkpoints=checkpoints)

    assert checkpoints.load("key").epoch == 1


def train_small(initial=None, *, epochs=1, checkpoints=None):
    """A short run of a small dense network, from given weights or drawn ones."""
    return train(
        models.dense_classifier,
        {"units": [5]},
        images(),
        labels(),
        recipe=replace(SUPERVISED, epochs=epochs),
        seed=3,
        checkpoints=checkpoints,
        initial=initial,
    )


@pytest.fixture(scope="module")
def pretrained():
    """Weights that no run of seed 3 would start from."""
    model = initialise(models.dense_classifier, {"units": [5]}, images(1), seed=8)
    return model.get_weights()


def test_training_starts_from_the_weights_it_is_given(pretrained):
    """Before any epoch the model has them; its own would give the same run as none."""
    own = initialise(models.dense_classifier, {"units": [5]}, images(1), seed=3).get_weights()

    given = train_small(pretrained, epochs=0)

    for one, other in zip(given.model.get_weights(), pretrained, strict=True):
        np.testing.assert_array_equal(one, other)
    assert_equal_runs(train_small(own), train_small())


def test_runs_from_other_initial_weights_are_stored_apart(checkpoints, pretrained):
    """None, these and slightly other ones are three runs; one asked for again is found."""
    other = [weight + np.float32(1e-3) for weight in pretrained]
    first = [train_small(each, checkpoints=checkpoints) for each in (None, pretrained, other)]
    checkpoints.on_epoch = lambda *_: pytest.fail("trained again")

    again = train_small(pretrained, checkpoints=checkpoints)

    assert len(list(checkpoints.root.glob("*.npz"))) == 3
    assert_equal_runs(again, first[1])
    assert len({trained.history[0]["loss"] for trained in first}) == 3


def test_a_resumed_run_does_not_start_again_from_its_initial_weights(checkpoints, pretrained):
    """Interrupted after the first of two epochs, it ends like an unbroken one."""

    def interrupt(*_):
        raise KeyboardInterrupt

    checkpoints.on_epoch = interrupt
    with pytest.raises(KeyboardInterrupt):
        train_small(pretrained, epochs=2, checkpoints=checkpoints)
    epochs = []
    checkpoints.on_epoch = lambda epoch, *_: epochs.append(epoch)

    resumed = train_small(pretrained, epochs=2, checkpoints=checkpoints)

    assert epochs == [2]
    assert_equal_runs(resumed, train_small(pretrained, epochs=2))


def key(build=models.VAE, args=None, arrays=None, recipe=SUPERVISED, seed=0):
    """A run's key; every argument may be changed."""
    x, y = (images(2), labels(2)) if arrays is None else arrays
    args = {"precision": 5.0, "seed": 0} if args is None else args
    return run_key(build, args, (x, y), recipe=recipe, seed=seed)


CHANGES = {
    "builder": {"build": models.ClusteringVAE},
    "argument": {"args": {"precision": 2.5, "seed": 0}},
    "one pixel": {"arrays": (images(2) + np.float32(1e-7), labels(2))},
    "one label": {"arrays": (images(2), labels(2) + 1)},
    "no labels": {"arrays": (images(2), None)},
    "fewer images": {"arrays": (images(1), labels(1))},
    "seed": {"seed": 1},
    "epochs": {"recipe": replace(SUPERVISED, epochs=3)},
    "batch size": {"recipe": replace(SUPERVISED, batch_size=17)},
    "learning rate": {"recipe": replace(SUPERVISED, learning_rate=2e-3)},
    "loss": {"recipe": replace(SUPERVISED, loss="mse")},
    "metrics": {"recipe": replace(SUPERVISED, metrics=())},
}


def test_the_key_changes_with_each_input_and_with_nothing_else():
    """Twelve changes, twelve keys; equal inputs, one key."""
    keys = {key(), *[key(**change) for change in CHANGES.values()]}

    assert key() == key()
    assert len(keys) == 1 + len(CHANGES)


def test_the_key_changes_with_library_versions(monkeypatch):
    """Another Keras is another run."""
    before = key()
    found = {**fingerprints.key_environment(), "keras": "0.0"}
    monkeypatch.setattr(fingerprints, "key_environment", lambda: found)

    assert key() != before


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("Variational autoencoder with Gaussian codes", "Other words", True),
        ("# public code", "# another comment", True),
        ("layers.Dense(256,", "layers.Dense(255,", True),
        ("LATENT_DIM = 20", "LATENT_DIM = 21", False),
        ("negative_slope=0.2", "negative_slope=0.3", False),
    ],
    ids=["docstring", "comment", "unreachable", "constant", "layer"],
)
def test_the_key_changes_with_code_and_not_with_words(monkeypatch, old, new, same):
    """Rewording a module keeps trained runs, a changed layer does not."""
    tables = ("_tree", "_definitions", "_imports", "source_closure")
    caches = [getattr(fingerprints, name) for name in tables]
    before, source = key(), inspect.getsource(variational)
    assert old in source
    real = inspect.getsource
    edited = source.replace(old, new)
    with monkeypatch.context() as patch:
        patch.setattr(
            inspect, "getsource", lambda each: edited if each is variational else real(each)
        )
        for cache in caches:
            cache.cache_clear()
        after = key()
    for cache in caches:
        cache.cache_clear()
    assert (after == before) is same
    assert key() == before


def test_a_builder_that_cannot_be_fingerprinted_is_refused():
    """A lambda would train, and be found again under a key that does not know it."""
    with pytest.raises(ValueError, match="cannot be fingerprinted"):
        train(lambda: None, {}, images(), recipe=SUPERVISED, seed=0)


def test_initial_weights_are_never_mistaken_for_targets():
    """The same array as target and as initial weight: two runs."""
    x, w, options = np.ones((4, 2)), np.ones(4), {"recipe": SUPERVISED, "seed": 0}

    as_weight = run_key(models.VAE, {}, (x, None), **options, initial=[w])

    assert as_weight != run_key(models.VAE, {}, (x, w), **options)

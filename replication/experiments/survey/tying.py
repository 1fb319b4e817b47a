"""Section 1: the decoder's kernel as the transpose of the encoder's."""

import functools
from collections.abc import Iterator

import numpy as np

from replication import metrics, models
from replication.experiments import Metric, Outcome, Profile, experiment
from replication.experiments.survey import protocol
from replication.experiments.survey.protocol import PLAIN, error
from replication.training import Recipe, Trained, initialise, train

TIED = {**PLAIN, "tied": True}
# Said aloud, and so no run of `fit_plain`: the store may hold one that nobody looked at.
UNTIED = {**PLAIN, "tied": False}
SIZES = (250, 1_000, 4_000, 16_000, 60_000)  # training images
PASSES = 10  # over all images there are; fewer of them are passed over more often, in as many steps
LOOKS = 5  # in one pass over all
LEVEL = 0.012  # ours: an error on unseen images that every network reaches with all images
OTHER_START = 1_000  # added to the seed of the control's weights and order
NETWORKS = {  # arguments, and what is added to the seed
    "tied": (TIED, 0),
    "untied": (UNTIED, 0),
    "other_start": (UNTIED, OTHER_START),
}
ERRORS = ("train_mse", "test_mse")
RATES = (4e-3, 8e-3, 1.6e-2, 3.2e-2, 6.4e-2)  # ours, of Adam
SHOWN = 12_000  # images shown between two looks at the error: 120 steps
FEW = 1_000  # images that are enough to overfit
HELD_OUT = 5_000  # the last training images: they choose the rate
FIT = 0.008  # ours: an error on known images that every network comes down to at every rate
GAP_RATES = {"0_004": 4e-3, "0_008": 8e-3, "0_016": 1.6e-2}  # by the names that metrics have


def sizes(name: str) -> tuple[int, ...]:
    """Numbers of images that a network is trained on; the control's are the two that decide."""
    return SIZES[1::3] if name == "other_start" else SIZES


@experiment(
    "survey-tying",
    datasets=("mnist",),
    minutes=1.5,
    metrics=[
        *(Metric(f"{model}_parameters", "parameters") for model in ("tied", "untied")),
        Metric("saved_parameters", "parameters", "higher"),
        *(Metric(f"{model}_steps", "steps", "lower") for model in NETWORKS),
        *(
            error(f"{model}_{split}_{size}")
            for model in NETWORKS
            for size in sizes(model)
            for split in ERRORS
        ),
        *(
            Metric(f"{model}_relative_gap_{size}", "share of training error", "lower")
            for model in NETWORKS
            for size in sizes(model)
        ),
    ],
)
def tying(seed: int, profile: Profile) -> Outcome:
    """One kernel for both halves, or two, on ever more images; the steps are as many for all.

    `<model>_steps` are those until the error on unseen images falls to `LEVEL`, with all images.
    The relative gap is by how much that error exceeds the one on training images, as a share of
    the latter. Control: two kernels again, from another start and in another order.
    """
    data = profile.dataset("mnist")
    scores, history = {}, []
    for name, (arguments, added) in NETWORKS.items():
        for size in sizes(name):
            x = data.x_train[:size]
            trained, curve = _fit(
                arguments, x, data.x_test, profile, seed=seed + added, num_all=len(data.x_train)
            )
            errors = {
                "train_mse": protocol.reconstruction_error(
                    trained.model, x[: protocol.PROBE_IMAGES]
                ),
                "test_mse": (curve[-1], len(data.x_test)),
            }
            scores |= {f"{name}_{split}_{size}": each for split, each in errors.items()}
            gap = errors["test_mse"][0] / errors["train_mse"][0] - 1
            scores[f"{name}_relative_gap_{size}"] = (gap, len(data.x_test))
            history = history or trained.history
        steps = metrics.first_reached(curve, LEVEL, rising=False) * len(x) / protocol.BATCH_SIZE
        scores[f"{name}_steps"] = (steps, len(data.x_test))
        if name != "other_start":
            scores[f"{name}_parameters"] = (trained.model.count_params(), 1)
    saved = scores["untied_parameters"][0] - scores["tied_parameters"][0]
    return Outcome({**scores, "saved_parameters": (saved, 1)}, history)


@experiment(
    "survey-tying-rates",
    datasets=("mnist",),
    minutes=3,
    metrics=[
        *(Metric(f"{model}_steps", "steps", "lower") for model in NETWORKS),
        *(error(f"{model}_test_mse_{FEW}") for model in NETWORKS),
        *(
            Metric(f"{model}_rate{images}", "learning rate")
            for model in NETWORKS
            for images in ("", f"_{FEW}")
        ),
    ],
)
def tying_rates(seed: int, profile: Profile) -> Outcome:
    """How soon each network learns, and how well from few images, at rates that suit it.

    `<model>_steps` are those until the error on unseen images falls to `LEVEL`, at the rate with
    which that on held-out images falls to it first; the last look stands for never. From `FEW`
    images, the error on unseen ones at the rate and the moment at which that on held-out ones is
    least. Control: two kernels again, from another start and in another order.
    """
    data = profile.dataset("mnist")
    rest, held_out = _held_out(data.x_train)
    images = {"held_out": held_out, "unseen": data.x_test}
    scores = {}
    for name, (arguments, added) in NETWORKS.items():
        steps, errors = [], []
        for rate in RATES:
            fit = functools.partial(_curves, arguments, images, profile, rate, seed=seed + added)
            held_out, unseen = fit(rest[:SHOWN])
            steps.append((*map(_steps_to_level, (held_out, unseen)), rate))
            held_out, unseen = fit(rest[:FEW])
            errors.append((*min(zip(held_out, unseen, strict=True)), rate))
        for found, metric, of_rate in (
            (min(steps), "steps", "rate"),
            (min(errors), f"test_mse_{FEW}", f"rate_{FEW}"),
        ):
            scores[f"{name}_{metric}"] = (found[1], len(data.x_test))
            scores[f"{name}_{of_rate}"] = (found[2], len(images["held_out"]))
    return Outcome(scores)


@experiment(
    "survey-tying-gap",
    datasets=("mnist",),
    minutes=1,
    metrics=[
        *(
            error(f"{model}_{split}_at_{label}")
            for model in NETWORKS
            for label in GAP_RATES
            for split in ("held_out_mse", *ERRORS)
        ),
        *(
            Metric(f"{model}_relative_gap_at_{label}", "share of training error", "lower")
            for model in NETWORKS
            for label in GAP_RATES
        ),
    ],
)
def tying_gap(seed: int, profile: Profile) -> Outcome:
    """By how much the error on unseen images exceeds that on known ones, at more rates than one.

    From `FEW` images, after the last step, of which there are as many for all. The relative gap is
    that of `survey-tying`. The error on held-out images says which rate suits a network. Control:
    two kernels again, from another start and in another order.
    """
    images = _few_images(profile)
    scores = {}
    for name, label, curves in _gap_curves(images, profile, seed=seed):
        last = {part: curve[-1] for part, curve in curves.items()}
        for part, split in (("held_out", "held_out"), ("known", "train"), ("unseen", "test")):
            scores[f"{name}_{split}_mse_at_{label}"] = (last[part], len(images[part]))
        gap = last["unseen"] / last["known"] - 1
        scores[f"{name}_relative_gap_at_{label}"] = (gap, len(images["unseen"]))
    return Outcome(scores)


@experiment(
    "survey-tying-fit",
    datasets=("mnist",),
    minutes=1,
    metrics=[
        Metric(f"{model}_gap_at_equal_fit_{label}", "share of training error", "lower")
        for model in NETWORKS
        for label in GAP_RATES
    ],
)
def tying_fit(seed: int, profile: Profile) -> Outcome:
    """The relative gap of `survey-tying-gap` at one and the same error on known images.

    It is read off where the error on known images has fallen to `FIT`, on straight lines between
    looks: a network that fits less has a smaller gap, whatever it learns. Control: two kernels
    again, from another start and in another order.
    """
    images = _few_images(profile)
    return Outcome(
        {
            f"{name}_gap_at_equal_fit_{label}": (_gap_at_fit(**curves), len(images["unseen"]))
            for name, label, curves in _gap_curves(images, profile, seed=seed)
        }
    )


def _held_out(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Training images to learn from, and the last of them, held out."""
    cut = len(x) - min(HELD_OUT, len(x) // 2)
    return x[:cut], x[cut:]


def _few_images(profile: Profile) -> dict[str, np.ndarray]:
    """The few images that are learned from, those held out, and those of the test."""
    data = profile.dataset("mnist")
    rest, held_out = _held_out(data.x_train)
    return {"held_out": held_out, "known": rest[:FEW], "unseen": data.x_test}


def _gap_curves(
    images: dict[str, np.ndarray], profile: Profile, *, seed: int
) -> Iterator[tuple[str, str, dict[str, list[float]]]]:
    """Every network at every rate of `GAP_RATES`: its name, the rate's, and errors by images."""
    for name, (arguments, added) in NETWORKS.items():
        # No decay, said aloud: else the store may hold runs in which nobody looked at all images.
        fit = {**arguments, "weight_decay": 0.0}
        for label, rate in GAP_RATES.items():
            curves = _curves(fit, images, profile, rate, images["known"], seed=seed + added)
            yield name, label, dict(zip(images, curves, strict=True))


def _gap_at_fit(*, known: list[float], unseen: list[float], **_) -> float:
    """By how much the error on unseen images exceeds that on known ones, as a share, at `FIT`."""
    position = metrics.first_reached(known, FIT, rising=False)
    then = [np.interp(position, range(len(curve)), curve) for curve in (unseen, known)]
    return float(then[0] / then[1] - 1)


def _steps_to_level(curve: list[float]) -> float:
    """Steps until the error falls to `LEVEL`, on straight lines between looks."""
    looks = metrics.first_reached(curve, LEVEL, rising=False)
    return looks * SHOWN / protocol.BATCH_SIZE


def _curves(
    arguments: dict, images: dict, profile: Profile, rate: float, x: np.ndarray, *, seed: int
) -> list[list[float]]:
    """Errors on each of `images` before the first step and every `SHOWN` images of `x`."""

    def look(model, _):
        return {
            name: protocol.reconstruction_error(model, each)[0] for name, each in images.items()
        }

    start = look(initialise(models.Autoencoder, arguments, x[:1], seed=seed), 0)
    trained = train(
        models.Autoencoder,
        arguments,
        np.tile(x, (max(1, SHOWN // len(x)), 1, 1, 1)),
        recipe=Recipe(profile.epochs(protocol.EPOCHS), protocol.BATCH_SIZE, rate),
        seed=seed,
        checkpoints=profile.checkpoints,
        observe=look,
    )
    return [[each[name] for each in (start, *trained.history)] for name in images]


def _fit(
    arguments: dict, x: np.ndarray, unseen: np.ndarray, profile: Profile, *, seed: int, num_all: int
) -> tuple[Trained, list[float]]:
    """A network trained in as many steps as `num_all` images take, and its errors on unseen ones.

    The errors are those before the first step and at every look.
    """
    shown = np.tile(x, (max(1, num_all // LOOKS // len(x)), 1, 1, 1))
    epochs = max(1, PASSES * num_all // len(shown))

    def look(model, _):
        return {"unseen_mse": protocol.reconstruction_error(model, unseen)[0]}

    start = initialise(models.Autoencoder, arguments, x[:1], seed=seed)
    trained = train(
        models.Autoencoder,
        arguments,
        shown,
        recipe=Recipe(profile.epochs(epochs), protocol.BATCH_SIZE),
        seed=seed,
        checkpoints=profile.checkpoints,
        observe=look,
    )
    curve = [look(start, 0)["unseen_mse"], *(each["unseen_mse"] for each in trained.history)]
    return trained, curve

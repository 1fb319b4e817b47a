"""What we do: experiments, declared once and found by name.

An experiment is a function of a seed and a profile that returns an `Outcome`.
`@experiment` in `experiments/<slug>.py` registers it under that slug; the
notebook, the command line, the tests and the checker find it by its name.
Nothing in this folder can see what an article reports (docs/decisions/0001).
"""

import contextlib
import functools
import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from replication import datasets, environment, fingerprints
from replication.errors import ReplicationError
from replication.store import Checkpoints

SMOKE_EXAMPLES = 512
LARGEST_SEED = 999  # experiments derive a second seed by adding 1,000


class ExperimentError(ReplicationError, ValueError):
    """An experiment is unknown, declared twice, or broke its declaration."""


@dataclass(frozen=True)
class Metric:
    """A number that an experiment promises to measure.

    Attributes:
        name: Its definition in snake case, such as `test_purity`.
        unit: `fraction`, `nats`, `clusters`, …
        better: `higher`, `lower` or `none`.
    """

    name: str
    unit: str
    better: str = "none"


@dataclass(frozen=True)
class Profile:
    """The conditions an experiment runs under.

    Attributes:
        name: `full`, `embedded` or `smoke`.
        library: Where data sets come from.
        checkpoints: Where training runs are kept and resumed.
    """

    name: str
    library: datasets.Library
    checkpoints: Checkpoints = field(default_factory=Checkpoints)

    def dataset(self, name: str) -> datasets.Dataset:
        """The data set an experiment asks for, or the digits that stand in for it."""
        found = self.library.load(data_source(name, self.name))
        return found.head(SMOKE_EXAMPLES) if self.name == "smoke" else found

    def epochs(self, epochs: int) -> int:
        """The epochs of the article, or one at smoke size."""
        return 1 if self.name == "smoke" else epochs


def data_source(name: str, profile: str) -> str:
    """Which data set stands behind `name`: itself, or the embedded digits."""
    return name if profile == "full" else "digits"


@dataclass(frozen=True)
class Outcome:
    """What one run of an experiment found.

    Attributes:
        metrics: Name -> `(value, number of examples it was measured on)`.
        history: One dict of means per epoch of the experiment's main model.
        arrays: Arrays for figures, by name.
    """

    metrics: Mapping[str, tuple[float, int]]
    history: list[dict[str, float]] = field(default_factory=list)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


_KEBAB, _SNAKE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"), re.compile(r"[a-z][a-z0-9_]*")


def _are_seeds(seeds: tuple[int, ...]) -> bool:
    return bool(seeds) and all(0 <= seed <= LARGEST_SEED for seed in seeds)


@dataclass(frozen=True)
class Experiment:
    """A declared experiment.

    Attributes:
        name: Unique, kebab-case, starts with the slug.
        slug: The article, from the file the experiment is declared in.
        function: Called as `function(seed, profile)`, with the data set's name
            as third argument when one is bound, and with `arguments`.
        dataset: The data set bound to this experiment, or None.
        datasets: Every data set it reads.
        seeds: The seeds it is meant to be run with.
        minutes: Expected cost of one seed at full profile, on two cores.
        metrics: What it promises to return, in order.
        tier: `core` is re-run by `make reproduce`, `extended` on demand.
        packages: Distributions that its numbers depend on beyond those that
            every experiment uses.
        arguments: What else its function is called with, by name: what tells
            it from the other experiments of that function.

    Raises:
        ExperimentError: If a name, tier, seed or metric is none that tables
            and commands can do with.
    """

    name: str
    slug: str
    function: Callable[..., Outcome]
    dataset: str | None
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    minutes: float
    metrics: tuple[Metric, ...]
    tier: str
    packages: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self):
        names = [metric.name for metric in self.metrics]
        better = {metric.better for metric in self.metrics}
        start = f"{self.slug}-"
        for holds, expected, received in (
            (_KEBAB.fullmatch(self.name), "a name in kebab case", self.name),
            (self.name.startswith(start), f"a name that starts with {start!r}", self.name),
            (self.tier in ("core", "extended"), "the tier core or extended", self.tier),
            (_are_seeds(self.seeds), f"seeds from 0 to {LARGEST_SEED}", self.seeds),
            (names and all(map(_SNAKE.fullmatch, names)), "metrics in snake case", names),
            (len({*names}) == len(names), "metrics with names of their own", names),
            (better <= {"higher", "lower", "none"}, "better: higher, lower or none", better),
        ):
            if not holds:
                raise ExperimentError(
                    f"experiment {self.name!r}: expected {expected}, received {received!r}. "
                    "Correct its @experiment."
                )

    def run(self, seed: int, profile: Profile) -> Outcome:
        """Runs the experiment and holds it to its declaration.

        Raises:
            ExperimentError: If the names or values returned are not the
                finite numbers that were declared.
        """
        bound = () if self.dataset is None else (self.dataset,)
        outcome = self.function(seed, profile, *bound, **self.arguments)
        declared = {metric.name for metric in self.metrics}
        if set(outcome.metrics) != declared:
            raise ExperimentError(
                f"{self.name} returned other metrics than it declares: missing "
                f"{sorted(declared - set(outcome.metrics))}, undeclared "
                f"{sorted(set(outcome.metrics) - declared)}. Correct its @experiment."
            )
        wrong = {
            name: value for name, (value, _) in outcome.metrics.items() if not np.isfinite(value)
        }
        if wrong:
            raise ExperimentError(
                f"{self.name}, seed {seed}: expected finite values, received {wrong}."
            )
        return outcome

    def inputs(self, seed: int, profile_name: str) -> dict:
        """Everything a run's key is made of: source, parameters, data, environment."""
        sources = sorted({data_source(name, profile_name) for name in self.datasets})
        measuring = (self.function, Profile, datasets.scaled)
        closures = [fingerprints.source_closure(each) for each in measuring]
        return {
            "source": {name: each[name] for each in closures for name in sorted(each)},
            "parameters": {
                "experiment": self.name,
                "dataset": self.dataset,
                "profile": profile_name,
                "seed": seed,
                **({"arguments": dict(self.arguments)} if self.arguments else {}),
            },
            "data": {name: datasets.DIGESTS[name] for name in sources},
            "environment": {
                **fingerprints.key_environment(),
                **fingerprints.versions(self.packages),
            },
        }


_REGISTRY: dict[str, Experiment] = {}


def experiment(
    name: str,
    *,
    metrics: Iterable[Metric],
    seeds: Iterable[int] = range(10),
    minutes: float,
    datasets: tuple[str, ...] = (),
    tier: str = "core",
    packages: tuple[str, ...] = (),
    **arguments,
) -> Callable:
    """Declares the decorated function as an experiment; as several, if stacked.

    Args:
        name: Kebab-case. `{dataset}` in it declares one experiment per data
            set, whose name is the function's third argument.
        metrics: Everything the function returns, by name.
        seeds: Seeds that the evidence should cover.
        minutes: Cost of one seed at full profile on two cores.
        datasets: Data sets read; their digests are part of the key.
        tier: `core` or `extended`.
        packages: Distributions it needs beyond those that every experiment
            uses; their versions are part of the key.
        **arguments: What else the function is called with, part of the key.

    Returns:
        The decorator; the function itself is returned unchanged.

    Raises:
        ExperimentError: If the name is taken, or what is declared is not as above.
    """

    def declare(function):
        slug = function.__module__.removeprefix(f"{__name__}.").split(".")[0]  # or its package
        if "{dataset}" in name and not datasets:
            raise ExperimentError(
                f"experiment {name!r} declares no data sets; pass datasets=(...)."
            )
        bound = datasets if "{dataset}" in name else (None,)
        for dataset in bound:
            short = (dataset or "").removesuffix("_mnist")  # fashion_mnist -> fashion
            full_name = name.format(dataset=short)
            if full_name in _REGISTRY:
                raise ExperimentError(f"experiment {full_name!r} is declared twice; rename one.")
            _REGISTRY[full_name] = Experiment(
                name=full_name,
                slug=slug,
                function=function,
                dataset=dataset,
                datasets=(dataset,) if dataset else tuple(datasets),
                seeds=tuple(seeds),
                minutes=minutes,
                metrics=tuple(metrics),
                tier=tier,
                packages=tuple(packages),
                arguments=arguments,
            )
        return function

    return declare


def slugs() -> list[str]:
    """The articles that have experiments: the modules and packages of this folder, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


@functools.cache
def registry() -> dict[str, Experiment]:
    """Every declared experiment by name; imports the modules of this folder.

    Raises:
        SettingError: If `$KERAS_BACKEND` names what cannot be imported.
    """
    with _native_stderr_discarded():
        environment.import_keras()
    for slug in slugs():
        importlib.import_module(f"{__name__}.{slug}")
    return dict(_REGISTRY)


@contextlib.contextmanager
def _native_stderr_discarded() -> Iterator[None]:
    """Drops what native code writes to standard error, not what Python raises.

    TensorFlow greets every import with six lines that no setting of its own
    can stop.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def find(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        ExperimentError: If there is none; the message names those there are.
    """
    if name not in registry():
        raise ExperimentError(
            f"unknown experiment {name!r}; expected one of {', '.join(registry())}."
        )
    return registry()[name]

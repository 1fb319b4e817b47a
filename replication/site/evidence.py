"""The numbers behind the pages: every measure by seed, and how each run was made."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from replication import results
from replication.claims.check import Report
from replication.claims.intervals import Interval, prediction_interval
from replication.claims.kinds.judgement import Scale
from replication.claims.ledger import details_of
from replication.claims.verdicts import evidence_of

PROFILE = "full"  # no other one is judged


@dataclass(frozen=True)
class Measure:
    """One "experiment/metric" with its values by seed; `unit` is empty where none is declared."""

    experiment: str
    metric: str
    unit: str = ""
    better: str = ""
    tier: str = ""
    values: Mapping[int, float] = field(default_factory=dict)
    scale: Scale = field(default_factory=Scale)
    num_examples: int | None = None

    @property
    def name(self) -> str:
        """As claims write it."""
        return f"{self.experiment}/{self.metric}"

    @property
    def mean(self) -> float | None:
        """Over all seeds; None where there is none."""
        return math.fsum(self.values.values()) / len(self.values) if self.values else None

    @property
    def interval(self) -> Interval | None:
        """Where one more seed would lie, within the metric's range; None of fewer than two."""
        if len(self.values) < 2:
            return None
        clip, interval = self.scale.clip, prediction_interval(list(self.values.values()))
        return replace(interval, low=clip(interval.low), high=clip(interval.high))


@dataclass(frozen=True)
class Run:
    """How one run was made; `environment` and `reason` are what the page calls them."""

    experiment: str
    seed: int
    commit: str
    minutes: float | None
    environment: str
    reason: int


@dataclass(frozen=True)
class Made:
    """How some runs were made: their environments by letter, and by number why they are kept."""

    runs: tuple[Run, ...]
    environments: Mapping[str, Mapping]
    reasons: Mapping[int, str]


class Evidence:
    """All numbers that claims are judged by, and how every committed run was made.

    `values_of` gives the values by seed of an "experiment/metric", none if unmeasured.
    """

    def __init__(self, report: Report, results_root: Path):
        """Takes the numbers from the report, and how they were made from the results."""
        self.report = report
        self.claims = {(slug, claim.id): claim for slug, claim in report.claims}
        self._provenance = results.read_provenance(results_root)
        full = report.judged
        examples = full.groupby(full["experiment"] + "/" + full["metric"])["num_examples"].max()
        evidence = evidence_of(full, report.metrics)
        self.values_of = evidence.values_of
        declared = {
            f"{row.experiment}/{row.metric}": (row.unit, row.better, row.tier)
            for row in report.metrics.itertuples(index=False)
        }
        self._measures = {
            name: Measure(
                *name.split("/", 1),
                *declared.get(name, ()),
                values=evidence.values_of(name),
                scale=evidence.scale_of(name),
                num_examples=examples.get(name),
            )
            for name in dict.fromkeys([*declared, *self._referred(), *evidence.values])
        }

    def _referred(self) -> Iterable[str]:
        entries = [claim for _, claim in self.report.claims]
        entries += [detail for _, detail in details_of(self.report.articles)]
        return (name for entry in entries for name in entry.references)

    @property
    def experiments(self) -> list[str]:
        """The names of all experiments that are declared, measured or referred to."""
        return sorted({measure.experiment for measure in self._measures.values()})

    @property
    def units(self) -> dict[str, str]:
        """The unit of each "experiment/metric"."""
        return {name: measure.unit for name, measure in self._measures.items()}

    def measure(self, reference: str) -> Measure:
        """What a claim or an open detail refers to; without values where nothing was measured."""
        return self._measures[reference]

    def measures_of(self, experiment: str) -> list[Measure]:
        """Everything that an experiment declares or measured, sorted."""
        measures = (each for each in self._measures.values() if each.experiment == experiment)
        return sorted(measures, key=lambda each: each.metric)

    def made(self, experiments: Iterable[str]) -> Made:
        """How the runs of some experiments were made, seed by seed."""
        wanted, records = set(experiments), []
        for key, about in self._provenance.items():
            experiment, profile, seed = key.split("/")
            if experiment in wanted and profile == PROFILE:
                records.append((experiment, int(seed), about))
        runs, letters, numbers, environments = [], {}, {}, {}
        for experiment, seed, about in sorted(records, key=lambda each: each[:2]):
            name = about["fingerprint"]
            letter = letters.setdefault(name, _letters(len(letters)))
            environments[letter] = {**about.get("environment", {}), "id": name}
            number = numbers.setdefault(_reason(about), len(numbers) + 1)
            made = str(about.get("commit", "")), about.get("minutes")
            runs.append(Run(experiment, seed, *made, letter, number))
        reasons = {number: reason for reason, number in numbers.items()}
        return Made(tuple(runs), environments, reasons)


def _letters(number: int) -> str:
    """A name of letters for each number from 0 on.

    >>> _letters(0), _letters(25), _letters(26), _letters(701), _letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _reason(about: Mapping) -> str:
    """Why a run is among the committed ones."""
    accepted = str(about.get("accepted_because") or "no reason was asked for")
    kept = about.get("unchanged_because")
    return f"{accepted}; kept although code changed: {kept}" if kept else accepted

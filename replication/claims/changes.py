"""What changed between two states of the results: numbers, and verdicts of claims.

A number matters where it disappeared, where it lies outside the 95 % prediction interval of the
seeds before, where fewer than 3 of them leave that open, or where a claim that rests on it has
another verdict. A number where there was none matters with the verdict alone. Both
states are judged by the same claims. What no claim is judged by, the number of examples and the
epochs, is compared all the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from replication.claims import Article
from replication.claims.intervals import MIN_SEEDS, Interval, prediction_interval
from replication.claims.tables import claims_of
from replication.claims.verdicts import Judgement, evidence_of, judge_all
from replication.results import format_value
from replication.results.schema import HISTORY, MEASUREMENTS, RUN

Cells = dict[tuple[str, str, str, int], float]  # by experiment, metric, profile and seed


@dataclass(frozen=True)
class ChangedNumber:
    """One measured number before and after; None where there is none.

    `interval` is where one more seed like those before lies, and `n` their
    number; None with fewer than 3. `why` says why the change matters and is
    empty where it does not. `claims` refer to the number, as "slug/id".
    """

    experiment: str
    metric: str
    profile: str
    seed: int
    before: float | None
    after: float | None
    n: int
    interval: Interval | None
    why: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class ChangedClaim:
    """One claim, as "slug/id", whose verdict or interval is another one."""

    claim: str
    before: Judgement
    after: Judgement

    @property
    def verdict_changed(self) -> bool:
        """Whether the verdict is another one, and not the interval alone."""
        return self.before.verdict != self.after.verdict


@dataclass(frozen=True)
class ChangedDetail:
    """A number that no claim is judged by, before and after; None where there is none.

    `table` is its file, `run` is "experiment/profile/seed", and `name` says what
    it is in there: `num_examples of purity`, or `loss of epoch 3`.
    """

    table: str
    article: str
    run: str
    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Changes:
    """All that changed: claims in reading order, numbers and details by name."""

    claims: tuple[ChangedClaim, ...]
    numbers: tuple[ChangedNumber, ...]
    details: tuple[ChangedDetail, ...] = ()

    @property
    def verdicts(self) -> list[ChangedClaim]:
        """Claims with another verdict."""
        return [each for each in self.claims if each.verdict_changed]

    @property
    def intervals(self) -> list[ChangedClaim]:
        """Claims with the same verdict and another interval, mean or number of seeds."""
        return [each for each in self.claims if not each.verdict_changed]

    @property
    def mattering(self) -> list[ChangedNumber]:
        """Numbers that matter."""
        return [each for each in self.numbers if each.why]

    @property
    def harmless(self) -> list[ChangedNumber]:
        """Numbers that do not."""
        return [each for each in self.numbers if not each.why]


def compare(
    before: pd.DataFrame,
    after: pd.DataFrame,
    articles: Mapping[str, Article],
    *,
    histories: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> Changes:
    """Every number that changed, appeared or disappeared, and every claim it moved.

    Args:
        before: Columns as in `measurements.csv`.
        after: The same, later.
        articles: The claims that both are judged by.
        histories: Columns as in `history.csv`, before and after; None compares none.
    """
    claims = tuple(_changed_claims(before, after, articles))
    moved = {each.claim for each in claims if each.verdict_changed}
    referring: dict[str, list[str]] = {}
    for slug, claim in claims_of(articles):
        for reference in claim.references:
            referring.setdefault(reference, []).append(f"{slug}/{claim.id}")
    old, new = _cells(before), _cells(after)
    seeds: dict[tuple, list[float]] = {}
    for cell, value in old.items():
        seeds.setdefault(cell[:3], []).append(value)
    numbers = []
    for cell in sorted(old.keys() | new.keys()):
        was, now = old.get(cell), new.get(cell)
        if _shown(was) != _shown(now):
            names = referring.get(f"{cell[0]}/{cell[1]}", []) if cell[2] == "full" else []
            numbers.append(_changed_number(cell, was, now, seeds.get(cell[:3], []), names, moved))
    details = _changed_details(before, after, histories, articles)
    return Changes(claims, tuple(numbers), tuple(details))


def _changed_claims(before, after, articles):
    of_before, of_after = (judge_all(articles, evidence_of(each)) for each in (before, after))
    for slug, claim in claims_of(articles):
        was, now = of_before[slug, claim.id], of_after[slug, claim.id]
        if _seen(was) != _seen(now):
            yield ChangedClaim(f"{slug}/{claim.id}", was, now)


def _changed_number(cell, was, now, seeds, names, moved) -> ChangedNumber:
    enough = len(seeds) >= MIN_SEEDS
    interval = prediction_interval(seeds) if enough else None
    reasons = [f"verdict of {name}" for name in names if name in moved]
    if now is None:
        reasons.append("gone")
    elif enough and not interval.holds(now):
        reasons.append("outside the interval")
    elif was is not None and not enough:
        reasons.append(f"{len(seeds)} seed{'s' * (len(seeds) != 1)} before tell no interval")
    return ChangedNumber(*cell, was, now, len(seeds), interval, "; ".join(reasons), tuple(names))


def _cells(measurements: pd.DataFrame) -> Cells:
    names = ("experiment", "metric", "profile", "seed", "value")
    rows = zip(*(measurements[name] for name in names), strict=True)
    return {(name, metric, profile, int(s)): float(v) for name, metric, profile, s, v in rows}


def _changed_details(before, after, histories, articles) -> Iterator[ChangedDetail]:
    old, new = (_by_run(frame, "metric", "num_examples") for frame in (before, after))
    both = old.keys() & new.keys()  # the others came or went with their number
    old, new = ({row: found[row] for row in both} for found in (old, new))
    yield from _differing(MEASUREMENTS.file_name, "num_examples of {}", old, new, articles)
    if histories is not None:
        old, new = (_by_run(frame, "quantity", "epoch", "value") for frame in histories)
        yield from _differing(HISTORY.file_name, "{} of epoch {}", old, new, articles)


def _by_run(table: pd.DataFrame, *columns: str) -> dict[tuple, float]:
    """The last of these columns by run and the others."""
    rows = table[[*RUN, *columns]].itertuples(index=False, name=None)
    return {tuple(row[:-1]): row[-1] for row in rows}


def _differing(table: str, name: str, old: dict, new: dict, articles) -> Iterator[ChangedDetail]:
    for row in sorted(old.keys() | new.keys()):
        was, now = old.get(row), new.get(row)
        if was != now:
            (experiment, profile, seed), what = row[: len(RUN)], row[len(RUN) :]
            slugs = (slug for slug in articles if experiment.startswith(f"{slug}-"))
            article = max(slugs, key=len, default=experiment.partition("-")[0])
            run = f"{experiment}/{profile}/{seed}"
            yield ChangedDetail(table, article, run, name.format(*what), was, now)


def _seen(found: Judgement) -> tuple:
    """What a table shows of a judgement."""
    return found.verdict, found.n, *map(_shown, (found.mean, found.low, found.high))


def _shown(value: float | None) -> str:
    """The number at the digits of the tables; nothing for none."""
    return "" if value is None else format_value(value)

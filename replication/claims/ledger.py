"""What articles leave open, and how far each choice moves a number.

An article says nothing of its initialiser, of the order of its images, of a
guard in a logarithm; a reader takes something. Each alternative is measured
under the same seeds as our choice, and the difference is paired by seed.
"""

import math
import re
from collections.abc import Iterator, Mapping

import pandas as pd

from replication.claims import Article, OpenDetail
from replication.claims.differences import Difference, difference
from replication.claims.intervals import MIN_SEEDS
from replication.claims.tables import markdown
from replication.claims.verdicts import evidence_of
from replication.results.schema import LEDGER

_METRICS = {  # by how their names end
    "bottleneck_mse": "error through the bottleneck",
    "test_mse": "error on test images",
    "jacobian_norm": "squared norm of the Jacobian",
    "target_distance": "distance from the target",
    "purity": "purity",
}


def ledger_frame(
    articles: Mapping[str, Article], measurements: pd.DataFrame, metrics: pd.DataFrame
) -> pd.DataFrame:
    """One row per alternative, as in `ledger.csv`.

    `ours` is the mean over all seeds with our choice, `difference` the mean
    of alternative less ours over the `n` seeds that have both, `low` and
    `high` its 95 % t interval (nothing where n < 2). `typical` is the root
    mean square of the differences: how far one run moves, even where they
    cancel in the mean.
    `moves` is `yes` where the interval leaves zero, `not seen` where it does
    not, `unknown` with fewer than 3 seeds.
    Of `measurements.csv` only rows of profile `full` count.
    """
    values_of = evidence_of(measurements).values_of
    units = dict(zip(metrics["experiment"] + "/" + metrics["metric"], metrics["unit"], strict=True))
    rows = []
    for slug, detail in details_of(articles):
        ours = values_of(detail.measures)
        for other in detail.alternatives:
            effect = difference({other.measures: 1, detail.measures: -1}, values_of)
            unit = units.get(detail.measures, "unknown")
            mean = math.fsum(ours.values()) / len(ours) if ours else None
            about = (slug, detail.id, other.what, detail.measures, unit, mean)
            rows.append((*about, *_moves(effect)))
    return pd.DataFrame(rows, columns=list(LEDGER.columns))


def ledger_table(articles: Mapping[str, Article], frame: pd.DataFrame) -> str:
    """The ledger as a Markdown table: a row for each alternative."""
    details = {(slug, detail.id): detail for slug, detail in details_of(articles)}
    rows = []
    for row in frame.itertuples(index=False):
        detail = details[row.article, row.detail]
        metric = in_words(row.measures)
        cells = (
            f"{articles[row.article].number:02d} {row.article}",
            f"{detail.detail} *({detail.locator})*",
            detail.ours,
            row.alternative,
            f"{metric}: {format_ours(row)}",
            format_effect(row),
            format_typical(row),
            row.moves,
        )
        rows.append(cells)
    names = (
        "article",
        "left open",
        "ours",
        "instead",
        "number, ours",
        "moves the mean by (n seeds with both)",
        "and a run by",
        "moved?",
    )
    return markdown(names, rows)


def in_words(measures: str) -> str:
    """What an "experiment/metric" measures, as a table of open details calls it.

    >>> in_words("survey-open-details/base_sparse_test_mse")
    'error on test images, sparse'
    >>> in_words("contractive-ablation/jacobian_norm_lambda_1e_3_epochs_3")
    'squared norm of the Jacobian'
    """
    metric = re.sub(r"_lambda_.*", "", measures.split("/")[1]).removeprefix("base_")
    for name, words in _METRICS.items():
        if metric.endswith(name):
            which = metric.removesuffix(name).strip("_").replace("_", " ")
            return f"{words}, {which}" if which else words
    return metric.replace("_", " ")


def format_ours(row) -> str:
    """The mean over all seeds with our choice, whether or not an alternative was run."""
    return "not run yet" if pd.isna(row.ours) else f"{row.ours:.4g}"


def format_effect(row) -> str:
    """How far one alternative moves the mean: points of a fraction, else per cent of ours.

    Its n counts the seeds under which both were run.
    """
    if not row.n:
        return "not run yet"
    if row.typical == 0:
        return f"0 on every seed, n = {row.n}"
    scale, digits, unit = _scale(row)
    text = f"{row.difference * scale:+{digits}}{unit}"
    if row.n > 1:
        text += f" [{row.low * scale:+{digits}}, {row.high * scale:+{digits}}]"
    if not unit and row.ours:
        share = 100 * row.difference / row.ours
        text += f", {share:+.0f} %" if abs(share) >= 0.5 else ", under 1 %"
    return f"{text}, n = {row.n}"


def format_typical(row) -> str:
    """How far one alternative moves a single run, in whichever direction."""
    if not row.n:
        return "not run yet"
    scale, digits, unit = _scale(row)
    return f"{row.typical * scale:{digits}}{unit}"


def _scale(row) -> tuple[float, str, str]:
    """Factor, format and unit of a number: hundredths of a fraction are points."""
    return (100, ".2f", " points") if row.unit == "fraction" else (1, ".3g", "")


def details_of(articles: Mapping[str, Article]) -> Iterator[tuple[str, OpenDetail]]:
    """Every open detail with the slug of its article, in reading order."""
    return ((slug, detail) for slug, article in articles.items() for detail in article.open)


def _moves(effect: Difference) -> tuple:
    """Mean difference, its bounds, its size, number of seeds, whether it moves."""
    if effect.n == 0:
        return None, None, None, None, 0, "unknown"
    bounds = (effect.low, effect.high) if effect.n > 1 else (None, None)
    leaves_zero = effect.low > 0 or effect.high < 0
    moves = ("yes" if leaves_zero else "not seen") if effect.n >= MIN_SEEDS else "unknown"
    typical = math.sqrt(math.fsum(each**2 for each in effect.values.values()) / effect.n)
    return effect.mean, *bounds, typical, effect.n, moves

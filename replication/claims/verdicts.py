"""Verdicts of all claims against their articles, from the numbers of all seeds.

Only runs of profile `full` are judged. The rules are those of each kind, in `kinds`.
"""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from replication.claims import Article, Claim, prose
from replication.claims.kinds.judgement import Evidence, Judgement, Scale
from replication.claims.kinds.order import adjust


def judge(claim: Claim, evidence: Evidence) -> Judgement:
    """The verdict of one claim by itself; `judge_article` also counts how many an article makes."""
    explanation = prose.fill(claim.explanation, evidence.values_of)
    return replace(claim.judge(evidence), explanation=explanation)


def judge_all(
    articles: Mapping[str, Article], evidence: Evidence
) -> dict[tuple[str, str], Judgement]:
    """The verdict of every claim, by slug and id."""
    return {
        (slug, name): judgement
        for slug, article in articles.items()
        for name, judgement in judge_article(article, evidence).items()
    }


def judge_article(article: Article, evidence: Evidence) -> dict[str, Judgement]:
    """The verdict of each claim, by its id; comparisons that the article makes after Holm."""
    judgements = {claim.id: judge(claim, evidence) for claim in article.claims}
    makes = [each.id for each in article.claims if each.is_compared and each.voice == "article"]
    return judgements | dict(zip(makes, adjust([judgements[name] for name in makes]), strict=True))


def evidence_of(measurements: pd.DataFrame, metrics: pd.DataFrame | None = None) -> Evidence:
    """What verdicts may rest on: the runs of profile full, by "experiment/metric" and by seed.

    Args:
        measurements: Columns as in `measurements.csv`; only rows of profile `full` count.
        metrics: Columns as in `metrics.csv`; None where more is better and no metric has bounds.
    """
    full = measurements[measurements["profile"] == "full"].sort_values("seed")
    columns = (full[name] for name in ("experiment", "metric", "seed", "value", "num_examples"))
    values: dict[str, dict[int, float]] = {}
    examples: dict[str, int] = {}
    for experiment, metric, seed, value, num_examples in zip(*columns, strict=True):
        name = f"{experiment}/{metric}"
        values.setdefault(name, {})[int(seed)] = float(value)
        examples[name] = int(num_examples)
    scales = {}
    for row in () if metrics is None else metrics.itertuples(index=False):
        name = f"{row.experiment}/{row.metric}"
        low = -1.0 if min(values.get(name, {0: 0.0}).values()) < 0 else 0.0  # one less another
        share = (low, 1.0, examples.get(name)) if row.unit == "fraction" else ()
        scales[name] = Scale(row.better != "lower", *share)
    return Evidence(values, scales)

"""Verdicts on two axes that are never mixed, and the check of everything committed.

`against_article` asks whether a published claim holds in our numbers,
`against_ourselves` whether today's numbers are the committed ones. A claim that
does not replicate is a finding; `check` fails only where files and numbers
disagree with each other.
"""

from replication.claims.verdicts.against_article import (
    CONFIDENCE,
    MIN_SEEDS,
    Interval,
    Judgement,
    by_seed,
    judge,
    mean_interval,
    prediction_interval,
)
from replication.claims.verdicts.against_ourselves import (
    Regression,
    compare,
    roll_up,
    status_by_experiment,
    status_of_claim,
)
from replication.claims.verdicts.checks import Problem, Report, check
from replication.claims.verdicts.tables import (
    README_BEGIN,
    README_END,
    markdown_table,
    replace_table,
    verdicts_frame,
)

__all__ = [
    "CONFIDENCE",
    "Interval",
    "Judgement",
    "MIN_SEEDS",
    "Problem",
    "README_BEGIN",
    "README_END",
    "Regression",
    "Report",
    "by_seed",
    "check",
    "compare",
    "judge",
    "markdown_table",
    "mean_interval",
    "prediction_interval",
    "replace_table",
    "roll_up",
    "status_by_experiment",
    "status_of_claim",
    "verdicts_frame",
]

"""The committed evidence: every interval and verdict once more from the stored seeds.

The statistics here are written a second time, with scipy's own tests instead of
the project's formulas.
"""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication import claims
from replication.claims.tables import claims_of
from replication.runner import settings

VERDICTS = pd.read_csv(settings.RESULTS / "verdicts.csv", keep_default_na=False)
TAKES_UP_MODELS = re.compile(r"clustering-.*-(diagnosis|labelled|alignment)-")
MEASUREMENTS = pd.concat(
    pd.read_csv(path) for path in sorted(settings.RESULTS.glob("*/measurements.csv"))
)
METRICS = pd.concat(pd.read_csv(path) for path in sorted(settings.RESULTS.glob("*/metrics.csv")))
FULL = MEASUREMENTS[MEASUREMENTS["profile"] == "full"]
CLAIMS = {f"{slug}/{claim.id}": claim for slug, claim in claims_of(claims.load())}
of_kind = {
    kind: [name for name, claim in CLAIMS.items() if claim.kind == kind]
    for kind in ("value", "order", "exact", "reader")
}


def seeds(reference):
    """Values by seed of an "experiment/metric"."""
    experiment, metric = reference.split("/")
    rows = FULL[(FULL["experiment"] == experiment) & (FULL["metric"] == metric)]
    return rows.set_index("seed")["value"].sort_index()


def row(name):
    """The row of a claim in verdicts.csv."""
    slug, claim = name.split("/")
    found = VERDICTS[(VERDICTS["article"] == slug) & (VERDICTS["claim"] == claim)]
    assert len(found) == 1
    return found.iloc[0]


def bounds(name):
    """The committed interval of a claim."""
    return float(row(name)["low"]), float(row(name)["high"])


def close(low, high):
    """To the six digits of the table, or a millionth of the interval's size."""
    scale = max(abs(low), abs(high), 1e-12)
    return pytest.approx((low, high), rel=2e-5, abs=1e-6 * scale)


def test_every_claim_has_one_row_in_order():
    """And no row is left over."""
    assert sorted(VERDICTS["article"] + "/" + VERDICTS["claim"]) == sorted(CLAIMS)


def share(reference):
    """Whether a metric is a fraction, whose interval ends at 0 and 1."""
    experiment, metric = reference.split("/")
    found = METRICS[(METRICS["experiment"] == experiment) & (METRICS["metric"] == metric)]
    return list(found["unit"]) == ["fraction"]


@pytest.mark.parametrize("name", of_kind["value"])
def test_the_interval_of_a_value_is_that_of_one_more_draw(name):
    """Student's t of a difference between one new seed and the mean of the old ones."""
    claim = CLAIMS[name]
    values = seeds(claim.measures).to_numpy()
    assert int(row(name)["n"]) == len(values)
    if len(values) < 5:
        assert row(name)["verdict"] == "inconclusive"
    if len(values) < 2 or not np.ptp(values):
        return
    spread = values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
    interval = stats.t.interval(0.95, len(values) - 1, values.mean(), spread)
    shown = np.clip(interval, 0, 1) if share(claim.measures) else interval
    assert bounds(name) == close(*shown)
    tail = stats.t.sf(abs(claim.reported - values.mean()) / spread, len(values) - 1)
    words = {"reproduced", "optimistic", "pessimistic", "not reproduced"}
    if row(name)["verdict"] in words:  # no control could print it, and all are far enough away
        assert (row(name)["verdict"] == "not reproduced") == (tail < 0.025)
        assert (row(name)["verdict"] == "reproduced") == (tail >= 0.10)
        for control in claim.controls:
            away = abs(seeds(control).mean() - claim.reported)
            assert (interval[1] - interval[0]) / 2 <= away


def pair(claim, reference):
    """Mean, interval and p of ours, its margin added, less one rival, by scipy's tests."""
    allowed = (claim.margin or 0) * (1 if claim.direction == "greater" else -1)
    ours, other = seeds(claim.measures) + allowed, seeds(reference)
    if claim.unpaired:
        found = stats.ttest_ind(ours, other, equal_var=False)
        return min(len(ours), len(other)), ours.mean() - other.mean(), found
    pairs = pd.concat([ours, other], axis=1, keys=["a", "b"]).dropna()
    found = stats.ttest_rel(pairs["a"], pairs["b"]) if len(pairs) > 1 else None
    return len(pairs), (pairs["a"] - pairs["b"]).mean(), found


def with_image_error(half, n, error):
    """Half an interval over n seeds, widened by an error over test images: Satterthwaite's t."""
    variance = (half / stats.t.ppf(0.975, n - 1)) ** 2
    degrees = (variance + error**2) ** 2 / (variance**2 / (n - 1)) if variance else np.inf
    return stats.t.ppf(0.975, degrees) * np.sqrt(variance + error**2)


@pytest.mark.parametrize(
    "name", [name for name in of_kind["order"] if CLAIMS[name].benchmark is None]
)
def test_the_interval_of_an_order_is_that_of_the_test(name):
    """scipy's paired t test, or Welch's, against the rival that decides."""
    claim, sides, shown = CLAIMS[name], [], []
    errors = claim.image_error or [None] * len(claim.compared_with)
    for reference, error in zip(claim.compared_with, errors, strict=True):
        n, mean, found = pair(claim, reference)
        if n < (4 if claim.unpaired else 6):
            assert row(name)["verdict"] == "inconclusive"
            return
        constant = not np.isfinite(found.pvalue) or found.pvalue == 0
        low, high = (mean, mean) if constant else found.confidence_interval(0.95)
        if error:
            half = with_image_error((high - low) / 2, n, seeds(error).mean())
            low, high = mean - half, mean + half
        shown.append((low, high))
        sign = 1 if claim.direction == "greater" else -1
        least, most = sorted((sign * low, sign * high))
        same = -claim.matters < low and high < claim.matters
        sides.append("same" if same else "+" if least > 0 else "-" if most < 0 else "0")
    assert bounds(name) in [close(*each) for each in shown]
    verdict = row(name)["verdict"]
    if verdict in ("reproduced", "vacuous"):
        assert set(sides) == {"+"}
    elif verdict in ("contradicted", "does not hold"):
        assert "-" in sides
        assert (verdict == "contradicted") == (claim.voice == "article")
    elif verdict == "no difference":
        assert "same" in sides and "-" not in sides


@pytest.mark.parametrize("name", of_kind["exact"])
def test_an_identity_holds_for_every_stored_seed(name):
    """Or it is not signed as reproduced."""
    claim = CLAIMS[name]
    holds = (seeds(claim.measures) - claim.expected).abs() <= claim.tolerance

    if not len(holds):
        assert row(name)["verdict"] == "inconclusive"
    else:
        possible = {"reproduced", "vacuous", "inconclusive"} if holds.all() else {"not reproduced"}
        assert row(name)["verdict"] in possible


def test_no_picture_is_counted():
    """Pictures have no number."""
    for name in of_kind["reader"]:
        assert tuple(row(name)[["mean", "low", "high", "n", "verdict"]]) == ("", "", "", 0, "shown")


def test_every_committed_seed_is_one_that_was_declared_and_none_is_missing_in_between():
    """Seeds are run in order: a gap would be a run that was left out.

    What takes up the models of other runs begins with the first model that was kept.
    """
    for (experiment, profile), rows in MEASUREMENTS.groupby(["experiment", "profile"]):
        found = sorted(rows["seed"].unique())
        first = found[0] if TAKES_UP_MODELS.search(experiment) else 0
        assert found == list(range(first, first + len(found))), (experiment, profile)

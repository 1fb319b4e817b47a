"""The committed evidence: every interval and verdict once more from the stored seeds.

The statistics here are written a second time, with scipy's own tests instead of
the project's formulas.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication import claims
from replication.claims.tables import claims_of
from replication.runner import settings

VERDICTS = pd.read_csv(settings.RESULTS / "verdicts.csv", keep_default_na=False)
MEASUREMENTS = pd.concat(
    pd.read_csv(path) for path in sorted(settings.RESULTS.glob("*/measurements.csv"))
)
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


@pytest.mark.parametrize("name", of_kind["value"])
def test_the_interval_of_a_value_is_that_of_one_more_draw(name):
    """Student's t of a difference between one new seed and the mean of the old ones."""
    values = seeds(CLAIMS[name].measures).to_numpy()
    assert int(row(name)["n"]) == len(values)
    if len(values) > 1 and values.std():
        spread = values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
        interval = stats.t.interval(0.95, len(values) - 1, values.mean(), spread)
        assert bounds(name) == close(*interval)
    inside = bool(len(values)) and bounds(name)[0] <= CLAIMS[name].reported <= bounds(name)[1]
    possible = {"inconclusive"} if len(values) < 3 else {"not reproduced"}
    if inside and len(values) >= 3:
        possible = {"reproduced", "vacuous", "inconclusive"}
    assert row(name)["verdict"] in possible


@pytest.mark.parametrize("name", of_kind["order"])
def test_the_interval_of_an_order_is_that_of_the_paired_test(name):
    """scipy's paired t test, against the rival that comes closest."""
    claim = CLAIMS[name]
    ours, sides, intervals = seeds(claim.measures), [], []
    for reference in claim.compared_with:
        pairs = pd.concat([ours, seeds(reference)], axis=1, keys=["a", "b"]).dropna()
        if len(pairs) < 3:
            assert row(name)["verdict"] == "inconclusive"
            return
        difference = pairs["a"] - pairs["b"]
        if np.ptp(difference):
            interval = tuple(stats.ttest_rel(pairs["a"], pairs["b"]).confidence_interval(0.95))
        else:
            interval = (difference.iloc[0],) * 2
        sign = 1 if claim.direction == "greater" else -1
        intervals.append((sign * difference.mean(), interval))
        low, high = sorted(sign * bound for bound in interval)
        sides.append("claimed" if low > 0 else "other" if high < 0 else "across")
    assert bounds(name) == close(*min(intervals)[1])
    possible = {"inconclusive"}
    if "other" in sides:
        possible = {"contradicted"}
    elif set(sides) == {"claimed"}:
        possible = {"reproduced", "vacuous", "inconclusive"}
    assert row(name)["verdict"] in possible


@pytest.mark.parametrize("name", of_kind["exact"])
def test_an_identity_holds_for_every_stored_seed(name):
    """Or it is not signed as reproduced."""
    claim = CLAIMS[name]
    holds = (seeds(claim.measures) - claim.expected).abs() <= claim.tolerance

    assert len(holds)
    assert row(name)["verdict"] in (
        {"reproduced", "vacuous", "inconclusive"} if holds.all() else {"not reproduced"}
    )


def test_no_picture_is_counted():
    """Pictures have no number."""
    for name in of_kind["reader"]:
        assert tuple(row(name)[["mean", "low", "high", "n", "verdict"]]) == ("", "", "", 0, "shown")


def test_every_committed_seed_is_one_that_was_declared_and_none_is_missing_in_between():
    """Seeds are run in order: a gap would be a run that was left out."""
    for (experiment, profile), rows in MEASUREMENTS.groupby(["experiment", "profile"]):
        found = sorted(rows["seed"].unique())
        assert found == list(range(len(found))), (experiment, profile)

"""How often verdicts are right, in simulated studies: run with `-s` to see every rate."""

import numpy as np
import pytest

from replication.claims.kinds.order import Order, adjust
from replication.claims.kinds.value import Value
from tests import test_kinds_order as orders
from tests import test_kinds_value as values
from tests.test_kinds_order import TEST, WHY, WITH_CONTROL, replace

PRINTED, COMPARED = 2000, 1000  # of each study: a standard error is at most 1.1 and 1.6 %


def rates_of(found, kind):
    """The rate of each verdict of a kind."""
    return {word: found.count(word) / len(found) for word in kind.answers}


def printed(reported, n):
    """The rate of each verdict on a printed number, each beside n fresh runs from N(0, 1)."""
    rng = np.random.default_rng(0)
    found = [values.judged(rng.normal(size=n), reported(rng)).verdict for _ in range(PRINTED)]
    return rates_of(found, Value)


@pytest.mark.parametrize("n", [5, 10, 20])
def test_an_honest_run_is_reproduced_in_80_percent_and_refused_in_5(n):
    rates = printed(lambda rng: rng.normal(), n)
    print(f"honest, n = {n}: {rates}")

    assert rates["reproduced"] == pytest.approx(0.80, abs=0.027)  # three standard errors
    assert rates["not reproduced"] == pytest.approx(0.05, abs=0.0147)
    assert rates["optimistic"] == pytest.approx(0.075, abs=0.0177)
    assert rates["pessimistic"] == pytest.approx(0.075, abs=0.0177)


@pytest.mark.parametrize("n", [5, 10, 20])
def test_a_number_four_deviations_off_is_reproduced_in_under_one_percent(n):
    rates = printed(lambda rng: 4.0, n)
    print(f"4 sd off, n = {n}: {rates}")

    assert rates["reproduced"] < 0.01


@pytest.mark.parametrize("n", [5, 10, 20])
def test_a_control_that_is_the_model_makes_nothing_reproduced(n):
    """Its runs are other seeds of the same: their interval holds what ours would."""
    rng = np.random.default_rng(0)
    found = [
        values.judged(rng.normal(size=n), rng.normal(), {"c": list(rng.normal(size=n))}).verdict
        for _ in range(PRINTED)
    ]
    rates = rates_of(found, Value)
    print(f"control like the model, n = {n}: {rates}")

    assert rates["reproduced"] < 0.01
    assert rates["vacuous"] > 0.9


def compared(effect, n, test):
    """The rate of each verdict, where differences have this mean and a deviation of one."""
    rng, std = np.random.default_rng(0), np.sqrt(0.5)
    found = [
        orders.judged(
            replace(test, matters=0.01),
            ours=effect + std * rng.normal(size=n),
            other=std * rng.normal(size=n),
        ).verdict
        for _ in range(COMPARED)
    ]
    return rates_of(found, Order)


@pytest.mark.parametrize(("n", "unpaired"), [(6, False), (10, False), (20, False), (4, True)])
def test_no_effect_is_reproduced_in_at_most_5_percent(n, unpaired):
    rates = compared(0.0, n, replace(TEST, unpaired=WHY if unpaired else ""))
    print(f"no effect, n = {n}, unpaired = {unpaired}: {rates}")

    assert rates["reproduced"] + rates["contradicted"] <= 0.05 + 0.0207  # three standard errors


@pytest.mark.parametrize("num_rivals", [2, 4])
def test_no_effect_beside_several_rivals_is_decided_in_at_most_5_percent(num_rivals):
    """A claim may be lost to any of them, and would be the more often the more there are."""
    rng = np.random.default_rng(0)
    names = [f"rival{i}" for i in range(num_rivals)]
    test = replace(TEST, matters=0.01, compared_with=tuple(f"{each}/m" for each in names))
    found = [
        orders.judged(test, **{each: rng.normal(size=10) for each in ("ours", *names)}).verdict
        for _ in range(COMPARED)
    ]
    rates = rates_of(found, Order)
    print(f"no effect, {num_rivals} rivals: {rates}")

    assert rates["reproduced"] + rates["contradicted"] <= 0.05 + 0.0207  # three standard errors
    assert rates["reproduced"] <= 0.05


@pytest.mark.parametrize(("n", "unpaired"), [(6, False), (10, False), (20, False), (4, True)])
def test_an_effect_of_three_deviations_is_reproduced_in_80_percent(n, unpaired):
    rates = compared(3.0, n, replace(TEST, unpaired=WHY if unpaired else ""))
    print(f"3 sd, n = {n}, unpaired = {unpaired}: {rates}")

    assert rates["reproduced"] >= 0.8


@pytest.mark.parametrize("n", [6, 10])
def test_after_holm_over_ten_comparisons(n):
    """None true: at most one article in twenty has a false alarm. All true: most are found."""
    rng = np.random.default_rng(0)

    def article(effect):
        return adjust(
            [orders.judged(ours=effect + rng.normal(size=n), other=np.zeros(n)) for _ in range(10)]
        )

    alarms = [
        any(j.verdict in ("reproduced", "contradicted") for j in article(0)) for _ in range(200)
    ]
    found = np.mean([j.verdict == "reproduced" for _ in range(40) for j in article(3)])
    print(f"10 comparisons, n = {n}: false alarm {np.mean(alarms)}, 3 sd found {found}")

    assert np.mean(alarms) <= 0.05 + 0.046  # three standard errors of 200 articles
    assert found >= 0.8


@pytest.mark.parametrize("n", [6, 10])
def test_a_control_like_the_model_is_taken_for_less_in_at_most_5_percent(n):
    rng = np.random.default_rng(0)
    found = [
        orders.judged(
            WITH_CONTROL,
            ours=3 + rng.normal(size=n),
            other=rng.normal(size=n),
            control=3 + rng.normal(size=n),
        ).verdict
        for _ in range(COMPARED)
    ]
    rates = rates_of(found, Order)
    print(f"control like the model, n = {n}: {rates}")

    assert rates["reproduced"] <= 0.05
    assert rates["vacuous"] >= 0.5

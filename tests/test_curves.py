"""When a curve reaches a level: by hand."""

import pytest

from replication import metrics

EXACT = 1e-12  # one division


@pytest.mark.parametrize(
    ("curve", "level", "rising", "position"),
    [
        ([0.1, 0.5, 0.9], 0.5, True, 1),
        ([0.1, 0.5, 0.9], 0.7, True, 1.5),
        ([0.1, 0.5, 0.4, 0.9], 0.45, True, 0.875),  # the first time counts
        ([0.9, 0.5], 0.8, True, 0),  # there from the start
        ([0.1, 0.2, 0.3], 0.9, True, 2),  # never: the last position
        ([4.0, 2.0, 1.0], 1.5, False, 1.5),
        ([4.0, 2.0, 1.0], 0.5, False, 2),
    ],
)
def test_first_reached_by_hand(curve, level, rising, position):
    """On straight lines between the points."""
    assert metrics.first_reached(curve, level, rising=rising) == pytest.approx(position, abs=EXACT)


def test_no_curve_reaches_nothing():
    """An empty curve is a mistake, and is called one."""
    with pytest.raises(ValueError, match="at least one value"):
        metrics.first_reached([], 0.5, rising=True)

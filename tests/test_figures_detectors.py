"""Detectors: what the histograms count, where thresholds stand, and how curves are closed."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from replication import figures


@pytest.fixture
def ax():
    """Axes of a figure that no window and no global state knows of."""
    return Figure().subplots()


def legend(ax):
    """The entries of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_every_error_is_counted_once_in_shared_bins(ax):
    rng = np.random.default_rng(0)
    errors = {"digits": rng.uniform(0.001, 0.1, 300), "clothes": rng.uniform(0.01, 0.3, 70)}
    figures.plot_errors(errors, ax, thresholds={}, xlabel="error", bins=9)
    (first, edges, _), (second, same, _) = [patch.get_data() for patch in ax.patches]

    np.testing.assert_array_equal(edges, same)
    np.testing.assert_allclose([first.sum(), second.sum()], 1, rtol=1e-12)  # sums of shares
    assert ax.get_xscale() == "log"
    assert legend(ax) == ["digits, n = 300", "clothes, n = 70"]


def test_thresholds_stand_where_they_are_and_look_different(ax):
    errors = {"digits": np.array([0.001, 0.1])}
    figures.plot_errors(errors, ax, thresholds={"listing": 0.01, "ours": 0.02}, xlabel="error")
    lines = ax.get_lines()

    assert [line.get_xdata()[0] for line in lines] == [0.01, 0.02]
    assert len({line.get_linestyle() for line in lines}) == 2


def test_an_error_of_zero_has_no_place_on_a_logarithmic_axis(ax):
    with pytest.raises(ValueError, match="must be positive"):
        figures.plot_errors({"digits": np.array([0.0, 1])}, ax, thresholds={}, xlabel="error")


def test_curves_run_from_no_alarm_to_nothing_but_alarms(ax):
    rates = {"error": np.array([[0.0, 0.5], [0.4, 0.9]])}
    figures.plot_rates(rates, ax, marked={"listing": (0.3, 0.8)})
    curve, chance, mark = ax.get_lines()

    np.testing.assert_array_equal(curve.get_xydata(), [[0, 0], [0, 0.4], [0.5, 0.9], [1, 1]])
    np.testing.assert_array_equal(chance.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(mark.get_xydata(), [[0.3, 0.8]])
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 1))
    assert legend(ax) == ["error", "chance", "listing"]

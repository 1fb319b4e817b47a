"""Histograms of activations: what is counted, where, and on which axis."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from replication import figures


@pytest.fixture
def ax():
    """Axes of a figure that no window and no global state knows of."""
    return Figure().subplots()


def outlines(ax):
    """Counts and edges of every histogram, in the order they were drawn."""
    return [patch.get_data()[:2] for patch in ax.patches]


def test_counts_stand_in_shared_bins_up_to_the_largest_activation(ax):
    dense, sparse = np.array([[1.0, 1.5], [3.5, 4.0]]), np.array([0.0, 0.5, 0.5, 2.0])
    figures.plot_activations({"dense": dense, "sparse": sparse}, ax, bins=4)
    (first, edges), (second, same) = outlines(ax)

    np.testing.assert_array_equal(edges, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(same, edges)
    np.testing.assert_array_equal(first, [0, 2, 0, 2])
    np.testing.assert_array_equal(second, [3, 0, 1, 0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["dense", "sparse"]


def test_every_activation_is_counted_once_also_outside_of_the_limits(ax):
    values = np.random.default_rng(0).normal(size=(40, 25)).astype(np.float16)
    figures.plot_activations({"code": values}, ax, limits=(-1, 1), bins=7)
    ((counts, edges),) = outlines(ax)

    assert counts.sum() == values.size
    assert counts[0] == (values < edges[1]).sum()
    assert ax.get_xlim() == (-1, 1)


def test_counts_are_logarithmic_and_a_target_is_drawn(ax):
    figures.plot_activations({"code": np.ones(3)}, ax, limits=(0, 2), line=(0.25, "target"))
    (target,) = ax.get_lines()

    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] == 0.5, "a single count is above the bottom"
    assert set(target.get_xdata()) == {0.25}
    assert "target" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_code_that_is_never_active_needs_limits(ax):
    with pytest.raises(ValueError, match="Pass limits"):
        figures.plot_activations({"code": np.zeros(3)}, ax)


def test_the_panel_returns_its_axes(ax):
    assert figures.plot_activations({"code": np.ones(2)}, ax) is ax

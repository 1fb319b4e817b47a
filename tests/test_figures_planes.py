"""Points in a plane: every point where it belongs, in the colour of its class or number."""

import numpy as np
import pytest
from matplotlib import colors
from matplotlib.figure import Figure

from replication import figures
from replication.figures.planes import CLASS_COLORS


@pytest.fixture
def ax():
    """Axes of a figure that no window and no global state knows of."""
    return Figure().subplots()


POINTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_points_take_the_colours_of_their_classes_and_keep_their_order(ax):
    figures.plot_classes(POINTS, ax, classes=np.array([2, 0, 2]), names=["zero", "one", "two"])
    dots = ax.collections[0]
    expected = [CLASS_COLORS[2], CLASS_COLORS[0], CLASS_COLORS[2]]

    np.testing.assert_array_equal(dots.get_offsets(), POINTS)
    assert [colors.to_hex(each).upper() for each in dots.get_facecolors()] == expected
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["zero", "one", "two"]


def test_the_legend_may_be_left_to_another_panel(ax):
    figures.plot_classes(POINTS, ax, classes=np.zeros(3, int), names=["zero"], legend=False)

    assert ax.get_legend() is None


def test_ten_classes_have_ten_colours_and_more_are_refused(ax):
    assert len(set(CLASS_COLORS)) == 10
    with pytest.raises(ValueError, match="at most 10 classes"):
        figures.plot_classes(POINTS, ax, classes=np.zeros(3, int), names=list("abcdefghijk"))


def test_values_have_a_fixed_range_and_a_named_scale(ax):
    figures.plot_values(POINTS, ax, values=np.array([1, 5, 9]), limits=(0, 783), label="index")
    dots = ax.collections[0]

    np.testing.assert_array_equal(dots.get_array(), [1, 5, 9])
    assert dots.get_clim() == (0, 783), "not stretched to the smallest and largest value"
    assert ax.figure.axes[1].get_ylabel() == "index"


def test_codes_of_more_than_two_numbers_are_refused(ax):
    with pytest.raises(ValueError, match="Choose two columns"):
        figures.plot_values(np.zeros((4, 3)), ax, values=np.zeros(4), limits=(0, 1), label="")

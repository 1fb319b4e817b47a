"""Figures for newcomers: every number, letter and part is there, and marked where it should be."""

import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from replication import figures

COLORS = {"halved": "blue", "tripled": "red"}


@pytest.fixture
def ax():
    """Axes of a figure that no window and no global state knows of."""
    return Figure().subplots()


def words(ax):
    """Every text in the panel that is not empty, in the order they were drawn."""
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_every_number_stands_at_its_height_and_every_step_has_its_colour(ax):
    figures.plot_steps((6, 3, 10), ax, kinds=["halved", "tripled"], colors=COLORS)
    arrows = [text for text in ax.texts if not text.get_text()]
    numbers = [text.get_position() for text in ax.texts if text.get_text()]

    assert words(ax) == ["6", "3", "10"]
    assert numbers == [(1, 6), (2, 3), (3, 10)]
    assert [arrow.xy for arrow in arrows] == [(2, 3), (3, 10)]
    drawn = [arrow.arrow_patch.get_edgecolor()[:3] for arrow in arrows]
    assert drawn == [to_rgb("blue"), to_rgb("red")]
    assert ax.get_yscale() == "log"
    assert [line.get_label() for line in ax.get_lines()] == list(COLORS)


def test_a_step_without_a_kind_is_an_error(ax):
    with pytest.raises(ValueError, match="one name for each step, 2; received 1"):
        figures.plot_steps((6, 3, 10), ax, kinds=["halved"], colors=COLORS)


def test_wrong_guesses_are_shaded_and_the_truth_is_not(ax):
    figures.plot_guesses({"text": "a b\n", "guess": "axb\n"}, ax)
    (shaded,) = [patch.get_xy()[:4].mean(axis=0).tolist() for patch in ax.patches]

    assert words(ax) == ["a", "·", "b", "¶", "a", "x", "b", "¶"]
    assert shaded == [1, 1], "second character of the second row"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["text", "guess"]


def test_a_long_text_is_continued_below_with_its_guesses(ax):
    figures.plot_guesses({"text": "abcde", "guess": "abcde"}, ax, width=3)
    places = {text.get_position(): text.get_text() for text in ax.texts}

    assert places[2, 0] == places[2, 1] == "c"
    below = sorted({y for _, y in places if y > 1})
    assert [places[1, y] for y in below] == ["e", "e"]
    assert below[0] > 2, "a line of space between the two"


def test_texts_of_different_length_are_an_error(ax):
    with pytest.raises(ValueError, match=r"one length, at least 1; received \[2, 3\]"):
        figures.plot_guesses({"text": "abc", "guess": "ab"}, ax)


def test_parts_stand_from_left_to_right_and_what_is_struck_is_crossed_out(ax):
    parts = {"encoder": (4, 1), "code": (1, 1), "decoder": (1, 4)}
    figures.plot_parts(parts, ax, struck=["decoder"])
    boxes = [patch.get_xy() for patch in ax.patches]
    lefts = [box[:, 0].min() for box in boxes]
    cross = ax.get_lines()

    assert words(ax) == list(parts)
    assert lefts == sorted(lefts)
    assert boxes[0][:, 1].max() == 2, "half of the encoder's taller side"
    assert len(cross) == 2
    assert all(min(line.get_xdata()) == lefts[2] for line in cross)


@pytest.mark.parametrize("struck", [[], ["a"]])
def test_panels_return_their_axes(ax, struck):
    assert figures.plot_parts({"a": (1, 1)}, ax, struck=struck) is ax
    assert figures.plot_guesses({"text": "a"}, ax) is ax
    assert figures.plot_steps((1,), ax, kinds=[], colors=COLORS) is ax

"""Figures for newcomers: every number and letter is there, and marked where it should be."""

import pytest
from matplotlib.colors import to_rgb
from panels import words

from replication import figures

COLORS = {"halved": "blue", "tripled": "red"}


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

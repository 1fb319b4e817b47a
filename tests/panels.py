"""Reads a panel of a figure back from its artists."""


def words(ax):
    """Every text in the panel that is not empty, in the order they were drawn."""
    return [text.get_text() for text in ax.texts if text.get_text()]


def legend(ax):
    """The entries of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def ticks(axis):
    """The words on an axis."""
    return [label.get_text() for label in axis.get_ticklabels()]

"""What all figures share: width, colours, words for what is missing, Matplotlib's defaults."""

import matplotlib as mpl

# Okabe & Ito (2008), told apart by colour-blind readers; its yellow is too faint on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
NOT_RUN = "not run yet"
QUIET = "#767676"
WIDTH = 5.5  # inches: of every figure, so that letters have one size
BASE = 12  # points: of letters; 11 pixels high where a phone shows a figure 350 pixels wide
SMALL = 11  # points: of the smallest letters, in legends and notes
_STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": BASE,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (WIDTH, 3.0),
    "font.size": BASE,
    "grid.color": "#E5E5E5",
    "image.cmap": "gray",
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
}


def use_style() -> None:
    """Sets Matplotlib's defaults for the figures of this project, whatever a user has set."""
    mpl.rcdefaults()
    mpl.rcParams.update(_STYLE)


def color_of(number: int) -> str:
    """The colour of the line or group with this number, from 0; the cycle starts again at its end.

    >>> color_of(0) == color_of(len(COLORS)) == COLORS[0]
    True
    """
    return COLORS[number % len(COLORS)]

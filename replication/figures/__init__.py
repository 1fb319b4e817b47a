"""Figures: each `plot_*` draws one panel onto axes that the caller owns, and returns them.

style.py     width, colours and defaults
captions.py  a figure on a page: its picture, its caption, where its numbers come from
words.py     what a figure of numbers shows, in words, for those who cannot see it
pictures.py  images: mosaics, rows, signed images as grey
tables.py    counts as a shaded table
lines.py     lines over epochs, noise, or the number of a singular value
points.py    every seed as a point
examples.py  a row of numbers, guessed letters
planes.py    codes of two numbers as points in a plane
detectors.py errors of normal and abnormal images

A measurement that is not there yet is said in the panel ("not run yet"), never
an error. Panels that are compared take their range as an argument.
"""

from replication.figures.captions import show, source
from replication.figures.detectors import plot_errors
from replication.figures.examples import plot_guesses, plot_steps
from replication.figures.lines import plot_lines, plot_spectra
from replication.figures.pictures import (
    cluster_titles,
    grey_from_signed,
    plot_image_rows,
    plot_mosaic,
    side_by_side,
    tile_images,
)
from replication.figures.planes import plot_classes
from replication.figures.points import plot_seed_groups, plot_seeds
from replication.figures.style import COLORS, QUIET, WIDTH, use_style
from replication.figures.tables import plot_contingency
from replication.figures.words import describe_lines, describe_seeds, ranked

__all__ = [
    "COLORS",
    "QUIET",
    "WIDTH",
    "cluster_titles",
    "describe_lines",
    "describe_seeds",
    "grey_from_signed",
    "plot_classes",
    "plot_contingency",
    "plot_errors",
    "plot_guesses",
    "plot_image_rows",
    "plot_lines",
    "plot_mosaic",
    "plot_seed_groups",
    "plot_seeds",
    "plot_spectra",
    "plot_steps",
    "ranked",
    "show",
    "side_by_side",
    "source",
    "tile_images",
    "use_style",
]

"""Captions, alternative texts and provenance: what goes with every figure of a notebook."""

import base64
import struct
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from replication import figures, notebooks
from replication.figures.style import SMALL

TEXTS = {"source": "tied, profile full, seed 0 (n = 1)", "alt": "A line that rises."}


def measurements(**seeds_by_experiment):
    """Full runs of these experiments under these seeds."""
    rows = [(name, "full", seed) for name, seeds in seeds_by_experiment.items() for seed in seeds]
    return pd.DataFrame(rows, columns=["experiment", "profile", "seed"])


@pytest.fixture
def figure():
    """A figure that pyplot knows of, and that is wider than nothing."""
    with mpl.rc_context():
        mpl.use("agg")
        figures.use_style()
        figure, ax = plt.subplots(figsize=(figures.WIDTH, 2))
        ax.plot([0, 1], [0, 1])
        yield figure
        plt.close(figure)


def test_a_figure_carries_its_words_and_its_width(figure, shown):
    figures.show(figure, "How it rises.", **TEXTS)
    picture, _ = shown
    png = base64.b64decode(picture["data"]["image/png"])
    pixels, _ = struct.unpack(">II", png[16:24])  # of the header chunk

    assert picture["metadata"]["image/png"]["alt"] == TEXTS["alt"]
    assert picture["data"]["text/plain"] == TEXTS["alt"], "where no picture can be shown"
    assert png.startswith(b"\x89PNG")
    assert picture["metadata"]["image/png"]["width"] == 96 * figures.WIDTH  # CSS pixels
    assert pixels > 96 * figures.WIDTH, "sharper than it is wide"


def test_the_caption_stands_below_with_its_source_and_is_escaped(figure, shown):
    figures.show(figure, "Where a < b & c > d.", **TEXTS)
    _, below = shown
    parser, read = HTMLParser(), []
    parser.handle_data = read.append
    parser.feed(below["data"]["text/html"])

    assert read == ["Where a < b & c > d.", "Data", f"{TEXTS['source']}."]
    assert below["data"]["text/plain"] == f"{read[0]} {read[2]}"
    assert "<details>" in below["data"]["text/html"], "a caption says what to see, no more"
    assert "a < b" not in below["data"]["text/html"]
    assert "figure-caption" in below["data"]["text/html"], "for style sheets"


def test_a_shown_figure_is_closed(figure, shown):
    figures.show(figure, "How it rises.", **TEXTS)

    assert not plt.fignum_exists(figure.number), "or the notebook shows it twice"


@pytest.mark.parametrize("missing", ["source", "alt"])
def test_a_figure_without_words_is_refused(figure, shown, missing):
    with pytest.raises(ValueError, match=f"{missing} must say something"):
        figures.show(figure, "How it rises.", **{**TEXTS, missing: " "})

    assert not shown


def test_nothing_is_cut_off_and_empty_space_goes(figure, shown):
    """A label beyond the right edge makes the picture wider; an empty top makes it lower."""
    figure.set_layout_engine("none")
    figure.axes[0].set_position([0.1, 0.2, 0.8, 0.2])
    figure.text(0.99, 0.3, "beyond the edge")
    figures.show(figure, "How it rises.", **TEXTS)
    width, height = struct.unpack(">II", base64.b64decode(shown[0]["data"]["image/png"])[16:24])

    assert shown[0]["metadata"]["image/png"]["width"] > 96 * figures.WIDTH
    assert height / width < 0.2, "of 2 inches a fifth is axes"


def test_a_rendered_notebook_shows_the_words_to_screen_readers(tmp_path):
    """nbconvert's own template for JupyterLab leaves them out."""
    dot = base64.b64encode(b"\x89PNG").decode()
    picture = nbformat.v4.new_output(
        "display_data", {"image/png": dot}, metadata={"image/png": {"alt": 'a "b" < c'}}
    )
    cell = nbformat.v4.new_code_cell("figures.show()", outputs=[picture])
    path = tmp_path / "01_tiny.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tag == "img" and found.append(dict(attrs))
    parser.feed(notebooks.render(path).read_text(encoding="utf-8"))

    assert [image["alt"] for image in found] == ['a "b" < c']
    assert found[0]["src"].endswith(dot)


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ([0], "tied, profile full, seed 0 (n = 1)"),
        ([3, 0, 1, 2], "tied, profile full, seeds 0–3 (n = 4)"),
        ([0, 2], "tied, profile full, seeds 0, 2 (n = 2)"),
        ([0, 1, 3], "tied, profile full, seeds 0, 1, 3 (n = 3)"),
        ([], "tied, not run yet"),
    ],
)
def test_the_source_tells_profile_seeds_and_n(seeds, told):
    assert figures.source(measurements(tied=seeds, other=[7]), ["tied"]) == told


def test_experiments_with_the_same_seeds_are_told_together_and_missing_ones_last():
    found = measurements(a=[0, 1, 2], c=[0], d=[0, 1, 2])

    assert figures.source(found, ["b", "a", "c", "d"]) == (
        "a, d, profile full, seeds 0–2 (n = 3); c, profile full, seed 0 (n = 1); b, not run yet"
    )


def test_the_source_tells_what_each_run_is_looked_at_on():
    found = measurements(a=[0, 1])

    assert figures.source(found, ["a"], on="images").endswith("; each on images")
    assert figures.source(found, ["a"], seed=1, on="images").endswith("seed 1 (n = 1); on images")
    assert figures.source(found, ["c"], on="images") == "c, not run yet"


def test_names_are_ranked_by_mean_and_overlaps_are_level():
    groups = {"low": [0, 1], "missing": [], "high": [5, 6, 7], "nearly": [4, 5, 5]}

    assert figures.ranked(groups) == "high about level with nearly; low; not run yet: missing"


def test_seeds_are_told_by_rank_or_as_not_run():
    words = figures.describe_seeds({"low": [0], "high": [1]}, "error")

    assert words == "Dot plot: error, every seed. From the largest to the smallest: high; low."
    assert figures.describe_seeds({"low": []}, "error") == "Dot plot: error, not run yet."


def test_a_wide_group_does_not_make_its_neighbours_level():
    """Noise that reached from the digits down to made-up ones made all of them level."""
    groups = {"digits": [9, 9], "noise": [5, 8, 9], "made up": [5, 6, 6], "worse": [5, 5]}

    assert figures.ranked(groups) == (
        "digits about level with noise; made up about level with worse"
    )


def test_lines_are_told_by_course_and_end():
    lines = {
        "up": pd.DataFrame({0: [1, 2, 3], 1: [1, 2, 4]}),
        "also up": pd.DataFrame({0: [1, 2, 5]}),
        "down": pd.DataFrame({0: [2, 1, 0]}),
        "both": pd.DataFrame({0: [0, 9, 8]}),
        "flat": pd.DataFrame({0: [1, 1.1, 1]}),  # a hundredth of the range is not seen
        "missing": pd.DataFrame(),
    }

    words = figures.describe_lines(lines, "error", "epochs")

    assert "error over epochs" in words
    assert "up; also up rising, down falling, both going up and down, flat level, missing not" in (
        words
    )
    assert words.endswith("both; also up; up; flat; down; not run yet: missing.")


def test_lines_that_go_the_same_way_are_told_together():
    lines = {name: pd.DataFrame({0: [1.0, 2.0]}) for name in "abc"}

    assert "From left to right all rising." in figures.describe_lines(lines, "error", "epochs")
    assert "all not run yet" in figures.describe_lines({"a": pd.DataFrame()}, "error", "epochs")


def test_no_letter_of_a_panel_is_smaller_than_the_smallest():
    with mpl.rc_context():
        figures.use_style()
        figure, panels = plt.subplots(2, 3, figsize=(figures.WIDTH, 5))
        groups, ones = {"a": [1.0, 2.0], "b": []}, np.ones((2, 4, 4))
        figures.plot_seeds(groups, panels[0, 0], xlabel="x", line=(1, "a line"))
        figures.plot_seed_groups({"s": groups}, panels[0, 1], xlabel="x")
        figures.plot_lines({"a": pd.DataFrame({0: [1, 2]})}, panels[0, 2], xlabel="x", ylabel="y")
        figures.plot_mosaic(ones, panels[1, 0], title="mosaic")
        figures.plot_contingency(np.eye(2, dtype=int), panels[1, 1], class_names=["a", "b"])
        figures.plot_steps([1, 2], panels[1, 2], kinds=["up"], colors={"up": figures.COLORS[0]})
        sizes = {text.get_text(): text.get_fontsize() for text in figure.findobj(Text)}
        plt.close(figure)

    assert min(sizes.values()) >= SMALL, sizes

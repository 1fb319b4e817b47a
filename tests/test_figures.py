"""Figures: what each panel shows, read back from its artists; no file is written."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from panels import legend, words

from replication import figures
from replication.figures.planes import CLASS_COLORS

POINTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_importing_changes_no_default_and_use_style_does():
    with mpl.rc_context():
        mpl.rcdefaults()
        before = mpl.rcParams["axes.prop_cycle"]
        figures.use_style()

        assert before != mpl.rcParams["axes.prop_cycle"]
        assert tuple(mpl.rcParams["axes.prop_cycle"].by_key()["color"]) == figures.COLORS


def test_colors_differ_in_lightness_too_for_all_neighbours():
    """A cycle for colour-blind readers also works, roughly, in a black and white print."""
    rgb = np.array([mpl.colors.to_rgb(color) for color in figures.COLORS])
    lightness = rgb @ [0.299, 0.587, 0.114]

    assert len(set(figures.COLORS)) == len(figures.COLORS)
    assert (np.abs(np.diff(lightness)) > 0.01).all()


def test_tiles_go_row_by_row_with_a_gap_between():
    images = np.arange(5 * 2 * 3, dtype=float).reshape(5, 2, 3) / 100
    tiled = figures.tile_images(images, columns=2, gap=1)

    assert tiled.shape == (3 * 3 - 1, 2 * 4 - 1)
    for number, image in enumerate(images):
        row, column = divmod(number, 2)
        np.testing.assert_array_equal(
            tiled[3 * row : 3 * row + 2, 4 * column : 4 * column + 3], image
        )
    assert (tiled[2] == 0.5).all() and (tiled[:, 3] == 0.5).all()
    assert (tiled[6:, 4:] == 0).all(), "an incomplete row is filled up with black"


def test_tiles_without_a_gap_keep_their_last_column():
    images = np.ones((4, 2, 2))

    np.testing.assert_array_equal(figures.tile_images(images, columns=2, gap=0), np.ones((4, 4)))


def test_bytes_and_floats_make_the_same_mosaic():
    images = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype=np.uint8)

    np.testing.assert_array_equal(figures.tile_images(images), figures.tile_images(images / 255))


@pytest.mark.parametrize("shape", [(28, 28), (64, 28, 28, 1)])
def test_tiles_of_another_rank_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        figures.tile_images(np.zeros(shape))


def test_a_mosaic_is_grey_with_one_range_for_all(ax):
    figures.plot_mosaic(np.full((64, 28, 28), 0.3), ax, title="0: seven")
    (image,) = ax.get_images()

    assert image.get_cmap().name == "gray"
    assert image.get_clim() == (0, 1), "not stretched to the darkest and brightest pixel"
    assert ax.get_title() == "0: seven"


def test_two_kinds_of_images_stand_side_by_side_with_a_gap():
    left, right = (np.full((2, count, 4, 4), count, np.uint8) for count in (3, 2))
    rows = figures.side_by_side(["first", "second"], left, right)

    assert list(rows) == ["first", "second"]
    assert rows["first"].shape == (6, 4, 4)
    assert rows["second"][:, 0, 0].tolist() == [3, 3, 3, 255, 2, 2]


def test_cluster_titles_name_label_and_share_and_empty_clusters():
    contingency = np.array([[1, 3, 0], [0, 0, 0], [0, 0, 5]])
    names = ["bag", "coat", "shirt"]

    assert figures.cluster_titles(contingency, names) == [
        "0: coat, 75 %",
        "1: empty",
        "2: shirt, 100 %",
    ]


def test_contingency_shows_counts_and_shades_by_share(ax):
    counts = np.array([[30, 10], [0, 0]])
    figures.plot_contingency(counts, ax, class_names=["0", "1"])
    (image,) = ax.get_images()

    assert words(ax) == ["30", "10"], "zeros stay blank"
    np.testing.assert_allclose(image.get_array(), [[0.75, 0.25], [0, 0]])
    assert image.get_clim() == (0, 1)


def test_long_class_names_do_not_overlap():
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"] * 2
    ax = figures.plot_contingency(np.eye(10, dtype=int), figure.subplots(), class_names=names)
    figure.draw_without_rendering()
    ends = [label.get_window_extent().x1 for label in ax.get_xticklabels()]

    assert {label.get_rotation() for label in ax.get_xticklabels()} == {40}
    assert (np.diff(ends) > 0).all()


def test_seeds_are_points_beside_their_mean(ax):
    figures.plot_seeds({"ours": [0.7, 0.9, 0.71], "control": [0.5]}, ax, xlabel="purity (fraction)")
    points, tick, *_ = ax.get_lines()

    np.testing.assert_array_equal(points.get_xdata(), [0.7, 0.9, 0.71])
    np.testing.assert_allclose(tick.get_xdata(), [0.77, 0.77], rtol=1e-12)  # round-off
    assert words(ax) == ["mean 0.770", "mean 0.500"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ours", "control"]
    assert ax.get_xlabel() == "purity (fraction)"
    assert ax.yaxis_inverted(), "the first row is on top"


def test_shares_are_written_in_per_cent(ax):
    figures.plot_seeds({"ours": [0.5, 0.752]}, ax, xlabel="purity", limits=(0.4, 1), percent=True)
    ax.figure.draw_without_rendering()

    assert words(ax) == ["mean 62.6 %"]
    assert "60 %" in [label.get_text() for label in ax.get_xticklabels()]


def test_a_row_without_seeds_says_so(ax):
    figures.plot_seeds({"ours": [], "control": [0.5]}, ax, xlabel="purity (fraction)")

    assert words(ax) == ["not run yet", "mean 0.500"]


def test_the_reported_value_is_a_line(ax):
    figures.plot_seeds(
        {"ours": [0.8]},
        ax,
        xlabel="purity (fraction)",
        line=(0.9, "reported"),
        limits=(0, 1),
    )

    assert set(ax.get_lines()[0].get_xdata()) == {0.9}
    assert legend(ax) == ["reported"]
    assert ax.get_xlim() == (0, 1)


def test_points_take_the_colours_of_their_classes_and_keep_their_order(ax):
    figures.plot_classes(POINTS, ax, classes=np.array([2, 0, 2]), names=["zero", "one", "two"])
    dots = ax.collections[0]
    expected = [CLASS_COLORS[2], CLASS_COLORS[0], CLASS_COLORS[2]]

    np.testing.assert_array_equal(dots.get_offsets(), POINTS)
    assert [mpl.colors.to_hex(each).upper() for each in dots.get_facecolors()] == expected
    assert legend(ax) == ["zero", "one", "two"]


def test_the_legend_may_be_left_to_another_panel(ax):
    figures.plot_classes(POINTS, ax, classes=np.zeros(3, int), names=["zero"], legend=False)

    assert ax.get_legend() is None


def test_ten_classes_have_ten_colours_and_more_are_refused(ax):
    assert len(set(CLASS_COLORS)) == 10
    with pytest.raises(ValueError, match="at most 10 classes"):
        figures.plot_classes(POINTS, ax, classes=np.zeros(3, int), names=list("abcdefghijk"))


def test_codes_of_more_than_two_numbers_are_refused(ax):
    with pytest.raises(ValueError, match="Choose two columns"):
        figures.plot_classes(np.zeros((4, 3)), ax, classes=np.zeros(4, int), names=["zero"])


def test_every_error_is_counted_once_in_shared_bins(ax):
    rng = np.random.default_rng(0)
    errors = {"digits": rng.uniform(0.001, 0.1, 300), "clothes": rng.uniform(0.01, 0.3, 70)}
    figures.plot_errors(errors, ax, thresholds={}, xlabel="error")
    (first, edges, _), (second, same, _) = [patch.get_data() for patch in ax.patches]

    np.testing.assert_array_equal(edges, same)
    np.testing.assert_allclose([first.sum(), second.sum()], 1, rtol=1e-12)  # sums of shares
    assert ax.get_xscale() == "log"
    assert legend(ax) == ["digits", "clothes"]


def test_thresholds_stand_where_they_are_and_look_different(ax):
    errors = {"digits": np.array([0.001, 0.1])}
    figures.plot_errors(errors, ax, thresholds={"listing": 0.01, "ours": 0.02}, xlabel="error")
    lines = ax.get_lines()

    assert [line.get_xdata()[0] for line in lines] == [0.01, 0.02]
    assert len({line.get_linestyle() for line in lines}) == 2


def test_an_error_of_zero_has_no_place_on_a_logarithmic_axis(ax):
    with pytest.raises(ValueError, match="must be positive"):
        figures.plot_errors({"digits": np.array([0.0, 1])}, ax, thresholds={}, xlabel="error")


def test_every_panel_returns_its_axes():
    counts = np.eye(2, dtype=int)
    drawn = {
        "errors": lambda ax: figures.plot_errors({"a": [1, 2]}, ax, thresholds={}, xlabel=""),
        "guesses": lambda ax: figures.plot_guesses({"text": "a"}, ax),
        "steps": lambda ax: figures.plot_steps((1,), ax, kinds=[], colors={}),
        "classes": lambda ax: figures.plot_classes(POINTS, ax, classes=[0] * 3, names=["a"]),
        "rows": lambda ax: figures.plot_image_rows({"a": np.zeros((1, 2, 2))}, ax),
        "lines": lambda ax: figures.plot_lines({"a": pd.DataFrame()}, ax, xlabel="", ylabel=""),
        "spectra": lambda ax: figures.plot_spectra({"a": np.ones((2, 3))}, ax),
        "groups": lambda ax: figures.plot_seed_groups({"a": {"b": []}}, ax, xlabel="", legend=True),
        "mosaic": lambda ax: figures.plot_mosaic(np.zeros((1, 2, 2)), ax),
        "contingency": lambda ax: figures.plot_contingency(counts, ax, class_names="ab"),
        "seeds": lambda ax: figures.plot_seeds({"ours": []}, ax, xlabel=""),
    }

    for name, plot in drawn.items():
        ax = Figure().subplots()
        assert plot(ax) is ax, name

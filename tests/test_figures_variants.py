"""Figures that hold variants side by side: rows of images, lines, spectra, groups of seeds."""

import numpy as np
import pandas as pd
import pytest
from panels import legend, ticks

from replication import figures


def test_rows_of_images_stand_below_each_other_beside_their_names(ax):
    rng = np.random.default_rng(0)
    rows = {"original": rng.random((3, 4, 5)), "decoded": rng.random((3, 4, 5))}
    figures.plot_image_rows(rows, ax)
    (image,) = ax.get_images()

    assert image.get_array().shape == (2 * 4 + 1, 3 * 5 + 2)
    for row, images in enumerate(rows.values()):
        for column, expected in enumerate(images):
            tile = image.get_array()[5 * row : 5 * row + 4, 6 * column : 6 * column + 5]
            np.testing.assert_array_equal(tile, expected)
    assert ticks(ax.yaxis) == ["original", "decoded"]
    np.testing.assert_array_equal(ax.get_yticks(), [1.5, 6.5])
    assert image.get_clim() == (0, 1), "not stretched to the darkest and brightest pixel"


def test_columns_of_images_have_names_above_them(ax):
    figures.plot_image_rows({"a": np.zeros((2, 4, 4))}, ax, columns=["first", "second"])

    assert ticks(ax.xaxis) == ["first", "second"]
    np.testing.assert_array_equal(ax.get_xticks(), [1.5, 6.5])
    assert ax.xaxis.get_ticks_position() == "top"


def test_bytes_and_floats_may_stand_in_one_figure(ax):
    white = {"bytes": np.full((2, 3, 3), 255, np.uint8), "floats": np.ones((2, 3, 3))}
    figures.plot_image_rows(white, ax, gap=0)

    np.testing.assert_array_equal(ax.get_images()[0].get_array(), np.ones((6, 6)))


def test_rows_of_different_shapes_are_refused(ax):
    with pytest.raises(ValueError, match="same shape"):
        figures.plot_image_rows({"a": np.zeros((2, 4, 4)), "b": np.zeros((3, 4, 4))}, ax)


def test_signed_images_are_grey_symmetric_about_zero():
    images = np.array([[[-0.5, 0, 0.25]], [[-2, 0, 1]]])

    np.testing.assert_array_equal(
        figures.grey_from_signed(images), [[[0, 0.5, 0.75]], [[0, 0.5, 0.75]]]
    )


def test_turning_the_sign_inverts_the_grey():
    images = np.random.default_rng(0).normal(size=(5, 7, 7))
    grey, inverse = figures.grey_from_signed(images), figures.grey_from_signed(-images)

    np.testing.assert_allclose(grey + inverse, 1, rtol=1e-15)  # one rounding of doubles


def test_an_image_of_zeros_is_mid_grey():
    np.testing.assert_array_equal(figures.grey_from_signed(np.zeros((1, 2, 2))), 0.5)


def test_lines_show_every_seed_and_their_mean(ax):
    seeds = pd.DataFrame([[1.0, 2, 6], [2, 3, 7]], index=[0.1, 1])
    figures.plot_lines({"tied": seeds}, ax, xlabel="noise", ylabel="ratio", line=(4, "PCA"))
    *faint, mean, reference = ax.get_lines()

    assert [line.get_alpha() for line in faint] == [0.35] * 3
    np.testing.assert_array_equal(mean.get_xdata(), [0.1, 1])
    np.testing.assert_array_equal(mean.get_ydata(), [3, 4])
    assert set(reference.get_ydata()) == {4}
    assert legend(ax) == ["tied", "PCA"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("noise", "ratio")


def test_lines_over_words_keep_their_order(ax):
    seeds = pd.DataFrame({0: [3.0, 1.0, 2.0]}, index=["0", "1e-3", "1e-2"])
    figures.plot_lines({"3 epochs": seeds}, ax, xlabel="weight", ylabel="error", legend=False)

    assert ticks(ax.xaxis) == ["0", "1e-3", "1e-2"]
    assert ax.get_legend() is None


def test_a_line_of_one_point_is_visible(ax):
    figures.plot_lines({"tied": pd.DataFrame([[1.0, 2]])}, ax, xlabel="noise", ylabel="ratio")

    assert {line.get_marker() for line in ax.get_lines()} == {"o"}


def test_lines_that_were_not_run_say_so(ax):
    figures.plot_lines({"tied": pd.DataFrame()}, ax, xlabel="noise", ylabel="ratio")

    assert legend(ax) == ["tied: not run yet"]


def test_a_spectrum_is_a_mean_and_a_band_on_a_logarithmic_axis(ax):
    """101 images, the k-th singular value of image i is (i + 1) / k: percentiles are exact."""
    values = np.arange(1, 102)[:, np.newaxis] / np.array([1, 2, 4])
    figures.plot_spectra({"tied": values}, ax)
    (mean,) = ax.get_lines()
    (band,) = ax.collections

    np.testing.assert_array_equal(mean.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(mean.get_ydata(), [51, 25.5, 12.75], rtol=1e-12)  # interpolation
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((11 / 4, 91))
    assert ax.get_yscale() == "log"
    assert legend(ax) == ["tied"]


def test_groups_of_seeds_share_rows_and_do_not_cover_each_other(ax):
    series = {
        "tied": {"shift": [1.0, 2.0, 6.0], "random": [0.5]},
        "plain": {"shift": [2.0], "random": []},
    }
    figures.plot_seed_groups(series, ax, xlabel="gain (ratio)")
    points = [line for line in ax.get_lines() if line.get_marker() == "o" and len(line.get_xdata())]
    heights = [line.get_ydata()[0] for line in points]

    assert [list(line.get_xdata()) for line in points] == [[1, 2, 6], [0.5], [2]]
    assert [round(height) for height in heights] == [0, 1, 0], "rows are shared"
    assert heights[0] < heights[2], "series go from top to bottom"
    assert ticks(ax.yaxis) == ["shift", "random"]
    assert ax.yaxis_inverted()
    assert legend(ax) == ["tied", "plain"]


def test_a_series_that_was_not_run_says_so(ax):
    figures.plot_seed_groups({"tied": {"shift": []}}, ax, xlabel="gain (ratio)")

    assert legend(ax) == ["tied: not run yet"]


def test_groups_may_be_in_per_cent_and_long_names_are_broken(ax):
    groups = {"tied": {"autoencoder, then k-means": [0.55, 0.85]}}
    figures.plot_seed_groups(groups, ax, xlabel="purity", percent=True)
    ax.figure.draw_without_rendering()

    assert "60 %" in ticks(ax.xaxis)
    assert ticks(ax.yaxis) == ["autoencoder, then\nk-means"], "a hyphen is no place to break"

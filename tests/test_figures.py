"""Figures: what each panel shows, read back from its artists; no file is written."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from replication import figures


@pytest.fixture
def ax():
    """Axes of a figure that no window and no global state knows of."""
    return Figure().subplots()


def texts(ax):
    """Everything written inside the axes."""
    return [text.get_text() for text in ax.texts]


def legend(ax):
    """The entries of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def long_history(**seeds_by_experiment):
    """Three epochs of one quantity, value = 10 * seed + epoch."""
    rows = [
        (experiment, seed, epoch, "kl_loss", 10.0 * seed + epoch)
        for experiment, seeds in seeds_by_experiment.items()
        for seed in seeds
        for epoch in (1, 2, 3)
    ]
    return pd.DataFrame(rows, columns=["experiment", "seed", "epoch", "quantity", "value"])


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


def test_mosaics_fill_a_figure_in_two_rows():
    figure, titles = Figure(), [str(cluster) for cluster in range(10)]
    panels = figures.plot_mosaics(np.zeros((10, 64, 28, 28)), figure, titles=titles)

    assert [ax.get_title() for ax in panels] == titles
    assert panels[0].get_subplotspec().get_gridspec().get_geometry() == (2, 5)
    with pytest.raises(ValueError):
        figures.plot_mosaics(np.zeros((10, 64, 28, 28)), Figure(), titles=titles[:9])


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

    assert texts(ax) == ["30", "10"], "zeros stay blank"
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


def test_curves_draw_every_seed_and_their_mean(ax):
    history = long_history(eq5=[0, 1, 2])
    figures.plot_curves(history, ax, quantity="kl_loss", labels={"eq5": "one step"})
    *seeds, mean = [line.get_ydata() for line in ax.get_lines()]

    assert len(seeds) == 3
    np.testing.assert_array_equal(mean, [11, 12, 13])
    assert legend(ax) == ["one step, n = 3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "kl loss (nats)")


def test_curves_name_experiments_that_were_not_run(ax):
    labels = {"eq5": "one step", "no-balance": "no balance"}
    figures.plot_curves(long_history(eq5=[0]), ax, quantity="kl_loss", labels=labels)

    assert legend(ax) == ["one step, n = 1", "no balance: not run yet"]


def test_curves_without_any_row_are_no_error(ax):
    figures.plot_curves(long_history(), ax, quantity="kl_loss", labels={"eq5": "one step"})

    assert legend(ax) == ["one step: not run yet"]


def test_a_curve_of_one_epoch_is_visible(ax):
    history = long_history(eq5=[0]).query("epoch == 1")
    figures.plot_curves(history, ax, quantity="kl_loss", labels={"eq5": "one step"})

    assert {line.get_marker() for line in ax.get_lines()} == {"o"}


def test_seeds_are_points_beside_their_mean(ax):
    figures.plot_seeds({"ours": [0.7, 0.9, 0.71], "control": [0.5]}, ax, xlabel="purity (fraction)")
    points, tick, *_ = ax.get_lines()

    np.testing.assert_array_equal(points.get_xdata(), [0.7, 0.9, 0.71])
    np.testing.assert_allclose(tick.get_xdata(), [0.77, 0.77], rtol=1e-12)  # round-off
    assert texts(ax) == ["mean 0.77, n = 3", "mean 0.5, n = 1"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ours", "control"]
    assert ax.get_xlabel() == "purity (fraction)"
    assert ax.yaxis_inverted(), "the first row is on top"


def test_a_row_without_seeds_says_so(ax):
    figures.plot_seeds({"ours": [], "control": [0.5]}, ax, xlabel="purity (fraction)")

    assert texts(ax) == ["not run yet", "mean 0.5, n = 1"]


def test_the_reported_value_is_a_line_and_the_interval_a_band(ax):
    figures.plot_seeds(
        {"ours": [0.8]},
        ax,
        xlabel="purity (fraction)",
        line=(0.9, "reported"),
        band=(0.7, 0.95, "one more seed"),
        limits=(0, 1),
    )
    (band,) = ax.patches

    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.7, 0.95))
    assert sorted(legend(ax)) == ["one more seed", "reported"]
    assert ax.get_xlim() == (0, 1)


def test_an_interval_without_width_is_no_band(ax):
    figures.plot_seeds({"ours": [0.8]}, ax, xlabel="purity", band=(0.8, 0.8, "one seed"))

    assert not ax.patches
    assert ax.get_legend() is None


def test_a_table_prints_its_numbers_and_a_dash_where_there_is_none(ax):
    table = pd.DataFrame(
        [[0.25, np.nan], [1.0, 0.5]],
        index=pd.Index(["train", "test"], name="fitted on"),
        columns=pd.Index(["train", "test"], name="scored on"),
    )
    figures.plot_table(table, ax, digits=2)

    assert texts(ax) == ["0.25", "–", "1.00", "0.50"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("scored on", "fitted on")
    assert ax.get_images()[0].get_clim() == (0, 1)


def test_every_panel_returns_its_axes():
    values, counts = pd.DataFrame([[0.1]]), np.eye(2, dtype=int)
    drawn = {
        "mosaic": lambda ax: figures.plot_mosaic(np.zeros((1, 2, 2)), ax),
        "contingency": lambda ax: figures.plot_contingency(counts, ax, class_names="ab"),
        "curves": lambda ax: figures.plot_curves(
            long_history(), ax, quantity="loss", labels={"eq5": ""}
        ),
        "seeds": lambda ax: figures.plot_seeds({"ours": []}, ax, xlabel=""),
        "table": lambda ax: figures.plot_table(values, ax),
    }

    for name, plot in drawn.items():
        ax = Figure().subplots()
        assert plot(ax) is ax, name

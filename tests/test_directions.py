"""Directions in the space of images: against rolled images, loops and closed forms."""

import numpy as np
import pytest

from replication import metrics

NAMES = ["rotation", "shift_x", "shift_y", "thickness"]
SIZE = 14


def pictures(num=5, seed=0):
    """Random images with an empty border of four pixels."""
    images = np.zeros((num, SIZE, SIZE), "float32")
    images[:, 4:-4, 4:-4] = np.random.default_rng(seed).random((num, SIZE - 8, SIZE - 8))
    return images


def unit(differences):
    flat = differences.reshape(len(differences), -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def test_tangents_are_unit_vectors_of_each_transformation():
    """Four names, one row of length 1 for each image."""
    tangents = metrics.tangent_vectors(pictures())

    assert sorted(tangents) == NAMES
    for rows in tangents.values():
        assert rows.shape == (5, SIZE * SIZE)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-12)  # doubles


@pytest.mark.parametrize(("name", "axis"), [("shift_x", 2), ("shift_y", 1)])
def test_shift_tangents_are_differences_of_rolled_images(name, axis):
    """Away from the border a shift is a roll; x is along a row, y along a column."""
    images = pictures().astype(float)

    found = metrics.tangent_vectors(images)[name]

    expected = unit(np.roll(images, 1, axis) - np.roll(images, -1, axis))
    np.testing.assert_allclose(found, expected, atol=1e-12)  # doubles, whole pixels


def test_shifts_leave_the_frame_empty_behind_them():
    """At the border nothing comes in: of an even image the first and last column are left."""
    found = metrics.tangent_vectors(np.ones((1, SIZE, SIZE)))["shift_x"].reshape(SIZE, SIZE)

    length = (2 * SIZE) ** 0.5
    np.testing.assert_allclose(found[:, 0], -1 / length, rtol=1e-12)  # double precision
    np.testing.assert_allclose(found[:, -1], 1 / length, rtol=1e-12)  # double precision
    np.testing.assert_array_equal(found[:, 1:-1], 0)


def test_rotation_tangent_is_the_derivative_around_the_centre():
    """For a smooth blob off the centre it is the analytic y df/dx - x df/dy, up to sign."""
    y, x = np.indices((41, 41)) - 20.0
    blob = np.exp(-((x - 7) ** 2 + (y - 3) ** 2) / (2 * 3.0**2))
    derivative = y * -(x - 7) * blob - x * -(y - 3) * blob

    found = metrics.tangent_vectors(blob[np.newaxis])["rotation"]

    cosine = abs(float((found @ unit(derivative[np.newaxis]).T)[0, 0]))
    assert cosine > 0.98  # five degrees to either side, and linear interpolation


def test_rotation_tangent_turns_with_the_image():
    """The tangent of an image turned by 90 degrees is its tangent, turned."""
    images = pictures()

    found = metrics.tangent_vectors(np.rot90(images, axes=(1, 2)))["rotation"]

    tangents = metrics.tangent_vectors(images)["rotation"].reshape(-1, SIZE, SIZE)
    turned = np.rot90(tangents, axes=(1, 2)).reshape(5, -1)
    np.testing.assert_allclose(found, turned, atol=1e-9)  # interpolation weights in doubles


def test_thickness_tangent_is_the_largest_less_the_smallest_neighbour():
    """Dilation less erosion over a pixel and its four neighbours, written out as a loop."""
    images = pictures()
    expected = np.zeros(images.shape)
    for n, i, j in np.ndindex(5, SIZE - 2, SIZE - 2):
        cross = [images[n, i + 1 + a, j + 1 + b] for a, b in ((0, 0), (0, 1), (1, 0))]
        cross += [images[n, i + 1 - a, j + 1 - b] for a, b in ((0, 1), (1, 0))]
        expected[n, i + 1, j + 1] = max(cross) - min(cross)

    found = metrics.tangent_vectors(images)["thickness"]

    np.testing.assert_allclose(found, unit(expected), atol=1e-12)  # doubles
    assert (found >= 0).all()


def test_an_image_of_zeros_has_tangents_of_zeros():
    """Where a transformation changes nothing there is no direction, and no division by zero."""
    images = pictures()
    images[2] = 0.0

    for rows in metrics.tangent_vectors(images).values():
        np.testing.assert_array_equal(rows[2], np.zeros(SIZE * SIZE))
        assert rows[[0, 1, 3, 4]].any(axis=1).all()


def test_tangents_of_an_image_do_not_depend_on_its_neighbours_or_its_contrast():
    """Images are transformed one by one, and brightness is only a factor."""
    images = pictures()
    together = metrics.tangent_vectors(images)

    for index in range(5):
        alone = metrics.tangent_vectors(0.25 * images[index : index + 1])

        for name in NAMES:
            np.testing.assert_allclose(alone[name][0], together[name][index], atol=1e-12)  # doubles


@pytest.mark.parametrize("smoothing", [0.0, metrics.SMOOTHING])
def test_random_directions_are_unit_vectors_and_repeat_under_a_seed(smoothing):
    """One seed gives one set, another seed another; the images' values do not matter."""
    first, again, other = (
        metrics.random_directions(images, seed=seed, smoothing=smoothing)
        for images, seed in ((pictures(), 5), (pictures(seed=9), 5), (pictures(), 6))
    )

    assert first.shape == (5, SIZE * SIZE)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-12)  # doubles
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first[:, 0])) == 5


def test_random_directions_favour_no_pixel():
    """Every pixel has mean zero and mean square 1 / pixels, and no two are correlated."""
    num = 20_000

    found = metrics.random_directions(np.zeros((num, 3, 4)), seed=0)

    bound = 5 / np.sqrt(12 * num)  # five standard errors of a mean
    assert (np.abs(found.mean(axis=0)) < bound).all()
    correlations = np.corrcoef(found.T) - np.eye(12)
    assert np.abs(correlations).max() < 5 / np.sqrt(num)  # five standard errors of zero
    squares = found**2
    bound = 5 * squares.std() / np.sqrt(num)  # five standard errors of a mean
    assert (np.abs(squares.mean(axis=0) - 1 / 12) < bound).all()


@pytest.mark.parametrize("distance", [1, 2, 4])
def test_smoothing_makes_neighbours_correlated_as_a_gaussian_filter_does(distance):
    """Pixels d apart have correlation exp(-d^2 / (4 smoothing^2)) along rows and columns."""
    plain, smooth = (
        metrics.random_directions(np.zeros((4, 300, 300)), seed=0, smoothing=smoothing)
        for smoothing in (0.0, 2.0)
    )

    for images, expected, bound in (
        (plain, 0.0, 5 / np.sqrt(4 * 300 * 296)),  # five standard errors of zero
        (smooth, np.exp(-(distance**2) / 16), 0.02),  # 4 * 300**2 / (16 pi) independent patches
    ):
        images = images.reshape(4, 300, 300)
        for first, second in (
            (images[:, distance:], images[:, :-distance]),
            (images[..., distance:], images[..., :-distance]),
        ):
            found = np.corrcoef(first.ravel(), second.ravel())[0, 1]

            assert abs(found - expected) < bound


def test_smoothing_does_not_mix_images():
    """Directions of different images stay independent: the filter runs within an image."""
    found = metrics.random_directions(np.zeros((400, 28, 28)), seed=0, smoothing=2.0)

    cosines = (found[:-1] * found[1:]).sum(axis=1)

    standard_error = cosines.std() / np.sqrt(len(cosines))
    assert abs(cosines.mean()) < 4 * standard_error  # four standard errors of zero


def test_rotations_are_by_five_degrees_interpolated_linearly():
    """Each pixel of the turned image is read between four of the old ones, written as a loop."""
    images = pictures(2).astype(float)
    centre = (SIZE - 1) / 2

    def turned(image, degrees):
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        found = np.zeros((SIZE, SIZE))
        for i, j in np.ndindex(SIZE, SIZE):
            y = centre + cos * (i - centre) + sin * (j - centre)
            x = centre - sin * (i - centre) + cos * (j - centre)
            for a, b in np.ndindex(2, 2):
                row, column = int(np.floor(y)) + a, int(np.floor(x)) + b
                if 0 <= row < SIZE and 0 <= column < SIZE:
                    weight = (1 - abs(y - row)) * (1 - abs(x - column))
                    found[i, j] += weight * image[row, column]
        return found

    found = metrics.tangent_vectors(images)["rotation"]

    expected = unit(np.stack([turned(each, 5) - turned(each, -5) for each in images]))
    np.testing.assert_allclose(found, expected, atol=1e-9)  # interpolation weights in doubles


def test_the_width_of_a_pen_stroke_is_two_pixels():
    """What contraction is measured with is fixed here, as the results rest on it."""
    assert metrics.SMOOTHING == 2.0


def test_tangent_planes_are_orthonormal_and_hold_every_tangent():
    """Four rows of length 1 at right angles, and nothing of a tangent outside of them."""
    images = pictures()

    planes = metrics.tangent_planes(images)

    assert planes.shape == (5, 4, SIZE * SIZE)
    np.testing.assert_allclose(
        planes @ planes.swapaxes(1, 2), [np.eye(4)] * 5, atol=1e-12
    )  # doubles
    for tangents in metrics.tangent_vectors(images).values():
        shares = metrics.subspace_shares(tangents[:, np.newaxis], planes)
        np.testing.assert_allclose(shares, 1, rtol=1e-12)  # doubles


def test_subspace_shares_by_hand():
    """A direction inside, one outside and one half way: the mean of 1, 0 and 1/2."""
    bases = np.eye(4)[np.newaxis, :2]
    halfway = (np.eye(4)[0] + np.eye(4)[3]) / np.sqrt(2)

    found = metrics.subspace_shares(np.stack([np.eye(4)[1], np.eye(4)[2], halfway])[None], bases)

    np.testing.assert_allclose(found, [0.5], rtol=1e-12)  # doubles


def test_random_directions_lie_in_a_plane_by_its_share_of_the_dimensions():
    """4 of 196 dimensions hold 4/196 of the squared length, whatever the plane."""
    images = pictures(400)
    directions = metrics.random_directions(images, seed=0)[:, np.newaxis]

    found = metrics.subspace_shares(directions, metrics.tangent_planes(images))

    expected = 4 / SIZE**2
    error = np.sqrt(2 * expected / SIZE**2 / len(found))  # of a mean of beta variables
    assert found.mean() == pytest.approx(expected, abs=5 * error)

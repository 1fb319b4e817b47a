"""How far a difference of two means rests on the test images."""

import numpy as np
import pytest

from replication import metrics


def test_the_error_over_images_is_that_of_a_paired_bootstrap():
    """Against 4,000 draws of 300 images, both answers of each together."""
    rng = np.random.default_rng(0)
    ours, theirs = rng.random(300) < 0.9, rng.random(300) < 0.8
    drawn = rng.integers(300, size=(4000, 300))
    spread = (ours[drawn].mean(axis=1) - theirs[drawn].mean(axis=1)).std()

    assert metrics.paired_standard_error(ours, theirs) == pytest.approx(spread, rel=0.04)
    assert metrics.paired_standard_error(ours, ours) == 0


def test_two_images_are_enough():
    """Differences of one and zero: a variance of a half, and of a quarter for their mean."""
    assert metrics.paired_standard_error([1, 0], [0, 0]) == pytest.approx(0.5)


@pytest.mark.parametrize("others", [[1.0], [1.0, 0.0, 1.0], [[1.0, 0.0]]])
def test_images_that_are_not_paired_are_refused(others):
    with pytest.raises(ValueError, match="vectors of the same length"):
        metrics.paired_standard_error([1.0, 0.0], others)

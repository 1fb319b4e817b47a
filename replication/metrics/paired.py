"""How far a difference of two means rests on which images were taken for the test."""

import numpy as np


def paired_standard_error(scores: np.ndarray, others: np.ndarray) -> float:
    """Standard error, over test images, of the difference of two means of scores by image.

    sqrt(sum_i (d_i - mean d)**2 / (n - 1) / n), d_i = scores_i - others_i

    A paired bootstrap over images, which draws n of them with replacement and takes both scores of
    each, converges to it but for a factor of sqrt(1 - 1/n). Where the scores are right or wrong,
    only the images count on which the two differ, as in McNemar's test.

    Args:
        scores: One score for each test image, such as whether its class was named; shape `(n,)`.
        others: Scores of the same images, in the same order, by what it is compared with.

    Returns:
        Non-negative, in the unit of the scores; 0 where all differences are equal.

    Raises:
        ValueError: If the scores are not two vectors of one length, or of fewer than two images.

    Source: Efron & Tibshirani (1993), chapter 6, for the bootstrap; McNemar (1947) for right and
    wrong answers on the same examples.

    Examples:
        >>> paired_standard_error([True, True, False, True], [True, False, True, True])
        0.408248290463863
    """
    scores, others = (np.asarray(each, dtype=np.float64) for each in (scores, others))
    if scores.shape != others.shape or scores.ndim != 1 or len(scores) < 2:
        raise ValueError(
            "scores and others must be vectors of the same length, for two images at least; "
            f"received shapes {scores.shape} and {others.shape}. Pass one score of each per image."
        )
    return float((scores - others).std(ddof=1) / np.sqrt(len(scores)))

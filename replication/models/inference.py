"""Using a model after training."""

import numpy as np
from keras import ops


def in_batches(function, x, *, batch_size: int = 500) -> np.ndarray:
    """Applies a model, or a part of one, to many examples without growing the memory.

    Args:
        function: Maps a batch to a tensor with the same first axis.
        x: Array of shape `(n, ...)`.
        batch_size: Examples at once.

    Returns:
        Array of shape `(n, ...)`, batches one after the other.
    """
    batches = [
        ops.convert_to_numpy(function(x[start : start + batch_size]))
        for start in range(0, len(x), batch_size)
    ]
    return np.concatenate(batches)

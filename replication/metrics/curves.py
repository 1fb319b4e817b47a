"""When a curve reaches a level."""

from collections.abc import Sequence


def first_reached(curve: Sequence[float], level: float, *, rising: bool) -> float:
    """Position at which a curve first reaches a level, on straight lines between its points.

    Args:
        curve: Values at positions 0, 1, 2, ...
        level: To be reached.
        rising: Whether the curve comes from below; else from above.

    Returns:
        Position, between 0 and the last; the last also where the level is never reached, which is
        a lower bound then.

    Raises:
        ValueError: If the curve is empty.

    Examples:
        >>> first_reached([0.0, 0.5, 1.0], 0.75, rising=True)
        1.5
    """
    if not len(curve):
        raise ValueError("a curve needs at least one value; received none.")
    missing = [(level - each) if rising else (each - level) for each in curve]
    for position, left in enumerate(missing):
        if left <= 0:
            if position == 0:
                return 0.0
            before = missing[position - 1]
            return position - 1 + before / (before - left)
    return float(len(curve) - 1)

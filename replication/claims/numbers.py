"""Numbers as people read them."""

import math

DIGITS, MOST_DIGITS = 3, 9
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def is_share(unit: str) -> bool:
    """Whether a number of this unit is read as per cent."""
    return unit == "fraction" or unit.startswith("share of ")


def in_digits(value: float, unit: str = "", digits: int = DIGITS) -> str:
    """A number with three significant digits, a fraction of one as per cent.

    >>> in_digits(0.0843219, "fraction"), in_digits(50992), in_digits(1.2e-06), in_digits(-0.5)
    ('8.43 %', '50,992', '1.20 × 10⁻⁶', '−0.500')
    """
    if not math.isfinite(value):
        return "–"
    if is_share(unit):
        value = 100 * value
    sign, size = "−" if value < 0 else "", abs(float(value))
    per_cent = " %" if is_share(unit) else ""
    if size == 0:
        return f"0{per_cent}"
    exponent = int(f"{size:.{digits - 1}e}".partition("e")[2])  # once rounded: 9.996 is 10.0
    if exponent < -4:
        mantissa = size / 10.0**exponent
        power = str(exponent).translate(_POWERS)
        return f"{sign}{mantissa:.{digits - 1}f} × 10{power}{per_cent}"
    counted = size.is_integer() and not per_cent
    return f"{sign}{size:,.{0 if counted else max(digits - 1 - exponent, 0)}f}{per_cent}"


def distinct(numbers: list[float], unit: str) -> list[str]:
    """The numbers with three digits, or as many more as tell them apart, five at most."""
    for digits in range(DIGITS, DIGITS + 3):
        texts = [in_digits(each, unit, digits) for each in numbers]
        if len(set(texts)) == len(set(numbers)):
            break
    return texts


def to_tolerance(value: float, tolerance: float, unit: str = "", fewest: int = DIGITS) -> str:
    """A number with as few digits as are off by no more than a tolerance.

    >>> to_tolerance(91.8532, 0.005, "nats"), to_tolerance(0.005, 0, fewest=1)
    ('91.85', '0.005')
    """
    for digits in range(fewest, MOST_DIGITS + 1):
        if abs(float(f"{value:.{digits - 1}e}") - value) <= tolerance:
            break
    return in_digits(value, unit, digits)


def allowance(margin: float, unit: str) -> str:
    """By how much something may be worse, in words: shares differ by points.

    >>> allowance(0.01, "fraction"), allowance(0.5, "dB")
    ('1 point', '0.5 dB')
    """
    if is_share(unit):
        points = f"{100 * margin:g}"
        return f"{points} point{'s' * (points != '1')}"
    return f"{margin:g} {unit}".rstrip()


def per_cent(share: float) -> str:
    """With one digit after the point.

    >>> per_cent(0.686)
    '68.6 %'
    """
    return f"{share:.1%}".replace("%", " %")


def count(number: int, noun: str) -> str:
    """So many of a thing.

    >>> count(1, "seed"), count(1200, "number")
    ('1 seed', '1,200 numbers')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"

"""Strip plots as SVG: every seed a dot, the 95 % interval a bar, the article's number a tick.

Horizontal positions are in per cent and sizes in pixels, so that a strip fills
the width it is given and its dots stay round.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from replication.results import format_value

_DIGITS = 6  # of a number on a page
_MARGIN = 0.07  # of the width, on each side
_LEVELS = (0, -1, 1, -2, 2)  # where dots go that would cover one another


@dataclass(frozen=True)
class Scale:
    """A range of numbers laid out over the width of a strip."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Where a number lies, in per cent of the width."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def ticks(self) -> list[float]:
        """Round numbers inside the range, at equal distances of 1, 2 or 5 times a power of ten."""
        first = math.ceil(self.low / self.step)
        return [each * self.step for each in range(first, math.floor(self.high / self.step) + 1)]

    @property
    def step(self) -> float:
        """How far ticks lie apart, for at most five steps."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def scale_of(numbers: Iterable[float]) -> Scale:
    """A scale that shows all of these numbers, with a margin."""
    values = list(numbers)
    low, high = min(values), max(values)
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # one number in truth
        half = abs(low) / 2 or 1.0
        low, high = low - half, high + half
    margin = (high - low) * _MARGIN
    return Scale(low - margin, high + margin)


@dataclass(frozen=True)
class Strip:
    """What one strip shows.

    `values` are by seed; `low` and `high` bound the interval, `target` is the
    article's number (or zero, for a difference), `band` is what a tolerance
    allows, or the side of the target that is claimed; `across` is the interval
    of another strip, to hold this one against.
    """

    values: Mapping[int, float]
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    target: float | None = None
    band: tuple[float, float] | None = None
    across: tuple[float, float] | None = None

    @property
    def numbers(self) -> list[float]:
        """Everything that a scale must hold; a band that is open at one end is cut off."""
        numbers = [*self.values.values(), self.low, self.high, self.mean, self.target]
        numbers += [*(self.band or ()), *(self.across or ())]
        return [each for each in numbers if each is not None and math.isfinite(each)]


def draw(strip: Strip, scale: Scale, key: str, title: str, *, large: bool = False) -> Markup:
    """The strip as an SVG element.

    Args:
        strip: What to show.
        scale: Where numbers lie.
        key: Makes the ids of title and description unique on the page.
        title: What the numbers are, for readers who do not see them.
        large: For a figure of its own, not for a cell of a table.
    """
    height = 44 if large else 32
    middle = height / 2
    parts = [*_box("band", strip.band, scale, height), *_box("across", strip.across, scale, height)]
    parts += _target(strip, scale, height)
    parts.append(f'<line class="base" x1="0" x2="100%" y1="{middle:g}" y2="{middle:g}"/>')
    if strip.low is not None and strip.high is not None and strip.high > strip.low:
        left, right = scale.at(strip.low), scale.at(strip.high)
        parts.append(
            f'<rect class="interval" x="{left}%" width="{right - left:.2f}%" y="{middle - 4:g}" '
            'height="8" rx="4"/>'
        )
    if strip.mean is not None and len(strip.values) != 1:
        x = scale.at(strip.mean)
        parts.append(
            f'<line class="mean" x1="{x}%" x2="{x}%" y1="{middle - 7:g}" y2="{middle + 7:g}"/>'
        )
    parts += _dots(strip, scale, middle, large=large)
    key = escape(key, quote=True)
    return Markup(
        f'<svg class="strip" role="img" aria-labelledby="{key}-title {key}-desc" width="100%" '
        f'height="{height}"><title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(describe(strip))}</desc>{"".join(parts)}</svg>'
    )


def describe(strip: Strip) -> str:
    """The strip in words."""
    seeds = ", ".join(f"seed {seed}: {format_value(v)}" for seed, v in strip.values.items())
    mean = "no run yet" if strip.mean is None else f"mean {format_value(strip.mean)}"
    parts = [seeds or mean]
    if strip.low is not None and strip.high is not None and len(strip.values) != 1:
        parts.append(f"95 % interval {format_value(strip.low)} to {format_value(strip.high)}")
    if strip.target is not None:
        parts.append(f"mark at {format_value(strip.target)}")
    return "; ".join(parts) + "."


def axis(scale: Scale, target: float | None = None) -> Markup:
    """The numbers below a strip.

    Args:
        scale: Where numbers lie.
        target: The number that the strip marks. Where six digits cannot tell
            ticks apart, they say how far they lie from it.
    """
    labels = []
    for tick, text in labelled_ticks(scale, target):
        x = scale.at(tick)
        anchor = "start" if x < 4 else "end" if x > 96 else "middle"
        labels.append(
            f'<line x1="{x}%" x2="{x}%" y1="0" y2="5"/>'
            f'<text x="{x}%" y="18" text-anchor="{anchor}">{text}</text>'
        )
    return Markup(
        '<svg class="axis" width="100%" height="22" aria-hidden="true">'
        f'<line x1="0" x2="100%" y1="0.5" y2="0.5"/>{"".join(labels)}</svg>'
    )


def labelled_ticks(scale: Scale, target: float | None = None) -> list[tuple[float, str]]:
    """Where an axis has ticks, and their labels, no two of which are equal."""
    step, largest = scale.step, max(abs(scale.low), abs(scale.high))
    decimals = max(-math.floor(math.log10(step)), 0)
    digits = math.floor(math.log10(largest)) + 1 + decimals
    if digits <= _DIGITS and decimals <= _DIGITS:
        return [(tick, f"{tick:z.{decimals}f}") for tick in scale.ticks()]
    if largest / step < 10 ** (_DIGITS - 1):  # all of it very small, or large
        return [(tick, format_value(tick) if tick else "0") for tick in scale.ticks()]
    if target is None:
        target = float(format_value((scale.low + scale.high) / 2))
    offsets = Scale(scale.low - target, scale.high - target).ticks()
    labels = [f"{each:+.{_DIGITS}g}" if each else format_value(target) for each in offsets]
    if 0 not in offsets:
        labels[0] = f"{format_value(target)} {labels[0]}"
    return [(target + each, text) for each, text in zip(offsets, labels, strict=True)]


def _box(kind: str, ends: tuple[float, float] | None, scale: Scale, height: int) -> list[str]:
    if ends is None:
        return []
    left, width = scale.at(ends[0]), scale.at(ends[1]) - scale.at(ends[0])
    return [f'<rect class="{kind}" x="{left}%" width="{width:.2f}%" y="3" height="{height - 6}"/>']


def _target(strip: Strip, scale: Scale, height: int) -> list[str]:
    if strip.target is None:
        return []
    x = scale.at(strip.target)
    return [f'<line class="target" x1="{x}%" x2="{x}%" y1="1" y2="{height - 1}"/>']


def _dots(strip: Strip, scale: Scale, middle: float, *, large: bool) -> list[str]:
    """One dot a seed; dots that would cover one another move up and down."""
    gap, radius = (1.3, 4.0) if large else (3.2, 3.2)  # per cent of the width, pixels
    last = dict.fromkeys(_LEVELS, -math.inf)
    dots = []
    for seed, value in sorted(strip.values.items(), key=lambda pair: (pair[1], pair[0])):
        x = scale.at(value)
        level = next((each for each in _LEVELS if x - last[each] >= gap), 0)
        last[level] = x
        y = middle + level * radius * 1.5
        dots.append(
            f'<circle cx="{x}%" cy="{y:g}" r="{radius:g}"><title>seed {seed}: '
            f"{format_value(value)}</title></circle>"
        )
    return dots

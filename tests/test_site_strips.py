"""The strip plots: dots, intervals and marks lie where the numbers say."""

import re

import pytest

from replication.site.strips import Strip, axis, describe, draw, labelled_ticks, scale_of


def dots(svg):
    """Positions of the dots, in per cent, by their value as the tooltip has it."""
    found = re.findall(r'<circle cx="([0-9.]+)%".*?seed \d+: ([-0-9.e+]+)<', svg)
    return {float(value): float(x) for x, value in found}


def attribute(svg, element, name):
    """A number of the first element of this class."""
    (tag,) = re.findall(rf'<\w+ class="{element}"[^>]*>', svg)[:1]
    return float(re.search(rf'\b{name}="([-0-9.]+)%?"', tag)[1])


def test_dots_lie_in_proportion_to_their_values():
    strip = Strip({0: 1.0, 1: 2.0, 2: 5.0}, target=6.0)
    found = dots(draw(strip, scale_of(strip.numbers), "key", "title"))

    steps = (found[5.0] - found[2.0]) / (found[2.0] - found[1.0])
    assert steps == pytest.approx(3, rel=1e-2)  # positions have two decimals
    assert all(0 < x < 100 for x in found.values())


def test_the_interval_the_mean_and_the_mark_share_the_dots_scale():
    strip = Strip({0: 1.0, 1: 3.0}, low=1.0, high=3.0, mean=2.0, target=3.0)
    svg = draw(strip, scale_of(strip.numbers), "key", "title")
    found = dots(svg)

    assert attribute(svg, "interval", "x") == found[1.0]
    end = attribute(svg, "interval", "x") + attribute(svg, "interval", "width")
    assert end == pytest.approx(found[3.0], abs=0.02)  # two roundings to two decimals
    assert attribute(svg, "target", "x1") == found[3.0]
    assert attribute(svg, "mean", "x1") == pytest.approx((found[1.0] + found[3.0]) / 2, abs=0.01)


def test_the_claimed_side_reaches_from_zero_to_the_edge():
    strip = Strip({0: -1.0, 1: 1.0}, target=0.0, band=(float("-inf"), 0.0))
    svg = draw(strip, scale_of(strip.numbers), "key", "title")

    assert attribute(svg, "band", "x") == 0
    assert attribute(svg, "band", "width") == attribute(svg, "target", "x1")


def test_equal_seeds_are_all_visible():
    """Five dots on one spot would look like one."""
    strip = Strip(dict.fromkeys(range(5), 0.25))
    svg = draw(strip, scale_of(strip.numbers), "key", "title")
    spots = re.findall(r'<circle cx="([^"]+)" cy="([^"]+)"', svg)

    assert len(spots) == len(set(spots)) == 5
    assert dots(svg)[0.25] == pytest.approx(50)


def test_a_strip_is_told_in_words_and_its_title_is_escaped():
    strip = Strip({0: 1.0, 3: 2.0}, low=0.5, high=2.5, target=0.0)
    svg = draw(strip, scale_of(strip.numbers), 'k"', "<b>")

    assert describe(strip) == "seed 0: 1, seed 3: 2; 95 % interval 0.5 to 2.5; mark at 0."
    assert "&lt;b&gt;" in svg and "<b>" not in svg and 'id="k&quot;-title"' in svg


@pytest.mark.parametrize("numbers", [(0.0, 1.0), (-3e-7, 2e-7), (84.2, 91.7), (7.0, 7.0)])
def test_an_axis_has_a_few_round_numbers_in_order(numbers):
    scale = scale_of(numbers)
    ticks = scale.ticks()

    assert 2 <= len(ticks) <= 6
    assert ticks == sorted(ticks) and all(scale.low <= t <= scale.high for t in ticks)
    assert axis(scale).count("<text") == len(ticks)


@pytest.mark.parametrize(
    ("numbers", "target", "labels"),
    [
        ((0.9, 1.1), None, ["0.90", "0.95", "1.00", "1.05", "1.10"]),
        ((84.2, 91.7), None, ["84", "86", "88", "90", "92"]),
        ((353.555, 353.565), 353.56, ["353.555", "353.560", "353.565"]),
        ((18.9047, 18.9049), 18.9048, ["-0.0001", "-5e-05", "18.9048", "+5e-05", "+0.0001"]),
        ((1 - 1e-9, 1 + 1e-9), 1.0, ["-1e-09", "-5e-10", "1", "+5e-10", "+1e-09"]),
        ((100351.5, 100352.5), 100352.0, ["-0.5", "100352", "+0.5"]),
        ((12.0000001, 12.0000003), None, ["12 +1e-07", "+1.5e-07", "+2e-07", "+2.5e-07", "+3e-07"]),
        ((-3e-7, 2e-7), 0.0, ["-2e-07", "0", "2e-07"]),
    ],
)
def test_ticks_have_as_many_decimals_as_their_step(numbers, target, labels):
    """Two axes said "1 1 1 1 1" and "18.9047 18.9047 18.9047": then offsets from the target."""
    found = labelled_ticks(scale_of(numbers), target)

    assert [label for _, label in found] == labels
    for tick, label in found:
        written = label.split()[-1]
        origin = (target or 12.0) if written[0] in "+-" and tick > 1e-6 else 0.0
        assert origin + float(written) == pytest.approx(tick, abs=1e-12)  # round-off of a sum

"""Examples for newcomers: a row of numbers, letters that were guessed."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from replication.figures.style import COLORS, QUIET, SMALL

SPACE, LINE_END = "·", "¶"  # how characters that cannot be seen are drawn


def plot_steps(
    numbers: Sequence[float],
    ax: Axes,
    *,
    kinds: Sequence[str],
    colors: Mapping[str, str],
    title: str = "",
) -> Axes:
    """Draws a row of numbers with an arrow from each to the next, coloured by the kind of step.

    Args:
        numbers: At least one positive number; each stands at its height, on a
            logarithmic axis, so that equal factors are equal slopes.
        ax: Where to draw; its vertical range is the caller's.
        kinds: What each step is, one fewer than `numbers`.
        colors: Colour of each kind; all are named in the legend.
        title: Above the panel.

    Raises:
        ValueError: If there is not one kind for each step.
    """
    if len(kinds) != len(numbers) - 1:
        raise ValueError(
            f"kinds must hold one name for each step, {len(numbers) - 1}; received {len(kinds)}."
        )
    for position, kind in enumerate(kinds, start=1):
        ends = [(position, numbers[position - 1]), (position + 1, numbers[position])]
        style = {"arrowstyle": "-|>", "color": colors[kind], "linewidth": 1.8, "shrinkA": 8}
        ax.annotate("", xy=ends[1], xytext=ends[0], arrowprops={**style, "shrinkB": 9})
    for position, number in enumerate(numbers, start=1):
        box = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": QUIET}
        ax.text(position, number, f"{number}", ha="center", va="center", fontsize=SMALL, bbox=box)
    for kind, color in colors.items():
        ax.plot([], [], color=color, linewidth=1.8, label=kind)
    ax.set_yscale("log", base=2)
    ax.set_xlim(0.4, len(numbers) + 0.6)
    ax.set_xticks(range(1, len(numbers) + 1))
    ax.set(xlabel="position in the row", ylabel="number (log scale)")
    ax.set_title(title)
    return ax


def plot_guesses(rows: Mapping[str, str], ax: Axes, *, width: int = 50) -> Axes:
    """Draws a text, and guesses of each of its characters below it; wrong ones are shaded.

    Args:
        rows: Texts of one length by name; the first is the truth. Spaces are
            drawn as dots, line ends as pilcrows.
        ax: Where to draw.
        width: Characters in a line; longer texts are continued below.

    Raises:
        ValueError: If the texts differ in length, or are empty.
    """
    lengths = {len(text) for text in rows.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"texts must have one length, at least 1; received {sorted(lengths)}.")
    (length,), truth, ticks = lengths, next(iter(rows.values())), {}
    height = len(rows) + 0.7  # of one line with its guesses, and the space below it
    for number, (label, text) in enumerate(rows.items()):
        for place, character in enumerate(text):
            line, column = divmod(place, width)
            y = line * height + number
            ticks[y] = label
            wrong = number > 0 and character != truth[place]
            _plot_character(ax, column, y, character, wrong=wrong, bold=number == 0)
    ax.set_xlim(-0.7, min(width, length) - 0.3)
    ax.set_ylim(max(ticks) + 0.7, -0.7)
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    return ax


def _plot_character(
    ax: Axes, x: float, y: float, character: str, *, wrong: bool, bold: bool
) -> None:
    shown = {" ": SPACE, "\n": LINE_END}.get(character, character)
    if wrong:
        ax.add_patch(
            Polygon(
                [(x - 0.5, y - 0.5), (x + 0.5, y - 0.5), (x + 0.5, y + 0.5), (x - 0.5, y + 0.5)],
                facecolor=COLORS[1],
                alpha=0.3,
                linewidth=0,
            )
        )
    style = {"family": "monospace", "weight": "bold" if bold else "normal"}
    ax.text(x, y, shown, ha="center", va="center_baseline", **style)

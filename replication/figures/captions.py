"""A figure on a page: its caption, where its numbers come from, and words for who cannot see it.

The words travel with the picture, in the metadata of the notebook's output
(`{"image/png": {"alt": ...}}`), where whoever renders the notebook finds them.
"""

import base64
import html
import io
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from replication.figures.style import NOT_RUN

CAPTION_CLASS = "figure-caption"  # of the box below a picture, for style sheets
_CSS_PIXELS = 96  # in an inch
_DPI = 150  # sharper than the screen's 96, for screens that show more
_COLORS = 256  # of a picture: a third of the bytes, and no difference to the eye
_MARGIN = 0.05  # inches left above and below what is drawn


def show(figure: Figure, caption: str, *, source: str, alt: str) -> None:
    """Displays a figure in a notebook with its caption below it, and closes it.

    Where its numbers come from stands behind a fold.

    Args:
        figure: The figure. It keeps its width; empty space above and below goes.
        caption: What to see in it, in whole sentences.
        source: Where it comes from, normally from `source`, without full stop.
        alt: What a reader takes from the picture, for those who cannot see it.

    Raises:
        ValueError: If one of the three texts is empty.
    """
    for name, text in {"caption": caption, "source": source, "alt": alt}.items():
        if not text.strip():
            raise ValueError(
                f"{name} must say something about the figure; received {text!r}. "
                "A figure that is only looked at, as a drawing is, says so as its source."
            )
    from IPython.display import display

    picture, width = _picture(figure)
    plt.close(figure)
    display(
        {"image/png": base64.b64encode(picture).decode(), "text/plain": alt},
        metadata={"image/png": {"alt": alt, "width": width}},
        raw=True,
    )
    below = (
        f'<div class="{CAPTION_CLASS}"><small>{html.escape(caption)}</small><details>'
        f"<summary><small>Data</small></summary><small>{html.escape(source)}.</small>"
        "</details></div>"
    )
    display({"text/html": below, "text/plain": f"{caption} {source}."}, raw=True)


def source(
    measurements: pd.DataFrame,
    experiments: Iterable[str],
    *,
    seed: int | None = None,
    on: str = "",
) -> str:
    """Where a figure's numbers come from: experiments, profile, seeds and n, the number of runs.

    >>> measurements = pd.DataFrame({"experiment": "tied", "profile": "full", "seed": [0, 1, 2]})
    >>> source(measurements, ["tied"], on="test images")
    'tied, profile full, seeds 0–2 (n = 3); each on test images'
    >>> source(measurements, ["tied", "free"], seed=0)
    'tied, profile full, seed 0 (n = 1); free, not run yet'

    Args:
        measurements: Columns `experiment`, `profile` and `seed`.
        experiments: Names, in the order in which they are to be told.
        seed: The only seed that is shown; None for all that were run.
        on: What a run is looked at on, such as "test images".
    """
    names = list(dict.fromkeys(experiments))
    rows = measurements[measurements["experiment"].isin(names)]
    if seed is not None:
        rows = rows[rows["seed"] == seed]
    seeds = rows.groupby("experiment")["seed"].unique().map(sorted).map(tuple)
    told: dict[tuple[int, ...], list[str]] = {}
    for name in names:
        told.setdefault(seeds.get(name, ()), []).append(name)
    profile = "/".join(rows["profile"].unique())
    parts = [
        ", ".join([*each, f"profile {profile}", _seeds_in_words(run)])
        for run, each in told.items()
        if run
    ]
    parts += [", ".join([*each, NOT_RUN]) for run, each in told.items() if not run]
    if on and len(rows):
        several = sum(len(run) * len(each) for run, each in told.items()) > 1
        parts.append(f"{'each on' if several else 'on'} {on}")
    return "; ".join(parts)


def _seeds_in_words(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]} (n = 1)"
    unbroken = len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1
    listed = f"{seeds[0]}–{seeds[-1]}" if unbroken else ", ".join(map(str, seeds))
    return f"seeds {listed} (n = {len(seeds)})"


def _picture(figure: Figure) -> tuple[bytes, int]:
    """The figure as PNG, and its width on a page, in CSS pixels."""
    figure.draw_without_rendering()  # lays it out
    drawn, width = figure.get_tightbbox(), figure.get_figwidth()
    box = Bbox.from_extents(
        min(0, drawn.x0), drawn.y0 - _MARGIN, max(width, drawn.x1), drawn.y1 + _MARGIN
    )
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DPI, bbox_inches=box)
    Image.open(drawn).convert("RGB").quantize(_COLORS).save(small, format="png", optimize=True)
    return small.getvalue(), round(_CSS_PIXELS * box.width)

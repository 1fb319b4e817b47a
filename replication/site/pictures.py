"""The pictures of executed notebooks: whole ones only, their size, and small ones of them."""

import io
import re
from itertools import pairwise

from PIL import Image, UnidentifiedImageError

_SECTION, _CHAPTER = re.compile(r"<h[1-3]\b"), re.compile(r"<h[12]\b")
_CLAIM = re.compile(r'id="claim-([a-z0-9-]+)"')
_FIGURE = re.compile(r"<figure>.*?</figure>", re.DOTALL)
_CODE = re.compile(r'<details class="code">.*?</details>\s*', re.DOTALL)
_UNREAD = re.compile(r'<details class="code">.*?</details>|<[^>]*>', re.DOTALL)
TALLEST = 390  # pixels on a page: six rows of digits are read at that size
SMALL = (580, 390)  # pixels: more than a card is wide, for fine screens


def require_whole(content: bytes) -> None:
    """Raises ValueError if a picture is cut short, or a checksum of a part does not match."""
    try:
        with _opened(content) as picture:
            picture.verify()
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError("a picture that is damaged") from error


def size(content: bytes, width: float | None = None) -> tuple[int, int]:
    """Width and height that a picture is shown at, in pixels, no taller than `TALLEST`.

    Args:
        content: The file.
        width: As wide as whoever made the picture wants it; None for a pixel of a screen each.
    """
    with _opened(content) as picture:
        across, down = picture.size
    scale = min(width / across if width else 1, TALLEST / down)
    return round(across * scale), round(down * scale)


def small(content: bytes) -> bytes:
    """The whole picture as a small PNG of one size, on white."""
    with _opened(content) as picture:
        part = picture.convert("RGB")
    part.thumbnail(SMALL, Image.Resampling.LANCZOS)
    card = Image.new("RGB", SMALL, "white")
    card.paste(part, ((card.width - part.width) // 2, (card.height - part.height) // 2))
    written = io.BytesIO()
    card.quantize(64).save(written, "png", optimize=True)
    return written.getvalue()


def by_claim(html: str) -> dict[str, list[str]]:
    """The figures that each claim of a notebook may be about, the nearest first.

    Those of its section; where it shows none, of the chapter around it. Without their code.

    Args:
        html: The notebook's page, with an element `claim-<id>` where a claim is told.
    """
    figures: dict[str, list[str]] = {}
    for heading in (_SECTION, _CHAPTER):
        cuts = [0, *(each.start() for each in heading.finditer(html)), len(html)]
        for part in (html[start:end] for start, end in pairwise(cuts)):
            for claim in _CLAIM.finditer(part):
                figures[claim[1]] = figures.get(claim[1]) or _figures_near(part, claim.start())
    return figures


def _figures_near(part: str, at: int) -> list[str]:
    def distance(figure: re.Match) -> int:
        before, after = part[figure.end() : at], part[at : figure.start()]
        return len("".join(_UNREAD.sub("", before or after).split()))

    return [_CODE.sub("", each[0]) for each in sorted(_FIGURE.finditer(part), key=distance)]


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))

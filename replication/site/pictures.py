"""The pictures of executed notebooks: whole ones only, their size, and small ones of them."""

import io
import re
from collections.abc import Callable, Collection, Mapping
from html import escape
from itertools import pairwise

from PIL import Image, UnidentifiedImageError

_SECTION, _CHAPTER = re.compile(r"<h[1-3]\b"), re.compile(r"<h[12]\b")
_CLAIM = re.compile(r'id="claim-([a-z0-9-]+)"')
_FIGURE = re.compile(r"<figure>.*?</figure>", re.DOTALL)
_CODE = re.compile(r'<details class="code">.*?</details>\s*', re.DOTALL)
_UNREAD = re.compile(r'<details class="code">.*?</details>|<[^>]*>', re.DOTALL)
_SOURCE = re.compile(r"<summary>(?:<small>)?Data(?:</small>)?</summary>.*?</details>", re.DOTALL)
_EXPERIMENT = re.compile(r"\b[a-z0-9]+(?:-[a-z0-9]+)+\b")
_DRAWING = "A drawing"  # what a figure says of its data if no experiment made it
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


def by_claim(html: str, experiments: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """The figures that each claim of a notebook is about, the nearest first.

    Those of its section that show one of its experiments, or are drawings right beside it; where
    there is none, such figures of the chapter around it. A claim without experiments, which is a
    picture, has all figures of its section. Without their code.

    Args:
        html: The notebook's page, with an element `claim-<id>` where a claim is told.
        experiments: What each claim measures, by its id.
    """
    figures: dict[str, list[str]] = {}
    for heading in (_SECTION, _CHAPTER):
        cuts = [0, *(each.start() for each in heading.finditer(html)), len(html)]
        for part in (html[start:end] for start, end in pairwise(cuts)):
            for claim in _CLAIM.finditer(part):
                near = _figures_near(part, claim, experiments.get(claim[1], ()))
                figures[claim[1]] = figures.get(claim[1]) or near
    return figures


def _figures_near(part: str, claim: re.Match, experiments: Collection[str]) -> list[str]:
    def between(figure: re.Match) -> str:
        return part[figure.end() : claim.start()] or part[claim.end() : figure.start()]

    def distance(figure: re.Match) -> int:
        return len("".join(_UNREAD.sub("", between(figure)).split()))

    def is_about(figure: re.Match) -> bool:
        source = " ".join(_SOURCE.findall(figure[0]))
        beside = _DRAWING in source and not _CLAIM.search(between(figure))
        return beside or not experiments or not set(experiments).isdisjoint(named(source))

    near = sorted(filter(is_about, _FIGURE.finditer(part)), key=distance)
    return [_CODE.sub("", each[0]) for each in near]


def named(text: str) -> set[str]:
    """What a text names that may be an experiment."""
    return set(_EXPERIMENT.findall(text))


def with_links(html: str, address: Callable[[str], str | None]) -> str:
    """The page with the experiments that figures name behind their fold made into links.

    Args:
        html: The notebook's page.
        address: Of the page of an experiment; None if there is none of that name.
    """

    def link(name: re.Match) -> str:
        page = address(name[0])
        return name[0] if page is None else f'<a href="{escape(page)}">{name[0]}</a>'

    return _SOURCE.sub(lambda source: _EXPERIMENT.sub(link, source[0]), html)


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))

"""The pictures of executed notebooks: whole ones only, their size, and small ones of them."""

import io

from PIL import Image, UnidentifiedImageError

_SMALL = 640  # pixels across: twice what a card is wide, for fine screens


def require_whole(content: bytes) -> None:
    """Raises ValueError if a picture is cut short, or a checksum of a part does not match."""
    try:
        with _opened(content) as picture:
            picture.verify()
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError("a picture that is damaged") from error


def size(content: bytes, width: float | None = None) -> tuple[int, int]:
    """Width and height of a picture, in pixels; of one that is shown at `width`, those of that."""
    with _opened(content) as picture:
        across, down = picture.size
    scale = width / across if width else 1
    return round(across * scale), round(down * scale)


def small(content: bytes) -> bytes:
    """The upper part of a picture as a small PNG, no taller than it is wide by three to four."""
    with _opened(content) as picture:
        across, down = picture.size
        part = picture.convert("RGB").crop((0, 0, across, min(down, across * 3 // 4)))
        part.thumbnail((_SMALL, _SMALL), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    part.quantize(64).save(written, "png", optimize=True)
    return written.getvalue()


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))

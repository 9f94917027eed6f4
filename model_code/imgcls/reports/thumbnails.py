"""Small JPEGs for the reports, made from encoded images."""

from __future__ import annotations

import io

from imgcls.images import preprocess

SIDE = 96
LARGE = 160
_QUALITY = 70


def thumbnail(data: bytes, side: int = SIDE, max_pixels: int = preprocess.MAX_PIXELS) -> bytes:
    """The image's centre square, `side` pixels wide. Raises preprocess.ImageError."""
    image = preprocess.decode(data, max_pixels, min_side=side)
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    square = image.resize((side, side), box=(left, top, left + edge, top + edge))
    buffer = io.BytesIO()
    square.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()

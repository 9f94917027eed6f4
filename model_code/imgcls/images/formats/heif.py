"""HEIC and AVIF: the sides that they say.

What decoding costs is known to the decoder only, so it runs with limits. Source: ISO/IEC 23008-12 and AVIF 1.1.
"""

from __future__ import annotations

from imgcls.contract.image_formats import HEAD_BYTES, identify
from imgcls.images.errors import Damaged
from imgcls.images.structure import Bytes, Structure

_SIZE_BOX = b"ispe"
_HEADERS = 1 << 16
_PER_PIXEL = 1.0
_HELD_PER_PIXEL = 8


def read(data: Bytes) -> Structure:
    """Of a picture in tiles, the sides of the whole. Raises Damaged."""
    sizes = []
    position = 0
    while (position := data.find(_SIZE_BOX, position, _HEADERS)) >= 0:
        block = data[position + 8 : position + 16]
        sizes.append((int.from_bytes(block[:4], "big"), int.from_bytes(block[4:], "big")))
        position += 16
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    if not width or not height:
        raise Damaged("it says no size")
    area = width * height
    name = identify(data[:HEAD_BYTES])
    return Structure(name, width, height, held=_HELD_PER_PIXEL * area, work=_PER_PIXEL * area, limited=True)

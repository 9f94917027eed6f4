"""HEIC and AVIF: which of the two it is, and the sides that it says.

What decoding costs is known to the decoder only, so it runs with limits. Source: ISO/IEC 23008-12 and AVIF 1.1.
"""

from __future__ import annotations

from imgcls.images.errors import Damaged
from imgcls.images.structure import Bytes, Structure

_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_CONTAINERS = {b"mif1", b"msf1", b"miaf"}
_MAX_BRANDS = 64
_SIZE_BOX = b"ispe"
_HEADERS = 1 << 16
_PER_PIXEL = 1.0
_HELD_PER_PIXEL = 8


def kind(data: Bytes) -> str:
    """`AVIF`, `HEIC`, or empty for another file."""
    if data[4:8] != b"ftyp":
        return ""
    end = min(int.from_bytes(data[:4], "big"), 16 + 4 * _MAX_BRANDS)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    if brands[0] not in _AVIF | _HEIC | _CONTAINERS:
        return ""
    return "AVIF" if _AVIF.intersection(brands) else "HEIC"


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
    return Structure(
        kind(data), width, height, held=_HELD_PER_PIXEL * width * height, work=_PER_PIXEL * width * height, limited=True
    )

"""The orientation in EXIF and XMP blocks. One that cannot be read counts as 1, "not rotated": the pixels are good."""

from __future__ import annotations

import re
import struct

UPRIGHT = 1
TAG = 0x0112
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I"}
_MAX_ENTRIES = 1000
_XMP_BYTES = 1 << 20
_TEXT_BYTES = 1 << 17


def exif_of_text(block: bytes) -> bytes:
    """The EXIF block in ImageMagick's text: a name, a number of bytes, and these bytes in hexadecimal digits."""
    lines = block[:_TEXT_BYTES].split(b"\n", 3)
    try:
        return bytes.fromhex(lines[3].decode("ascii")) if len(lines) == 4 else b""
    except ValueError:
        return b""


def of(exif: bytes, xmp: bytes) -> int:
    """1 to 8. EXIF comes before XMP. `exif` is a TIFF header and its first directory, or `Exif\\0\\0` and these."""
    return (_of_exif(exif) if exif else 0) or (_of_xmp(xmp) if xmp else 0) or UPRIGHT


def _of_exif(block: bytes) -> int:
    """0 where it is not said."""
    if block.startswith(b"Exif\0\0"):
        block = block[6:]
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 10:
        return 0
    (start,) = struct.unpack_from(order + "I", block, 4)
    if start + 2 > len(block):
        return 0
    (num,) = struct.unpack_from(order + "H", block, start)
    for place in range(start + 2, min(start + 2 + 12 * min(num, _MAX_ENTRIES), len(block) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", block, place)
        if tag == TAG:
            if kind not in _WHOLE_NUMBERS:
                return UPRIGHT
            value: int = struct.unpack_from(order + _WHOLE_NUMBERS[kind], block, place + 8)[0]
            return value if 1 <= value <= 8 else UPRIGHT
    return 0


def _of_xmp(block: bytes) -> int:
    found = _XMP.search(block[:_XMP_BYTES])
    return int(found[1]) if found else 0

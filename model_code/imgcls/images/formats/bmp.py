"""BMP: its headers and table of colours. Source: Microsoft's reference of BITMAPINFOHEADER and its successors."""

from __future__ import annotations

import struct

from imgcls.images.errors import UNSUPPORTED, Damaged, ImageError
from imgcls.images.formats.gif import is_grey
from imgcls.images.structure import Bytes, Structure

_CORE = struct.Struct("<HHHH")
_INFO = struct.Struct("<iiHHI")
_SIZES = (40, 52, 56, 64, 108, 124)
_RUNS = (1, 2)
_PER_RUN_BYTE, _PER_RUN_PIXEL = 30.0, 10.0
"""Work in pixels: Pillow undoes runs in Python."""


def read(data: Bytes) -> Structure:
    """Raises Damaged or ImageError."""
    size = int.from_bytes(data[14:18], "little")
    header = data[18 : 14 + size]
    compression = 0
    if size == 12 and len(header) == 8:
        width, height, _, bits = _CORE.unpack(header)
    elif size in _SIZES and len(header) == size - 4:
        width, height, _, bits, compression = _INFO.unpack_from(header)
    else:
        raise ImageError(UNSUPPORTED, f"the BMP image has a header of {size} bytes, which is not supported")
    width, height = width & 0xFFFFFFFF, abs(height)
    if not width or not height:
        raise Damaged(f"it has {width} x {height} pixels")
    runs = compression in _RUNS
    row = (width * bits + 31) // 32 * 4
    start = int.from_bytes(data[10:14], "little")
    if not runs and start + row * (height - 1) > len(data):
        raise Damaged("it has fewer bytes than pixels")
    entry = 3 if size == 12 else 4
    table = data[14 + size : min(start, 14 + size + entry * 256)] if bits <= 8 else b""
    grey = bits <= 8 and (is_grey(table, entry) or table[: 2 * entry].replace(b"\0", b"").strip(b"\xff") == b"")
    return Structure(
        "BMP",
        width,
        height,
        colours="rgb" if bits > 8 else "grey" if grey else "palette",
        alpha=compression == 3 and bits == 32 and size >= 56 and any(data[66:70]),
        held=2 * width * height + 2 * row if runs else 2 * row,
        work=_PER_RUN_BYTE * len(data) + _PER_RUN_PIXEL * width * height if runs else row * height / 4,
        detail=" coded in runs" if runs else "",
    )

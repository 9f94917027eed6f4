"""GIF: the screen, and the first frame with what applies to it.

Source: the GIF89a specification. Comments and application blocks are left out, however many.
"""

from __future__ import annotations

import struct

from imgcls.images.errors import Damaged
from imgcls.images.structure import Bytes, Structure

MAX_BLOCKS = 100_000
"""Blocks have up to 255 bytes: this is 25 MB of comments before the first frame, or of the frame."""
_SCREEN = struct.Struct("<HHBBB")
_FRAME = struct.Struct("<HHHHB")
_EXTENSION, _IMAGE, _END, _CONTROL = 0x21, 0x2C, 0x3B, 0xF9
_PER_BYTE = 2.0
"""Work in pixels, for codes that make no pixel."""


class _Blocks:
    """Counts the blocks that were stepped over."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self.left = MAX_BLOCKS

    def end(self, position: int) -> int:
        """The position after the chain of blocks that starts here."""
        data, size = self._data, len(self._data)
        while position < size and data[position]:
            position += 1 + data[position]
            self.left -= 1
            if not self.left:
                raise Damaged(f"it has more than {MAX_BLOCKS} blocks")
        return position + 1


def read(data: Bytes) -> Structure:
    """Raises Damaged."""
    if len(data) < 13:
        raise Damaged("its header is cut short")
    width, height, flags, _, _ = _SCREEN.unpack(data[6:13])
    start = 13 + _table(flags)
    colours = data[13:start]
    blocks, position = _Blocks(data), start
    control = b""
    while (code := _byte(data, position)) != _IMAGE:
        if code == _EXTENSION:
            end = blocks.end(position + 2)
            if _byte(data, position + 1) == _CONTROL and _byte(data, position + 2) >= 4:
                control = data[position:end]
            position = end
        elif code == _END:
            raise Damaged("it has no frame")
        else:
            position += 1
            blocks.left -= 1
            if not blocks.left:
                raise Damaged("it has no frame")
    frame = data[position + 1 : position + 10]
    if len(frame) < _FRAME.size:
        raise Damaged("its frame is cut short")
    left, top, frame_width, frame_height, frame_flags = _FRAME.unpack(frame)
    after = position + 10 + _table(frame_flags)
    colours = data[position + 10 : after] or colours
    width, height = max(width, left + frame_width), max(height, top + frame_height)
    if not width or not height:
        raise Damaged(f"it has {width} x {height} pixels")
    return Structure(
        "GIF",
        width,
        height,
        colours="palette" if colours and not is_grey(colours, 3) else "grey",
        alpha=bool(control and control[3] & 1),
        animated=_has_more(data, blocks, after + 1),
        pieces=(slice(0, start), control, slice(position, None)),
        held=width * height,
        work=_PER_BYTE * (len(data) - after),
    )


def is_grey(table: bytes, size: int) -> bool:
    """Whether entry n of a table of colours is the grey n, so that indices are pixels."""
    return all(table[at : at + 3] == bytes((num,)) * 3 for num, at in enumerate(range(0, len(table), size)))


def _has_more(data: Bytes, blocks: _Blocks, position: int) -> bool:
    """Whether a second frame follows; not known, and then false, of a frame of too many blocks."""
    try:
        position = blocks.end(position)
        while (code := _byte(data, position)) == _EXTENSION:
            position = blocks.end(position + 2)
    except Damaged:
        return False
    return code == _IMAGE


def _table(flags: int) -> int:
    """Bytes of the table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _byte(data: Bytes, position: int) -> int:
    """The end of the image where the file ends."""
    return data[position] if position < len(data) else _END

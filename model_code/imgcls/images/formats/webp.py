"""WebP: the canvas, and the first frame with its transparency.

Source: RFC 9649. Of lossless pixels the decoder keeps a table of codes for each group of blocks of 4 x 4; how many
groups there are is known only once they are decoded, so the largest number is counted that the file has room for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from imgcls.images.errors import Damaged
from imgcls.images.formats import orientation
from imgcls.images.structure import Bytes, Structure

MAX_CHUNKS = 10_000
_CHUNK = struct.Struct("<4sI")
_ALPHA, _ANIMATION = 0x10, 0x02
_CANVASES = 12
"""Bytes per pixel: the decoder keeps the frame, the canvas before it and the canvas after it, beside the picture."""
_GROUP_BYTES = 6_000
_GROUP_BITS = 20
"""The least that a group of codes takes in a file: five codes of one symbol."""
_MAX_GROUPS = 1 << 16
_LARGE = 65_000_000
"""Where the tables may take more bytes than this, which few pictures come near, a process with limits decodes."""
_PER_PIXEL, _PER_BYTE = 1.0, 8.0
"""Work in pixels."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """`lossless`: bytes of the parts that are coded without loss."""

    pieces: tuple[bytes | slice, ...]
    width: int
    height: int
    alpha: bool
    lossless: int
    size: int


def read(data: Bytes) -> Structure:
    """Raises Damaged."""
    exif = xmp = b""
    animation = b""
    canvas: tuple[int, int] | None = None
    frames: list[_Frame] = []
    parts: list[tuple[bytes, int, int]] = []
    num = 0
    flags = 0
    for kind, start, end in _chunks(data, 12, len(data)):
        if kind == b"VP8X" and end - start >= 10 and canvas is None:
            flags = data[start]
            canvas = _int24(data, start + 4) + 1, _int24(data, start + 7) + 1
        elif kind == b"ANIM":
            animation = animation or _chunk(kind, data[start:end])
        elif kind == b"ANMF":
            num += 1
            if not frames:
                frames.append(_animation_frame(data, start, end))
        elif kind in (b"ALPH", b"VP8 ", b"VP8L") and not frames:
            parts.append((kind, start, end))
            if kind != b"ALPH":
                num += 1
                frames.append(_frame(data, parts))
        elif kind == b"EXIF":
            exif = exif or data[start:end]
        elif kind == b"XMP ":
            xmp = xmp or data[start:end]
    if not frames:
        raise Damaged("it has no frame")
    frame = frames[0]
    width, height = canvas or (frame.width, frame.height)
    alpha = bool(flags & _ALPHA) if canvas else frame.alpha
    tables = _GROUP_BYTES * _groups(width * height, frame.lossless)
    return Structure(
        "WEBP",
        width,
        height,
        alpha=alpha,
        animated=num > 1,
        orientation=orientation.of(exif, xmp),
        pieces=_pieces(frame, canvas, flags & (_ALPHA | _ANIMATION), animation),
        held=_CANVASES * width * height + (tables if tables <= _LARGE else 0),
        work=_PER_PIXEL * width * height + _PER_BYTE * frame.size,
        limited=tables > _LARGE,
    )


def _groups(pixels: int, size: int) -> int:
    """The most groups of codes that `size` bytes of lossless pixels may have."""
    return min(_MAX_GROUPS, -(-pixels // 16), 8 * size // _GROUP_BITS)


def _animation_frame(data: Bytes, start: int, end: int) -> _Frame:
    parts = [part for part in _chunks(data, start + 16, end) if part[0] in (b"ALPH", b"VP8 ", b"VP8L")]
    if not parts:
        raise Damaged("its frame is empty")
    frame = _frame(data, parts)
    # Its place and time, and the parts; what else the chunk has is left out.
    head = _CHUNK.pack(b"ANMF", 16 + frame.size) + data[start : start + 16]
    return replace(frame, pieces=(head, *frame.pieces), size=len(head) + frame.size)


def _frame(data: Bytes, parts: list[tuple[bytes, int, int]]) -> _Frame:
    """The frame of a chunk of pixels, which is the last of `parts`, and of transparency before it."""
    kind, start, _ = parts[-1]
    header = data[start : start + 10]
    alpha = len(parts) > 1
    if kind == b"VP8L" and len(header) >= 5 and header[0] == 0x2F:
        bits = int.from_bytes(header[1:5], "little")
        width, height, alpha = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, bool(bits >> 28 & 1)
    elif kind == b"VP8 " and len(header) == 10 and header[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(header[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    else:
        raise Damaged("its frame has no header")
    if not width or not height:
        raise Damaged(f"its frame has {width} x {height} pixels")
    lossless = sum(end - start for kind, start, end in parts if kind != b"VP8 ")
    pieces = tuple(slice(start - 8, end + (end & 1)) for _, start, end in parts[-2:])
    return _Frame(pieces, width, height, alpha, lossless, sum(piece.stop - piece.start for piece in pieces))


def _pieces(frame: _Frame, canvas: tuple[int, int] | None, flags: int, animation: bytes) -> tuple[bytes | slice, ...]:
    """A file of this frame alone."""
    head = b""
    if canvas:
        sides = b"".join((side - 1).to_bytes(3, "little") for side in canvas)
        head = _chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)
        if flags & _ANIMATION:
            head += animation
    return _CHUNK.pack(b"RIFF", 4 + len(head) + frame.size) + b"WEBP" + head, *frame.pieces


def _chunk(kind: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(kind, len(content)) + content + b"\0" * (len(content) & 1)


def _chunks(data: Bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of the content of each chunk; those after MAX_CHUNKS are not looked at."""
    for _ in range(MAX_CHUNKS):
        if position + 8 > end:
            return
        kind, size = _CHUNK.unpack(data[position : position + 8])
        position += 8
        yield kind, position, min(position + size, end)
        position += size + (size & 1)


def _int24(data: Bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 3], "little")

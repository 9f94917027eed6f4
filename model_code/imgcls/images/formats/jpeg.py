"""JPEG: the segments before the first scan, and all scans of an image that is decoded in several passes.

Source: ITU-T T.81, annexes B and G. What a pass costs was measured with libjpeg-turbo, see `tests/attack`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from imgcls.images.errors import UNSUPPORTED, Damaged, ImageError
from imgcls.images.formats import orientation
from imgcls.images.structure import Bytes, Structure

MAX_SEGMENTS = 4096
"""A profile or XMP of 64 KB takes one segment, and a progressive image about 30."""
_NEXT = re.compile(rb"\xff+([\x01-\xfe])")
_AFTER_SCAN = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_SOI, _EOI, _SOS, _APP0, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_DECODED = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_PROGRESSIVE, _ARITHMETIC = {0xC2, 0xCA}, {0xC9, 0xCA}
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_ALONE = {0x01, *range(0xD0, 0xD8)}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_COLOURS = {1: "grey", 3: "rgb", 4: "cmyk"}

_FACTORS = (1, 2, 4, 8)
_BLOCK = 64
_PER_BYTE = 1.0
"""Work in pixels, see `imgcls.images.cost`."""
_PER_BLOCK = 0.8
_PER_COEFFICIENT = {False: 0.06, True: 0.6}
"""Of a block in a pass; the second where the coding is arithmetic, which can say much in few bytes."""
_SMOOTHED_BLOCK = 20.0


@dataclass(frozen=True, slots=True)
class _Frame:
    """`blocks` of each component, by its id."""

    marker: int
    width: int
    height: int
    blocks: dict[int, int]


@dataclass(slots=True)
class _Reader:
    data: Bytes
    pieces: list[bytes | slice]
    frame: _Frame | None = None
    exif: bytes = b""
    xmp: bytes = b""
    segments: int = 0
    passes: float = 0.0
    scans: int = 0

    def headers(self, position: int, after: re.Pattern[bytes]) -> int:
        """Take the segments from `position` on, to the start of the next scan, which is returned, or to the end (-1).

        `after` finds the first of them: in what a scan has coded, the marks of a restart are not segments.
        """
        marker = after.search(self.data, position)
        while marker is not None:
            code, start = marker[1][0], marker.end() - 2
            self.segments += 1
            if self.segments > MAX_SEGMENTS:
                raise Damaged(f"it has more than {MAX_SEGMENTS} segments")
            if code == _SOS:
                return start
            if code in (_EOI, _SOI):
                return -1
            position = start + 2
            if code not in _ALONE:
                position = start + 2 + self._length(start)
                self._segment(code, start, position)
            marker = _NEXT.search(self.data, position)
        return -1

    def _length(self, start: int) -> int:
        size = int.from_bytes(self.data[start + 2 : start + 4], "big")
        if size < 2:
            raise Damaged("a segment has no length")
        return size

    def _segment(self, code: int, start: int, end: int) -> None:
        if code in _FRAMES:
            if self.frame is not None:
                raise Damaged("it has two frames")
            self.frame = _frame(code, self.data[start + 4 : end])
            self.pieces.append(slice(start, end))
        elif code in _TABLES or code in (_APP0, _APP14):
            self.pieces.append(slice(start, end))
        elif code == _APP1:
            block = self.data[start + 4 : end]
            if block.startswith(b"Exif\0\0"):
                self.exif = self.exif or block
            elif block.startswith(_XMP):
                self.xmp = self.xmp or block

    def scan(self, start: int) -> int:
        """Count the pass that the scan at `start` is. Returns the end of its header."""
        end = start + 2 + self._length(start)
        header = self.data[start + 4 : end]
        num = header[0] if header else 0
        if self.frame is None or not 1 <= num <= 4 or len(header) != 4 + 2 * num:
            raise Damaged("a scan has no valid header")
        blocks = sum(self.frame.blocks.get(header[1 + 2 * index], 0) for index in range(num))
        first, last, approximation = header[-3:]
        arithmetic = self.frame.marker in _ARITHMETIC
        progressive = self.frame.marker in _PROGRESSIVE
        visited = (max(0, min(last, 63) - first) + 1) if progressive else _BLOCK
        refined = bool(approximation >> 4)
        counted = visited if arithmetic or (progressive and refined and first) else 0
        self.passes += blocks * (_PER_BLOCK + counted * _PER_COEFFICIENT[arithmetic])
        self.scans += 1
        return end


def read(data: Bytes) -> Structure:
    """Raises Damaged or ImageError."""
    reader = _Reader(data, [b"\xff\xd8"])
    start = reader.headers(2, _NEXT)
    frame = reader.frame
    if start < 0 or frame is None:
        raise Damaged("it has no frame and scan")
    position = reader.scan(start)
    blocks = sum(frame.blocks.values())
    one_pass = frame.marker not in _PROGRESSIVE and data[start + 4] == len(frame.blocks)
    if one_pass:
        reader.pieces.append(slice(start, None))
    else:
        _more_scans(reader, start, position)
    work = reader.passes + _PER_BYTE * len(data)
    if frame.marker in _PROGRESSIVE:
        work += _SMOOTHED_BLOCK * blocks
    return Structure(
        "JPEG",
        frame.width,
        frame.height,
        colours=_COLOURS[len(frame.blocks)],
        orientation=orientation.of(reader.exif, reader.xmp),
        pieces=_joined(reader.pieces),
        held=0 if one_pass else 2 * _BLOCK * blocks,
        work=work,
        factors=_FACTORS,
        detail="" if one_pass else f" in {reader.scans} scans",
    )


def _more_scans(reader: _Reader, start: int, position: int) -> None:
    """Every scan is a pass over the coefficients, which stay in memory."""
    while True:
        following = _AFTER_SCAN.search(reader.data, position)
        end = following.start() if following else None
        reader.pieces.append(slice(start, end))
        start = reader.headers(position, _AFTER_SCAN) if following else -1
        if start < 0:
            reader.pieces.append(b"\xff\xd9" if following else b"")
            return
        position = reader.scan(start)


def _frame(marker: int, header: bytes) -> _Frame:
    if len(header) < 6:
        raise Damaged("its frame header is cut short")
    bits, height, width, num = struct.unpack_from(">BHHB", header)
    if marker not in _DECODED or bits != 8:
        raise ImageError(
            UNSUPPORTED,
            f"the JPEG image has {bits} bits per sample or a lossless or hierarchical coding, which are not "
            "supported: save it as an ordinary JPEG",
        )
    if not width or not height:
        raise Damaged(f"its frame has {width} x {height} pixels")
    if num not in _COLOURS or len(header) != 6 + 3 * num:
        raise Damaged(f"its frame has {num} components")
    components = [header[6 + 3 * index : 9 + 3 * index] for index in range(num)]
    factors = [(item[1] >> 4, item[1] & 15) for item in components]
    if any(not (1 <= across <= 4 and 1 <= down <= 4) for across, down in factors):
        raise Damaged("its components have no valid size")
    return _Frame(marker, width, height, _blocks(width, height, [item[0] for item in components], factors))


def _blocks(width: int, height: int, ids: Sequence[int], factors: Sequence[tuple[int, int]]) -> dict[int, int]:
    if len(set(ids)) != len(ids):
        raise Damaged("two components have one id")
    across, down = max(factor[0] for factor in factors), max(factor[1] for factor in factors)
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    return {name: units * h * v for name, (h, v) in zip(ids, factors, strict=True)}


def _joined(pieces: Sequence[bytes | slice]) -> tuple[bytes | slice, ...]:
    """Neighbouring slices as one, so that a file without metadata stays whole."""
    joined: list[bytes | slice] = []
    for piece in pieces:
        last = joined[-1] if joined else b""
        if isinstance(piece, slice) and isinstance(last, slice) and last.stop == piece.start:
            joined[-1] = slice(last.start, piece.stop)
        else:
            joined.append(piece)
    return tuple(joined)

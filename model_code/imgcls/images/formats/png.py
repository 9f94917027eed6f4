"""PNG: the chunks that make its pixels. All others are left out, so their checksums and sizes do not matter.

Source: the W3C's PNG specification, third edition. Of an animation the decoder gets the still image, as browsers do
that know no animations.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from imgcls.contract.image_formats import PNG
from imgcls.images.errors import Damaged
from imgcls.images.formats import orientation
from imgcls.images.structure import Bytes, Structure

MAX_CHUNKS = 50_000
"""Encoders write chunks of 8 KB and more."""
_HEADER = struct.Struct(">IIBBBBB")
_CHUNK = struct.Struct(">I4s")
_COLOURS = {0: ("grey", 1), 2: ("rgb", 3), 3: ("palette", 1), 4: ("grey", 2), 6: ("rgb", 4)}
"""By colour type: what it is, and its samples per pixel."""
_EXIF_KEYWORD = b"Raw profile type exif\0"
_TEXT_BYTES = 1 << 17
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_PER_RAW_BYTE = 0.35
"""Work in pixels: to inflate a byte and undo its filter."""
_PER_BYTE = 0.5
_PASSES = 1.5
"""An interlaced image is unpacked into rows that are spread afterwards."""


def read(data: Bytes) -> Structure:
    """Raises Damaged."""
    header: tuple[int, ...] = ()
    wanted: list[bytes | slice] = []
    image: list[slice] = []
    exif = xmp = b""
    alpha = animated = closed = False
    for kind, start, end in _chunks(data):
        if kind == b"IDAT":
            if not closed:
                image.append(slice(start, end))
            continue
        closed = bool(image)
        if kind == b"IHDR" and not header and end - start == _HEADER.size:
            header = _HEADER.unpack(data[start:end])
            wanted.append(slice(start - 8, end + 4))
        elif kind == b"PLTE" and not closed:
            wanted.append(slice(start - 8, end + 4))
        elif kind == b"tRNS" and not closed and _is_intact(data, start, end):
            alpha = True
            wanted.append(slice(start - 8, end + 4))
        elif kind == b"acTL":
            animated = end - start == 8 and int.from_bytes(data[start : start + 4], "big") > 1
        elif kind == b"eXIf":
            exif = exif or data[start:end]
        elif kind in (b"tEXt", b"zTXt") and data[start : start + len(_EXIF_KEYWORD)] == _EXIF_KEYWORD:
            exif = exif or _exif_of_text(kind, data[start + len(_EXIF_KEYWORD) : end])
        elif kind == b"iTXt" and data[start : start + len(_XMP_KEYWORD)] == _XMP_KEYWORD:
            xmp = xmp or data[start:end]
    if not header or not image:
        raise Damaged("it has no header and pixels")
    width, height, bits, colour, _, _, interlaced = header
    if not width or not height or colour not in _COLOURS or bits not in (1, 2, 4, 8, 16):
        raise Damaged("its header is not valid")
    colours, samples = _COLOURS[colour]
    raw = height * (1 + (width * samples * bits + 7) // 8)
    size = sum(min(part.stop, len(data)) - part.start for part in image)
    # One chunk of all pixels: the decoder takes Python's time for each. It does not look at this checksum.
    pieces = (PNG, *wanted, _CHUNK.pack(size, b"IDAT"), *image, b"\0\0\0\0", _CHUNK.pack(0, b"IEND"), b"\0\0\0\0")
    return Structure(
        "PNG",
        width,
        height,
        colours=colours,
        bits=bits,
        alpha=alpha or colour in (4, 6),
        animated=animated,
        orientation=orientation.of(exif, xmp),
        pieces=pieces,
        held=2 * (raw // height),
        work=(_PER_RAW_BYTE * (_PASSES if interlaced else 1) * raw) + _PER_BYTE * size,
    )


def _chunks(data: Bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of the content of each chunk, to the end of the image or of the file."""
    position = len(PNG)
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            return
        size, kind = _CHUNK.unpack(data[position : position + 8])
        if kind == b"IEND":
            return
        yield kind, position + 8, position + 8 + size
        position += 12 + size
    raise Damaged(f"it has more than {MAX_CHUNKS} chunks")


def _exif_of_text(kind: bytes, content: bytes) -> bytes:
    if kind == b"zTXt":
        try:
            content = zlib.decompressobj().decompress(content[1:], _TEXT_BYTES)
        except zlib.error:
            return b""
    return orientation.exif_of_text(content)


def _is_intact(data: Bytes, start: int, end: int) -> bool:
    """Whether an optional chunk that changes pixels has the checksum that it says; libpng ignores it otherwise."""
    return end - start <= 256 and zlib.crc32(data[start - 4 : end]).to_bytes(4, "big") == data[end : end + 4]

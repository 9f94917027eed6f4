"""PNGs of any kind of pixels, filter and number of chunks, with metadata before and after."""

from __future__ import annotations

import functools
import random
import struct
import zlib

from tests.attack.image_seeds.metadata import MAX_BYTES, exif

RANGES = {
    "width": (1, 8_000_000), "height": (1, 8_000_000), "kind": (0, 13), "interlaced": (0, 1), "filter": (0, 4),
    "noise": (0, 2), "chunk": (1, 6_000_000), "empty": (0, 40_000), "extras": (0, 40_000), "extra": (0, 100_000),
    "what": (0, 4), "transparent": (0, 1), "orientation": (1, 8),
}  # fmt: skip
_BASE = {
    "width": 5400, "height": 5400, "kind": 5, "interlaced": 0, "filter": 4, "noise": 0, "chunk": 8192, "empty": 0,
    "extras": 0, "extra": 0, "what": 0, "transparent": 0, "orientation": 6,
}  # fmt: skip
SEEDS = [
    _BASE,
    {**_BASE, "kind": 12, "width": 3600, "height": 3600},
    {**_BASE, "kind": 12, "interlaced": 1, "width": 3600, "height": 3600},
    {**_BASE, "kind": 4},
    {**_BASE, "kind": 8, "width": 6800, "height": 6800, "orientation": 1},
    {**_BASE, "kind": 13},
    {**_BASE, "kind": 0, "width": 7900, "height": 8000, "orientation": 1},
    {**_BASE, "kind": 5, "width": 1, "height": 7_000_000},
    {**_BASE, "kind": 12, "width": 1, "height": 7_000_000, "interlaced": 1},
    {**_BASE, "kind": 5, "width": 7_000_000, "height": 1},
    {**_BASE, "width": 1000, "height": 1000, "noise": 1, "chunk": 20},
    {**_BASE, "width": 100, "height": 100, "extras": 40_000, "extra": 10},
    {**_BASE, "width": 100, "height": 100, "extras": 50, "extra": 100_000, "what": 1},
    {**_BASE, "width": 100, "height": 100, "empty": 40_000},
]
_KINDS = [
    (0, 1), (0, 2), (0, 4), (0, 8), (2, 8), (6, 8), (3, 1), (3, 4), (3, 8), (4, 8), (0, 16), (2, 16), (6, 16), (4,
    16),
]  # fmt: skip
"""Colour type and bits."""
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_EXTRAS = (b"tEXt", b"zTXt", b"iCCP", b"prVt", b"fcTL")


def make(genome: dict[str, int]) -> bytes:
    colour, bits = _KINDS[genome["kind"]]
    width, height = genome["width"], genome["height"]
    row = (width * _SAMPLES[colour] * bits + 7) // 8
    parts = [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, genome["interlaced"])),
    ]
    if colour == 3:
        parts.append(_chunk(b"PLTE", bytes(range(256)) * 3))
    if genome["transparent"] and colour in (0, 2, 3):
        parts.append(_chunk(b"tRNS", bytes({0: 2, 2: 6, 3: 200}[colour])))
    parts.append(_chunk(b"eXIf", exif(genome["orientation"])))
    extra = _chunk(
        _EXTRAS[genome["what"]], b"name\0\0" + zlib.compress(bytes(genome["extra"] * 100), 9)[: genome["extra"]]
    )
    parts.append((extra * genome["extras"])[:2_000_000] if genome["extras"] * len(extra) < 2_000_000 else b"")
    parts.append(_chunk(b"IDAT", b"") * genome["empty"])
    rows = 2 * height if genome["interlaced"] else height
    pixels = _pixels(genome["filter"], genome["noise"], row, rows)[: MAX_BYTES - sum(map(len, parts)) - 1000]
    step = max(genome["chunk"], len(pixels) // 40_000 + 1)
    if len(pixels) + 12 * (len(pixels) // step) < MAX_BYTES:
        parts += [_chunk(b"IDAT", pixels[at : at + step]) for at in range(0, len(pixels), step)]
    return b"".join(parts) + _chunk(b"IEND", b"")


@functools.lru_cache(8)
def _pixels(kind: int, noise: int, row: int, rows: int) -> bytes:
    """Rows of one filter, up to as many bytes as make a search slow; the first rows may be noise."""
    packer = zlib.compressobj(1)
    packed = b""
    rows = min(rows, 400_000_000 // (row + 1) + 1)
    block_rows = max(1, min(rows, (1 << 20) // (row + 1)))
    block = (bytes((kind,)) + bytes(min(row, 1 << 26))) * block_rows
    if noise:
        noisy = random.Random(1).randbytes(row)
        block = (bytes((kind,)) + noisy[: row // (3 - noise)].ljust(row, b"\0")) * block_rows
    for _ in range(-(-rows // block_rows)):
        packed += packer.compress(block)
        if len(packed) > MAX_BYTES:
            break
    return packed + packer.flush()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

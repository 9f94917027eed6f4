"""WebP: what libwebp writes of plain and noisy pictures, and lossless pictures of as many groups of codes as wanted."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
from PIL import Image

from tests.attack.image_seeds.metadata import Bits, exif

RANGES = {
    "width": (1, 16383), "height": (1, 16383), "kind": (0, 4), "groups": (1, 65536), "noise": (0, 64),
    "quality": (0, 100),
    "alpha": (0, 1), "canvas": (0, 16383), "orientation": (1, 8), "frames": (1, 3), "precision": (2, 9),
}  # fmt: skip
_BASE = {
    "width": 1500, "height": 1500, "kind": 0, "groups": 1, "noise": 0, "quality": 80, "alpha": 0, "canvas": 0,
    "orientation": 1, "frames": 1, "precision": 2,
}  # fmt: skip
SEEDS = [
    {**_BASE, "width": 3900, "height": 3900},
    {**_BASE, "width": 3900, "height": 3900, "alpha": 1, "orientation": 6},
    {**_BASE, "width": 3000, "height": 3000, "noise": 64},
    {**_BASE, "width": 2000, "height": 2000, "noise": 64, "alpha": 1, "quality": 30},
    {**_BASE, "kind": 1, "noise": 20},
    {**_BASE, "kind": 1, "width": 3900, "height": 3900, "alpha": 1, "orientation": 8},
    {**_BASE, "kind": 2, "width": 1024, "height": 1024, "groups": 65536},
    {**_BASE, "kind": 2, "width": 700, "height": 700, "groups": 10_000},
    {**_BASE, "kind": 2, "width": 3900, "height": 3900, "groups": 10_000},
    {**_BASE, "kind": 3, "width": 1024, "height": 1024, "groups": 65536},
    {**_BASE, "width": 100, "height": 100, "canvas": 3900},
    {**_BASE, "width": 1, "height": 16383},
    {**_BASE, "kind": 4, "width": 2000, "height": 2000, "frames": 3},
]


def make(genome: dict[str, int]) -> bytes:
    """`kind`: lossy, lossless, many groups, many groups in the transparency of a lossy picture, or an animation."""
    match genome["kind"]:
        case 2:
            pixels = _groups(genome, header=True)
            return _riff(genome, _chunk(b"VP8L", pixels), genome["width"], genome["height"])
        case 3:
            plain = _encoded(genome["width"], genome["height"], 0, 80, False, False, 1)
            lossy = plain[plain.index(b"VP8 ") :]
            alpha = _chunk(b"ALPH", b"\x01" + _groups(genome, header=False))
            return _riff(genome, alpha + lossy, genome["width"], genome["height"], flags=0x10)
    noise, frames = genome["noise"], genome["frames"] if genome["kind"] == 4 else 1
    data = _encoded(
        min(genome["width"], 4100), min(genome["height"], 4100), noise, genome["quality"], genome["kind"] == 1,
        bool(genome["alpha"]), frames,
    )  # fmt: skip
    if frames > 1 or (genome["orientation"] == 1 and not genome["canvas"]):
        return data
    start = next(data.index(name) for name in (b"ALPH", b"VP8 ", b"VP8L") if name in data[:60])
    return _riff(genome, data[start:], genome["width"], genome["height"], flags=0x10 if genome["alpha"] else 0)


@functools.lru_cache(8)
def _encoded(width: int, height: int, noise: int, quality: int, lossless: bool, alpha: bool, frames: int) -> bytes:
    rng = np.random.default_rng(1)
    shape = (height, width, 4 if alpha else 3)
    pixels = rng.integers(0, 2 * noise + 1, shape, dtype=np.uint8) if noise else np.full(shape, 90, np.uint8)
    images = [Image.fromarray(pixels + np.uint8(index)) for index in range(frames)]
    several = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    file = io.BytesIO()
    images[0].save(file, "WEBP", quality=quality, lossless=lossless, method=0, **several)
    return file.getvalue()


def _riff(genome: dict[str, int], frame: bytes, width: int, height: int, flags: int = 0) -> bytes:
    sides = [max(side, genome["canvas"]) - 1 for side in (width, height)]
    head = _chunk(b"VP8X", bytes((flags | 0x08, 0, 0, 0)) + b"".join(side.to_bytes(3, "little") for side in sides))
    body = b"WEBP" + head + frame + _chunk(b"EXIF", exif(genome["orientation"]))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _groups(genome: dict[str, int], *, header: bool) -> bytes:
    """Lossless pixels whose blocks have codes of their own, each of one symbol: 20 bits a group, 5 KB in memory."""
    bits, width, height = Bits(), genome["width"], genome["height"]
    if header:
        bits.put(0x2F, 8)
        bits.put(width - 1, 14)
        bits.put(height - 1, 14)
        bits.put(genome["alpha"], 1)
        bits.put(0, 3)
    bits.put(0, 1)  # no transform
    bits.put(0, 1)  # no cache of colours
    bits.put(1, 1)  # groups
    bits.put(genome["precision"] - 2, 3)
    blocks = -(-width // (1 << genome["precision"])) * -(-height // (1 << genome["precision"]))
    num = min(genome["groups"], blocks)
    bits.put(0, 1)  # the picture of the groups has no cache
    _all_symbols(bits, 280)
    _all_symbols(bits, 256)
    for _ in range(3):
        bits.put(1, 4)
    for block in range(blocks):
        name = block % num
        bits.put(_reversed(name & 255), 8)
        bits.put(_reversed(name >> 8), 8)
    for _ in range(5 * num):
        bits.put(1, 4)
    return bits.done() + bytes(8)


def _all_symbols(bits: Bits, num: int) -> None:
    """A code of 8 bits for each of the first 256 of `num` symbols."""
    bits.put(0, 1)
    bits.put(12 - 4, 4)  # the lengths of the codes for lengths, in this order: 17 18 0 1 2 3 4 5 16 6 7 8
    for length in (0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1):
        bits.put(length, 3)
    bits.put(0, 1)
    for symbol in range(num):
        bits.put(1 if symbol < 256 else 0, 1)


def _reversed(value: int) -> int:
    return int(f"{value:08b}"[::-1], 2)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)

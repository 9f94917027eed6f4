"""GIFs: frames larger and smaller than the screen, codes that make many pixels or none, and blocks before the frame."""

from __future__ import annotations

import functools
import random
import struct

from tests.attack.image_seeds.metadata import MAX_BYTES, Bits

RANGES = {
    "width": (1, 65535), "height": (1, 65535), "left": (0, 65535), "top": (0, 65535), "frame": (1, 65535),
    "tall": (1, 65535), "codes": (0, 3), "bits": (2, 8), "bytes": (0, 6_000_000), "interlaced": (0, 1),
    "transparent": (0, 1), "disposal": (0, 7), "comments": (0, 2_000_000), "block": (1, 255), "own": (0, 1),
    "frames": (0, 50),
}  # fmt: skip
_BASE = {
    "width": 6900, "height": 6900, "left": 0, "top": 0, "frame": 6900, "tall": 6900, "codes": 0, "bits": 8,
    "bytes": 6_000_000,
    "interlaced": 0, "transparent": 1, "disposal": 2, "comments": 0, "block": 255, "own": 0, "frames": 0,
}  # fmt: skip
SEEDS = [
    _BASE,
    {**_BASE, "interlaced": 1, "disposal": 3},
    {**_BASE, "transparent": 0, "own": 1},
    {**_BASE, "codes": 1},
    {**_BASE, "codes": 2},
    {**_BASE, "frame": 1, "tall": 1},
    {**_BASE, "width": 1, "height": 1, "left": 6800, "top": 6800, "frame": 100, "tall": 100},
    {**_BASE, "width": 1, "frame": 1, "height": 65535, "tall": 65535},
    {**_BASE, "comments": 90_000, "block": 1},
    {**_BASE, "comments": 2_000_000, "block": 1},
    {**_BASE, "frames": 50},
]


def make(genome: dict[str, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", genome["width"], genome["height"], 0xF7, 0, 0) + bytes(range(256)) * 3
    block = bytes((genome["block"],)) + b"c" * genome["block"]
    comments = (
        b"!\xfe" + block * min(genome["comments"], 5_000_000 // len(block)) + b"\0" if genome["comments"] else b""
    )
    control = b"!\xf9\x04" + bytes((genome["disposal"] << 2 | genome["transparent"], 0, 0, 0, 0))
    flags = 0x40 * genome["interlaced"] | 0x87 * genome["own"]
    frame = b"," + struct.pack("<HHHHB", genome["left"], genome["top"], genome["frame"], genome["tall"], flags)
    frame += (bytes(range(256)) * 3 if genome["own"] else b"") + bytes((genome["bits"],))
    data = _codes(genome, max(0, MAX_BYTES - len(head) - len(comments) - 40_000))
    frame += (
        b"".join(bytes((len(part),)) + part for part in (data[at : at + 255] for at in range(0, len(data), 255)))
        + b"\0"
    )
    more = (control + b",\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0") * genome["frames"]
    return head + comments + control + frame + more + b";"


def _codes(genome: dict[str, int], most: int) -> bytes:
    """Ever longer strings of one colour, clear codes alone, noise, or ones."""
    size = min(genome["bytes"], most * 255 // 256)
    match genome["codes"]:
        case 0:
            return _growing(genome["bits"], genome["frame"] * genome["tall"], size)
        case 1:
            bits = Bits()
            for _ in range(2000):
                bits.put(1 << genome["bits"], genome["bits"] + 1)
            block = bits.done()[: 2000 * (genome["bits"] + 1) // 8]
            return (block * (size // len(block) + 1))[:size]
        case 2:
            return random.Random(1).randbytes(size)
        case _:
            return b"\xff" * size


@functools.lru_cache(8)
def _growing(min_bits: int, pixels: int, size: int) -> bytes:
    clear, done, width = 1 << min_bits, 0, min_bits + 1
    bits = Bits()
    bits.put(clear, width)
    while done < min(pixels, 200_000_000) and len(bits) < size:
        width = min_bits + 1
        bits.put(0, width)
        done += 1
        for code in range(clear + 2, 4095):
            bits.put(code, width)
            done += code - clear
            if code + 1 == 1 << width and width < 12:
                width += 1
        bits.put(clear, width)
    return bits.done()[:size]

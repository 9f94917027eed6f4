"""BMPs of every depth, header and coding."""

from __future__ import annotations

import random
import struct

from tests.attack.image_seeds.metadata import MAX_BYTES

RANGES = {
    "width": (1, 8_000_000), "height": (1, 8_000_000), "depth": (0, 5), "coding": (0, 3), "down": (0, 1),
    "header": (0, 3),
    "runs": (0, 4), "bytes": (0, 6_000_000), "colours": (0, 70_000),
}  # fmt: skip
_BASE = {
    "width": 6900, "height": 6900, "depth": 0, "coding": 0, "down": 0, "header": 0, "runs": 0, "bytes": 6_000_000,
    "colours": 2,
}  # fmt: skip
_RUNS = {**_BASE, "depth": 2, "coding": 1, "colours": 256, "bytes": 1_000_000}
SEEDS = [
    _BASE,
    {**_BASE, "width": 1200, "height": 1200, "depth": 5, "coding": 3, "header": 2},
    {**_BASE, "width": 1, "height": 1_400_000, "depth": 4},
    {**_BASE, "width": 1, "height": 1_400_000, "depth": 0},
    {**_RUNS, "width": 1500, "height": 1500},
    {**_RUNS, "width": 1500, "height": 1500, "runs": 1},
    {**_RUNS, "width": 2000, "height": 2000, "runs": 2},
    {**_RUNS, "width": 2000, "height": 2000, "runs": 3},
    {**_RUNS, "width": 2000, "height": 2000, "coding": 2, "depth": 1, "runs": 4},
]
_DEPTHS = (1, 4, 8, 16, 24, 32)
_HEADERS = (40, 52, 56, 124)


def make(genome: dict[str, int]) -> bytes:
    bits, size = _DEPTHS[genome["depth"]], _HEADERS[genome["header"]]
    height = -genome["height"] if genome["down"] else genome["height"]
    header = struct.pack(
        "<IiiHHIIiiII", size, genome["width"], height, 1, bits, genome["coding"], 0, 0, 0, genome["colours"], 0
    )
    header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000).ljust(size, b"\0")[: size - 40]
    table = b"".join(bytes((index % 255, 1, 2, 0)) for index in range(genome["colours"])) if bits <= 8 else b""
    start = 14 + len(header) + len(table)
    row = (genome["width"] * bits + 31) // 32 * 4
    pixels = _runs(genome) if genome["coding"] in (1, 2) else bytes(min(row * genome["height"], MAX_BYTES - start))
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + table + pixels[: MAX_BYTES - start]


def _runs(genome: dict[str, int]) -> bytes:
    """Runs of one, long runs, ends of lines, jumps, or noise."""
    size = genome["bytes"]
    match genome["runs"]:
        case 0:
            return b"\x01\x07" * (size // 2)
        case 1:
            return b"\xff\x07" * (size // 2)
        case 2:
            return b"\x01\x07\x00\x00" * (size // 4)
        case 3:
            return b"\x00\x02\x01\x00" * (size // 4)
        case _:
            return random.Random(1).randbytes(size)

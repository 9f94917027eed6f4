"""JPEGs of any frame, number and kind of passes, and of metadata before them. The coded bytes need not be sound."""

from __future__ import annotations

import random
import struct

from tests.attack.image_seeds.metadata import MAX_BYTES, exif

RANGES = {
    "width": (1, 65500), "height": (1, 65500), "components": (0, 2), "across": (1, 4), "down": (1, 4), "marker": (0,
    4),
    "scans": (1, 4000), "first": (0, 63), "last": (0, 63), "refine": (0, 1), "low": (0, 13), "separate": (0, 1),
    "symbol": (0, 255), "lengths": (0, 2), "fill": (0, 4), "bytes": (1, 6_000_000), "restart": (0, 4),
    "orientation": (1, 8),
    "segments": (0, 5000), "segment": (0, 65000), "kind": (0, 3), "junk": (0, 1_000_000), "cut": (0, 1),
}  # fmt: skip
_BASE = {
    "width": 4992, "height": 4992, "components": 0, "across": 1, "down": 1, "marker": 2, "scans": 100, "first": 1,
    "last": 63, "refine": 0, "low": 0, "separate": 0, "symbol": 0xE0, "lengths": 0, "fill": 3, "bytes": 2000,
    "restart": 0,
    "orientation": 1, "segments": 0, "segment": 0, "kind": 0, "junk": 0, "cut": 0,
}  # fmt: skip
_ONE_PASS = {**_BASE, "marker": 0, "components": 1, "scans": 1, "fill": 2, "bytes": 5_900_000}
SEEDS = [
    _BASE,
    {**_BASE, "scans": 2000},
    {**_BASE, "refine": 1, "low": 1},
    {**_BASE, "marker": 4, "fill": 0, "refine": 1},
    {**_BASE, "marker": 3, "components": 1, "fill": 2},
    {
        **_BASE,
        "components": 1,
        "width": 8000,
        "height": 8000,
        "across": 2,
        "down": 2,
        "scans": 12,
        "fill": 2,
        "bytes": 400_000,
    },
    _ONE_PASS,
    {**_ONE_PASS, "width": 8000, "height": 8000, "orientation": 6},
    {**_ONE_PASS, "components": 2, "width": 4000, "height": 4000, "lengths": 1},
    {**_ONE_PASS, "width": 65500, "height": 977},
    {**_ONE_PASS, "width": 1, "height": 65500, "across": 4, "down": 4},
    {**_ONE_PASS, "segments": 4000, "segment": 10, "bytes": 100_000},
    {**_ONE_PASS, "segments": 90, "segment": 60_000, "bytes": 100_000},
    {**_ONE_PASS, "junk": 1_000_000, "bytes": 100_000},
    {**_ONE_PASS, "separate": 1, "scans": 3},
]
_MARKERS = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_SEGMENTS = (0xE1, 0xE2, 0xFE, 0xC4)


def make(genome: dict[str, int]) -> bytes:
    num = (1, 3, 4)[genome["components"]]
    frame = struct.pack(">BHHB", 8, genome["height"], genome["width"], num)
    for index in range(num):
        factor = genome["across"] << 4 | genome["down"] if index == 0 else 0x11
        frame += bytes((index + 1, factor, 0))
    head = b"\xff\xd8" + _segment(0xE1, b"Exif\0\0" + exif(genome["orientation"]))
    content = (b"Exif\0\0" if genome["kind"] == 0 else b"") + bytes(genome["segment"])
    head += (_segment(_SEGMENTS[genome["kind"]], content) * min(genome["segments"], 3_000_000 // (len(content) + 4)))[
        :3_000_000
    ]
    head += bytes(genome["junk"]) + _segment(0xDB, b"\0" + bytes([1] * 64))
    head += _segment(_MARKERS[genome["marker"]], frame) + _tables(genome)
    if genome["restart"]:
        head += _segment(0xDD, struct.pack(">H", 10 ** (genome["restart"] - 1)))
    return _with_scans(head, genome, num)


def _with_scans(head: bytes, genome: dict[str, int], num: int) -> bytes:
    progressive = genome["marker"] in (2, 4)
    parts, size = [head], len(head)
    for index in range(genome["scans"]):
        if progressive and index == 0:
            ids, limits = range(1, num + 1), (0, 0, genome["low"])
        elif progressive:
            ids, limits = (
                range(1, 2),
                (
                    genome["first"],
                    genome["last"],
                    (genome["low"] + 1) << 4 | genome["low"] if genome["refine"] else genome["low"],
                ),
            )
        else:
            ids, limits = (
                range(1 + index % num, 2 + index % num) if genome["separate"] else range(1, num + 1),
                (0, 63, 0),
            )
        scan = _segment(0xDA, bytes((len(ids),)) + b"".join(bytes((name, 0)) for name in ids) + bytes(limits))
        scan += _coded(genome, index)
        if size + len(scan) > MAX_BYTES:
            break
        parts.append(scan)
        size += len(scan)
    return b"".join(parts) + (b"" if genome["cut"] else b"\xff\xd9")


def _coded(genome: dict[str, int], index: int) -> bytes:
    """All zeros, all ones, noise, runs of blocks that end, or a mixture of bits."""
    size = genome["bytes"]
    match genome["fill"]:
        case 0:
            return bytes(size)
        case 1:
            return b"\xff\0" * (size // 2)
        case 2:
            return random.Random(index % 7).randbytes(size).replace(b"\xff", b"\xfe")
        case 3:
            return b"\x7f\xfe" * (size // 2)
        case _:
            return random.Random(index % 7).choice((b"\x55", b"\xaa", b"\x80", b"\x01", b"\xf0")) * size


def _tables(genome: dict[str, int]) -> bytes:
    """One code of one bit for one symbol; all symbols with 8 bits, or few of them short."""
    if genome["lengths"] == 0:
        ac = bytes([1] + [0] * 15) + bytes((genome["symbol"],))
        dc = bytes([1] + [0] * 15) + bytes(1)
    elif genome["lengths"] == 1:
        ac = bytes([0] * 7 + [255] + [0] * 8) + bytes(range(255))
        dc = bytes([0] * 3 + [12] + [0] * 12) + bytes(range(12))
    else:
        ac = bytes([1, 1, 1] + [0] * 13) + bytes((genome["symbol"], 0x01, 0xF0))
        dc = bytes([1, 1] + [0] * 14) + bytes((0, 11))
    return _segment(0xC4, b"\0" + dc) + _segment(0xC4, b"\x10" + ac)


def _segment(code: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(content) + 2) + content

"""TIFFs of every kind of pixels, compression, strip and tile; the parts share one block of bytes, or say so."""

from __future__ import annotations

import functools
import io
import random
import struct
import zlib

from PIL import Image, TiffImagePlugin

from tests.attack.image_seeds import jpeg
from tests.attack.image_seeds.metadata import MAX_BYTES

RANGES = {
    "width": (1, 8_000_000), "height": (1, 8_000_000), "kind": (0, 12), "coding": (0, 8), "tiled": (0, 1),
    "part": (1, 30_000),
    "tall": (1, 8_000_000), "separate": (0, 1), "block": (1, 3_000_000), "parts": (1, 200_000), "noise": (0, 1),
    "predictor": (1, 3), "fill": (1, 2), "orientation": (1, 8), "entries": (0, 1000), "shared": (0, 1), "big": (0, 1),
}  # fmt: skip
_BASE = {
    "width": 5400, "height": 5400, "kind": 3, "coding": 1, "tiled": 0, "part": 5408, "tall": 5400, "separate": 0,
    "block": 3_000_000,
    "parts": 1, "noise": 0, "predictor": 1, "fill": 1, "orientation": 6, "entries": 0, "shared": 0, "big": 0,
}  # fmt: skip
SEEDS = [
    {**_BASE, "tall": 64, "parts": 85},
    {**_BASE, "tall": 64, "parts": 85, "shared": 1},
    {**_BASE, "tall": 1, "parts": 5400, "predictor": 2},
    {**_BASE, "tiled": 1, "part": 256, "tall": 256, "parts": 484},
    {**_BASE, "tiled": 1, "width": 100, "height": 100, "part": 26_000, "tall": 26_000},
    {**_BASE, "tiled": 1, "width": 100, "height": 100, "part": 5000, "tall": 5000},
    {**_BASE, "kind": 8, "tall": 64, "parts": 63, "width": 4000, "height": 4000},
    {**_BASE, "kind": 5, "width": 7000, "height": 7000, "tall": 64, "parts": 110, "orientation": 1},
    {**_BASE, "kind": 5, "width": 1, "height": 4_000_000, "tall": 4_000_000},
    {**_BASE, "kind": 0, "width": 1, "height": 20_000, "tall": 1, "parts": 20_000, "coding": 0, "block": 30},
    {**_BASE, "kind": 1, "coding": 2, "tall": 64, "parts": 85},
    {**_BASE, "coding": 3, "tall": 64, "parts": 85},
    {**_BASE, "coding": 4, "tall": 600, "parts": 9},
    {**_BASE, "coding": 5, "width": 5000, "height": 5000, "tall": 5000},
    {**_BASE, "coding": 6, "tall": 5400},
    {**_BASE, "coding": 7, "tall": 5400},
    {**_BASE, "coding": 8, "kind": 0, "tall": 5400},
    {**_BASE, "width": 100, "height": 100, "entries": 980},
    {**_BASE, "kind": 12, "width": 3400, "height": 3400, "tall": 64, "parts": 54},
    {**_BASE, "kind": 9, "tall": 64, "parts": 47, "width": 3000, "height": 3000},
]
_KINDS = [
    (1, (1,), 1, ()), (1, (8,), 1, ()), (3, (8,), 1, ()), (2, (8, 8, 8), 1, ()), (2, (8, 8, 8, 8), 1, (2,)), (1,
    (32,), 1, ()),
    (1, (16,), 1, ()), (1, (16,), 2, ()), (2, (16, 16, 16, 16), 1, (2,)), (6, (8, 8, 8), 1, ()), (5, (16, 16, 16,
    16), 1, ()),
    (1, (8, 8), 1, (2,)), (8, (8, 8, 8), 1, ()),
]  # fmt: skip
"""Photometric interpretation, bits, sample format, extra samples."""
_CODINGS = (1, 8, 5, 32773, 7, 7, 34925, 50000, 4)


def make(genome: dict[str, int]) -> bytes:
    photometric, bits, sample_format, extra = _KINDS[genome["kind"]]
    coding = _CODINGS[genome["coding"]]
    blob = _blob(genome, coding, bits)
    data = bytearray(b"II*\0\0\0\0\0") if not genome["big"] else bytearray(b"II\x2b\0\x08\0\0\0" + bytes(8))
    place = len(data)
    num = min(genome["parts"], 100_000, (MAX_BYTES - len(blob)) // 8)
    if genome["shared"]:
        data += blob
    else:
        num = max(1, min(num, MAX_BYTES // (len(blob) + 8)))
        data += blob * num
    counts = [len(blob)] * num
    offsets = [place + (0 if genome["shared"] else index * len(blob)) for index in range(num)]
    tags: dict[int, tuple[int, tuple[int, ...]]] = {
        256: (4, (genome["width"],)), 257: (4, (genome["height"],)), 258: (3, bits), 259: (3, (coding,)), 262: (3,
        (photometric,)),
        266: (3, (genome["fill"],)), 274: (3, (genome["orientation"],)), 277: (3, (len(bits),)), 284: (3,
        (1 + genome["separate"],)),
        317: (3, (genome["predictor"],)), 339: (3, (sample_format,) * len(bits)),
    }  # fmt: skip
    if photometric == 3:
        tags[320] = 3, tuple(range(768))
    if extra:
        tags[338] = 3, extra
    if genome["tiled"]:
        tags |= {
            322: (4, (genome["part"],)),
            323: (4, (genome["tall"],)),
            324: (4, tuple(offsets)),
            325: (4, tuple(counts)),
        }
    else:
        tags |= {273: (4, tuple(offsets)), 278: (4, (genome["tall"],)), 279: (4, tuple(counts))}
    for index in range(genome["entries"]):
        tags[40_000 + index] = 4, (1, 2)
    return _file(data, tags, bool(genome["big"]))


def _file(data: bytearray, tags: dict[int, tuple[int, tuple[int, ...]]], big: bool) -> bytes:
    entries = b""
    letters, room = {3: "H", 4: "I"}, 8 if big else 4
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}{letters[kind]}", *values)
        if len(packed) > room:
            data += b"\0" * (len(data) % 2)
            place = struct.pack("<" + ("Q" if big else "I"), len(data))
            data += packed
            packed = place
        entries += struct.pack("<" + ("HHQ" if big else "HHI"), tag, kind, len(values)) + packed.ljust(room, b"\0")
    data += b"\0" * (len(data) % 2)
    struct.pack_into("<" + ("Q" if big else "I"), data, 8 if big else 4, len(data))
    return bytes(data) + struct.pack("<" + ("Q" if big else "H"), len(tags)) + entries + bytes(room)


def _blob(genome: dict[str, int], coding: int, bits: tuple[int, ...]) -> bytes:
    """One part, coded."""
    width = genome["part"] if genome["tiled"] else genome["width"]
    tall = min(genome["tall"], 65500) if coding == 7 else genome["tall"]
    raw = min((width * sum(bits) + 7) // 8 * min(tall, genome["height"] if not genome["tiled"] else tall), 700_000_000)
    match coding:
        case 8:
            return _deflated(raw, genome["block"], noise=bool(genome["noise"]))
        case 32773:
            return (b"\x81\0" * (raw // 128 + 1))[: genome["block"]]
        case 5:
            return _lzw(raw, genome["block"], noise=bool(genome["noise"]))
        case 7:
            shape = {"width": min(width, 65500), "height": min(tall, 65500, genome["height"]), "components": 1}
            seed = (
                {**jpeg.SEEDS[6], **shape, "bytes": genome["block"]}
                if genome["coding"] == 4
                else {**jpeg.SEEDS[0], **shape, "scans": 90}
            )
            return jpeg.make(seed)[: MAX_BYTES - 10_000]
        case 34925 | 50000 | 4:
            return _by_pillow(coding, width, tall)
    return bytes(min(raw, genome["block"]))


@functools.lru_cache(8)
def _deflated(raw: int, most: int, *, noise: bool) -> bytes:
    packer = zlib.compressobj(1)
    block = random.Random(1).randbytes(1 << 20) if noise else bytes(1 << 20)
    parts: list[bytes] = []
    while raw > 0 and sum(map(len, parts)) < most:
        parts.append(packer.compress(block[:raw]))
        raw -= len(block)
    return b"".join(parts)[:most] + packer.flush()


@functools.lru_cache(8)
def _by_pillow(coding: int, width: int, tall: int) -> bytes:
    """The first strip that libtiff writes."""
    name = {34925: "lzma", 50000: "zstd", 4: "group4"}[coding]
    file = io.BytesIO()
    side = min(width, 6000), min(tall, 6000)
    Image.new("1" if coding == 4 else "RGB", side).save(file, "TIFF", compression=name, strip_size=1 << 28)
    with TiffImagePlugin.TiffImageFile(io.BytesIO(file.getvalue())) as image:
        offset, count = image.tag_v2[273][0], image.tag_v2[279][0]
    return file.getvalue()[offset : offset + count]


@functools.lru_cache(8)
def _lzw(raw: int, most: int, *, noise: bool) -> bytes:
    """From the highest bit on, each string one longer than the last; noise clears all the time."""
    value = num = 0
    out = bytearray()

    def put(code: int, width: int) -> None:
        nonlocal value, num
        value, num = value << width | code, num + width
        while num >= 8:
            num -= 8
            out.append(value >> num & 255)
        value &= (1 << num) - 1

    done = 0
    while done < min(raw, 300_000_000) and len(out) < most:
        put(256, 9)
        put(0, 9)
        done += 1
        if noise:
            continue
        width = 9
        for code in range(258, 4093):
            if code + 1 >= 1 << width and width < 12:
                width += 1
            put(code, width)
            done += code - 256
        put(256, 12)
    put(257, 9)
    return bytes(out)

"""TIFF: the strips or tiles of the first page. Source: TIFF 6.0.

The decoder gets the same file with a directory of the tags that make pixels, so neither metadata nor pages count.
"""

from __future__ import annotations

from dataclasses import dataclass

from imgcls.images.errors import UNSUPPORTED, Damaged, ImageError
from imgcls.images.formats import orientation, tiff_directory
from imgcls.images.formats.tiff_directory import Directory
from imgcls.images.structure import Bytes, Structure

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 258, 259, 262, 277, 284
_OFFSETS, _ROWS, _COUNTS, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 273, 278, 279, 322, 323, 324, 325
_EXTRA, _SAMPLE_FORMAT, _ORIENTATION, _XMP = 338, 339, 274, 700
_KEPT = {
    _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _EXTRA, _SAMPLE_FORMAT,
    266, 292, 293, 317, 320, 347, 529, 530, 531, 532,
}  # fmt: skip
"""Also fill order, fax options, predictor, table of colours, JPEG tables, and how YCbCr is meant."""
_RAW, _LZW, _OLD_JPEG, _DEFLATE, _PACKBITS, _OLD_DEFLATE = 1, 5, 6, 8, 32773, 32946
_BOUNDED = {_RAW, _LZW, _DEFLATE, _PACKBITS, _OLD_DEFLATE}
"""Decoders that end with the pixels they were asked for, and keep no more."""
_DECODED = _BOUNDED | {2, 3, 4, _OLD_JPEG, 7, 34925, 50000}
"""Also fax, JPEG, LZMA and Zstandard."""
_COLOURS = {0: "grey", 1: "grey", 2: "rgb", 3: "palette", 5: "cmyk", 6: "rgb", 8: "lab"}
_RGB, _YCBCR, _LAB, _FLOAT, _SEPARATE = 2, 6, 8, 3, 2
_TRANSPARENT = {1, 2, 999}
_MAX_PARTS = 100_000
_MAX_VALUES = 200_000
"""Of a tag that is not of the parts: the largest table of colours has 196,608."""
_OVERLAP = 2
"""How often each byte may be part of a strip or tile: as often as it is read."""
_PER_PART, _PER_RAW_BYTE, _PER_BYTE, _PER_LAB_PIXEL = 1000.0, 0.25, 2.0, 4.0
"""Work in pixels."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes in pixels, and of a part, which is a strip or a tile. `tags` are those of the parts."""

    width: int
    height: int
    samples: int
    bits: int
    planes: int
    part: tuple[int, int]
    tags: tuple[int, int, int, int]
    tiled: bool

    @property
    def num_parts(self) -> int:
        return -(-self.width // self.part[0]) * -(-self.height // self.part[1]) * self.planes

    @property
    def part_bytes(self) -> int:
        return (self.part[0] * (self.samples // self.planes) * self.bits + 7) // 8 * self.part[1]


def read(data: Bytes) -> Structure:
    """Raises Damaged or ImageError."""
    directory = tiff_directory.read(data)
    layout = _layout(directory)
    directory.check_counts(_KEPT, _MAX_VALUES)
    compression = directory.value(_COMPRESSION, _RAW)
    if compression not in _DECODED:
        raise ImageError(UNSUPPORTED, f"the TIFF image has the compression {compression}, which is not supported")
    photometric = _YCBCR if compression == _OLD_JPEG else directory.value(_PHOTOMETRIC, 0)
    size = _coded_bytes(directory, layout, compression)
    extra = directory.values(_EXTRA)
    work = _PER_PART * layout.num_parts + _PER_RAW_BYTE * layout.num_parts * layout.part_bytes + _PER_BYTE * size
    if photometric == _LAB:
        work += _PER_LAB_PIXEL * layout.width * layout.height
    held = 2 * layout.part_bytes
    if photometric == _YCBCR:
        held += 4 * layout.part[0] * layout.part[1]
    return Structure(
        "TIFF",
        layout.width,
        layout.height,
        colours="float" if _FLOAT in directory.values(_SAMPLE_FORMAT) else _COLOURS.get(photometric, "rgb"),
        bits=layout.bits,
        alpha=bool(_TRANSPARENT.intersection(extra)) or (photometric == _RGB and layout.samples == 4 and not extra),
        animated=directory.following != 0,
        orientation=_orientation(directory),
        pieces=directory.pieces(_KEPT.union(layout.tags)),
        held=held,
        work=work,
        limited=compression not in _BOUNDED or photometric == _YCBCR,
        detail=_detail(layout),
    )


def _layout(directory: Directory) -> _Layout:
    width, height = directory.value(_WIDTH, 0), directory.value(_HEIGHT, 0)
    bits = directory.values(_BITS) or (1,)
    samples = directory.value(_SAMPLES, len(bits))
    tiled = _TILE_WIDTH in directory.entries
    if tiled:
        part = directory.value(_TILE_WIDTH, 0), directory.value(_TILE_HEIGHT, 0)
    else:
        part = width, min(directory.value(_ROWS, height), height)
    sides = (_TILE_WIDTH, _TILE_HEIGHT) if tiled else (_ROWS, _ROWS)
    own = tiled and _TILE_OFFSETS in directory.entries
    tags = (*sides, *((_TILE_OFFSETS, _TILE_COUNTS) if own else (_OFFSETS, _COUNTS)))
    if not width or not height or not all(part) or not 0 < samples <= 16 or not 0 < max(bits) <= 64:
        raise Damaged("it does not say how its pixels lie")
    planes = samples if directory.value(_PLANAR, 1) == _SEPARATE else 1
    return _Layout(width, height, samples, max(bits), planes, part, tags, tiled)


def _coded_bytes(directory: Directory, layout: _Layout, compression: int) -> int:
    """Bytes of all parts. Raises Damaged where there are more of them than the image has, or than the file holds."""
    if layout.num_parts > _MAX_PARTS:
        raise Damaged(f"it has {layout.num_parts} strips or tiles")
    offsets, counts = (directory.values(tag, _MAX_PARTS) for tag in layout.tags[2:])
    if not offsets or len(offsets) > layout.num_parts:
        raise Damaged(f"it has {len(offsets)} strips or tiles where {layout.num_parts} make its pixels")
    if len(counts) != len(offsets) and compression != _RAW and layout.num_parts > 1:
        raise Damaged("it does not say how long its strips or tiles are")
    if compression == _RAW:
        return 0  # their sizes follow from the pixels, whatever it says
    if sum(counts) > _OVERLAP * len(directory.data):
        raise Damaged("its strips or tiles overlap")
    return sum(counts) or len(directory.data)


def _orientation(directory: Directory) -> int:
    try:
        said = directory.value(_ORIENTATION, 0)
        xmp = b"" if said else bytes(directory.values(_XMP, 1 << 20))
    except (Damaged, ValueError):
        return orientation.UPRIGHT
    return said if 1 <= said <= 8 else orientation.of(b"", xmp)


def _detail(layout: _Layout) -> str:
    if layout.tiled:
        return f" in tiles of {layout.part[0]} x {layout.part[1]}"
    return f" in {layout.num_parts} strips" if layout.num_parts > 1000 else ""

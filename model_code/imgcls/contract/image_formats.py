"""Image formats: how their files begin and are called. One table for every listing, and for what decodes."""

from __future__ import annotations

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".heic",
    ".heif", ".avif", ".mpo",
)  # fmt: skip
HEAD_BYTES = 300
"""As many first bytes tell every format: HEIC and AVIF name up to 64 brands."""
PNG = b"\x89PNG\r\n\x1a\n"

_STARTS = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (PNG,),
    "GIF": (b"GIF87a", b"GIF89a"),
    # TIFF and BigTIFF in both byte orders, and TIFF with its number in the other one, which Pillow reads.
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0"),
}
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes of the header behind `BM`, which as two letters is too common a beginning."""
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_CONTAINERS = {b"mif1", b"msf1", b"miaf"}
_MAX_BRANDS = 64


def has_image_name(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def identify(head: bytes) -> str:
    """The format of a file that begins so, readable here or not: Pillow's name of it, `AVIF` or `HEIC`; else empty.

    head: HEAD_BYTES or more, or the whole file.
    """
    for name, starts in _STARTS.items():
        if head.startswith(starts):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM":
        return "BMP" if int.from_bytes(head[14:18], "little") in _BMP_HEADERS else ""
    return _brand(head) if head[4:8] == b"ftyp" else ""


def _brand(head: bytes) -> str:
    """Source: ISO/IEC 23008-12 and AVIF 1.1."""
    end = min(int.from_bytes(head[:4], "big"), 16 + 4 * _MAX_BRANDS)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    if brands[0] not in _AVIF | _HEIC | _CONTAINERS:
        return ""
    return "AVIF" if _AVIF.intersection(brands) else "HEIC"

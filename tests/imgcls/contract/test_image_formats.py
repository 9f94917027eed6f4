"""How files of each format begin: what a listing takes for an image is what the gate knows, by one table."""

from __future__ import annotations

import pytest

from imgcls.contract import image_formats
from imgcls.images import gate


def boxed(*brands: bytes) -> bytes:
    """The beginning of a HEIC or AVIF file: its first brand, a version, and the others."""
    size = 16 + 4 * (len(brands) - 1)
    return size.to_bytes(4, "big") + b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"GIF88a", ""),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WEBP"),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
        *((start, "TIFF") for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"BM" + bytes(12) + b"\x29\0\0\0", ""),
        (b"BMW and other cars, a list of makes", ""),
        (boxed(b"heic"), "HEIC"),
        (boxed(b"hevm"), "HEIC"),
        (boxed(b"miaf", b"heic"), "HEIC"),
        (boxed(b"mif1", b"miaf", b"avif"), "AVIF"),
        (boxed(b"mif1", *[b"none"] * 62, b"avif"), "AVIF"),
        (boxed(b"avis"), "AVIF"),
        (boxed(b"isom", b"avif"), ""),
        (b"", ""),
    ],
)
def test_the_first_bytes_tell_the_format(head: bytes, name: str) -> None:
    behind = bytes(1000)
    assert image_formats.identify((head + behind)[: image_formats.HEAD_BYTES]) == name
    assert image_formats.identify(head) == name
    assert not name or name in gate.FORMATS + gate.OPTIONAL_FORMATS

"""What an encoded image is, by its first bytes, and what it consists of, by its headers. Nothing is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable, Container

from imgcls.images.errors import EMPTY, NOT_AN_IMAGE, Damaged, ImageError, damaged
from imgcls.images.formats import bmp, gif, heif, jpeg, png, tiff, webp
from imgcls.images.structure import Bytes, Structure

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
OPTIONAL_FORMATS = ("AVIF", "HEIC")
"""Read where their decoders are installed."""
SIGNATURE_BYTES = 300
"""Enough of a file to know its format."""
_READERS: dict[str, Callable[[Bytes], Structure]] = {
    "JPEG": jpeg.read,
    "PNG": png.read,
    "WEBP": webp.read,
    "GIF": gif.read,
    "BMP": bmp.read,
    "TIFF": tiff.read,
    "AVIF": heif.read,
    "HEIC": heif.read,
}


def identify(data: Bytes) -> str:
    """One of FORMATS or OPTIONAL_FORMATS, or empty."""
    head = data[:12]
    if head.startswith(jpeg.SIGNATURE):
        return "JPEG"
    if head.startswith(png.SIGNATURE):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:] == b"WEBP":
        return "WEBP"
    if head.startswith(gif.SIGNATURE):
        return "GIF"
    if head.startswith(tiff.SIGNATURES):
        return "TIFF"
    if head.startswith(bmp.SIGNATURE):
        return "BMP"
    return heif.kind(data)


def read(data: Bytes, formats: Container[str] = FORMATS + OPTIONAL_FORMATS) -> Structure:
    """Raises ImageError for what is not an image of `formats`, or one whose headers are damaged."""
    if not len(data):
        raise ImageError(EMPTY, "the image is empty: 0 bytes")
    name = identify(data)
    if name not in formats:
        known = ", ".join(FORMATS)
        raise ImageError(NOT_AN_IMAGE, f"the bytes are not an image of a known format ({known})")
    try:
        return _READERS[name](data)
    except Damaged as error:
        raise damaged(name, error) from None
    except (struct.error, IndexError, OverflowError):
        raise damaged(name, "its headers end too early, or point outside of the file") from None

"""What an encoded image consists of, by its headers. Nothing is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable, Container

from imgcls.contract.image_formats import HEAD_BYTES, identify
from imgcls.images.errors import EMPTY, NOT_AN_IMAGE, Damaged, ImageError, damaged
from imgcls.images.formats import bmp, gif, heif, jpeg, png, tiff, webp
from imgcls.images.structure import Bytes, Structure

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
OPTIONAL_FORMATS = ("AVIF", "HEIC")
"""Read where their decoders are installed."""
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


def read(data: Bytes, formats: Container[str] = FORMATS + OPTIONAL_FORMATS) -> Structure:
    """Raises ImageError for what is not an image of `formats`, or one whose headers are damaged."""
    if not len(data):
        raise ImageError(EMPTY, "the image is empty: 0 bytes")
    name = identify(data[:HEAD_BYTES])
    if name not in formats:
        known = ", ".join(FORMATS)
        raise ImageError(NOT_AN_IMAGE, f"the bytes are not an image of a known format ({known})")
    try:
        return _READERS[name](data)
    except Damaged as error:
        raise damaged(name, error) from None
    except (struct.error, IndexError, OverflowError):
        raise damaged(name, "its headers end too early, or point outside of the file") from None

"""From encoded bytes to the network's input: the only place that decodes, orients, resizes and crops.

Training's evaluation path, evaluate.py, the server and the data check all call it, so they see the same pixels.
What an image consists of and costs is known before anything is decoded (`imgcls.images.gate`, `imgcls.images.cost`).
Every kind of image has one defined result:

* formats: JPEG, PNG, WebP, GIF, BMP, TIFF, and AVIF and HEIC where a decoder is installed; anything else is refused
* grey and palette images become RGB; alpha and transparent colours are blended with white
* CMYK is converted without its colour profile; colour profiles are always ignored
* 16-bit grey keeps its high byte (what Pillow does for 16-bit RGB); floating-point pixels are refused
* of animations and multi-page files the first frame is used
* EXIF orientation is applied; an unreadable EXIF block counts as "not rotated", because the pixels are still good
* a JPEG of more than 16 megapixels is shrunk by libjpeg while it is decoded, to a half, a quarter or an eighth
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
from PIL import Image

from imgcls.contract.artifact import Preprocessing
from imgcls.images import cost, decoders, gate, limited
from imgcls.images.cost import MAX_PIXELS as MAX_PIXELS
from imgcls.images.errors import CORRUPT as CORRUPT
from imgcls.images.errors import EMPTY as EMPTY
from imgcls.images.errors import NOT_AN_IMAGE as NOT_AN_IMAGE
from imgcls.images.errors import TOO_MANY_PIXELS as TOO_MANY_PIXELS
from imgcls.images.errors import UNSUPPORTED as UNSUPPORTED
from imgcls.images.errors import ImageError as ImageError
from imgcls.images.structure import Structure

try:
    import simplejpeg as simplejpeg  # exported: others ask whether it is there
except ImportError:  # not in the stock training image
    simplejpeg = None

FORMATS = gate.FORMATS + gate.OPTIONAL_FORMATS
PACKED_FORMATS = (*FORMATS, "PPM")
"""Packed shards also contain raw pixels after a one-line header. The server does not accept such files."""

_PPM = re.compile(rb"P6\n(\d+) (\d+)\n255\n")


def preprocess(
    data: bytes, spec: Preprocessing, max_pixels: int = MAX_PIXELS, formats: tuple[str, ...] = FORMATS
) -> np.ndarray:
    """The pixels that the network sees: uint8, shape (crop, crop, 3), RGB. Raises ImageError."""
    image = decode(data, max_pixels, min_side=spec.resize, formats=formats)
    return np.asarray(resize_and_crop(image, spec))


def decode(
    data: bytes, max_pixels: int = MAX_PIXELS, min_side: int | None = None, formats: tuple[str, ...] = FORMATS
) -> Image.Image:
    """The first frame, upright, mode RGB. Raises ImageError.

    With `min_side` a JPEG may be returned smaller, with a short side of at least `min_side`: libjpeg scales by 1/2,
    1/4 or 1/8 while it decodes, which costs half as much as a full decode.
    """
    if (packed := _packed(data, formats)) is not None:
        return Image.fromarray(packed)
    structure = gate.read(data, formats)
    short = min(structure.width, structure.height)
    factor = max(f for f in structure.factors if f == 1 or (min_side and short >= f * min_side))
    return _decode(data, structure, max_pixels, cost.admit(structure, max_pixels, factor))


def _decode(data: bytes, structure: Structure, max_pixels: int, factor: int) -> Image.Image:
    """With Pillow. `structure` was admitted with `factor`."""
    seen = structure.decodable(data)
    if structure.format in gate.OPTIONAL_FORMATS:
        decoders.check_installed(structure.format)
    if structure.limited:
        return Image.fromarray(limited.decode(seen, structure, max_pixels))
    size = structure.width, structure.height
    return decoders.decode(seen, structure.format, structure.orientation, size=size, factor=factor)


JpegDecoder = Callable[[bytes], np.ndarray]
"""All pixels of a JPEG, uint8 RGB (height, width, 3), not rotated. Raises ValueError for a file it cannot decode."""


class Scratch:
    """Memory that one thread reuses for every image: new pages for each would add a sixth to the decoding time."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, dtype=np.uint8)

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        """An uninitialised uint8 array of `shape`; it overlaps every array that was returned before."""
        size = math.prod(shape)
        if size > len(self._bytes):
            self._bytes = np.empty(size, dtype=np.uint8)
        return self._bytes[:size].reshape(shape)


def decode_for_training(
    data: bytes,
    min_pixels: float = math.inf,
    max_pixels: int = MAX_PIXELS,
    scratch: Scratch | None = None,
    formats: tuple[str, ...] = FORMATS,
    other: JpegDecoder | None = None,
) -> np.ndarray:
    """Like `decode`, as uint8 (height, width, 3), in 60 % of the time where simplejpeg is installed.

    A JPEG may be returned with its sides halved, once or several times, as long as it keeps `min_pixels`.

    Both wrap libjpeg-turbo and give the same pixels; Pillow copies them more often. `other` is used where simplejpeg
    is missing. Files that neither can decode go to Pillow. The result may share memory with `scratch`, and may be
    read-only. Raises ImageError.
    """
    if (packed := _packed(data, formats)) is not None:
        return packed
    structure = gate.read(data, formats)
    num_pixels = structure.width * structure.height
    # libjpeg is fast only when it halves while decoding; its other scales cost more than a full decode.
    factor = max(f for f in structure.factors if f == 1 or num_pixels >= f * f * min_pixels)
    factor = cost.admit(structure, max_pixels, factor)
    if structure.format == "JPEG" and structure.colours in ("rgb", "grey"):
        size = -(-structure.height // factor), -(-structure.width // factor)
        try:
            if simplejpeg:
                buffer = scratch.array((*size, 3)) if scratch else None
                seen = structure.decodable(data)
                pixels = simplejpeg.decode_jpeg(seen, "RGB", min_height=size[0], min_width=size[1], buffer=buffer)
                return decoders.upright_array(pixels, structure.orientation)
            if other and factor == 1:
                return decoders.upright_array(other(structure.decodable(data)), structure.orientation)
        except ValueError:
            pass  # Pillow says what is wrong with it, or can read it
    return np.asarray(_decode(data, structure, max_pixels, factor))


def _packed(data: bytes, formats: tuple[str, ...]) -> np.ndarray | None:
    """The pixels of `to_ppm`, in the memory of `data`; None for another format."""
    header = _PPM.match(data) if "PPM" in formats else None
    if header is None:
        return None
    width, height = int(header[1]), int(header[2])
    if len(data) - header.end() < width * height * 3:
        raise ImageError(CORRUPT, "the PPM image is truncated")
    return np.frombuffer(data, np.uint8, width * height * 3, offset=header.end()).reshape(height, width, 3)


def to_ppm(pixels: np.ndarray) -> bytes:
    """uint8 RGB (height, width, 3) as a binary PPM file, which `decode_for_training` reads without copying."""
    height, width = pixels.shape[:2]
    return b"P6\n%d %d\n255\n" % (width, height) + np.ascontiguousarray(pixels).tobytes()


def resize_and_crop(image: Image.Image, spec: Preprocessing) -> Image.Image:
    """The centre `crop` x `crop` of the image whose short side is `resize`, antialiased, in one resampling step."""
    width, height = image.size
    side = spec.crop * min(width, height) / spec.resize
    left, top = (width - side) / 2, (height - side) / 2
    return image.resize((spec.crop, spec.crop), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side))

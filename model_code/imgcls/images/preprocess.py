"""From encoded bytes to the network's input: the only place that decodes, orients, resizes and crops.

Training's evaluation path, evaluate.py, the server and the data check all call it, so they see the same pixels.
Every kind of image has one defined result:

* formats: JPEG, PNG, WebP, GIF, BMP, TIFF; anything else is refused
* grey and palette images become RGB; alpha and transparent colours are blended with white
* CMYK is converted without its colour profile; colour profiles are always ignored
* 16-bit grey keeps its high byte (what Pillow does for 16-bit RGB); floating-point pixels are refused
* of animations and multi-page files the first frame is used
* EXIF orientation is applied; an unreadable EXIF block counts as "not rotated", because the pixels are still good
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable

import numpy as np
from PIL import Image

from imgcls.contract.artifact import Preprocessing

try:
    import simplejpeg as simplejpeg  # exported: others ask whether it is there
except ImportError:  # not in the stock training image
    simplejpeg = None

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
PACKED_FORMATS = (*FORMATS, "PPM")
"""Packed shards also contain raw pixels after a one-line header. The server does not accept such files."""
MAX_PIXELS = 25_000_000
"""Default cap on the declared width x height: a 20 KB PNG can take 860 MB to decode, and Pillow only warns."""
WEBP_SHARE = 0.6
"""Share of the cap for a WebP image: its decoder keeps the canvas in memory four times, others at most twice."""

EMPTY = "empty"
NOT_AN_IMAGE = "not_an_image"
TOO_MANY_PIXELS = "too_many_pixels"
CORRUPT = "corrupt"
UNSUPPORTED = "unsupported"

_PPM = re.compile(rb"P6\n(\d+) (\d+)\n255\n")
_WHITE = (255, 255, 255)
_BAND_ROWS = 64
_EXIF_ORIENTATION = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """Bytes that cannot be decoded. `code` is one of this module's constants, `sentence` is for the user."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


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
    image = _open(data, max_pixels, formats)
    name = image.format
    try:
        if min_side is not None:
            image.draft("RGB", (min_side, min_side))
        image.load()
        transpose = _TRANSPOSE.get(orientation(image))
        pixels = _to_rgb(image)
        del image  # it takes as much memory as `pixels`
        return pixels if transpose is None else pixels.transpose(transpose)
    except ImageError:
        raise
    except Exception as error:
        # Pillow's decoders raise a dozen unrelated types on damaged files; during a decode they all mean the same.
        raise ImageError(CORRUPT, f"the {name} image is damaged or cut short: {error}") from error


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
    if "PPM" in formats and (header := _PPM.match(data)):
        width, height = int(header[1]), int(header[2])
        return np.frombuffer(data, np.uint8, width * height * 3, offset=header.end()).reshape(height, width, 3)
    image = _open(data, max_pixels, formats)
    # libjpeg is fast only when it halves while decoding; its other scales cost more than a full decode.
    factor = max(f for f in (1, 2, 4, 8) if f == 1 or image.width * image.height >= f * f * min_pixels)
    min_side = min(image.size) // factor
    if image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return np.asarray(decode(data, max_pixels, min_side, formats))
    size = -(-image.height // factor), -(-image.width // factor)
    try:
        if simplejpeg:
            buffer = scratch.array((*size, 3)) if scratch else None
            pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=size[0], min_width=size[1], buffer=buffer)
        elif other and factor == 1:
            pixels = other(data)
        else:
            return np.asarray(decode(data, max_pixels, min_side, formats))
    except ValueError:
        return np.asarray(decode(data, max_pixels, min_side, formats))
    transpose = _TRANSPOSE.get(orientation(image))
    return pixels if transpose is None else np.asarray(Image.fromarray(pixels).transpose(transpose))


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


def _open(data: bytes, max_pixels: int, formats: tuple[str, ...]) -> Image.Image:
    """The image with its header read and its declared size checked, nothing decoded yet."""
    if not data:
        raise ImageError(EMPTY, "the image is empty: 0 bytes")
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise ImageError(TOO_MANY_PIXELS, f"the image is too large: {error}") from error
    except Exception as error:
        formats_text = ", ".join(FORMATS)
        raise ImageError(NOT_AN_IMAGE, f"the bytes are not an image of a known format ({formats_text})") from error
    limit = int(max_pixels * WEBP_SHARE) if image.format == "WEBP" else max_pixels
    if image.width * image.height > limit:
        raise ImageError(
            TOO_MANY_PIXELS,
            f"the {image.format} image has {image.width} x {image.height} pixels; at most {limit} are accepted: "
            "send a smaller one",
        )
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ImageError(UNSUPPORTED, "images with floating-point pixels are not supported: save the image with 8 bits")
    if image.mode.startswith("I"):
        grey = np.clip(np.asarray(image), 0, 65535).astype(np.uint16) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """Blended in bands of rows: a complete layer with alpha would be a third copy of the image."""
    flat = Image.new("RGB", image.size, _WHITE)
    for top in range(0, image.height, _BAND_ROWS):
        band = image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height))).convert("RGBA")
        flat.paste(band, (0, top), mask=band.getchannel("A"))
    return flat


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; an unreadable block counts as 1, "not rotated": Pillow raises many types on one."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:
        return 1

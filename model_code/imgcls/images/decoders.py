"""Pillow's decoders, one for each format: what they are given was read and counted before (`imgcls.images.gate`)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import import_module

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from imgcls.images.errors import TOO_MANY_PIXELS, UNSUPPORTED, Damaged, ImageError, damaged
from imgcls.images.formats.orientation import TAG, UPRIGHT

_WHITE = (255, 255, 255)
_BAND_PIXELS = 1 << 17
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}
_OPTIONAL = {"AVIF": "PIL._avif", "HEIC": "pillow_heif"}
"""The module that a decoder is in. Pillow before 11.3 has none of AVIF."""
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LEFT_OVER = ("_decoder", "dispose")
"""Where Pillow keeps pictures for the next frame: of WebP and AVIF two, of GIF one."""
_NOT_READ = ("unsupported", "unknown pixel mode", "unknown data organization")
"""How Pillow's messages begin about kinds of a format that it does not read."""


def decode(
    data: bytes, name: str, orientation: int, *, size: tuple[int, int] | None, factor: int = 1, max_pixels: int = 0
) -> Image.Image:
    """The first frame, upright, mode RGB; of a JPEG with its sides divided by `factor`: 1, 2, 4 or 8.

    `size` is (width, height) as the gate read it. Where only the decoder knows it, and the orientation, it is None, and
    `max_pixels` are the most that are decoded. Raises ImageError.
    """
    try:
        image = _open(data, name)
        if image.size != (size or image.size):
            raise Damaged(f"it says {image.width} x {image.height} pixels, and {size}")
        if size is None and image.width * image.height > max_pixels:
            raise ImageError(
                TOO_MANY_PIXELS,
                f"the {name} image of {image.width} x {image.height} pixels has more than the {max_pixels} pixels that "
                "are accepted: send a smaller one",
            )
        if size is None:
            orientation = _said_orientation(image)
        if factor > 1:
            image.draft("RGB", (image.width // factor, image.height // factor))
        image.load()
        for attribute in _LEFT_OVER:
            vars(image).pop(attribute, None)
        pixels = _to_rgb(image)
        del image  # it takes as much memory as `pixels`
        return upright(pixels, orientation)
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        # Pillow's decoders raise a dozen unrelated types on damaged files; during a decode they all mean the same.
        if str(error).lower().startswith(_NOT_READ):
            raise ImageError(UNSUPPORTED, f"the {name} image is of a kind that is not supported: {error}") from error
        raise damaged(name, error) from error


def bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The image in parts of some rows, each with the number of its first row."""
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def upright(pixels: Image.Image, orientation: int) -> Image.Image:
    transpose = _TRANSPOSE.get(orientation)
    return pixels if transpose is None else pixels.transpose(transpose)


def upright_array(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """A view of (height, width, 3) turned upright; nothing is copied."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]


def check_installed(name: str) -> None:
    """Raises ImageError for AVIF and HEIC where no decoder is installed."""
    try:
        if name in _OPTIONAL:
            import_module(_OPTIONAL[name])
    except ImportError:
        raise ImageError(
            UNSUPPORTED, f"the image is {name}, for which no decoder is installed here: save it as a JPEG"
        ) from None


def _open(data: bytes, name: str) -> Image.Image:
    if name == "HEIC":
        import_module("pillow_heif").register_heif_opener()
        return Image.open(io.BytesIO(data), formats=("HEIF",))
    if name == "AVIF":
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each takes memory
        return AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    # Pillow's own Image.open says of a damaged header only that it knows no such format.
    return _PLUGINS[name](io.BytesIO(data))


def _said_orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(TAG, UPRIGHT))
    except Exception:  # Pillow raises many types on a damaged block, and the pixels are good
        return UPRIGHT


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ImageError(UNSUPPORTED, "images with floating-point pixels are not supported: save the image with 8 bits")
    if image.mode.startswith("I"):
        return _high_bytes(image).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _high_bytes(image: Image.Image) -> Image.Image:
    """Grey of 16 bits and more in 8, in bands of rows: the steps between would be three more copies."""
    grey = Image.new("L", image.size)
    for top, part in bands(image):
        band = np.asarray(part)
        grey.paste(Image.fromarray((np.clip(band, 0, 65535).astype(np.uint16) >> 8).astype(np.uint8)), (0, top))
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    """Blended in bands of rows: a complete layer with alpha would be a third copy of the image."""
    flat = Image.new("RGB", image.size, _WHITE)
    for top, part in bands(image):
        band = part.convert("RGBA")
        flat.paste(band, (0, top), mask=band.getchannel("A"))
    return flat

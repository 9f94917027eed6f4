"""The bytes of a training image: as they are, or scaled down to what training needs."""

from __future__ import annotations

import numpy as np
import simplejpeg
from PIL import Image

from imgcls import preprocess
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.manifest import Row

SLACK = 1.25
"""How much larger than `max_short_side` a scaled image may stay. libjpeg scales by eighths while it decodes, which
costs nothing; one more resampling step would cost as much as the decoding and blur the image a little."""


def is_scaled(row: Row, settings: DatasetSettings) -> bool:
    return min(row.width, row.height) > SLACK * settings.max_short_side


def training_bytes(data: bytes, row: Row, settings: DatasetSettings) -> bytes:
    """An upright JPEG with a short side of `max_short_side` pixels or up to SLACK times that.

    `data` itself where the image is not larger.
    """
    if not is_scaled(row, settings):
        return data
    pixels = _decoded(data, row, settings)
    short = min(pixels.shape[:2])
    if short > SLACK * settings.max_short_side:
        ratio = settings.max_short_side / short
        size = (round(pixels.shape[1] * ratio), round(pixels.shape[0] * ratio))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return simplejpeg.encode_jpeg(pixels, settings.jpeg_quality, "RGB", "420")


def _decoded(data: bytes, row: Row, settings: DatasetSettings) -> np.ndarray:
    """RGB (height, width, 3), scaled down as far as the decoder can without falling below `max_short_side`."""
    side = settings.max_short_side
    if data.startswith(b"\xff\xd8\xff") and not {"exif-rotation", "cmyk"} & set(row.findings):
        return simplejpeg.decode_jpeg(data, "RGB", min_height=side, min_width=side)
    return np.asarray(preprocess.decode(data, settings.max_pixels, min_side=side))


def expected_bytes(row: Row, settings: DatasetSettings) -> int:
    """About how many bytes the training image will have: known before any is made, and the same for every run."""
    if not is_scaled(row, settings):
        return row.bytes
    return round(row.bytes * (settings.max_short_side / min(row.width, row.height)) ** 2)

"""The bytes of a training image: unchanged, or scaled down to the size that training needs."""

from __future__ import annotations

import math

import numpy as np
import simplejpeg
from PIL import Image

from imgcls.contract.dataset import DatasetSettings
from imgcls.images import cost, gate, preprocess

SLACK = 1.1
"""Images up to this factor above `max_short_side` stay as they are: compressing again would lose more than it saves."""


def servable_bytes(data: bytes, settings: DatasetSettings) -> bytes:
    """`data`, or, of an image that only a raised `max_pixels` lets in, a smaller JPEG: training, evaluation and the
    endpoint keep to what an image may cost by default."""
    if settings.max_pixels <= cost.MAX_PIXELS or cost.needed(gate.read(data)) <= cost.MAX_PIXELS:
        return data
    image = Image.fromarray(preprocess.decode_for_training(data, max_pixels=settings.max_pixels))
    smaller = image.reduce(math.ceil(math.sqrt(image.width * image.height / cost.SHRUNK_PIXELS)))
    jpeg: bytes = simplejpeg.encode_jpeg(np.asarray(smaller), settings.jpeg_quality, "RGB", "420")
    return jpeg


def training_bytes(pixels: np.ndarray, settings: DatasetSettings) -> bytes:
    """The image with a short side of at most SLACK x `max_short_side`, encoded as `packing` says.

    `pixels` are uint8 RGB (height, width, 3). Empty if training can read the original file.
    """
    height, width = pixels.shape[:2]
    ratio = settings.max_short_side / min(height, width)
    if ratio * SLACK < 1:
        # Imported here: `kennel data check` does not pack images, and torch takes seconds to import.
        from imgcls.data.augment import resize

        pixels = resize(pixels, (round(height * ratio), round(width * ratio)))
    elif settings.packing != "raw":
        return b""
    if settings.packing == "raw":
        return preprocess.to_ppm(pixels)
    jpeg: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), settings.jpeg_quality, "RGB", "420")
    return jpeg

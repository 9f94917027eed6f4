"""The bytes of a training image: as they are, or scaled down to what training needs."""

from __future__ import annotations

import numpy as np
import simplejpeg

from imgcls.contract.dataset import DatasetSettings
from imgcls.images import preprocess

SLACK = 1.1
"""How much larger than `max_short_side` an image may stay: compressing it once more would lose more than it saves."""


def training_bytes(pixels: np.ndarray, settings: DatasetSettings) -> bytes:
    """An image with a short side of at most SLACK x `max_short_side`, encoded as `packing` says.

    `pixels` are uint8 RGB (height, width, 3). Empty where the image serves as it is.
    """
    height, width = pixels.shape[:2]
    ratio = settings.max_short_side / min(height, width)
    if ratio * SLACK < 1:
        # Imported here: only where images are packed, and never for `kennel data check`, is torch worth its start.
        from imgcls.data.augment import resize

        pixels = resize(pixels, (round(height * ratio), round(width * ratio)))
    elif settings.packing != "raw":
        return b""
    if settings.packing == "raw":
        return preprocess.to_ppm(pixels)
    return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), settings.jpeg_quality, "RGB", "420")

"""The bytes of a training image: as they are, or scaled down to what training needs."""

from __future__ import annotations

import io

from PIL import Image

from imgcls import preprocess
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.manifest import Row


def is_scaled(row: Row, settings: DatasetSettings) -> bool:
    return min(row.width, row.height) > settings.max_short_side


def training_bytes(data: bytes, row: Row, settings: DatasetSettings) -> bytes:
    """A JPEG with a short side of `max_short_side` pixels, upright; or `data` itself, where it is not larger."""
    if not is_scaled(row, settings):
        return data
    image = preprocess.decode(data, settings.max_pixels, min_side=settings.max_short_side)
    ratio = settings.max_short_side / min(image.size)
    size = (round(image.width * ratio), round(image.height * ratio))
    buffer = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=settings.jpeg_quality)
    return buffer.getvalue()


def expected_bytes(row: Row, settings: DatasetSettings) -> int:
    """About how many bytes the training image will have: known before any is made, and the same for every run."""
    if not is_scaled(row, settings):
        return row.bytes
    return round(row.bytes * (settings.max_short_side / min(row.width, row.height)) ** 2)

"""The training transform as Pillow does it: the reference for our pixels, and the peer's work."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imgcls.data.augment import AUGMENTATIONS, random_box

AUGMENTATION = AUGMENTATIONS["standard"]


def area(draw: float) -> float:
    low, high = AUGMENTATION.scale or (1.0, 1.0)
    return low + draw * (high - low)


def pillow_crop(image: Image.Image, crop: int, draws: np.ndarray, decoded: tuple[int, int] | None = None) -> np.ndarray:
    """What `augment.crop_for_training` makes of the same `draws`, antialiased, from all the image's pixels.

    `decoded` is the size (width, height) that our decoder gives where it shrinks; boxes are whole pixels of that.
    """
    size = decoded or image.size
    left, top, right, bottom = random_box(size, area(draws[0]), *draws[1:4])
    x, y = image.width / size[0], image.height / size[1]
    box = (left * x, top * y, right * x, bottom * y)
    pixels = np.asarray(image.resize((crop, crop), Image.Resampling.BILINEAR, box=box))
    return pixels[:, ::-1].copy() if draws[4] < 0.5 else pixels.copy()

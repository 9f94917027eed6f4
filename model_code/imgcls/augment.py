"""Random changes to training images: geometry per image while decoding, colour per batch on the device.

`preprocess` is what validation and serving see; this file is its training side and uses the same resampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imgcls.contract.artifact import Preprocessing
from imgcls.preprocess import decode, resize_and_crop

_RATIO = (3 / 4, 4 / 3)
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """`scale` is the range of the crop's area over the image's; None keeps the centre. `jitter` is a factor's range."""

    scale: tuple[float, float] | None
    flip: bool
    jitter: float


AUGMENTATIONS = {
    "none": Augmentation(scale=None, flip=False, jitter=0.0),
    "light": Augmentation(scale=(0.5, 1.0), flip=True, jitter=0.1),
    "standard": Augmentation(scale=(0.25, 1.0), flip=True, jitter=0.3),
}


def crop_for_training(
    data: bytes, spec: Preprocessing, augmentation: Augmentation, random: np.random.Generator
) -> np.ndarray:
    """A random resized crop, perhaps mirrored: uint8 (crop, crop, 3). Raises ImageError."""
    if augmentation.scale is None:
        image = resize_and_crop(decode(data, min_side=spec.resize), spec)
    else:
        # A crop of `area` of the image keeps about crop pixels when the short side has crop / sqrt(area): libjpeg may
        # shrink down to that while decoding.
        area = random.uniform(*augmentation.scale)
        source = decode(data, min_side=math.ceil(spec.crop / math.sqrt(area)))
        box = random_box(source.size, area, random)
        image = source.resize((spec.crop, spec.crop), Image.Resampling.BILINEAR, box=box)
    pixels = np.asarray(image)
    return pixels[:, ::-1] if augmentation.flip and random.random() < 0.5 else pixels


def random_box(size: tuple[int, int], area: float, random: np.random.Generator) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of a box with `area` of the image, its sides' ratio between 3:4 and 4:3."""
    width, height = size
    ratio = math.exp(random.uniform(math.log(_RATIO[0]), math.log(_RATIO[1])))
    box_width = min(width, math.sqrt(area * width * height * ratio))
    box_height = min(height, math.sqrt(area * width * height / ratio))
    left, top = random.uniform(0, width - box_width), random.uniform(0, height - box_height)
    return left, top, min(width, left + box_width), min(height, top + box_height)


def jitter_colors(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation, each by a factor of 1 +- `strength` per image.

    `images` is float (N, 3, H, W) in 0..255; so is the result.
    """
    if strength == 0:
        return images
    factors = 1 + strength * (2 * torch.rand(3, len(images), 1, 1, 1, generator=generator) - 1)
    brightness, contrast, saturation = factors.to(images.device)
    images = images * brightness
    grey = (images * torch.tensor(_GREY, device=images.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    images = grey + saturation * (images - grey)
    mean = grey.mean((2, 3), keepdim=True)
    return (mean + contrast * (images - mean)).clamp(0, 255)

"""Random changes to training images: geometry per image while decoding, colour per batch on the device.

`preprocess` is what validation and serving see; this file is its training side and uses the same resampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from imgcls.contract.artifact import Preprocessing
from imgcls.preprocess import decode_for_training, preprocess

_RATIO = (3 / 4, 4 / 3)
_GREY = (0.299, 0.587, 0.114)
DRAWS = 5
"""Random numbers an image takes: its crop's area, ratio, left and top, and whether it is mirrored."""


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


def crop_for_training(data: bytes, spec: Preprocessing, augmentation: Augmentation, draws: np.ndarray) -> np.ndarray:
    """A random resized crop, perhaps mirrored: uint8 (crop, crop, 3). `draws` are DRAWS numbers in [0, 1).

    Raises ImageError.
    """
    area, *place, mirror = draws.tolist()
    if augmentation.scale is None:
        pixels = preprocess(data, spec)
    else:
        # A crop of `area` of the image keeps about crop pixels when the short side has crop / sqrt(area): libjpeg may
        # shrink down to that while decoding.
        low, high = augmentation.scale
        area = low + area * (high - low)
        source = decode_for_training(data, min_side=math.ceil(spec.crop / math.sqrt(area)))
        left, top, right, bottom = random_box((source.shape[1], source.shape[0]), area, *place)
        pixels = _resize(source[top:bottom, left:right], spec.crop)
    return pixels[:, ::-1] if augmentation.flip and mirror < 0.5 else pixels


def _resize(pixels: np.ndarray, side: int) -> np.ndarray:
    """Antialiased bilinear, as Pillow's within rounding, at a quarter of its time: torch has uint8 kernels for it."""
    image = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).unsqueeze(0)
    return interpolate(image, (side, side), mode="bilinear", antialias=True)[0].permute(1, 2, 0).numpy()


def random_box(size: tuple[int, int], area: float, shape: float, x: float, y: float) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of a box with `area` of the image, its sides' ratio between 3:4 and 4:3.

    `shape`, `x` and `y` in [0, 1) choose the ratio and the place.
    """
    width, height = size
    ratio = _RATIO[0] * (_RATIO[1] / _RATIO[0]) ** shape
    box_width = min(width, max(1, round(math.sqrt(area * width * height * ratio))))
    box_height = min(height, max(1, round(math.sqrt(area * width * height / ratio))))
    left, top = int(x * (width - box_width + 1)), int(y * (height - box_height + 1))
    return left, top, left + box_width, top + box_height


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

"""Random changes to training images: geometry per image while decoding, colour per batch on the device.

`preprocess` is what validation and serving see; this file is its training side and uses the same resampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from imgcls.contract.artifact import Preprocessing
from imgcls.images import torchvision_jpeg
from imgcls.images.preprocess import PACKED_FORMATS, Scratch, decode_for_training, preprocess, simplejpeg

_RATIO = (3 / 4, 4 / 3)
_GREY = (0.299, 0.587, 0.114)
DRAWS = 5
"""Random numbers per image: its crop's area, aspect ratio, left and top, and whether it is mirrored."""


@dataclass(frozen=True)
class Augmentation:
    """`scale` is the range of the crop's area as a share of the image's; None keeps the centre.

    `jitter` is the largest change of a colour factor from 1.
    """

    scale: tuple[float, float] | None
    flip: bool
    jitter: float


AUGMENTATIONS = {
    "none": Augmentation(scale=None, flip=False, jitter=0.0),
    "light": Augmentation(scale=(0.5, 1.0), flip=True, jitter=0.1),
    "standard": Augmentation(scale=(0.25, 1.0), flip=True, jitter=0.3),
}


class TrainingCrop:
    """Random resized crops, some of them mirrored, of encoded images. For one thread only: it reuses its buffers."""

    def __init__(self, spec: Preprocessing, augmentation: Augmentation) -> None:
        self._spec, self._augmentation = spec, augmentation
        self._decoded, self._cropped = Scratch(), Scratch()
        self._other = None if simplejpeg else torchvision_jpeg.decoder()

    def __call__(self, data: bytes, draws: npt.NDArray[np.float64], out: npt.NDArray[np.uint8]) -> None:
        """Fill `out`, uint8 (crop, crop, 3). `draws` are DRAWS numbers in [0, 1). Raises ImageError."""
        area, *place, mirror = draws.tolist()
        if self._augmentation.scale is None:
            pixels = torch.from_numpy(preprocess(data, self._spec, formats=PACKED_FORMATS).copy())
        else:
            low, high = self._augmentation.scale
            pixels = self._crop(data, low + area * (high - low), place)
        if self._augmentation.flip and mirror < 0.5:
            pixels = pixels.flip(1)
        torch.from_numpy(out).copy_(pixels)

    def _crop(self, data: bytes, area: float, place: list[float]) -> Tensor:
        side = self._spec.crop
        # libjpeg may shrink the image while it decodes, as long as the crop still has at least side x side pixels.
        source = decode_for_training(
            data,
            min_pixels=side * side / area,
            scratch=self._decoded,
            formats=PACKED_FORMATS,
            other=self._other,
        )
        left, top, right, bottom = random_box((source.shape[1], source.shape[0]), area, *place)
        box = self._cropped.array((bottom - top, right - left, 3))
        np.copyto(box, source[top:bottom, left:right])
        return _resized(torch.from_numpy(box), (side, side))


def resize(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """uint8 RGB pixels resized to (height, width), antialiased bilinear: Pillow's result up to rounding, far faster."""
    resized: npt.NDArray[np.uint8] = _resized(torch.from_numpy(pixels.copy()), size).numpy()
    return resized


def _resized(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 (height, width, 3) resized by torch's uint8 kernels, which need contiguous memory."""
    # `permute` comes after `unsqueeze`: the other way round torch does not recognise the strides as channels-last, the
    # result is planar, and converting it costs half as much again.
    images = pixels.unsqueeze(0).permute(0, 3, 1, 2)
    return interpolate(images, size, mode="bilinear", antialias=True).permute(0, 2, 3, 1)[0]


def random_box(size: tuple[int, int], area: float, shape: float, x: float, y: float) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of a box that covers the share `area` of the image, its aspect between 3:4 and 4:3.

    `shape`, `x` and `y` in [0, 1) choose aspect and position.
    """
    width, height = size
    ratio = _RATIO[0] * (_RATIO[1] / _RATIO[0]) ** shape
    box_width = min(width, max(1, round(math.sqrt(area * width * height * ratio))))
    box_height = min(height, max(1, round(math.sqrt(area * width * height / ratio))))
    left, top = int(x * (width - box_width + 1)), int(y * (height - box_height + 1))
    return left, top, left + box_width, top + box_height


def jitter_factors(num: int, strength: float, generator: torch.Generator) -> Tensor:
    """Factors of brightness, contrast and saturation for `num` images: float (3, num, 1, 1, 1) in 1 +- `strength`."""
    return 1 + strength * (2 * torch.rand(3, num, 1, 1, 1, generator=generator) - 1)


def jitter_colors(images: Tensor, factors: Tensor) -> Tensor:
    """Change brightness, contrast and saturation by `jitter_factors`.

    `images` is float (N, 3, H, W) in 0..255; so is the result.
    """
    brightness, contrast, saturation = factors
    red, green, blue = (share * images[:, channel : channel + 1] for channel, share in enumerate(_GREY))
    grey = brightness * (red + green + blue)
    mean = grey.mean((2, 3), keepdim=True)
    # Saturation moves a pixel away from its grey, contrast away from the image's mean grey. These two and brightness
    # take a single pass over the pixels, because passes are what this costs.
    rest = grey * ((1 - saturation) * contrast) + (1 - contrast) * mean
    return torch.addcmul(rest, images, brightness * saturation * contrast).clamp_(0, 255)

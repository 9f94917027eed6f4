"""torchvision's JPEG decoder, for training where simplejpeg is not installed, as in AWS's stock training image.

Pillow copies every image twice; this one does not. It decodes at full size only.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from imgcls.images.preprocess import JpegDecoder
from imgcls.runtime.torchvision_operators import import_torchvision


@cache
def decoder() -> JpegDecoder | None:
    """The decoder, or None if torchvision was built without its image library."""
    import_torchvision()
    from torchvision import io

    if not hasattr(torch.ops.image, "decode_jpeg"):
        return None

    def decode(data: bytes) -> np.ndarray:
        try:
            pixels = io.decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), io.ImageReadMode.RGB)
        except RuntimeError as error:
            raise ValueError(f"torchvision cannot decode the JPEG: {error}") from error
        array: np.ndarray = pixels.permute(1, 2, 0).contiguous().numpy()
        return array

    return decode

"""torchvision's JPEG decoder, for training where simplejpeg is not installed, as in AWS's stock training image.

Pillow copies every picture twice; this one does not. It decodes whole pictures only.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from imgcls.images.preprocess import JpegDecoder
from imgcls.runtime.torchvision_operators import import_torchvision


@cache
def decoder() -> JpegDecoder | None:
    """None where torchvision came without its image library."""
    import_torchvision()
    from torchvision import io

    if not hasattr(torch.ops.image, "decode_jpeg"):
        return None

    def decode(data: bytes) -> np.ndarray:
        try:
            pixels = io.decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), io.ImageReadMode.RGB)
        except RuntimeError as error:
            raise ValueError(f"torchvision does not take the JPEG: {error}") from error
        return pixels.permute(1, 2, 0).contiguous().numpy()

    return decode

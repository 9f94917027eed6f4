"""AVIFs that Pillow writes, of plain and noisy pictures."""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image

RANGES = {
    "width": (1, 5000),
    "height": (1, 5000),
    "noise": (0, 64),
    "quality": (0, 100),
    "alpha": (0, 1),
    "frames": (1, 3),
}
_BASE = {"width": 1000, "height": 1000, "noise": 32, "quality": 60, "alpha": 0, "frames": 1}
SEEDS = [
    _BASE,
    {**_BASE, "width": 5000, "height": 5000, "noise": 0},
    {**_BASE, "width": 2200, "height": 2200, "noise": 64, "alpha": 1},
]


@functools.lru_cache(8)
def _encoded(width: int, height: int, noise: int, quality: int, alpha: int, frames: int) -> bytes:
    rng = np.random.default_rng(1)
    shape = (height, width, 3 + alpha)
    pixels = rng.integers(0, 2 * noise + 1, shape, dtype=np.uint8) if noise else np.full(shape, 90, np.uint8)
    images = [Image.fromarray(pixels + np.uint8(index)) for index in range(frames)]
    file = io.BytesIO()
    several = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(file, "AVIF", quality=quality, speed=10, max_threads=1, **several)
    return file.getvalue()


def make(genome: dict[str, int]) -> bytes:
    return _encoded(*(genome[name] for name in RANGES))

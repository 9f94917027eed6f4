"""A data set that a network learns in seconds: horizontal, vertical or slanting stripes in random colours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = {"001.Lying": (0, 1), "002.Standing": (1, 0), "003.Slanting": (1, 1)}
SPEC = '{"crop": 32, "resize": 36}'


def stripes(direction: tuple[int, int], random: np.random.Generator, side: int = 48) -> Image.Image:
    y, x = np.mgrid[0:side, 0:side]
    wave = np.sin((x * direction[0] + y * direction[1]) * random.uniform(0.5, 0.8) + random.uniform(0, 6)) > 0
    colors = random.integers(0, 256, (2, 3))
    colors[1] = (colors[0] + 128) % 256
    return Image.fromarray(colors[wave.astype(int)].astype(np.uint8))


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def draw_split(folder: Path, per_class: int, seed: int, classes: Mapping[str, tuple[int, int]] = CLASSES) -> Path:
    random = np.random.default_rng(seed)
    for name, direction in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            (folder / name / f"{number:03d}.jpg").write_bytes(jpeg(stripes(direction, random)))
    return folder


def draw_splits(folder: Path) -> Path:
    """train/ validation/ test/ below `folder`."""
    for seed, (split, per_class) in enumerate({"train": 24, "validation": 8, "test": 8}.items()):
        draw_split(folder / split, per_class, seed)
    return folder

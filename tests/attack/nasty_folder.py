"""Two classes of images among everything that systems, notebooks and people leave in a folder."""

from __future__ import annotations

import io
import os
import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image

NUM_PLAIN = 30
ODD = (
    "IMG.JPG", "x.jfif", "noext", "what?.jpg", "no#1.jpg", "50%25 +&;=.jpg", "deep/folder/y.jpg", "linked.jpg",
    "花.jpg", "a: b.jpg", "[red].jpg",
)  # fmt: skip
LITTER = (".DS_Store", ".ipynb_checkpoints/x-checkpoint.jpg", "._x.jpg", "Thumbs.db", "__MACOSX/z.jpg", "c.jpg.part")


def picture(seed: int, channel: int, kind: str = "JPEG") -> bytes:
    """Noise in which one colour is strongest."""
    pixels = np.random.default_rng(seed).integers(0, 90, (6, 6, 3), dtype=np.uint8)
    pixels[..., channel] += 150
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.BICUBIC).save(buffer, kind, quality=95)
    return buffer.getvalue()


def draw(root: Path) -> tuple[set[str], dict[str, str]]:
    """(the images, what else is left out and the word for it in every command's notes)."""
    accent = unicodedata.normalize("NFD", "été")
    expected = set()
    for number, (name, files) in enumerate((("cat", ODD), (accent, ()))):
        plain = [f"{index:03d}.jpg" for index in range(NUM_PLAIN)]
        for seed, file in enumerate((*plain, *files), start=1000 * number):
            path = root / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(seed, number))
            expected.add(f"{name}/{file}")
    aside = root.parent / "aside.jpg"
    (root / "cat/linked.jpg").rename(aside)
    (root / "cat/linked.jpg").symlink_to(aside)
    for index, litter in enumerate((*LITTER, *(f"cat/{name}" for name in LITTER))):
        (root / litter).parent.mkdir(parents=True, exist_ok=True)
        (root / litter).write_bytes(picture(9000 + index, 2))
    (root / "cat/labels.json").write_text("{}")
    (root / "cat/loop").symlink_to(root)
    os.mkfifo(root / "cat/pipe.jpg")
    return expected, {"cat/loop is a link": "link", "pipe, socket or device": "special", "labels.json": "other",
                      "hidden or system": "litter"}  # fmt: skip

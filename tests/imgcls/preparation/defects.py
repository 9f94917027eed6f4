"""Functions that plant one kind of defect each in a clean data set, and the finding that it must give."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

Change = Callable[[Image.Image], Image.Image]
Plant = Callable[[Path], "str | tuple[str, ...]"]
"""Puts a defect into the data set (layout splits, classes a, b and c) and returns the paths that must carry it."""


@dataclass(frozen=True)
class Defect:
    """`code` is the finding that the planted paths must have; `split` is their split, None for any."""

    name: str
    code: str
    split: str | None
    plant: Plant


def photo(seed: int, size: tuple[int, int] = (120, 96)) -> Image.Image:
    """An image that differs from that of any other seed."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (7, 9, 3), dtype=np.uint8))
    image = small.resize(size, Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).ellipse(
        (*rng.integers(0, 60, 2).tolist(), *rng.integers(60, 96, 2).tolist()), fill=(200, 40, 60)
    )
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def clean_set(folder: Path, seed: int = 0, per_class: tuple[int, int, int] = (12, 3, 3)) -> Path:
    """Three classes with train, valid and test folders, without any defect."""
    number = 1000 * (seed + 1)
    for split, num in zip(("train", "valid", "test"), per_class, strict=True):
        for name in ("a", "b", "c"):
            place = folder / split / name
            place.mkdir(parents=True)
            for index in range(num):
                number += 1
                (place / f"{index:03d}.jpg").write_bytes(encoded(photo(number), quality=90))
    return folder


def classes_only(folder: Path, per_class: int = 40, size: tuple[int, int] = (120, 96)) -> Path:
    """Two class folders, a and b, that are still to be split."""
    for index, name in enumerate(("a", "b")):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            data = encoded(photo(7000 + index * per_class + number, size), quality=95)
            (folder / name / f"{number:03d}.jpg").write_bytes(data)
    return folder


def _put(name: str, data: Callable[[], bytes], place: str = "train/a") -> Plant:
    def plant(folder: Path) -> str:
        (folder / place / name).write_bytes(data())
        return f"{place}/{name}"

    return plant


def _like(change: Change, goal: str, source: str = "train/a/000.jpg") -> Callable[[Path], tuple[str, ...]]:
    """A changed copy of `source` at `goal`; both, or only the changed one across splits, must be found."""

    def plant(folder: Path) -> tuple[str, ...]:
        image = change(Image.open(folder / source).convert("RGB"))
        (folder / goal).write_bytes(encoded(image, quality=80))
        return (goal, source)

    return plant


def _copy(source: str, goal: str, *carriers: str) -> Plant:
    def plant(folder: Path) -> tuple[str, ...]:
        (folder / goal).write_bytes((folder / source).read_bytes())
        return carriers

    return plant


def _unreadable(folder: Path) -> str:
    os.symlink(folder / "nowhere.jpg", folder / "train/a/dangling.jpg")
    return "train/a/dangling.jpg"


def _outside(folder: Path) -> str:
    (folder / "train" / "loose.jpg").write_bytes(encoded(photo(1)))
    return "train/loose.jpg"


def _bomb() -> bytes:
    """A PNG of a few KB that declares 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9000))) + chunk(b"IEND", b"")
    )


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(photo(7), exif=exif)


def _sixteen_bit() -> bytes:
    return encoded(Image.fromarray(np.asarray(photo(8).convert("L")).astype(np.uint16) << 8), "PNG")


def _damaged_png() -> bytes:
    data = bytearray(encoded(photo(9), "PNG"))
    middle = data.index(b"IDAT") + 40
    data[middle : middle + 60] = bytes(60)
    return bytes(data)


def _animated() -> bytes:
    return encoded(photo(10), "GIF", save_all=True, append_images=[photo(11), photo(12)])


def _alpha() -> bytes:
    image = photo(13).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return encoded(image, "PNG")


def _cropped(image: Image.Image) -> Image.Image:
    return image.crop((1, 1, image.width - 1, image.height - 1))


EXACT = (
    Defect("empty file", "empty-file", "quarantine", _put("x.jpg", bytes)),
    Defect("text named .jpg", "not-an-image", "quarantine", _put("x.jpg", lambda: b"<html>404 not found</html>")),
    Defect("random bytes", "not-an-image", "quarantine", _put("x.png", lambda: bytes(range(256)) * 8)),
    Defect("cut JPEG", "truncated", "quarantine", _put("x.jpg", lambda: encoded(photo(2))[:-900])),
    Defect("half a JPEG", "truncated", "quarantine", _put("x.jpg", lambda: encoded(photo(3))[:1500])),
    Defect("cut PNG", "truncated", "quarantine", _put("x.png", lambda: encoded(photo(4), "PNG")[:2000])),
    Defect("damaged PNG", "undecodable", "quarantine", _put("x.png", _damaged_png)),
    Defect("JPEG header only", "truncated", "quarantine", _put("x.jpg", lambda: encoded(photo(5))[:640])),
    Defect("cut WebP", "undecodable", "quarantine", _put("x.webp", lambda: encoded(photo(6), "WEBP")[:700])),
    Defect(
        "floating point",
        "unsupported-pixels",
        "quarantine",
        _put("x.tif", lambda: encoded(photo(6).convert("F"), "TIFF")),
    ),
    Defect("bomb", "decompression-bomb", "quarantine", _put("x.png", _bomb)),
    Defect("too small", "too-small", "quarantine", _put("x.jpg", lambda: encoded(photo(5, (40, 9))))),
    Defect("one pixel", "too-small", "quarantine", _put("x.png", lambda: encoded(Image.new("RGB", (1, 1)), "PNG"))),
    Defect("strip", "extreme-aspect-ratio", "quarantine", _put("x.jpg", lambda: encoded(photo(5, (600, 40))))),
    Defect("no class", "outside-class", "quarantine", _outside),
    Defect("dangling link", "unreadable", "quarantine", _unreadable),
    Defect("PNG named .jpg", "wrong-extension", "train", _put("x.jpg", lambda: encoded(photo(14), "PNG"))),
    Defect("no extension", "wrong-extension", "train", _put("x", lambda: encoded(photo(15)))),
    Defect("EXIF rotation", "exif-rotation", "train", _put("x.jpg", _rotated)),
    Defect("grey", "grey", "train", _put("x.jpg", lambda: encoded(photo(16).convert("L")))),
    Defect("bilevel", "grey", "train", _put("x.png", lambda: encoded(photo(17).convert("1"), "PNG"))),
    Defect("palette", "palette", "train", _put("x.png", lambda: encoded(photo(18).quantize(32), "PNG"))),
    Defect("CMYK", "cmyk", "train", _put("x.jpg", lambda: encoded(photo(19).convert("CMYK")))),
    Defect("16 bit", "16-bit", "train", _put("x.png", _sixteen_bit)),
    Defect("alpha", "alpha", "train", _put("x.png", _alpha)),
    Defect("animated", "animated", "train", _put("x.gif", _animated)),
    Defect("blank", "blank", "train", _put("x.jpg", lambda: encoded(Image.new("RGB", (90, 90), (9, 9, 9))))),
    Defect("copy in a class", "duplicate", "removed", _copy("train/a/000.jpg", "train/a/x.jpg", "train/a/x.jpg")),
    Defect(
        "copy in two classes",
        "label-conflict",
        "removed",
        _copy("train/a/000.jpg", "train/b/x.jpg", "train/a/000.jpg", "train/b/x.jpg"),
    ),
    Defect("train in test", "leak", "removed", _copy("train/a/000.jpg", "test/a/x.jpg", "train/a/000.jpg")),
    Defect("train in validation", "leak", "removed", _copy("train/a/000.jpg", "valid/a/x.jpg", "train/a/000.jpg")),
    Defect("validation in test", "leak", "removed", _copy("valid/a/000.jpg", "test/a/x.jpg", "valid/a/000.jpg")),
)

NEAR: tuple[tuple[str, Change], ...] = (
    ("re-encoded", lambda image: image),
    ("half the size", lambda image: image.resize((image.width // 2, image.height // 2))),
    ("twice the size", lambda image: image.resize((image.width * 2, image.height * 2))),
    ("brighter", lambda image: ImageEnhance.Brightness(image).enhance(1.12)),
    ("less contrast", lambda image: ImageEnhance.Contrast(image).enhance(0.85)),
    ("grey", lambda image: image.convert("L").convert("RGB")),
    ("slightly cropped", _cropped),
)


def near(change: Change, kind: str) -> Callable[[Path], tuple[str, ...]]:
    """`kind` is same (class and split), leak (train and test) or label (two classes)."""
    goal = {"same": "train/a/x.jpg", "leak": "test/a/x.jpg", "label": "train/b/x.jpg"}[kind]
    return _like(change, goal)

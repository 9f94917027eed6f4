"""Inspects one image file: decodes it completely and records everything unusual about it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import imagehash
import numpy as np
from PIL import Image

from imgcls.contract.dataset import DatasetSettings
from imgcls.images import gate, preprocess
from imgcls.images.structure import Structure
from imgcls.preparation.encoding import training_bytes

THUMBNAIL_SIDE = 16
_HASHED_SIDE = 48
"""Approximate short side of the image from which the hash and the thumbnail are made: averages of blocks of pixels."""
_EXTENSIONS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"},
    "PNG": {".png", ".apng"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp", ".dib"},
    "TIFF": {".tif", ".tiff"},
    "AVIF": {".avif"},
    "HEIC": {".heic", ".heif"},
}
_CODES = {
    preprocess.EMPTY: "empty-file",
    preprocess.NOT_AN_IMAGE: "not-an-image",
    preprocess.TOO_MANY_PIXELS: "decompression-bomb",
    preprocess.CORRUPT: "undecodable",
    preprocess.UNSUPPORTED: "unsupported-pixels",
}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known about one file. Width and height are those of the upright image, 0 if it could not be decoded.

    `reason` is a sentence that says why an image is quarantined, else empty. `hash` is a 64-bit perceptual hash;
    `thumbnail` is THUMBNAIL_SIDE squared grey bytes, which confirm near duplicates.
    """

    path: str
    num_bytes: int
    sha256: str
    width: int = 0
    height: int = 0
    findings: tuple[str, ...] = ()
    reason: str = ""
    hash: int = 0
    thumbnail: bytes = b""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "thumbnail": base64.b64encode(self.thumbnail).decode()}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Inspection:
        thumbnail = base64.b64decode(value["thumbnail"])
        return cls(**{**value, "findings": tuple(value["findings"]), "thumbnail": thumbnail})


def inspect_file(folder: Path, path: str, settings: DatasetSettings, *, packed: bool) -> tuple[Inspection, bytes]:
    """Read and fully decode one file. Returns its inspection and, if `packed`, its `encoding.training_bytes`.

    Whatever a file contains, this does not raise: problems become findings.
    """
    try:
        data = (folder / path).read_bytes()
    except OSError as error:
        reason = f"cannot be opened: {error.strerror}"
        return Inspection(path, num_bytes=0, sha256="", findings=("unreadable",), reason=reason), b""
    known: dict[str, Any] = {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "num_bytes": len(data)}
    try:
        pixels = preprocess.decode_for_training(data, max_pixels=settings.max_pixels)
    except preprocess.ImageError as error:
        return Inspection(**known, findings=(_code(error),), reason=error.sentence), b""
    structure = gate.read(data)
    # The decoder of a JPEG may have shrunk the pixels.
    width, height = structure.upright if len(structure.factors) > 1 else (pixels.shape[1], pixels.shape[0])
    codes, unusable = _header_findings(structure, path), _unusable((width, height), settings)
    grey = Image.fromarray(pixels).convert("L")
    small = grey.reduce(max(1, min(grey.size) // _HASHED_SIDE))
    if _is_blank(small) and _is_blank(grey):
        codes.append("blank")
    if unusable:
        codes.append(unusable[0])
    seen = Inspection(
        **known,
        width=width,
        height=height,
        findings=tuple(sorted(codes)),
        reason=unusable[1] if unusable else "",
        hash=int.from_bytes(np.packbits(imagehash.dhash(small).hash).tobytes()),
        thumbnail=small.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BILINEAR).tobytes(),
    )
    return seen, training_bytes(pixels, settings) if packed and not unusable else b""


def outside_class(seen: Inspection) -> Inspection:
    """The inspection of the same file once it is known not to be in a class folder: its pixels no longer matter."""
    if "unreadable" in seen.findings:
        return seen
    reason = "is not in a class folder: move it into one, or delete it"
    return Inspection(seen.path, seen.num_bytes, seen.sha256, findings=("outside-class",), reason=reason)


def _is_blank(grey: Image.Image) -> bool:
    low, high = grey.getextrema()
    return low == high


def _code(error: preprocess.ImageError) -> str:
    return "truncated" if "truncated" in error.sentence else _CODES[error.code]


def _unusable(size: tuple[int, int], settings: DatasetSettings) -> tuple[str, str] | None:
    short, long = min(size), max(size)
    if short < settings.min_side:
        return "too-small", f"is {size[0]} x {size[1]} pixels; each side needs at least {settings.min_side}"
    if long > settings.max_aspect_ratio * short:
        return (
            "extreme-aspect-ratio",
            f"is {size[0]} x {size[1]} pixels; one side may be at most {settings.max_aspect_ratio:g} times the other",
        )
    return None


def _header_findings(structure: Structure, path: str) -> list[str]:
    """The findings in the headers of an image that can be decoded."""
    seen = {
        "wrong-extension": PurePosixPath(path).suffix.lower() not in _EXTENSIONS[structure.format],
        "16-bit": structure.bits > 8,
        "grey": structure.colours == "grey" and structure.bits <= 8,
        "palette": structure.colours == "palette",
        "cmyk": structure.colours == "cmyk",
        "alpha": structure.alpha,
        "animated": structure.animated,
        "exif-rotation": structure.orientation > 1,
    }
    return [code for code, found in seen.items() if found]

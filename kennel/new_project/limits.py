"""What an image must be to be trained on: the defaults of a data set, widened where a folder needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config import datasets
from kennel.new_project.headers import Header

_DEFAULT = datasets.Limits()
_SMALLEST_SIDE = 8
"""The smallest crop that a network takes."""
_LARGEST = (100_000_000, 175_000_000)
"""Pillow decodes no TIFF of more than 178 megapixels."""
_ODD_ONES = 0.01
"""A smaller share of tiny images are thumbnails that got in by mistake."""


@dataclass(frozen=True)
class Limits:
    """Pixels. See `config.datasets.Limits`."""

    min_side: int = _DEFAULT.min_side
    max_pixels: int = _DEFAULT.max_pixels
    max_aspect_ratio: float = _DEFAULT.max_aspect_ratio

    @classmethod
    def of(cls, headers: Sequence[Header]) -> Limits:
        """The default ones, or wider ones that let these images in."""
        tiny = sum(header.short_side < _DEFAULT.min_side for header in headers)
        largest = max((header.pixels for header in headers), default=0)
        return cls(
            min_side=_SMALLEST_SIDE if tiny > _ODD_ONES * len(headers) else _DEFAULT.min_side,
            max_pixels=next((num for num in (_DEFAULT.max_pixels, *_LARGEST) if num >= largest), _LARGEST[-1]),
        )

    def problem(self, header: Header) -> str:
        """Why the Prepare step would put the image aside; empty where it would not."""
        if header.problem:
            return header.problem
        if header.short_side < self.min_side:
            return f"is smaller than {self.min_side} pixels"
        if header.pixels > self.max_pixels:
            return f"needs a max_pixels of more than {self.max_pixels // 1_000_000} million"
        if header.aspect_ratio > self.max_aspect_ratio:
            return f"is more than {self.max_aspect_ratio:g} times as long as wide"
        return ""

    @property
    def changed(self) -> dict[str, int]:
        """The keys that the project file must say."""
        return {
            name: getattr(self, name)
            for name in ("min_side", "max_pixels")
            if getattr(self, name) != getattr(_DEFAULT, name)
        }

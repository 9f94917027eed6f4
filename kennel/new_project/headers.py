"""What the header of an image says, without decoding its pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from imgcls.images.preprocess import FORMATS


@dataclass(frozen=True, slots=True)
class Header:
    """Sides in pixels, as stored. `problem` says in a few words why there is no image, and is empty otherwise."""

    width: int = 0
    height: int = 0
    format: str = ""
    grey: bool = False
    alpha: bool = False
    problem: str = ""

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)

    @property
    def aspect_ratio(self) -> float:
        return max(self.width, self.height) / self.short_side


def read(path: Path) -> Header:
    """Never raises for what a file holds."""
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")  # about large images, which have a limit of their own
            width, height = image.size
            grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
            return Header(width, height, image.format or "", grey, image.has_transparency_data)
    except OSError as error:
        return Header(problem=f"cannot be opened: {error.strerror}" if error.errno else "is not an image")
    except Exception as error:
        # Pillow's parsers raise a dozen unrelated types on damaged headers; here they all mean the same.
        return Header(problem=f"is damaged: {error}")

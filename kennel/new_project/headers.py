"""What the header of an image says, without decoding its pixels."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from imgcls.images import cost, gate
from imgcls.images.errors import NOT_AN_IMAGE, ImageError


@dataclass(frozen=True, slots=True)
class Header:
    """Sides in pixels, as stored. `pixels` is the `max_pixels` that it needs: more than it has, where its format
    costs more to decode than a JPEG. `problem` says in a few words why there is no image, and is empty otherwise."""

    width: int = 0
    height: int = 0
    format: str = ""
    grey: bool = False
    alpha: bool = False
    pixels: int = 0
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
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = gate.read(data)
            return Header(
                found.width, found.height, found.format, found.colours == "grey", found.alpha, cost.needed(found)
            )
    except OSError as error:
        return Header(problem=f"cannot be opened: {error.strerror}")
    except ImageError as error:
        return Header(problem="is not an image" if error.code == NOT_AN_IMAGE else f"cannot be used: {error}")
    except ValueError:
        return Header(problem="is empty")

"""What an image file consists of, as its headers say it, and the parts of it that a decoder has to see."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

Bytes = bytes | mmap.mmap
"""An encoded image: a file may be mapped, so that only the pages with its headers are read."""


@dataclass(frozen=True, slots=True)
class Structure:
    """Sides in pixels, as stored. `colours` is `grey`, `palette`, `rgb`, `cmyk`, `lab` or `float`.

    `pieces` are the file without what no decoder needs: metadata, profiles, frames after the first. `held` is what
    decoding keeps in memory beside the picture, in bytes; `work` is what it does before the picture's own pixels, in
    pixels of `imgcls.images.cost`. Where these cannot be known (`limited`), a process with limits decodes. `factors`
    are those by which the decoder can divide both sides. `detail` says in a sentence what is unusual: ` in 2000 scans`.
    """

    format: str
    width: int
    height: int
    colours: str = "rgb"
    bits: int = 8
    alpha: bool = False
    animated: bool = False
    orientation: int = 1
    pieces: tuple[bytes | slice, ...] = (slice(None),)
    held: int = 0
    work: float = 0.0
    factors: tuple[int, ...] = (1,)
    limited: bool = False
    detail: str = ""

    def decodable(self, data: Bytes) -> bytes:
        """The file as a decoder gets it."""
        if self.pieces == (slice(None),) and isinstance(data, bytes):
            return data
        return b"".join(data[piece] if isinstance(piece, slice) else piece for piece in self.pieces)

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) once the orientation is applied."""
        return (self.width, self.height) if self.orientation < 5 else (self.height, self.width)

"""Limits of an archive, one member of it, and the error that says why it is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1024 * 1024
RATIO_FLOOR_BYTES = 10 * 1024 * 1024
"""Below this size an archive may have any ratio: tar pads small files to 512 bytes each."""


class ArchiveError(ValueError):
    """An archive that must not, or cannot, be unpacked; the message says why in one sentence."""


@dataclass(frozen=True)
class Limits:
    """`max_ratio` is unpacked over packed bytes: 1 for our model archives, about 20 for compressed logs."""

    max_members: int = 4096
    max_bytes: int = 4 * 1024**3
    max_ratio: float = 100.0
    max_depth: int = 32
    max_name_bytes: int = 1024
    max_seconds: float = 600.0
    fold_case: bool = True
    """Refuse two names that are one to macOS or Windows."""


@dataclass(frozen=True)
class Member:
    """`problem` says what is wrong with a member that is neither a plain file nor a folder inside the archive's own.

    `chunks()` reads a file, once and before the next member is asked for.
    """

    name: str
    size: int
    is_folder: bool
    problem: str
    chunks: Callable[[], Iterator[bytes]]

    def write(self, path: Path) -> None:
        """Raises FileExistsError; a file that could not be written whole is removed."""
        with path.open("xb") as file:
            try:
                for chunk in self.chunks():
                    file.write(chunk)
            except BaseException:
                path.unlink(missing_ok=True)
                raise


def most_bytes(packed_bytes: int, limits: Limits) -> int:
    return min(limits.max_bytes, max(int(packed_bytes * limits.max_ratio), RATIO_FLOOR_BYTES))


class Clock:
    def __init__(self, limits: Limits) -> None:
        self._seconds, self._end = limits.max_seconds, time.monotonic() + limits.max_seconds

    def check(self) -> None:
        if time.monotonic() > self._end:
            raise ArchiveError(f"the archive took more than {self._seconds:g} seconds to unpack")

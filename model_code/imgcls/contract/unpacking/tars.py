"""The members of a tar, read once from its beginning to its end."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import partial
from typing import IO

from .limits import CHUNK, RATIO_FLOOR_BYTES, ArchiveError, Clock, Limits, Member, most_bytes


def tar_members(tar: tarfile.TarFile, stream: LimitedStream) -> Iterator[Member]:
    for item in tar:
        stream.allow_header()
        plain = item.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and item.sparse is None
        problem = "" if plain or item.isdir() else f"{item.name!r} in the archive is neither a file nor a folder"
        if item.sparse is not None:
            problem = f"{item.name!r} in the archive is a sparse file"
        yield Member(item.name, item.size, item.isdir(), problem, partial(stream.content, item))
        tar.members = []  # type: ignore[attr-defined]  # tarfile keeps every header otherwise
    stream.finish()


_HEADER_BYTES = 2048


class LimitedStream:
    """The decompressed stream of a tar, which stops before the limits are exceeded.

    tarfile reads a long-name or pax header at once, in the size that the header claims: only the cap on a single read
    keeps a small archive from filling the memory before its first member is seen.
    """

    def __init__(self, inflated: IO[bytes], packed_bytes: int, limits: Limits) -> None:
        self._inflated = inflated
        self._left = self._most = most_bytes(packed_bytes, limits)
        self._end = self._most + RATIO_FLOOR_BYTES
        self._clock = Clock(limits)
        self._position, self._last, self._again = 0, b"", False
        self._block = b""

    def content(self, item: tarfile.TarInfo) -> Iterator[bytes]:
        # Read from the stream, without extractfile(): half the copies. tarfile finds the next header by itself.
        self._left -= item.size
        if self._left < 0:
            raise ArchiveError(self._too_large)
        self.seek(item.offset_data)
        remaining = item.size
        while remaining:
            chunk = self.read(min(remaining, CHUNK))
            if not chunk:
                raise ArchiveError(f"the archive ends inside {item.name!r}")
            yield chunk
            remaining -= len(chunk)

    def finish(self) -> None:
        """Read to the end, where a checksum is, and refuse what is behind the last member.

        tarfile takes a damaged header, and the end of the file, for the end of the archive; the last block tells.
        """
        if len(self._block) != tarfile.BLOCKSIZE or any(self._block):
            raise ArchiveError("the archive has a damaged header, or none that ends it")
        while chunk := self.read(CHUNK):
            if chunk.count(0) != len(chunk):
                raise ArchiveError("the archive has something behind its end")

    def _expect(self, position: int) -> None:
        self._clock.check()
        if position > self._end:
            raise ArchiveError(self._too_large)

    @property
    def _too_large(self) -> str:
        return f"the archive unpacks to more than {self._most} bytes, the limit of this reader"

    def allow_header(self) -> None:
        """Headers and padding do not count as content."""
        self._end += _HEADER_BYTES

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= CHUNK:
            raise ArchiveError(f"the archive has a header of {size} bytes; at most {CHUNK} are allowed")
        if self._again and size:
            self._again = False
            return self._last + (self.read(size - 1) if size > 1 else b"")
        data = self._inflated.read(size)
        self._block = data if size == tarfile.BLOCKSIZE else self._block
        self._position += len(data)
        self._last = data[-1:] or self._last
        self._expect(self._position)
        return data

    def seek(self, position: int) -> int:
        """Forwards, or by one byte back, as tarfile does: a compressed stream would begin anew for it."""
        self._expect(position)
        self._again = position == self._position - 1
        if position < self._position - 1:
            raise ArchiveError("the archive cannot be read from its beginning to its end")
        while self._position < position:
            if not self.read(min(position - self._position, CHUNK)):
                break
        return self.tell()

    def tell(self) -> int:
        return self._position - self._again

"""The bytes of an object, which never change: in memory when they are few, else in files that go with the last user."""

from __future__ import annotations

import os
import uuid
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.s3.checksums import hasher

CHUNK_BYTES = 1 << 20
MEMORY_BYTES = 64 << 10  # an object of up to this size has no file


class StoredFile:
    """A file that is unlinked when nobody refers to it any more: no record, no part, no answer on its way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        weakref.finalize(self, _unlink, path).atexit = False


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Stretch:
    """`size` bytes from `start` on, of a file or of bytes in memory."""

    source: StoredFile | bytes
    start: int
    size: int

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            yield self.source[self.start : self.start + self.size]
            return
        left = self.size
        with self.source.path.open("rb", buffering=0) as file:
            file.seek(self.start)
            while left:
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise OSError(f"{self.source.path} lost {left} bytes: do not change files of the local cloud")
                left -= len(chunk)
                yield chunk


class Content:
    """Bytes that are iterated over in chunks; slices and joins share the files and copy nothing."""

    def __init__(self, stretches: Iterable[Stretch] = ()) -> None:
        self._stretches = tuple(stretches)
        self._size = sum(each.size for each in self._stretches)
        self._digests: dict[str, bytes] = {}
        # Whoever holds a slice finds its digests in the next slice of the same bounds.
        self._slices: weakref.WeakValueDictionary[tuple[int, int], Content] = weakref.WeakValueDictionary()

    @classmethod
    def of(cls, data: bytes) -> Content:
        return cls([Stretch(data, 0, len(data))] if data else [])

    @classmethod
    def joined(cls, parts: Sequence[Content]) -> Content:
        return cls(stretch for part in parts for stretch in part._stretches)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        for stretch in self._stretches:
            yield from stretch.chunks()

    def __bytes__(self) -> bytes:
        return b"".join(self)

    def same_as(self, other: Content) -> bool:
        """Whether both are the same stretches of the same files."""
        return self._stretches == other._stretches

    def __getitem__(self, bounds: slice) -> Content:
        start, stop, step = bounds.indices(self._size)
        if step != 1:
            raise ValueError(f"a content has no slice with the step {step}")
        found = self._slices.get((start, stop))
        if found is None:
            found = self._slices[start, stop] = Content(self._cut(start, stop))
        return found

    def _cut(self, start: int, stop: int) -> Iterator[Stretch]:
        at = 0
        for each in self._stretches:
            first, last = max(start - at, 0), min(stop - at, each.size)
            if first < last:
                yield Stretch(each.source, each.start + first, last - first)
            at += each.size

    def remember(self, algorithm: str, digest: bytes) -> None:
        """Keep a digest that was computed while the bytes passed by."""
        self._digests[algorithm] = digest

    def digest(self, algorithm: str) -> bytes:
        """By S3's name of the algorithm; read and computed once unless it was remembered."""
        if algorithm not in self._digests:
            computing = hasher(algorithm)
            for chunk in self:
                computing.update(chunk)
            self._digests[algorithm] = computing.digest()
        return self._digests[algorithm]

    def save(self, path: Path) -> None:
        with path.open("wb", buffering=0) as file:
            write_all(file.fileno(), self)


class Writer:
    """Takes the chunks of a content and keeps them in memory, or beyond MEMORY_BYTES in a new file of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buffer = bytearray()
        self._file: StoredFile | None = None
        self._descriptor = -1
        self._size = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close()
        if kind is not None and self._file is not None:
            _unlink(self._file.path)

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._file is None and self._size <= MEMORY_BYTES:
            self._buffer += chunk
            return
        if self._file is None:
            self._file = StoredFile(self._folder / uuid.uuid4().hex)
            self._descriptor = os.open(self._file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            write_all(self._descriptor, [bytes(self._buffer)])
        write_all(self._descriptor, [chunk])

    def content(self) -> Content:
        """What was written. A Writer that an error leaves has no file any more."""
        self._close()
        if self._file is None:
            return Content.of(bytes(self._buffer))
        return Content([Stretch(self._file, 0, self._size)])

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def write_all(descriptor: int, chunks: Iterable[bytes]) -> None:
    """os.write may write less than it is given; OSError when the disk is full."""
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

"""The members of a zip, whose directory is checked before any of them is read."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .limits import CHUNK, ArchiveError, Clock, Limits, Member, most_bytes

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_END = struct.Struct("<4s4H2LH")
"""The record that ends a zip; its last field is the length of the comment behind it."""


def zip_members(zipped: zipfile.ZipFile, archive: Path, limits: Limits) -> Iterator[Member]:
    packed_bytes = archive.stat().st_size
    items, most, clock = zipped.infolist(), most_bytes(packed_bytes, limits), Clock(limits)
    if sum(item.compress_size for item in items) > packed_bytes:
        raise ArchiveError("members of the archive overlap")
    if sum(item.file_size for item in items) > most:
        raise ArchiveError(f"the archive unpacks to more than {most} bytes, the limit of this reader")
    _require_end(archive)
    for item in items:
        kind = stat.S_IFMT(item.external_attr >> 16)
        problem = ""
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            problem = f"{item.filename!r} in the archive is neither a file nor a folder"
        if item.flag_bits & 1:
            raise ArchiveError(f"{item.filename!r} in the archive is encrypted: unpack it with its password first")
        if item.compress_type not in _METHODS:
            raise ArchiveError(f"{item.filename!r} in the archive is compressed by a method that is not known here")
        chunks = partial(_zip_content, zipped, item, clock)
        yield Member(item.filename, item.file_size, item.is_dir(), problem, chunks)


def _zip_content(zipped: zipfile.ZipFile, item: zipfile.ZipInfo, clock: Clock) -> Iterator[bytes]:
    size = 0
    with zipped.open(item) as file:
        while chunk := file.read(CHUNK):
            clock.check()
            size += len(chunk)
            yield chunk
    if size != item.file_size:
        raise ArchiveError(f"{item.filename!r} in the archive has {size} bytes, not {item.file_size} as it declares")


def _require_end(archive: Path) -> None:
    """Raises ArchiveError for bytes behind the zip's last record."""
    size = archive.stat().st_size
    with archive.open("rb") as file:
        file.seek(max(0, size - _END.size - 65_535))
        tail = file.read()
    start = tail.rfind(b"PK\5\6")
    if start < 0 or start + _END.size > len(tail):
        raise ArchiveError("the archive has something behind its end")
    if start + _END.size + _END.unpack_from(tail, start)[-1] != len(tail):
        raise ArchiveError("the archive has something behind its end")

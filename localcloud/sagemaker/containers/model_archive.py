"""Unpacks untrusted model archives safely."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

_COPY_BYTES = 1024 * 1024


class UnsafeArchive(Exception):
    """An archive that must not be unpacked; the message says why."""


def unpack(archive: Path, folder: Path, max_bytes: int) -> None:
    """Unpack a tar archive of plain files and folders; UnsafeArchive if it contains anything else."""
    folder.mkdir()
    left = max_bytes
    with tarfile.open(archive) as members:
        for member in _safe_members(members):
            left -= member.size
            if left < 0:
                raise UnsafeArchive(f"it contains more than {max_bytes} bytes")
            target = folder / member.name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source = members.extractfile(member)
            if source is None:
                raise UnsafeArchive(f"{member.name} has no content")
            with source, target.open("xb") as copy:
                shutil.copyfileobj(source, copy, _COPY_BYTES)


def _safe_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in archive:
        if not (member.isreg() or member.isdir()):
            raise UnsafeArchive(f"{member.name} is neither a file nor a folder")
        member.name = os.path.normpath(member.name)
        if member.name.startswith(("/", "..")) or "\0" in member.name:
            raise UnsafeArchive(f"{member.name} leads outside the archive")
        yield member

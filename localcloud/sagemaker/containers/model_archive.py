"""Unpacks untrusted model archives safely."""

from __future__ import annotations

from pathlib import Path

from localcloud import unpacking
from localcloud.unpacking import ArchiveError as UnsafeArchive
from localcloud.unpacking import Limits

__all__ = ["UnsafeArchive", "unpack"]


def unpack(archive: Path, folder: Path, max_bytes: int) -> None:
    """Unpack a tar.gz of plain files and folders into the new `folder`; UnsafeArchive if it is anything else.

    SageMaker documents no limit but the volume's; the others stop what only a hostile archive has.
    """
    folder.mkdir()
    limits = Limits(max_members=100_000, max_bytes=max_bytes, fold_case=False)
    unpacking.unpack(archive, folder, limits, formats=("gz",))

"""Read an archive from anywhere, a tar or a zip, within limits: one member after another, nothing trusted.

The local cloud imports nothing of Kennel's, so `localcloud/unpacking/` is this folder again; a test compares the two.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from .limits import ArchiveError, Limits, Member
from .names import Names
from .tars import LimitedStream, tar_members
from .zips import zip_members

__all__ = ["ALL", "ArchiveError", "Format", "Limits", "Member", "members", "unpack"]

Format = Literal["gz", "bz2", "xz", "tar", "zip"]
ALL: tuple[Format, ...] = ("gz", "bz2", "xz", "tar", "zip")
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, NotImplementedError,
    ValueError, OverflowError, KeyError, IndexError, struct.error,
)  # fmt: skip
_NO_STREAM = "Invalid data stream"
"""What bz2 says of damage, as an OSError without a number."""


@contextmanager
def members(archive: Path, limits: Limits, formats: tuple[Format, ...] = ALL) -> Iterator[Iterator[Member]]:
    """The members one by one. Raises ArchiveError at the first limit or damage, also while members are read."""
    try:
        kind = _format(archive)
        if kind not in formats:
            raise ArchiveError(f"{archive.name} is not a readable {_called(formats)}")
        if kind == "zip":
            with zipfile.ZipFile(archive) as zipped:
                yield Names(limits).checked(zip_members(zipped, archive, limits))
        else:
            with archive.open("rb") as raw, _inflated(raw, kind) as inflated:
                stream = LimitedStream(inflated, archive.stat().st_size, limits)
                with tarfile.open(fileobj=stream, mode="r:") as tar:  # type: ignore[call-overload]
                    yield Names(limits).checked(tar_members(tar, stream))
    except ArchiveError:
        raise
    except RecursionError:
        raise ArchiveError(f"{archive.name} has headers of headers without end") from None
    except _BROKEN as error:
        raise ArchiveError(f"{archive.name} is not a readable {_called(formats)}: {error}") from error
    except OSError as error:
        if error.errno is not None or _NO_STREAM not in str(error):
            raise  # of the disk, and not of the archive
        raise ArchiveError(f"{archive.name} is not a readable {_called(formats)}: {error}") from error


def unpack(archive: Path, folder: Path, limits: Limits, formats: tuple[Format, ...] = ALL) -> None:
    """Unpack into `folder`, which is made where it is missing. Raises ArchiveError.

    Only plain files and directories inside `folder`; modes, owners and times are not restored. After an error `folder`
    may contain some of the files: delete it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with members(archive, limits, formats) as found:
        for member in found:
            if member.problem:
                raise ArchiveError(member.problem)
            path = folder.joinpath(*PurePosixPath(member.name).parts)
            try:
                if member.is_folder:
                    path.mkdir(parents=True, exist_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    member.write(path)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise ArchiveError(f"{member.name!r} is in the archive twice") from None


def _called(formats: tuple[Format, ...]) -> str:
    return "tar.gz" if formats == ("gz",) else "zip archive" if formats == ("zip",) else "archive"


def _format(archive: Path) -> Format:
    with archive.open("rb") as file:
        start = file.read(6)
    starts: tuple[tuple[bytes, Format], ...] = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "xz"))
    found = next((kind for head, kind in starts if start.startswith(head)), None)
    return found or ("zip" if zipfile.is_zipfile(archive) else "tar")


def _inflated(raw: IO[bytes], kind: Format) -> Any:
    opened: dict[Format, Callable[[Any], Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
    return opened[kind](raw) if kind in opened else raw

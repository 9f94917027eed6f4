"""Model archives on disk: hash and pack a model folder, safely unpack an untrusted one, verify the hashes."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from imgcls.contract.artifact import CODE, MODEL_JSON, ArtifactError, ModelCard, read_card, sha256, version, write_card

_CHUNK = 1024 * 1024
_RATIO_FLOOR_BYTES = 10 * 1024 * 1024
"""Below this size an archive may have any ratio: tar pads small files to 512 bytes each."""


@dataclass(frozen=True)
class ArchiveLimits:
    """`max_ratio` is unpacked over packed bytes: 1 for our model archives, about 20 for compressed logs."""

    max_members: int = 4096
    max_bytes: int = 4 * 1024**3
    max_ratio: float = 100.0


def write_artifact(folder: Path, card: ModelCard) -> ModelCard:
    """Hash the files of `folder`, derive the version and write model.json. Returns the completed card.

    `card.started` is ISO 8601; without one the version starts at the epoch, so equal files have equal versions.
    """
    files = {name: sha256(folder / name) for name in _files(folder) if name != MODEL_JSON}
    started = datetime.fromisoformat(card.started) if card.started else datetime.fromtimestamp(0, UTC)
    card = replace(card, files=files, version=version(started, files))
    write_card(folder, card)
    return card


def copy_code(folder: Path) -> None:
    """Put `code/` (inference.py and this package) into an artifact, for AWS's own inference containers."""
    package = Path(__file__).resolve().parents[1]
    target = folder / CODE
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy(package.parent / "inference.py", target / "inference.py")


def verify(folder: Path, only: Iterable[str] | None = None) -> ModelCard:
    """The card, after checking the hash of every file that it lists, or of those in `only`. Raises ArtifactError."""
    card = read_card(folder)
    for name in card.files if only is None else only:
        path = folder / _safe(name)
        if name not in card.files:
            raise ArtifactError(f"{MODEL_JSON} does not list {name}")
        if path.is_symlink() or not path.is_file():
            raise ArtifactError(f"the artifact lacks {name}, which {MODEL_JSON} lists")
        if sha256(path) != card.files[name]:
            raise ArtifactError(f"{name} does not have the SHA-256 that {MODEL_JSON} lists: the artifact is damaged")
    return card


def pack(folder: Path, archive: Path) -> None:
    """Write `folder`'s files as a tar.gz that depends on their names and bytes alone (sorted, no times, no owners).

    The gzip level is 0, "stored": weights do not compress, and unpacking takes a third of the time.
    """
    partial = archive.with_name(archive.name + ".partial")
    with (
        partial.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", compresslevel=0, fileobj=file, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in _files(folder):
            member = tarfile.TarInfo(name)
            member.size = (folder / name).stat().st_size
            member.mode = 0o644
            with (folder / name).open("rb") as source:
                tar.addfile(member, source)
    os.replace(partial, archive)


def unpack(archive: Path, folder: Path, limits: ArchiveLimits | None = None) -> None:
    """Unpack a tar.gz from anywhere into `folder`, which must be new or empty. Raises ArtifactError.

    Only plain files and directories inside `folder`, within the limits; modes, owners and times are not restored.
    After an error `folder` may contain some of the files: delete it.
    """
    limits = limits or ArchiveLimits()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ArtifactError(f"{folder} is not empty: unpack into a new folder")
    try:
        with gzip.open(archive, "rb") as inflated:
            stream = _LimitedStream(inflated, archive.stat().st_size, limits)
            with tarfile.open(fileobj=stream, mode="r:") as tar:  # type: ignore[call-overload]
                _unpack_members(tar, stream, folder, limits)
    except ArtifactError:
        raise
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError) as error:
        raise ArtifactError(f"{archive.name} is not a readable tar.gz: {error}") from error


def _unpack_members(tar: tarfile.TarFile, stream: _LimitedStream, folder: Path, limits: ArchiveLimits) -> None:
    for number, member in enumerate(tar, start=1):
        if number > limits.max_members:
            raise ArtifactError(f"the archive has more than {limits.max_members} members")
        path = folder / _safe(member.name)
        try:
            if member.type == tarfile.DIRTYPE:
                path.mkdir(parents=True, exist_ok=True)
            elif member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, stream, member)
            else:
                raise ArtifactError(f"{member.name!r} in the archive is neither a plain file nor a directory")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise ArtifactError(f"{member.name!r} is in the archive twice") from None


def _write(path: Path, stream: _LimitedStream, member: tarfile.TarInfo) -> None:
    # Read from the stream, without extractfile(): half the copies. tarfile finds the next header by itself.
    stream.expect(member.offset_data + member.size)
    stream.seek(member.offset_data)
    remaining = member.size
    with path.open("xb") as file:
        while remaining:
            chunk = stream.read(min(remaining, _CHUNK))
            if not chunk:
                raise ArtifactError(f"the archive ends inside {member.name!r}")
            file.write(chunk)
            remaining -= len(chunk)


class _LimitedStream:
    """The decompressed stream of a gzip file for tarfile, which stops before the limits are exceeded.

    tarfile reads a long-name or pax header at once, in the size that the header claims: only the cap on a single read
    keeps a small archive from filling the memory before its first member is seen.
    """

    def __init__(self, inflated: gzip.GzipFile, packed_bytes: int, limits: ArchiveLimits) -> None:
        self._inflated = inflated
        by_ratio = max(int(packed_bytes * limits.max_ratio), _RATIO_FLOOR_BYTES)
        self._end = min(limits.max_bytes, by_ratio)

    def expect(self, position: int) -> None:
        """Raises ArtifactError if `position` is beyond the limits."""
        if position > self._end:
            raise ArtifactError(f"the archive unpacks to more than {self._end} bytes, the limit of this reader")

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _CHUNK:
            raise ArtifactError(f"the archive has a header of {size} bytes; at most {_CHUNK} are allowed")
        data = self._inflated.read(size)
        self.expect(self._inflated.tell())
        return data

    def seek(self, position: int) -> int:
        self.expect(position)
        return self._inflated.seek(position)

    def tell(self) -> int:
        return self._inflated.tell()


def _safe(name: str) -> PurePosixPath:
    """A member's name as a relative path that stays inside its folder. Raises ArtifactError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not name:
        raise ArtifactError(f"{name!r} in the archive is not a plain relative path")
    return path


def _files(folder: Path) -> list[str]:
    """The files below `folder` as sorted relative POSIX names."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

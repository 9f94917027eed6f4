"""Model archives on disk: hash and pack a model folder, safely unpack an untrusted one, verify the hashes."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from imgcls.contract import unpacking
from imgcls.contract.artifact import CODE, MODEL_JSON, ArtifactError, ModelCard, read_card, sha256, version, write_card
from imgcls.contract.unpacking import Limits as ArchiveLimits


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
    try:
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
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    os.replace(partial, archive)


def unpack(archive: Path, folder: Path, limits: ArchiveLimits | None = None) -> None:
    """Unpack a tar.gz from anywhere into `folder`, which must be new or empty. Raises ArtifactError.

    Only plain files and directories inside `folder`, within the limits; modes, owners and times are not restored.
    After an error `folder` may contain some of the files: delete it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ArtifactError(f"{folder} is not empty: unpack into a new folder")
    try:
        unpacking.unpack(archive, folder, limits or ArchiveLimits(), formats=("gz",))
    except unpacking.ArchiveError as error:
        raise ArtifactError(str(error)) from error


def _safe(name: str) -> PurePosixPath:
    """A member's name as a relative path that stays inside its folder. Raises ArtifactError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not name:
        raise ArtifactError(f"{name!r} in the archive is not a plain relative path")
    return path


def _files(folder: Path) -> list[str]:
    """The files below `folder` as sorted relative POSIX names."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

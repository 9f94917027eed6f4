"""Bring a public data set in: unpack its archive into a folder that `data check` and `data upload` understand.

Archives come as `dogImages/{train,valid,test}/001.Affenpinscher/...` or `PetImages/{Cat,Dog}/...`: the wrapping folders
are dropped. A second run does only what is missing.
"""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from imgcls.contract import image_files, image_formats, unpacking
from imgcls.contract.image_files import ListingError
from imgcls.contract.unpacking import ArchiveError, Limits, Member
from kennel.errors import KennelError

SPLITS = {"train", "valid", "validation", "val", "test"}
MAX_IMAGE_BYTES = 200 * 1024**2
TIMEOUT_SECONDS = 30
CHUNK = 1024 * 1024
Progress = Callable[[int, int], None]


LIMITS = Limits(
    max_members=2_000_000, max_bytes=2 * 1024**4, max_ratio=100, max_depth=64, max_seconds=12 * 3600, fold_case=False
)
"""Images hardly compress, so an archive that unpacks to a hundred times its size is none of images."""


@dataclass(frozen=True)
class Imported:
    """Numbers of image files; `skipped` are members that are not images or are outside of the class folders.

    `notes` are sentences on images that were left out.
    """

    folder: Path
    written: int
    present: int
    skipped: int
    notes: tuple[str, ...] = ()


def unpack(archive: Path, folder: Path, *, progress: Progress = lambda done, total: None) -> Imported:
    """Write the archive's images below `folder`. Raises KennelError for what is not an archive of class folders.

    Only image files are taken, never links; a path cannot leave `folder`. A file that is there with the member's size
    is kept. Each file appears under its name once it is whole.
    """
    if not archive.is_file():
        raise KennelError(f"{archive} does not exist or is not a file: give a .zip or .tar archive, or its URL")
    try:
        targets = _Targets.of(archive)
        prefix = _wrapping(targets.paths)
        _require_room(folder, targets.num_bytes)
        written = present = 0
        with unpacking.members(archive, LIMITS) as members:
            for member in members:
                if member.problem or not (target := targets.found.get(member.name)):
                    continue
                path = folder.joinpath(*target.parts[prefix:])
                if path.is_file() and path.stat().st_size == member.size:
                    present += 1
                else:
                    _write(member, path)
                    written += 1
                progress(written + present, len(targets.found))
    except ArchiveError as error:
        raise KennelError(f"{archive}: {error}") from None
    except OSError as error:
        raise KennelError(f"{archive} cannot be unpacked into {folder}: {error.strerror or error}") from None
    return Imported(folder, written, present, targets.skipped, targets.notes())


@dataclass
class _Targets:
    """What of an archive is written where; `found` maps a member's name to its path."""

    found: dict[str, PurePosixPath] = field(default_factory=dict)
    num_bytes: int = 0
    skipped: int = 0
    refused: list[str] = field(default_factory=list)
    num_refused: int = 0

    @classmethod
    def of(cls, archive: Path) -> _Targets:
        """Raises ArchiveError, and KennelError for an archive without class folders."""
        targets = cls()
        with unpacking.members(archive, LIMITS) as members:
            for member in members:
                if not member.is_folder:
                    targets._add(member)
        if not targets.found:
            raise KennelError("; ".join([f"{archive} contains no class folders of images", *targets.notes()]))
        return targets

    def _add(self, member: Member) -> None:
        try:
            target = None if member.problem else _target(member)
            if member.problem and image_formats.has_image_name(member.name):
                raise ListingError(member.problem)
        except ListingError as error:
            target, self.num_refused = None, self.num_refused + 1
            self.refused = [*self.refused, str(error)][:3]
        if target is None:
            self.skipped += 1
        else:
            self.found[member.name] = target
            self.num_bytes += member.size

    @property
    def paths(self) -> list[PurePosixPath]:
        return list(self.found.values())

    def notes(self) -> tuple[str, ...]:
        more = self.num_refused - len(self.refused)
        return (*self.refused, *([f"{more} more images are left out for such reasons"] if more else []))


def _require_room(folder: Path, num_bytes: int) -> None:
    """Raises KennelError. What is there already is counted too, for a second run may replace it."""
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    free = shutil.disk_usage(place).free
    if num_bytes > free + there:
        raise KennelError(
            f"the images need {num_bytes / 1e6:,.0f} MB and {place} has {free / 1e6:,.0f} MB free: give another folder"
        )


def download(url: str, folder: Path, *, progress: Progress = lambda done, total: None) -> Path:
    """The archive at `url`, saved in `folder`; a download that was cut goes on where it stopped."""
    name = PurePosixPath(urllib.request.url2pathname(url.split("?", 1)[0])).name or "archive"
    target, partial = folder / name, folder / f"{name}.partial"
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            resumed = answer.status == 206
            total = int(answer.headers.get("Content-Length") or 0) + (have if resumed else 0)
            _save(answer, partial, have if resumed else 0, total, progress)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise KennelError(f"{url} cannot be downloaded: {error}; run the command again to go on") from None
    os.replace(partial, target)
    return target


def _save(answer: IO[bytes], partial: Path, have: int, total: int, progress: Progress) -> None:
    with partial.open("ab" if have else "wb") as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            have += len(chunk)
            progress(have, total)
    if total and have != total:
        raise ConnectionError(f"{have} of {total} bytes came")


def _target(member: Member) -> PurePosixPath | None:
    """The member's path, None for what is not an image in a class folder. Raises ListingError for a bad name."""
    parts = [part for part in PurePosixPath(member.name).parts if part != "."]
    if len(parts) < 2 or any(map(image_files.is_litter, parts)) or not 0 < member.size <= MAX_IMAGE_BYTES:
        return None
    if not image_formats.has_image_name(parts[-1]) and not image_formats.identify(next(member.chunks(), b"")):
        return None
    image_files.require_name("/".join(parts))
    for number in range(1, len(parts)):
        image_files.require_folder_name("/".join(parts[:number]))
    return PurePosixPath(*parts)


def _wrapping(paths: list[PurePosixPath]) -> int:
    """How many leading folders all paths share and that are neither a split nor a class folder."""
    depth = 0
    while all(len(path.parts) > depth + 2 for path in paths):
        names = {path.parts[depth] for path in paths}
        if len(names) > 1 or names & SPLITS:
            break
        depth += 1
    return depth


def _write(member: Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    member.write(partial)
    os.replace(partial, path)

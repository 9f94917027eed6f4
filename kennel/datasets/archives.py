"""Bring a public data set in: unpack its archive into a folder that `data check` and `data upload` understand.

Archives come as `dogImages/{train,valid,test}/001.Affenpinscher/...` or `PetImages/{Cat,Dog}/...`: the wrapping folders
are dropped. A second run does only what is missing.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from imgcls.contract import image_files
from kennel.errors import KennelError

SPLITS = {"train", "valid", "validation", "val", "test"}
MAX_IMAGE_BYTES = 200 * 1024**2
TIMEOUT_SECONDS = 30
CHUNK = 1024 * 1024
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Imported:
    """Numbers of image files; `skipped` are members that are not images or are outside of the class folders."""

    folder: Path
    written: int
    present: int
    skipped: int


@dataclass(frozen=True)
class Member:
    """A plain file of an archive."""

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, folder: Path, *, progress: Progress = lambda done, total: None) -> Imported:
    """Write the archive's images below `folder`. Raises KennelError for what is not an archive of class folders.

    Only image files are taken, never links; a path cannot leave `folder`. A file that is there with the member's size
    is kept. Each file appears under its name once it is whole.
    """
    with _members(archive) as members:
        images = [(member, target) for member in members if (target := _target(member)) is not None]
        if not images:
            raise KennelError(f"{archive} contains no class folders of images")
        prefix = _wrapping([target for _, target in images])
        written = present = 0
        for number, (member, target) in enumerate(images, start=1):
            path = folder.joinpath(*target.parts[prefix:])
            if path.is_file() and path.stat().st_size == member.size:
                present += 1
            else:
                _write(member, path)
                written += 1
            progress(number, len(images))
    return Imported(folder, written, present, len(members) - len(images))


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


@contextmanager
def _members(archive: Path) -> Iterator[list[Member]]:
    if not archive.is_file():
        raise KennelError(f"{archive} does not exist or is not a file: give a .zip or .tar archive, or its URL")
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield [_zip_member(zipped, item) for item in zipped.infolist() if not item.is_dir() and not _is_link(item)]
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            yield [_tar_member(tar, item) for item in tar.getmembers() if item.isreg()]
    else:
        raise KennelError(f"{archive} is neither a .zip nor a .tar archive")


def _is_link(item: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(item.external_attr >> 16)


def _zip_member(zipped: zipfile.ZipFile, item: zipfile.ZipInfo) -> Member:
    return Member(PurePosixPath(item.filename), item.file_size, lambda: zipped.open(item))


def _tar_member(tar: tarfile.TarFile, item: tarfile.TarInfo) -> Member:
    def open_() -> IO[bytes]:
        stream = tar.extractfile(item)
        assert stream is not None, "plain files have content"
        return stream

    return Member(PurePosixPath(item.name), item.size, open_)


def _target(member: Member) -> PurePosixPath | None:
    """The member's path, None for what is not an image in a class folder, or points outside."""
    parts = [part for part in member.path.parts if part != "."]
    if ".." in parts or member.path.is_absolute() or any("\\" in part or "\0" in part for part in parts):
        return None
    if len(parts) < 2 or any(map(image_files.is_litter, parts)) or not 0 < member.size <= MAX_IMAGE_BYTES:
        return None
    if not image_files.has_image_name(parts[-1]) and not _is_image(member):
        return None
    return PurePosixPath(*parts)


def _is_image(member: Member) -> bool:
    with member.open() as file:
        return image_files.is_image(file.read(image_files.HEAD_BYTES))


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
    with member.open() as source, partial.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
    os.replace(partial, path)

"""Brings a public data set in: fetches its archive, unpacks the images and finds the folder that holds the layout.

Made for `dogImages.zip` (`dogImages/{train,valid,test}/001.Affenpinscher/...`) and archives like it; zip and tar.
"""

from __future__ import annotations

import shutil
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import URLError
from urllib.parse import urlparse

from imgcls.contract.dataset import DatasetError
from imgcls.data.folders import EXTENSIONS
from imgcls.preparation.scan import SPLIT_FOLDERS

MAX_MEMBERS = 5_000_000
MAX_IMAGE_BYTES = 200_000_000
_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 60

Progress = Callable[[int, int], None]
"""Called with (done, total): bytes while fetching, files while unpacking."""


@dataclass(frozen=True)
class Imported:
    """`unpacked` images were written, `present` were there already, `skipped` members are no images."""

    folder: Path
    unpacked: int
    present: int
    skipped: int


def bring_in(source: str, folder: Path, progress: Progress = lambda done, total: None) -> Imported:
    """Unpack the archive `source`, a path or an http(s) URL, into `folder`.

    Run again after an interruption, it fetches and writes only what is missing. Raises DatasetError.
    """
    if urlparse(source).scheme in ("http", "https"):
        archive = folder.with_name(f".{folder.name}.{PurePosixPath(urlparse(source).path).name or 'archive'}")
        fetch(source, archive, progress)
        imported = unpack(archive, folder, progress)
        archive.unlink()
        return imported
    return unpack(Path(source), folder, progress)


def fetch(url: str, target: Path, progress: Progress = lambda done, total: None) -> None:
    """Download to `target`; a part that is there from an earlier try is continued. Raises DatasetError."""
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            resumed = answer.status == 206
            done = done if resumed else 0
            total = done + int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if resumed else "wb") as file:
                while block := answer.read(_BLOCK):
                    file.write(block)
                    done += len(block)
                    progress(done, total)
    except (URLError, OSError) as error:
        raise DatasetError(f"{url} cannot be fetched ({error}): run this again to continue, or give a file") from None
    if total and done != total:
        raise DatasetError(f"{url} ended after {done:,} of {total:,} bytes: run this again to continue")
    part.rename(target)


def unpack(archive: Path, folder: Path, progress: Progress = lambda done, total: None) -> Imported:
    """The images of the archive into `folder`, without the folders above the layout. Raises DatasetError."""
    with _opened(archive) as members:
        paths = {member: _safe(member.path) for member in members}
        inside = {member: path for member, path in paths.items() if _is_image(path)}
        if not inside:
            raise DatasetError(f"{archive} holds no images in folders: is it the right archive?")
        above = _above_layout(list(inside.values()))
        present = 0
        for number, (member, path) in enumerate(inside.items(), start=1):
            target = folder / PurePosixPath(*path.parts[above:])
            if target.is_file() and target.stat().st_size == member.size:
                present += 1
            else:
                _write(member, target)
            progress(number, len(inside))
        return Imported(folder, len(inside) - present, present, len(members) - len(inside))


@dataclass(frozen=True)
class _Member:
    """A plain file of an archive."""

    path: str
    size: int
    open: Callable[[], IO[bytes]]


@contextmanager
def _opened(archive: Path) -> Iterator[list[_Member]]:
    if not archive.is_file():
        raise DatasetError(f"there is no file {archive}: give the path of a zip or tar archive, or a URL")
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                yield _limited(_zip_members(zipped), archive)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                yield _limited(_tar_members(tar), archive)
        else:
            raise DatasetError(f"{archive} is neither a zip nor a tar archive")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise DatasetError(f"{archive} is damaged ({error}): fetch it again") from None


def _zip_members(zipped: zipfile.ZipFile) -> Iterator[_Member]:
    for info in zipped.infolist():
        if not info.is_dir():
            yield _Member(info.filename, info.file_size, lambda info=info: zipped.open(info))  # type: ignore[misc]


def _tar_members(tar: tarfile.TarFile) -> Iterator[_Member]:
    for info in tar:
        # Links and devices have no bytes of their own: an archive of images needs none.
        if info.isfile():
            yield _Member(info.name, info.size, lambda info=info: tar.extractfile(info))  # type: ignore[misc, arg-type]


def _limited(members: Iterator[_Member], archive: Path) -> list[_Member]:
    listed = []
    for member in members:
        listed.append(member)
        if len(listed) > MAX_MEMBERS:
            raise DatasetError(f"{archive} has more than {MAX_MEMBERS:,} files: unpack it yourself")
    return listed


def _is_image(path: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and len(path.parts) > 1 and path.suffix.lower() in EXTENSIONS


def _safe(path: str) -> PurePosixPath:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path:
        raise DatasetError(f"the archive holds {path!r}, which leads out of its folder: do not trust it")
    return pure


def _above_layout(paths: list[PurePosixPath]) -> int:
    """How many folders lie above the split folders, or above the class folders where there are no splits."""
    shared = 0
    while len({path.parts[shared] for path in paths}) == 1 and all(len(path.parts) > shared + 2 for path in paths):
        if paths[0].parts[shared].lower() in SPLIT_FOLDERS:
            break
        shared += 1
    return shared


def _write(member: _Member, target: Path) -> None:
    """Under a temporary name first: a file of the right name is whole."""
    if member.size > MAX_IMAGE_BYTES:
        raise DatasetError(f"{member.path} has {member.size:,} bytes, too many for an image: leave it out")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with member.open() as source, part.open("wb") as file:
        shutil.copyfileobj(source, file, _BLOCK)
    if part.stat().st_size != member.size:
        raise DatasetError(f"{member.path} is cut short in the archive: fetch it again")
    part.rename(target)

"""Which files of a folder are images, and which names they may have: one rule for every command, job and function.

    image        its first bytes are those of an image format, or its name ends as an image's does
    litter       hidden, or left by a system, an archiver or Jupyter: passed over with all that is in it
    other        neither: captions, labels, notes
    link         a link to a folder: not followed, so no listing goes round in circles
    special      a pipe, socket or device: never opened, because that could wait forever
    broken       a link to nothing that has an image's name
    beside       an image in a folder that the layout does not name; only a listing of class folders knows it

A name becomes an S3 key, a line of a manifest and a label. One that cannot is refused, not passed over.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from imgcls.contract.dataset import DatasetError
from imgcls.contract.image_formats import HEAD_BYTES, SUFFIXES, has_image_name, identify

Kind = Literal["image", "litter", "other", "link", "special", "broken", "beside"]

MAX_NAME_BYTES = 240
"""A file system takes 255, and a copy is called `NAME.reason.txt` or `NAME.partial`."""
MAX_PATH_BYTES = 850
"""Below a data set. A key has at most 1,024, with the prefix of a prepared data set and the copy's ending in front."""

_LITTER = {
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "@eadir",
    "__pycache__", "icon\r",
}  # fmt: skip
_UNFINISHED = (".partial", ".part", ".crdownload", ".download", ".tmp")
"""Behind an image's name: a download or copy that was cut."""
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, of bytes that are not UTF-8, and of line breaks."""
_NOT_IN_XML = "\ufffe\uffff"
"""S3 lists keys in XML."""
_SHOWN = 3
"""Examples per sentence."""


class ListingError(DatasetError):
    """A folder that cannot be listed, or a name that cannot be used; the message is one sentence with the fix."""


@dataclass(frozen=True, slots=True)
class Found:
    """`path` is relative to the folder that was listed, with slashes."""

    path: str
    kind: Kind


def is_litter(name: str) -> bool:
    """Whether a file or folder of that name is passed over: it belongs to a system or a tool, not to the data."""
    lower = name.lower()
    stem, dot, ending = lower.rpartition(".")
    return lower.startswith(".") or lower in _LITTER or (dot + ending in _UNFINISHED and stem.endswith(SUFFIXES))


def is_litter_path(path: str) -> bool:
    """The same of a path or key with slashes."""
    return any(is_litter(part) for part in path.split("/"))


def walk(folder: Path) -> Iterator[Found]:
    """Everything below `folder`, which may itself be a link: sorted by name, files before folders.

    Files are not opened, but for the first bytes of those that have no image's name. Raises ListingError for a folder
    that cannot be read, and for a name that cannot be used.
    """
    yield from _walk(os.fspath(folder), "")


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is right in `folder`, sorted, without litter. Raises ListingError if it cannot be read."""
    return [entry for entry in _scan(os.fspath(folder)) if not is_litter(entry.name)]


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a listing goes into it: a link to a folder is none."""
    return entry.is_dir(follow_symlinks=False)


def _walk(folder: str, prefix: str) -> Iterator[Found]:
    folders = []
    for entry in _scan(folder):
        path = prefix + entry.name
        if is_litter(entry.name):
            yield Found(path, "litter")
        elif is_folder(entry):
            folders.append(entry.name)
        else:
            kind = _kind(entry)
            if kind in ("image", "broken"):
                require_name(path)
            yield Found(path, kind)
    for name in folders:
        require_folder_name(prefix + name)
        yield from _walk(os.path.join(folder, name), f"{prefix}{name}/")


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise ListingError(f"{shown(folder)} cannot be read: {error.strerror}; ask its owner for access") from None


def _kind(entry: os.DirEntry[str]) -> Kind:
    try:
        mode = entry.stat().st_mode
    except OSError:
        return "broken" if has_image_name(entry.name) else "other"
    if stat.S_ISDIR(mode):
        return "link"
    if not stat.S_ISREG(mode):
        return "special"
    return "image" if has_image_name(entry.name) or identify(_head(entry.path)) else "other"


def _head(path: str) -> bytes:
    """The first bytes of a plain file; none where it cannot be opened, which the reader of the whole file reports."""
    try:
        with open(path, "rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def require_name(path: str) -> None:
    """Raises ListingError for a relative path whose last name, or which as a whole, cannot be a key."""
    name = path.rpartition("/")[2]
    if why := _problem(name) or _length_problem(path):
        raise ListingError(f"the file name {shown(path)} {why}: rename it")


def require_folder_name(path: str) -> None:
    """The same of a folder. That of a class becomes a label."""
    name = path.rpartition("/")[2]
    if _problem(name):
        raise ListingError(f"the name of the class folder {name!r} cannot be a label: rename it")
    if why := _length_problem(path):
        raise ListingError(f"the folder {shown(path)} {why}: move it up")


def _problem(name: str) -> str:
    if any(unicodedata.category(character) == "Cs" for character in name):
        return "is not UTF-8"
    if any(unicodedata.category(character) in _UNPRINTABLE or character in _NOT_IN_XML for character in name):
        return "contains a line break or another control character"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"has {len(name.encode())} bytes, more than {MAX_NAME_BYTES}"
    return ""


def _length_problem(path: str) -> str:
    size = len(path.encode(errors="replace"))
    return f"has {size} bytes with its folders, more than {MAX_PATH_BYTES}" if size > MAX_PATH_BYTES else ""


def shown(path: str) -> str:
    """`path` for a message: as it is where it can be printed, else quoted with its odd characters as escapes."""
    return path if path.isprintable() else ascii(path)


def same_name(name: str) -> str:
    """Composed (NFC): macOS and an archiver may write one word as different characters."""
    return unicodedata.normalize("NFC", name)


@dataclass
class LeftOut:
    """Counts what a listing of `folder` passes over, and says so."""

    folder: Path
    _num: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def images(self, found: Iterable[Found]) -> Iterator[str]:
        """The paths of the images; everything else is counted."""
        for item in found:
            if item.kind == "image":
                yield item.path
            else:
                self.add(item)

    def add(self, item: Found) -> None:
        self._num[item.kind] += 1
        examples = self._examples.setdefault(item.kind, [])
        if len(examples) < _SHOWN:
            examples.append(item.path)

    def notes(self) -> tuple[str, ...]:
        """One sentence per kind; one per link, because a whole class may be behind it."""
        links = self._examples.get("link", [])
        sentences = [
            f"{shown(str(self.folder / path))} is a link, which an upload does not follow: left out" for path in links
        ]
        if self._num["link"] > len(links):
            sentences.append(f"{self._num['link'] - len(links)} more links to folders are left out")
        for kind, what in _WHAT.items():
            if num := self._num[kind]:
                such = "such as " * (num > len(self._examples[kind])) + ", ".join(map(shown, self._examples[kind]))
                sentences.append(f"left out: {num} {what[num > 1]}, {such}")
        return tuple(sentences)


_WHAT = {
    "beside": ("image outside of the class folders or splits", "images outside of the class folders or splits"),
    "broken": ("link to nothing", "links to nothing"),
    "special": ("pipe, socket or device", "pipes, sockets or devices"),
    "other": ("file that is not an image", "files that are not images"),
    "litter": ("hidden or system file", "hidden or system files"),
}


def images(folder: Path) -> tuple[list[str], tuple[str, ...]]:
    """(relative paths of the images below `folder`, sorted; sentences on what was left out). Raises ListingError."""
    left_out = LeftOut(folder)
    paths = sorted(left_out.images(walk(folder)))
    return paths, left_out.notes()

"""Finds the images of a data set: which split and which class folder each file belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION

SPLIT_FOLDERS = {"train": TRAIN, "valid": VALIDATION, "validation": VALIDATION, "val": VALIDATION, "test": TEST}
_SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class Scan:
    """Where the images of a data set are. `roots` maps its split folders to splits: `{"": ""}` if it has none.

    `classes` are the class folders of each split, under the key `""` if there are no split folders. `num` is the
    number of files. Every call of `paths` lists the files again: their names are not kept in memory.
    """

    folder: Path
    roots: Mapping[str, str]
    classes: Mapping[str, tuple[str, ...]]
    num: int

    @property
    def is_split(self) -> bool:
        return "" not in self.classes

    def paths(self) -> Iterator[str]:
        """Every file, relative to the data set, with slashes. Hidden files and system files are not images."""
        return _paths(self.folder, self.roots)

    def place(self, path: str) -> tuple[str, str]:
        """(split, class folder) of a file: the split is empty without split folders, the folder outside any class."""
        root, _, inside = ("", "", path) if "" in self.roots else path.partition("/")
        label_folder, slash, _ = inside.partition("/")
        return self.roots.get(root, ""), label_folder if slash else ""


def scan(folder: Path, settings: DatasetSettings) -> Scan:
    """List `folder` without opening a file. Raises DatasetError if it does not contain a data set."""
    if not folder.is_dir():
        raise DatasetError(
            f"{folder} is not a folder: give the folder that contains train/, valid/ and test/, or the class folders"
        )
    roots = _split_roots(folder, settings)
    classes = {
        split: tuple(entry.name for entry in _entries(folder / name) if entry.is_dir()) for name, split in roots.items()
    }
    found = Scan(folder, roots, classes, num=sum(1 for _ in _paths(folder, roots)))
    if not any(found.place(path)[1] for path in found.paths()):
        raise DatasetError(f"{folder} does not contain class folders with images{_hint(folder)}")
    return found


def _paths(folder: Path, roots: Mapping[str, str]) -> Iterator[str]:
    for name in roots:
        yield from (path.relative_to(folder).as_posix() for path in files(folder / name))
    if "" not in roots:
        yield from (entry.name for entry in _entries(folder) if not entry.is_dir())


def _split_roots(folder: Path, settings: DatasetSettings) -> dict[str, str]:
    """Folder name -> split; the name is empty if the class folders are in `folder` itself."""
    found = {entry.name: SPLIT_FOLDERS[entry.name.lower()] for entry in _entries(folder) if _is_split(entry)}
    if settings.layout == "classes":
        return {"": ""}
    if TRAIN not in found.values():
        if settings.layout == "splits":
            raise DatasetError(
                f"{folder} does not contain a train/ folder: add it, or use the layout classes{_hint(folder)}"
            )
        return {"": ""}
    twice = sorted(name for name, split in found.items() if list(found.values()).count(split) > 1)
    if twice:
        raise DatasetError(f"the folders {' and '.join(twice)} are the same split: merge them into one")
    return found


def _is_split(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and entry.name.lower() in SPLIT_FOLDERS


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((e for e in entries if not _is_system(e.name)), key=lambda entry: entry.name)


def _is_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM_FILES


def files(root: Path) -> Iterator[Path]:
    """Every file below `root`, sorted within its folder; hidden files and system files are left out."""
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_system(name))
        yield from (Path(parent, name) for name in sorted(names) if not _is_system(name))


def _hint(folder: Path) -> str:
    """`dogImages.zip` unpacks into `dogImages/train/...`: names the folder that was probably meant."""
    for entry in _entries(folder):
        if entry.is_dir() and any(_is_split(inner) for inner in _entries(Path(entry.path))):
            return f"; did you mean {entry.path}?"
    return ""

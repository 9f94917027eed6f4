"""Finds the images of a data set: which split and which class folder each file belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imgcls.contract import image_files
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.image_files import Found, LeftOut
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION

SPLIT_FOLDERS = {"train": TRAIN, "valid": VALIDATION, "validation": VALIDATION, "val": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class Scan:
    """Where the images of a data set are. `roots` maps its split folders to splits: `{"": ""}` if it has none.

    `classes` are the class folders of each split, under the key `""` if there are no split folders. `num` is the
    number of images, `notes` say what else is there. Every call of `paths` lists the files again: their names are not
    kept in memory.
    """

    folder: Path
    roots: Mapping[str, str]
    classes: Mapping[str, tuple[str, ...]]
    num: int
    notes: tuple[str, ...] = ()

    @property
    def is_split(self) -> bool:
        return "" not in self.classes

    def paths(self) -> Iterator[str]:
        """Every image file, relative to the data set, with slashes; links to nothing too, which are reported."""
        return (item.path for item in image_files.walk(self.folder) if _is_ours(item) and self.covers(item.path))

    def covers(self, path: str) -> bool:
        """Whether a file is in the data set: in its folder or a split's, and not in a folder beside the splits."""
        root, slash, _ = path.partition("/")
        return not slash or "" in self.roots or root in self.roots

    def place(self, path: str) -> tuple[str, str]:
        """(split, class folder) of a file: the split is empty without split folders, the folder outside any class."""
        root, _, inside = ("", "", path) if "" in self.roots else path.partition("/")
        label_folder, slash, _ = inside.partition("/")
        return self.roots.get(root, ""), image_files.same_name(label_folder) if slash else ""


def scan(folder: Path, settings: DatasetSettings) -> Scan:
    """List `folder` without decoding a file. Raises DatasetError if it does not contain a data set."""
    if not folder.is_dir():
        raise DatasetError(
            f"{folder} is not a folder: give the folder that contains train/, valid/ and test/, or the class folders"
        )
    roots = _split_roots(folder, settings)
    classes = {split: _class_folders(folder / name) for name, split in roots.items()}
    left_out = LeftOut(folder)
    found = Scan(folder, roots, classes, num=0)
    num, in_class = 0, False
    for item in image_files.walk(folder):
        if not found.covers(item.path):
            left_out.add(Found(item.path, "beside" if item.kind == "image" else item.kind))
            continue
        if _is_ours(item):
            num, in_class = num + 1, in_class or bool(found.place(item.path)[1])
        if item.kind != "image":
            left_out.add(item)
    if not in_class:
        links = "".join(f"; {note}" for note in left_out.notes() if "is a link" in note)
        raise DatasetError(f"{folder} does not contain class folders with images{_hint(folder)}{links}")
    return Scan(folder, roots, classes, num, left_out.notes())


def _is_ours(item: Found) -> bool:
    return item.kind in ("image", "broken")


def files(root: Path) -> Iterator[Path]:
    """Every image file below `root`."""
    return (root / item.path for item in image_files.walk(root) if _is_ours(item))


def _class_folders(root: Path) -> tuple[str, ...]:
    names = {image_files.same_name(entry.name) for entry in _entries(root) if image_files.is_folder(entry)}
    return tuple(sorted(names))


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
    return image_files.is_folder(entry) and entry.name.lower() in SPLIT_FOLDERS


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    return image_files.entries(folder)


def _hint(folder: Path) -> str:
    """`dogImages.zip` unpacks into `dogImages/train/...`: names the folder that was probably meant."""
    for entry in _entries(folder):
        if image_files.is_folder(entry) and any(_is_split(inner) for inner in _entries(Path(entry.path))):
            return f"; did you mean {entry.path}?"
    return ""

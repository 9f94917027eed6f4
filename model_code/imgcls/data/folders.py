"""A split of a data set as class folders of image files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imgcls.contract import image_files
from imgcls.contract.artifact import label_of
from imgcls.contract.image_files import Found, LeftOut, ListingError


class DataError(ValueError):
    """A data set that cannot be trained on; the message names the folder or file and the fix."""


@dataclass(frozen=True)
class ImageFolder:
    """`targets[i]` is the class index of `paths[i]`; `labels` are in class-index order.

    `notes` are sentences on what is in the folder and is not part of the split.
    """

    root: Path
    labels: tuple[str, ...]
    paths: tuple[Path, ...]
    targets: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> bytes:
        """The encoded image."""
        return self.paths[index].read_bytes()

    def name(self, index: int) -> str:
        """The image's path below `root`, for messages: `001.Affenpinscher/a.jpg`."""
        return self.paths[index].relative_to(self.root).as_posix()


def open_dataset(folder: Path, renames: Mapping[str, str] | None = None) -> ImageFolder:
    """The split in `folder`: one folder per class, class indices in the order of the sorted folder names.

    Raises DataError for a split with fewer than two classes, an empty class, or two folders with one label.
    """
    if not folder.is_dir():
        raise DataError(f"there is not a folder {folder}: pass the folder that contains one folder of images per class")
    try:
        names, found, notes = _listed(folder)
    except ListingError as error:
        raise DataError(str(error)) from None
    if len(names) < 2:
        raise DataError("; ".join([f"{folder} contains {len(names)} class folders; at least 2 are needed", *notes]))
    labels = tuple(label_of(name, renames) for name in names)
    if len(set(labels)) != len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise DataError(f"two class folders of {folder} have the label {twice!r}: rename one of them")
    for name in names:
        if not found[name]:
            raise DataError(f"class folder {name!r} of {folder} contains no images: add some or remove the folder")
    paths = tuple(path for name in names for path in sorted(found[name]))
    targets = tuple(index for index, name in enumerate(names) for _ in found[name])
    return ImageFolder(folder, labels, paths, targets, notes)


def _listed(folder: Path) -> tuple[list[str], dict[str, list[Path]], tuple[str, ...]]:
    """The class folders' names in order, the images of each, and notes on what was left out. Raises ListingError."""
    found: dict[str, list[Path]] = {
        image_files.same_name(entry.name): [] for entry in image_files.entries(folder) if image_files.is_folder(entry)
    }
    left_out = LeftOut(folder)
    for item in image_files.walk(folder):
        name, slash, _ = item.path.partition("/")
        if item.kind == "image" and slash:
            found[image_files.same_name(name)].append(folder / item.path)
        else:
            left_out.add(Found(item.path, "beside") if item.kind == "image" else item)
    return sorted(found), found, left_out.notes()


class Labelled(Protocol):
    """A split, of folders or of shards."""

    @property
    def labels(self) -> tuple[str, ...]: ...


def check_same_classes(train: Labelled, other: Labelled, split: str) -> None:
    """Raises DataError naming the classes that only one of the two splits has."""
    missing, extra = set(train.labels) - set(other.labels), set(other.labels) - set(train.labels)
    if missing:
        raise DataError(f"the {split} split lacks the class {sorted(missing)[0]!r}, which the train split has")
    if extra:
        raise DataError(f"the {split} split has the class {sorted(extra)[0]!r}, which the train split lacks")
    if train.labels != other.labels:
        raise DataError(f"the class folders of the train and {split} splits sort differently: give them equal names")

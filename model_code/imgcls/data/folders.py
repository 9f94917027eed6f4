"""A split of a data set as class folders of image files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imgcls.contract.artifact import label_of

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")


class DataError(ValueError):
    """A data set that cannot be trained on; the message names the folder or file and the fix."""


@dataclass(frozen=True)
class ImageFolder:
    """`targets[i]` is the class index of `paths[i]`; `labels` are in class-index order."""

    root: Path
    labels: tuple[str, ...]
    paths: tuple[Path, ...]
    targets: tuple[int, ...]

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
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(classes) < 2:
        raise DataError(f"{folder} contains {len(classes)} class folders; at least 2 are needed")
    labels = tuple(label_of(path.name, renames) for path in classes)
    if len(set(labels)) != len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise DataError(f"two class folders of {folder} have the label {twice!r}: rename one of them")
    paths: list[Path] = []
    targets: list[int] = []
    for index, path in enumerate(classes):
        images = sorted(file for file in path.rglob("*") if file.suffix.lower() in EXTENSIONS and file.is_file())
        if not images:
            raise DataError(f"class folder {path.name!r} of {folder} contains no images: add some or remove the folder")
        paths += images
        targets += [index] * len(images)
    return ImageFolder(folder, labels, tuple(paths), tuple(targets))


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

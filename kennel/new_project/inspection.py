"""Look at a folder of images: its layout, its classes, and the headers of a seeded sample of its files."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from imgcls.contract import image_files
from imgcls.contract.artifact import label_of
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.preparation import scan as scanning
from kennel.errors import KennelError
from kennel.new_project import headers
from kennel.new_project.headers import Header
from kennel.new_project.limits import Limits

SAMPLE = 2000
"""Files whose headers are read, as many of each class: shares are then right within two percent, after a second."""
MIN_PER_CLASS = 5
SEED = 0
_THREADS = 8
"""On a network drive, opening a file is waiting."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many files are done, and how many there are."""


@dataclass(frozen=True)
class ClassFolder:
    """One class. `files` maps each split that the layout gives (`""` where it gives none) to its files.

    `unusable` are those of the sampled files that the Prepare step would put aside; `sampled` is their number.
    """

    name: str
    files: Mapping[str, tuple[Path, ...]]
    sampled: int
    unusable: frozenset[Path]

    @property
    def label(self) -> str:
        return label_of(self.name)

    @property
    def num_files(self) -> int:
        return sum(map(len, self.files.values()))

    def num_usable(self, split: str | None = None) -> int:
        """Of one split, or of all; an estimate where the sample has only a part of the class."""
        found = [path for name, paths in self.files.items() if split in (None, name) for path in paths]
        if self.sampled == self.num_files:
            return sum(path not in self.unusable for path in found)
        return round(len(found) * (1 - len(self.unusable) / self.sampled))


@dataclass(frozen=True)
class Inspection:
    """`headers` are of the sampled files that are images. `loose` files lie in no class folder.

    `problems` counts what is wrong with the sampled files that the Prepare step would put aside. `notes` are sentences.
    """

    folder: Path
    is_split: bool
    classes: tuple[ClassFolder, ...]
    headers: tuple[Header, ...]
    limits: Limits
    problems: Mapping[str, int]
    loose: int
    num_bytes: int
    notes: tuple[str, ...]

    @property
    def num_files(self) -> int:
        return sum(item.num_files for item in self.classes)

    @property
    def num_usable(self) -> int:
        return sum(item.num_usable() for item in self.classes)

    @property
    def sampled(self) -> int:
        return sum(item.sampled for item in self.classes)

    @property
    def short_side(self) -> int:
        """Half of the images have at least this many pixels on their shorter side."""
        return round(median(item.short_side for item in self.headers))

    @property
    def is_uniform(self) -> bool:
        """Whether all images of the sample have one size, as icons and aligned cameras have."""
        return len({(item.width, item.height) for item in self.headers}) == 1

    def share(self, of: Callable[[Header], bool]) -> float:
        return sum(map(of, self.headers)) / len(self.headers)


def look(folder: Path, progress: Progress = lambda work, done, total: None) -> Inspection:
    """Raises KennelError where no model can be trained on what is there, with the fix."""
    progress("Listing files", 0, 0)
    try:
        if not folder.is_dir():
            raise DatasetError(f"{folder} is not a folder: give one with a folder of images per class")
        scan = scanning.scan(folder, DatasetSettings(layout=_layout(folder)))
        files, notes = _files(folder, scan)
    except DatasetError as error:
        raise KennelError(str(error)) from None
    sample = _read_sample(files, progress)
    seen = {path: header for headers_ in sample.values() for path, header in headers_.items()}
    limits = Limits.of([header for header in seen.values() if not header.problem])
    wrong = {path: problem for path, header in seen.items() if (problem := limits.problem(header))}
    classes = tuple(
        ClassFolder(name, splits, len(sample[name]), frozenset(sample[name]) & wrong.keys())
        for name, splits in files.items()
    )
    num_files = sum(item.num_files for item in classes)
    usable = tuple(header for path, header in seen.items() if path not in wrong)
    loose, num_bytes = scan.num - num_files, _num_bytes(list(seen), num_files)
    problems = Counter(wrong.values())
    found = Inspection(folder, scan.is_split, classes, usable, limits, problems, loose, num_bytes, tuple(notes))
    _check(found)
    return found


def _layout(folder: Path) -> str:
    """`classes` where train/ is a class, of vehicles: it has images in it, and folders of other names beside it."""
    folders = _folders(folder)
    splits = [path for path in folders if path.name.lower() in scanning.SPLIT_FOLDERS]
    inside = any(_folders(split) for split in splits)
    return "classes" if splits and len(splits) < len(folders) and not inside else "auto"


def _folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in image_files.entries(folder) if image_files.is_folder(entry)]


def _check(found: Inspection) -> None:
    """Raises KennelError for what the Prepare step would refuse whatever the settings."""
    if len(found.classes) < 2:
        only = found.folder / found.classes[0].name
        inside = only.is_dir() and bool(_folders(only))
        fix = f"did you mean {only}?" if inside else "add a folder for each class"
        raise KennelError(f"{found.folder} has one class, {only.name!r}, and a classifier needs at least two: {fix}")
    folders: dict[str, str] = {}
    for item in found.classes:
        if (other := folders.setdefault(item.label, item.name)) != item.name:
            raise KennelError(
                f"the class folders {other} and {item.name} both have the label {item.label!r}: rename one"
            )
    num_files = found.num_files + found.loose
    if num_files > 2 * found.num_usable:
        raise KennelError(
            f"{num_files - found.num_usable} of {num_files} files in {found.folder} are not images of a class: "
            "move them elsewhere"
        )


Files = dict[str, dict[str, tuple[Path, ...]]]
"""Class folder -> split -> files."""


def _files(folder: Path, scan: scanning.Scan) -> tuple[Files, list[str]]:
    """Also notes on what is left out."""
    listed: dict[tuple[str, str], list[Path]] = {
        (name, split): [] for split, names in scan.classes.items() for name in names
    }
    for path in scan.paths():
        split, name = scan.place(path)
        if name:
            listed[name, split].append(folder / path)
    found: Files = {}
    roots = {split: root for root, split in scan.roots.items()}
    notes = list(scan.notes)
    for (name, split), paths in sorted(listed.items()):
        if paths:
            found.setdefault(name, {})[split] = tuple(paths)
        else:
            notes.append(f"{folder / roots[split] / name} is empty: left out")
    return found, notes


def _read_sample(files: Files, progress: Progress) -> dict[str, dict[Path, Header]]:
    """Class folder -> file -> header."""
    random_ = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    chosen = {name: _choose(splits, len(files), random_) for name, splits in files.items()}
    total = sum(map(len, chosen.values()))
    found: dict[str, dict[Path, Header]] = {name: {} for name in files}
    with ThreadPoolExecutor(_THREADS) as pool:
        pairs = [(name, path) for name, paths in chosen.items() for path in paths]
        for done, ((name, path), header) in enumerate(
            zip(pairs, pool.map(headers.read, [path for _, path in pairs]), strict=True), start=1
        ):
            found[name][path] = header
            progress("Reading headers", done, total)
    return found


def _choose(splits: Mapping[str, Sequence[Path]], num_classes: int, random_: random.Random) -> list[Path]:
    paths = [path for found in splits.values() for path in found]
    return random_.sample(paths, min(len(paths), max(MIN_PER_CLASS, SAMPLE // num_classes)))


def _num_bytes(sample: Sequence[Path], num_files: int) -> int:
    """Of all files, by those of the sample."""
    sizes = [path.stat().st_size for path in sample if path.exists()]
    return round(sum(sizes) / len(sizes) * num_files) if sizes else 0

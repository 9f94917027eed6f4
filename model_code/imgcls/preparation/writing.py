"""Writes the prepared data set: the splits, packed or as class folders, and the quarantine with its reasons."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from imgcls.contract import image_formats
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.manifest import QUARANTINED
from imgcls.contract.prepared import QUARANTINE, TEST, TRAIN, VALIDATION
from imgcls.data import shards
from imgcls.data.shards import Encoded
from imgcls.preparation import parallel
from imgcls.preparation.catalogue import Catalogue
from imgcls.preparation.decision import Decision
from imgcls.preparation.encoded_images import EncodedImages
from imgcls.preparation.encoding import servable_bytes

_EXTENSION_OF = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    "HEIC": ".heic",
}


@dataclass(frozen=True)
class Writer:
    """Writes the prepared data set into `target`. `depth` is the number of folders above the class folders."""

    decision: Decision
    target: Path
    depth: int
    settings: DatasetSettings
    progress: parallel.Progress

    @property
    def _catalogue(self) -> Catalogue:
        return self.decision.catalogue

    def write_splits(self) -> None:
        """`train/` scaled down and packed; `validation/` and `test/` as class folders with the original bytes."""
        if self.settings.packing == "folders":
            self._write_folders(TRAIN)
        else:
            self._pack()
        self._write_folders(VALIDATION)
        self._write_folders(TEST)

    def write_quarantine(self) -> None:
        """Copies of the unusable files, each with a `.reason.txt` beside it; the originals stay where they are."""
        for index in self.decision.of(QUARANTINED):
            row = self.decision.rows[index]
            copy = self.target / QUARANTINE / row.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            if "unreadable" not in row.findings:
                shutil.copyfile(self._catalogue.folder / row.path, copy)
            reason = self.decision.reasons[row.path]
            copy.with_name(copy.name + ".reason.txt").write_text(f"{row.path}: {reason}\n")

    def _pack(self) -> None:
        train = self.decision.of(TRAIN)
        records = self._catalogue.records[train]
        total = int(np.where(records["packed"] > 0, records["packed"], records["bytes"]).sum())
        num = shards.num_shards(total, self.settings.shard_megabytes * 1_000_000)
        order = np.lexsort((self._catalogue.contents(train), shards.shards_of(records["sha256"], num)))
        shards.write(self.target / TRAIN, self._encoded(train[order]), num)

    def _encoded(self, indices: np.ndarray) -> Iterator[Encoded]:
        catalogue = self._catalogue
        with EncodedImages(catalogue) as images:
            for index in parallel.with_progress(indices, len(indices), "packed", self.progress):
                yield Encoded(
                    catalogue.path(index), catalogue.sha256(index), catalogue.label_folder(index), images.read(index)
                )

    def _write_folders(self, split: str) -> None:
        indices, folder = self.decision.of(split), self._catalogue.folder
        with EncodedImages(self._catalogue) as images:
            for index in parallel.with_progress(indices, len(indices), f"wrote to {split}/", self.progress):
                origin = self._catalogue.path(index)
                # In its class folder, and there in the same subfolder as before.
                below = PurePosixPath(origin).parts[self.depth + 1 :]
                goal = self.target.joinpath(split, self._catalogue.label_folder(index), *below)
                goal.parent.mkdir(parents=True, exist_ok=True)
                if split == TRAIN and self._catalogue.records["packed"][index]:
                    goal = goal if goal.suffix.lower() in (".jpg", ".jpeg") else goal.with_name(goal.name + ".jpg")
                    self._write(goal, images.read(index))
                else:
                    data = servable_bytes((folder / origin).read_bytes(), self.settings)
                    self._write(_readable(folder / origin, goal), data)

    def _write(self, goal: Path, data: bytes) -> None:
        try:
            with goal.open("xb") as file:
                file.write(data)
        except FileExistsError:
            name = goal.relative_to(self.target)
            raise DatasetError(f"two images would get the name {name}: rename one of them") from None


def _readable(origin: Path, goal: Path) -> Path:
    """`goal` with an extension that the loader reads as an image, where the file's own name does not have one."""
    if image_formats.has_image_name(goal.name):
        return goal
    with origin.open("rb") as file:
        return goal.with_name(goal.name + _EXTENSION_OF[image_formats.identify(file.read(image_formats.HEAD_BYTES))])

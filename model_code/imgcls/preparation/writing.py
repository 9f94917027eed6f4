"""Writes the prepared data set: the splits, packed or as class folders, and the quarantine with its reasons."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from PIL import Image

from imgcls import preprocess
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.manifest import QUARANTINED, Row
from imgcls.contract.prepared import QUARANTINE, TEST, TRAIN, VALIDATION
from imgcls.data import shards
from imgcls.data.folders import EXTENSIONS
from imgcls.data.shards import Encoded
from imgcls.preparation import work
from imgcls.preparation.decision import Decision
from imgcls.preparation.encoding import expected_bytes, is_scaled, training_bytes

_EXTENSION_OF = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
}


@dataclass(frozen=True)
class Writer:
    """From the data set in `source` to the prepared one in `target`. `depth`: folders above the class folders."""

    source: Path
    target: Path
    depth: int
    settings: DatasetSettings
    workers: int
    progress: work.Progress

    def write_splits(self, decision: Decision) -> None:
        """`train/` scaled down and packed, `validation/` and `test/` class folders with the bytes as they were."""
        if self.settings.packing == "shards":
            self._pack(decision.of(TRAIN))
        else:
            self._write_folders(decision.of(TRAIN))
        self._write_folders([*decision.of(VALIDATION), *decision.of(TEST)])

    def write_quarantine(self, decision: Decision) -> None:
        """Copies of the unusable files, each with a `.reason.txt` beside it; the originals stay where they are."""
        for row in decision.of(QUARANTINED):
            copy = self.target / QUARANTINE / row.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            if "unreadable" not in row.findings:
                shutil.copyfile(self.source / row.path, copy)
            copy.with_name(copy.name + ".reason.txt").write_text(f"{row.path}: {decision.reasons[row.path]}\n")

    def _pack(self, rows: list[Row]) -> None:
        total = sum(expected_bytes(row, self.settings) for row in rows)
        num = shards.num_shards(total, self.settings.shard_megabytes * 1_000_000)
        rows = sorted(rows, key=lambda row: shards.order(row.sha256, num))
        encode = partial(_encode, source=self.source, settings=self.settings)
        images: Iterator[Encoded] = work.run(encode, rows, "packed", self.workers, self.progress)
        shards.write(self.target / TRAIN, images, num)

    def _write_folders(self, rows: list[Row]) -> None:
        jobs = [_Job(row, self._place(row)) for row in rows]
        twice = [name for name, num in Counter(job.target for job in jobs).items() if num > 1]
        if twice:
            raise DatasetError(f"two images would become {twice[0]}: rename one of them")
        for folder in {self.target / PurePosixPath(job.target).parent for job in jobs}:
            folder.mkdir(parents=True, exist_ok=True)
        write = partial(_write, source=self.source, target=self.target, settings=self.settings)
        for _ in work.run(write, jobs, "wrote", self.workers, self.progress):
            pass

    def _place(self, row: Row) -> str:
        """Where an image lies in the prepared data set: in its class folder, and in that where it lay before."""
        return PurePosixPath(row.split, *PurePosixPath(row.path).parts[self.depth :]).as_posix()


@dataclass(frozen=True)
class _Job:
    row: Row
    target: str


def _encode(row: Row, source: Path, settings: DatasetSettings) -> Encoded:
    data = training_bytes((source / row.path).read_bytes(), row, settings)
    return Encoded(row.path, row.sha256, row.label_folder, data)


def _write(job: _Job, source: Path, target: Path, settings: DatasetSettings) -> None:
    row, origin, goal = job.row, source / job.row.path, target / job.target
    if row.split == TRAIN and is_scaled(row, settings):
        name = goal if goal.suffix.lower() in (".jpg", ".jpeg") else goal.with_name(goal.name + ".jpg")
        name.write_bytes(training_bytes(origin.read_bytes(), row, settings))
    elif goal.suffix.lower() not in EXTENSIONS:
        # The loader goes by the file's name; what this image is called hides what it is.
        with Image.open(origin, formats=preprocess.FORMATS) as image:
            shutil.copyfile(origin, goal.with_name(goal.name + _EXTENSION_OF[image.format or "JPEG"]))
    else:
        shutil.copyfile(origin, goal)

"""Writes the prepared data set: the splits as class folders, and the quarantine with its reasons."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from PIL import Image

from imgcls import preprocess
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.manifest import QUARANTINED, SPLITS, Row
from imgcls.contract.prepared import QUARANTINE, TRAIN
from imgcls.data.folders import EXTENSIONS
from imgcls.preparation import work
from imgcls.preparation.decision import Decision

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
class _Job:
    row: Row
    target: str


def write_splits(
    source: Path,
    target: Path,
    decision: Decision,
    settings: DatasetSettings,
    workers: int,
    progress: work.Progress,
) -> None:
    """`target/{train,validation,test}/<class folder>/...`: train scaled down, the others' bytes as they were."""
    jobs = [_Job(row, _place(row)) for row in decision.rows if row.split in SPLITS]
    twice = [name for name, num in Counter(job.target for job in jobs).items() if num > 1]
    if twice:
        raise DatasetError(f"two images would become {twice[0]}: rename one of them")
    for folder in {target / PurePosixPath(job.target).parent for job in jobs}:
        folder.mkdir(parents=True, exist_ok=True)
    write = partial(_write, source=source, target=target, settings=settings)
    for _ in work.run(write, jobs, "wrote", workers, progress):
        pass


def write_quarantine(source: Path, target: Path, decision: Decision) -> None:
    """Copies of the unusable files, each with a `.reason.txt` beside it; the originals stay where they are."""
    for row in decision.of(QUARANTINED):
        copy = target / QUARANTINE / row.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if "unreadable" not in row.findings:
            shutil.copyfile(source / row.path, copy)
        copy.with_name(copy.name + ".reason.txt").write_text(f"{row.path}: {decision.reasons[row.path]}\n")


def _place(row: Row) -> str:
    """Where an image lies in the prepared data set; the folders of its class folder are kept."""
    parts = PurePosixPath(row.path).parts
    inside = parts[parts.index(row.label_folder) :]
    return PurePosixPath(row.split, *inside).as_posix()


def _write(job: _Job, source: Path, target: Path, settings: DatasetSettings) -> None:
    row, origin, goal = job.row, source / job.row.path, target / job.target
    if row.split == TRAIN and min(row.width, row.height) > settings.max_short_side:
        scaled = scale_down(origin.read_bytes(), settings)
        scaled.save(_as_jpeg(goal), "JPEG", quality=settings.jpeg_quality)
    elif goal.suffix.lower() not in EXTENSIONS:
        # The loader goes by the file's name; what this image is called hides what it is.
        with Image.open(origin, formats=preprocess.FORMATS) as image:
            shutil.copyfile(origin, goal.with_name(goal.name + _EXTENSION_OF[image.format or "JPEG"]))
    else:
        shutil.copyfile(origin, goal)


def scale_down(data: bytes, settings: DatasetSettings) -> Image.Image:
    """The upright RGB image with a short side of `max_short_side` pixels."""
    image = preprocess.decode(data, settings.max_pixels, min_side=settings.max_short_side)
    ratio = settings.max_short_side / min(image.size)
    size = (round(image.width * ratio), round(image.height * ratio))
    return image.resize(size, Image.Resampling.BICUBIC)


def _as_jpeg(path: Path) -> Path:
    return path if path.suffix.lower() in (".jpg", ".jpeg") else path.with_name(path.name + ".jpg")


def counts(rows: tuple[Row, ...]) -> Mapping[str, int]:
    """Images of each split, quarantined and removed ones too."""
    return dict(sorted(Counter(row.split for row in rows).items()))

"""Photographs of 27 to 65 megapixels, and an image beyond: prepared, and read again for training and evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import open_dataset
from imgcls.data.loader import Loader
from imgcls.data.shards import open_split
from imgcls.preparation import run
from tests.imgcls.stripes import CLASSES, stripes

SPEC = Preprocessing(resize=72, crop=64)
SETTINGS = DatasetSettings(layout="splits", min_images_per_class=1, near_duplicate_distance=0)


def draw(folder: Path, size: tuple[int, int]) -> Path:
    """A picture of each class in each split, stored on its side."""
    random = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for split in ("train", "valid", "test"):
        for name, direction in list(CLASSES.items())[:2]:
            (folder / split / name).mkdir(parents=True)
            picture = stripes(direction, random).resize(size, Image.Resampling.NEAREST)
            picture.save(folder / split / name / "a.jpg", quality=80, exif=exif)
    return folder


def read_again(folder: Path) -> None:
    """By both paths of training, and that of evaluation."""
    train = Loader(open_split(folder / TRAIN), SPEC, 2, augmentation=AUGMENTATIONS["standard"])
    assert [batch.images.shape for batch in train.epoch(0)] == [(2, 64, 64, 3)]
    for split in (VALIDATION, TEST):
        assert sum(len(batch.images) for batch in Loader(open_dataset(folder / split), SPEC, 2).epoch(0)) >= 2


@pytest.mark.parametrize("size", [(6000, 4500), pytest.param((8000, 8000), marks=pytest.mark.slow)])
def test_photographs_are_prepared_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    folder = draw(tmp_path / "in", size)
    checked = run.check(folder, SETTINGS)
    assert not checked.assessment.failures
    rows = list(checked.decision.rows)
    assert {(row.width, row.height) for row in rows} == {size[::-1]}
    assert all(row.split in (TRAIN, VALIDATION, TEST) and "exif-rotation" in row.findings for row in rows)
    run.prepare(folder, tmp_path / "out", SETTINGS)
    (output,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir())
    read_again(output)


def test_what_only_a_raised_limit_lets_in_is_kept_smaller(tmp_path: Path) -> None:
    folder = draw(tmp_path / "in", (600, 400))
    large = Image.linear_gradient("L").resize((7000, 5000)).convert("RGBA")
    large.save(folder / "test" / "001.Lying" / "large.png", compress_level=1)
    (refused,) = (row for row in run.check(folder, SETTINGS).decision.rows if row.path.endswith(".png"))
    assert refused.findings == ("decompression-bomb",)
    said: list[str] = []
    settings = DatasetSettings.from_dict({**SETTINGS.to_dict(), "max_pixels": 100_000_000})
    run.prepare(folder, tmp_path / "out", settings, progress=said.append)
    assert "max_pixels is 100000000: an image may take 385 MB of memory and 1.0 s of a core" in said
    (output,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir())
    read_again(output)

"""The train split as JPEGs or as decoded pixels: the loader reads both, and raw pixels are lossless."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings
from imgcls.data.augment import AUGMENTATIONS, resize
from imgcls.data.loader import Loader
from imgcls.data.shards import Shards, open_shards
from imgcls.images.preprocess import PACKED_FORMATS, ImageError, decode, decode_for_training, preprocess
from imgcls.preparation.encoding import training_bytes
from imgcls.preparation.run import prepare
from tests.imgcls.preparation import defects

SPEC = Preprocessing(resize=72, crop=64)


def _packed(tmp_path: Path, source: Path, **settings: Any) -> Shards:
    message = prepare(source, tmp_path / "out", DatasetSettings(max_short_side=72, **settings), workers=1)
    return open_shards(tmp_path / "out" / message.manifest_id / "train")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return defects.clean_set(tmp_path_factory.mktemp("packings"))


def test_raw_shards_contain_the_decoders_pixels(tmp_path: Path, source: Path) -> None:
    shards = _packed(tmp_path, source, packing="raw")
    for index in range(len(shards)):
        pixels = decode_for_training((source / shards.name(index)).read_bytes())
        height, width = (round(side * 72 / min(pixels.shape[:2])) for side in pixels.shape[:2])
        expected = resize(pixels, (height, width)) if min(pixels.shape[:2]) > 1.1 * 72 else pixels
        assert (decode_for_training(shards.read(index), formats=PACKED_FORMATS) == expected).all()
        assert (np.asarray(decode(shards.read(index), formats=PACKED_FORMATS)) == expected).all()


def test_the_loader_reads_raw_shards(tmp_path: Path, source: Path) -> None:
    shards = _packed(tmp_path, source, packing="raw")
    (whole,) = Loader(shards, SPEC, len(shards)).epoch(1)
    for index in range(len(shards)):
        assert (whole.images[index] == preprocess(shards.read(index), SPEC, formats=PACKED_FORMATS)).all()
    images = [
        np.concatenate([b.images.copy() for b in Loader(split, SPEC, 6, augmentation=AUGMENTATIONS["light"]).epoch(1)])
        for split in (shards, _packed(tmp_path, source, packing="shards", jpeg_quality=100))
    ]
    assert np.abs(images[0].astype(int) - images[1]).mean() < 3


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (80, 79), (40, 60)])
def test_training_images_are_scaled_to_the_short_side_or_left_alone(size: tuple[int, int]) -> None:
    data = training_bytes(np.asarray(defects.photo(1, size)), DatasetSettings(max_short_side=72, jpeg_quality=90))
    if min(size) <= 72 * 1.1:
        assert data == b""
    else:
        assert Image.open(io.BytesIO(data)).size in ((108, 72), (72, 108))


def test_quality_is_a_setting() -> None:
    pixels = np.asarray(defects.photo(1, (300, 200)))
    sizes = [len(training_bytes(pixels, DatasetSettings(max_short_side=72, jpeg_quality=q))) for q in (60, 95)]
    assert sizes[0] < 0.7 * sizes[1]


def test_the_format_of_raw_shards_is_not_accepted_from_callers() -> None:
    data = training_bytes(np.zeros((20, 20, 3), np.uint8), DatasetSettings(packing="raw"))
    for read in (decode, decode_for_training):
        with pytest.raises(ImageError, match="not an image of a known format"):
            read(data)

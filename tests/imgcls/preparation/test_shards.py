"""Packed splits: the same images give the same bytes, every image can be read back, damage is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from imgcls.data import shards
from imgcls.data.folders import DataError
from imgcls.data.shards import Encoded, Shards, open_split


def _images(num: int = 200) -> list[Encoded]:
    rng = np.random.default_rng(1)
    images = []
    for index in range(num):
        data = rng.bytes(int(rng.integers(20, 400)))
        name = f"00{index % 3 + 1}.class{index % 3}"
        images.append(Encoded(f"train/{name}/{index}.jpg", hashlib.sha256(data).hexdigest(), name, data))
    return images


def _write(folder: Path, images: Iterable[Encoded], num: int = 8) -> Path:
    shards.write(folder, sorted(images, key=lambda image: shards.order(image.sha256, num)), num)
    return folder


def test_every_image_comes_back_with_its_class(tmp_path: Path) -> None:
    images = {image.path: image for image in _images()}
    split = open_split(_write(tmp_path, images.values()))
    assert split.labels == ("class0", "class1", "class2")
    assert len(split) == 200
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(split.read, range(len(split))))
    for index, data in enumerate(read):
        image = images[split.name(index)]
        assert data == image.data
        assert split.labels[split.targets[index]] == image.label_folder[4:]


def test_labels_can_be_renamed(tmp_path: Path) -> None:
    assert open_split(_write(tmp_path, _images()), {"class1": "dog"}).labels == ("class0", "dog", "class2")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_order_of_the_images_does_not_matter(tmp_path: Path) -> None:
    first = _write(tmp_path / "a", _images())
    second = _write(tmp_path / "b", reversed(_images()))
    assert _bytes(first) == _bytes(second)


def test_one_image_more_changes_one_shard(tmp_path: Path) -> None:
    first = _bytes(_write(tmp_path / "a", _images(200)))
    second = _bytes(_write(tmp_path / "b", _images(201)))
    changed = {name for name in second if first.get(name) != second[name]}
    added = shards.shard_of(_images(201)[-1].sha256, 8)
    assert changed == {"shards.json", f"shard-{added:05d}.bin", f"shard-{added:05d}.jsonl"}


def test_the_number_of_shards_is_a_power_of_two() -> None:
    assert [shards.num_shards(total, 100) for total in (0, 100, 101, 400, 401, 1000)] == [1, 1, 2, 4, 8, 16]


def test_damage_is_named(tmp_path: Path) -> None:
    folder = _write(tmp_path, _images())
    split = open_split(folder)
    assert isinstance(split, Shards)
    path = folder / "shard-00000.bin"
    last = max(index for index in range(len(split)) if split._places[index][0] == 0)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"shard-00000.bin ends inside train/.*\.jpg: copy the prepared"):
        split.read(last)
    with pytest.raises(DataError, match=r"shard-00000.bin is missing or truncated"):
        open_split(folder)
    index = json.loads((folder / shards.INDEX).read_text())
    (folder / shards.INDEX).write_text(json.dumps({**index, "format": 9}))
    with pytest.raises(DataError, match="has format 9; this version reads format 1"):
        open_split(folder)


def test_one_class_is_refused(tmp_path: Path) -> None:
    images = [image for image in _images() if image.label_folder == "001.class0"]
    with pytest.raises(DataError, match="at least 2 are needed"):
        open_split(_write(tmp_path, images))

"""A split packed into a few large files: encoded images one after another, with an index.

    shards.json            format, class folders, and each shard's name, size, images and SHA-256
    shard-00000.bin        the images' bytes, in the order of their SHA-256
    shard-00000.jsonl      one line per image: path, sha256, label_folder, offset, bytes

The hash of an image's content chooses its shard, so the same images always make the same bytes, and one more image
changes one shard.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imgcls.contract.artifact import label_of
from imgcls.data.folders import DataError, ImageFolder, open_dataset

FORMAT = 1
INDEX = "shards.json"
SHARD_BYTES = 150_000_000


class Encoded(NamedTuple):
    """An image to be written to a shard. `sha256` is of the source file's bytes, `data` may have been scaled down."""

    path: str
    sha256: str
    label_folder: str
    data: bytes


@dataclass(frozen=True)
class Packed:
    """One line of a shard's index: the image's place in the shard."""

    path: str
    sha256: str
    label_folder: str
    offset: int
    bytes: int


def num_shards(total_bytes: int, shard_bytes: int = SHARD_BYTES) -> int:
    """A power of two, so that a data set that doubles splits every shard in two.

    Shards are at most `shard_bytes` large on average.
    """
    num = 1
    while total_bytes > num * shard_bytes:
        num *= 2
    return num


def shard_of(sha256: str, num: int) -> int:
    return int(sha256[:16], 16) % num


def shards_of(sha256: npt.NDArray[np.uint8], num: int) -> npt.NDArray[np.uint64]:
    """`shard_of` for hashes as bytes, uint8 (N, 32)."""
    return np.ascontiguousarray(sha256[:, :8]).view(">u8").ravel() % np.uint64(num)


def order(sha256: str, num: int) -> tuple[int, str]:
    """The sort key of the images for `write`."""
    return shard_of(sha256, num), sha256


def write(folder: Path, images: Iterable[Encoded], num: int) -> None:
    """Write up to `num` shards, leaving out empty ones, and the index. `images` must be sorted by `order`."""
    folder.mkdir(parents=True, exist_ok=True)
    classes: set[str] = set()
    shards = []
    for number, group in groupby(images, key=lambda image: shard_of(image.sha256, num)):
        name = f"shard-{number:05d}"
        digest, offset, num_images = hashlib.sha256(), 0, 0
        with (folder / f"{name}.bin").open("wb") as data, (folder / f"{name}.jsonl").open("w") as lines:
            for image in group:
                data.write(image.data)
                digest.update(image.data)
                packed = Packed(image.path, image.sha256, image.label_folder, offset, len(image.data))
                lines.write(json.dumps(asdict(packed), sort_keys=True) + "\n")
                offset += len(image.data)
                num_images += 1
                classes.add(image.label_folder)
        shards.append({"name": name, "images": num_images, "bytes": offset, "sha256": digest.hexdigest()})
    index = {"format": FORMAT, "classes": sorted(classes), "shards": shards}
    (folder / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


class Shards:
    """A packed split as the loader reads it: `targets[i]` is the class index of image i. Thread-safe."""

    def __init__(self, root: Path, labels: tuple[str, ...], images: list[tuple[int, Packed]], targets: list[int]):
        self.root, self.labels, self.targets = root, labels, tuple(targets)
        self._names = [packed.path for _, packed in images]
        self._places = [(shard, packed.offset, packed.bytes) for shard, packed in images]
        self._files: dict[int, int] = {
            shard: os.open(root / f"shard-{shard:05d}.bin", os.O_RDONLY) for shard in sorted({s for s, _ in images})
        }

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def files(self) -> npt.NDArray[np.int64]:
        """The number of each image's shard, int64 (num,)."""
        return np.array([shard for shard, _, _ in self._places], dtype=np.int64)

    @property
    def num_bytes(self) -> int:
        return sum(size for _, _, size in self._places)

    def read(self, index: int) -> bytes:
        """The encoded image. Raises DataError for a shard that ends too early."""
        shard, offset, size = self._places[index]
        # pread moves no file position, so threads can share the descriptor; it works where mmap does not (FUSE mounts).
        data = os.pread(self._files[shard], size, offset)
        if len(data) != size:
            raise DataError(f"shard-{shard:05d}.bin ends inside {self.name(index)}: copy the prepared data set again")
        return data

    def name(self, index: int) -> str:
        """The image's path in the source data set, for messages."""
        return self._names[index]

    def close(self) -> None:
        while self._files:
            os.close(self._files.popitem()[1])

    def __del__(self) -> None:
        self.close()


def open_split(folder: Path, renames: Mapping[str, str] | None = None) -> Shards | ImageFolder:
    """The split in `folder`, packed or as class folders. Raises DataError."""
    return open_shards(folder, renames) if (folder / INDEX).is_file() else open_dataset(folder, renames)


def open_shards(folder: Path, renames: Mapping[str, str] | None = None) -> Shards:
    """The packed split in `folder`, class indices in the order of the sorted folder names.

    Raises DataError for an unknown format, a missing or truncated shard, or two folders with one label.
    """
    index = json.loads((folder / INDEX).read_text())
    if index.get("format") != FORMAT:
        raise DataError(f"{INDEX} has format {index.get('format')!r}; this version reads format {FORMAT}")
    classes = {name: number for number, name in enumerate(sorted(index["classes"]))}
    labels = tuple(label_of(name, renames) for name in classes)
    if len(classes) < 2 or len(set(labels)) != len(labels):
        raise DataError(f"{folder} has the labels {', '.join(labels)}; at least 2 are needed, all different")
    images: list[tuple[int, Packed]] = []
    for shard in index["shards"]:
        data = folder / f"{shard['name']}.bin"
        if not data.is_file() or data.stat().st_size != shard["bytes"]:
            raise DataError(f"{data} is missing or truncated: copy the prepared data set again")
        with (folder / f"{shard['name']}.jsonl").open() as lines:
            number = int(shard["name"].removeprefix("shard-"))
            images += [(number, Packed(**json.loads(line))) for line in lines]
    return Shards(folder, labels, images, [classes[packed.label_folder] for _, packed in images])

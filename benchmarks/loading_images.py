"""Loader rows: our training batches beside bare decoding and beside the usual Pillow data set in a DataLoader."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.crops import AUGMENTATION, area, pillow_crop
from benchmarks.fixtures import CLASSES, photographs
from benchmarks.harness import Row, interleave, make_row, medians
from benchmarks.pillow_loader import PillowLoader
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings
from imgcls.data.augment import DRAWS
from imgcls.data.folders import ImageFolder, open_dataset
from imgcls.data.loader import Loader
from imgcls.data.shards import Encoded, Shards, open_shards, write
from imgcls.images.preprocess import decode_for_training
from imgcls.preparation.encoding import training_bytes
from imgcls.runtime.cores import num_cores

FOLDER = Path("out/bench/loading")
BATCH, REPEATS, SEED = 64, 8, 5
SPEC = Preprocessing()
MAX_ERROR = 2.0
"""Mean difference from Pillow's pixels, in 255ths."""


def run(ids: Sequence[str]) -> Iterator[Row]:
    images = photographs(FOLDER)
    split = open_dataset(_class_folders(images))
    shards, raw = (open_shards(_packed(split, packing)) for packing in ("shards", "raw"))
    _check_labels(split, raw)
    notes = [_check_pixels(split), _check_labels(split, shards)]
    jpegs = _loader(replace(split, paths=split.paths * REPEATS, targets=split.targets * REPEATS))
    packed, pixels = _loader(_Repeated(shards)), _loader(_Repeated(raw))
    with PillowLoader(jpegs._dataset, SPEC, BATCH) as pillow:  # type: ignore[arg-type]
        contenders: dict[str, Callable[[], float]] = {
            "jpeg": lambda: _epoch(jpegs),
            "bare decode": lambda: _bare(images, into_buffer=False),
            "bare decode into one buffer": lambda: _bare(images, into_buffer=True),
            "shard": lambda: _epoch(packed),
            "raw": lambda: _epoch(pixels),
            "Pillow + DataLoader": pillow.rate,
            "control": lambda: _epoch(jpegs),
        }
        interleave(contenders, rounds=1)
        rounds = interleave(contenders)
    a_core = {name: f"{medians(rounds)[name] / num_cores():.0f} images/s a core" for name in ("shard", "raw")}
    noise = medians(rounds)["control"] / medians(rounds)["jpeg"]
    for id, name, ours, peers, more in (
        ("loader_jpeg_decode", "JPEGs", "jpeg", ("bare decode", "bare decode into one buffer"), ()),
        ("loader_jpeg_pillow", "JPEGs", "jpeg", ("Pillow + DataLoader",), ()),
        ("loader_shard", "packed shards", "shard", ("Pillow + DataLoader",), (a_core["shard"],)),
        ("loader_shard_raw", "shards of pixels", "raw", ("Pillow + DataLoader",), (a_core["raw"],)),
    ):
        if id in ids:
            title = f"training batches of {BATCH} from {name}, random resized crop and flip"
            row = make_row(id, title, "images/s", "higher", rounds, ours=ours, only=peers, notes=(*notes, *more))
            yield replace(row, control=noise)


class _Repeated:
    """A packed split several times over, so that an epoch is long enough to measure."""

    def __init__(self, shards: Shards) -> None:
        self._shards, self.labels, self.targets = shards, shards.labels, shards.targets * REPEATS

    def __len__(self) -> int:
        return len(self.targets)

    def read(self, index: int) -> bytes:
        return self._shards.read(index % len(self._shards))

    def name(self, index: int) -> str:
        return self._shards.name(index % len(self._shards))


def _loader(split: ImageFolder | _Repeated) -> Loader:
    return Loader(split, SPEC, BATCH, augmentation=AUGMENTATION, seed=SEED)


def _epoch(loader: Loader) -> float:
    start = time.perf_counter()
    num = sum(len(batch.targets) for batch in loader.epoch(1))
    return num / (time.perf_counter() - start)


def _bare(images: Sequence[bytes], *, into_buffer: bool) -> float:
    """libjpeg-turbo and nothing else, on as many threads as our loader has."""

    def work(chunk: Sequence[bytes]) -> None:
        buffer = np.empty(simplejpeg.decode_jpeg(images[0]).shape, np.uint8) if into_buffer else None
        for data in chunk:
            simplejpeg.decode_jpeg(data, "RGB", buffer=buffer)

    chunks = [images[i::16] for i in range(16)] * REPEATS
    start = time.perf_counter()
    with ThreadPoolExecutor(num_cores()) as pool:
        list(pool.map(work, chunks))
    return len(images) * REPEATS / (time.perf_counter() - start)


def _class_folders(images: Sequence[bytes]) -> Path:
    """The photographs as `photographs` orders them: image i is of class i % CLASSES."""
    folder = FOLDER / "folders"
    for index, data in enumerate(images):
        path = folder / f"{index % CLASSES:03d}.Breed{index % CLASSES}" / f"{index:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _packed(split: ImageFolder, packing: str) -> Path:
    settings = DatasetSettings(max_short_side=SPEC.resize, packing=packing)
    images = []
    for index, path in enumerate(split.paths):
        data = training_bytes(simplejpeg.decode_jpeg(path.read_bytes()), settings)
        images.append(Encoded(path.name, f"{index:064x}", path.parent.name, data))
    write(FOLDER / packing, images, 1)
    return FOLDER / packing


def _check_pixels(split: ImageFolder) -> str:
    """Raises RuntimeError unless our pixels are Pillow's but for MAX_ERROR on average."""
    loader = Loader(split, SPEC, len(split), augmentation=AUGMENTATION, seed=SEED)
    batch = next(loader.epoch(1))
    order = np.random.default_rng((SEED, 1)).permutation(len(split))
    draws = np.random.default_rng((SEED, 1, 1)).random((len(split), DRAWS))
    errors = [
        np.abs(ours.astype(int) - _reference(split.paths[index], numbers)).mean()
        for ours, index, numbers in zip(batch.images, order, draws, strict=True)
    ]
    if np.mean(errors) > MAX_ERROR or (batch.targets != np.asarray(split.targets)[order]).any():
        raise RuntimeError(f"our pixels differ from Pillow's by {np.mean(errors):.2f} of 255, or labels differ")
    return f"mean pixel error against Pillow {np.mean(errors):.2f} of 255, worst image {max(errors):.2f}, labels equal"


def _reference(path: Path, draws: np.ndarray) -> np.ndarray:
    decoded = decode_for_training(path.read_bytes(), min_pixels=SPEC.crop**2 / area(draws[0]))
    return pillow_crop(Image.open(path).convert("RGB"), SPEC.crop, draws, (decoded.shape[1], decoded.shape[0]))


def _check_labels(split: ImageFolder, shards: Shards) -> str:
    """Raises RuntimeError unless every packed image has the label of its file."""
    expected = {path.name: split.labels[target] for path, target in zip(split.paths, split.targets, strict=True)}
    packed = {shards.name(i): shards.labels[target] for i, target in enumerate(shards.targets)}
    if packed != expected:
        raise RuntimeError("a packed image has another label than its file")
    return f"{len(packed)} packed images have the labels of their files"

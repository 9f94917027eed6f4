"""Run a frozen backbone over a split: the features of one or several views of each image, on disk."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL
import torch
from torch import Tensor, nn

from imgcls.contract.artifact import Preprocessing
from imgcls.data import augment
from imgcls.data.augment import Augmentation
from imgcls.data.loader import Dataset, Loader
from imgcls.features.backbone import fingerprint
from imgcls.features.store import FeatureArray
from imgcls.images import cost, decoders, preprocess
from imgcls.runtime.cores import num_cores
from imgcls.training import inputs
from imgcls.training.inputs import InputMaker, on_device

_STEPS_OF_A_VIEW = 1 << 32
"""More than the batches of a view, so that no two views have the same random colours."""


@dataclass(frozen=True)
class Pass:
    """How features are computed. View 0 is the image as in validation; the others are augmented, drawn by `seed`."""

    spec: Preprocessing
    augmentation: Augmentation
    seed: int
    batch_size: int
    num_workers: int
    device: torch.device
    bf16: bool = False


class Extractor:
    """Runs one backbone over splits. Arrays in `folder` are reused where their key is the same, else computed again."""

    def __init__(self, backbone: nn.Module, num_features: int, settings: Pass, folder: Path) -> None:
        self._backbone = backbone.to(settings.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._num_features, self._settings, self._folder = num_features, settings, folder
        self._weights = fingerprint(backbone)
        self._inputs = InputMaker(
            settings.spec, settings.device, jitter=settings.augmentation.jitter, seed=settings.seed, compiled=False
        )
        self.reused_rows = 0

    def features(
        self, dataset: Dataset, split: str, views: int, after_batch: Callable[[], None] = lambda: None
    ) -> tuple[npt.NDArray[np.float32], ...]:
        """One float32 array (images, features) per view, memory-mapped. Raises DataError.

        `after_batch` may raise to end the pass; the next one resumes after the last complete block of rows.
        """
        images = content(dataset, self._settings.num_workers)
        arrays = []
        for view in range(views):
            array = FeatureArray(
                self._folder, f"{split}-{view}", self._key(images, view), (len(dataset), self._num_features)
            )
            self.reused_rows += array.reused_rows
            # Resume at a whole batch: a block of rows is a whole number of batches unless the batch size was changed.
            array.rows -= array.rows % self._settings.batch_size if not array.is_complete else 0
            for features in self._run(dataset, view, array.rows):
                array.append(features)
                after_batch()
            arrays.append(array.read())
        return tuple(arrays)

    def _run(self, dataset: Dataset, view: int, done: int) -> Iterator[npt.NDArray[np.float32]]:
        settings = self._settings
        if done == len(dataset):
            return
        loader = Loader(
            dataset,
            settings.spec,
            settings.batch_size,
            augmentation=settings.augmentation if view else None,
            seed=settings.seed,
            num_workers=settings.num_workers,
            shuffle=False,
        )
        start = done // loader.batch_size
        for number, arriving in enumerate(on_device(loader.epoch(view, start), settings.device), start):
            images, _ = arriving.tensors()
            factors = self._inputs.factors(len(images), len(images), step=view * _STEPS_OF_A_VIEW + number)
            pixels = self._inputs.augmented(images, factors) if view else self._inputs.plain(images)
            with torch.inference_mode(), torch.autocast(settings.device.type, torch.bfloat16, enabled=settings.bf16):
                features: Tensor = self._backbone(pixels)
            yield features.float().cpu().numpy()

    def _key(self, images: str, view: int) -> Mapping[str, Any]:
        settings = self._settings
        drawn = {"seed": settings.seed, "batch_size": settings.batch_size, **asdict(settings.augmentation)}
        return {
            "weights": self._weights,
            "images": images,
            "preprocessing": settings.spec.to_dict(),
            "view": [view, drawn] if view else [0],
            "bf16": settings.bf16,
            "made_by": [torch.__version__, PIL.__version__, settings.device.type, _code()],
        }


def _code() -> str:
    """SHA-256 over the code that turns bytes into pixels: another version or another decoder makes other features."""
    sources = [inspect.getsource(module).encode() for module in (preprocess, decoders, cost, augment, inputs)]
    return hashlib.sha256(b"".join(sources) + bytes([preprocess.simplejpeg is not None])).hexdigest()


def content(dataset: Dataset, num_workers: int = -1) -> str:
    """SHA-256 over the bytes of all images in the split's order. Reading takes a hundredth of the backbone's time."""
    with ThreadPoolExecutor(num_workers if num_workers > 0 else num_cores()) as pool:
        digests = pool.map(lambda index: hashlib.sha256(dataset.read(index)).digest(), range(len(dataset)))
        return hashlib.sha256(b"".join(digests)).hexdigest()

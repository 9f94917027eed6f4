"""The usual loader: Pillow in a map-style data set behind `DataLoader(num_workers=2)`, normalised floats."""

from __future__ import annotations

import time
from types import TracebackType

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.crops import pillow_crop
from imgcls.contract.artifact import Preprocessing
from imgcls.data.folders import ImageFolder

NUM_WORKERS = 2


class PillowDataset(Dataset[tuple[torch.Tensor, int]]):
    """Random resized crop and flip as `torchvision`'s reference preset has them, per image, in Pillow."""

    def __init__(self, split: ImageFolder, spec: Preprocessing) -> None:
        self._split, self._spec = split, spec
        self._mean, self._std = (torch.tensor(values).view(3, 1, 1) for values in (spec.mean, spec.std))

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self._split.paths[index]) as image:
            pixels = pillow_crop(image.convert("RGB"), self._spec.crop, np.random.random(5))
        tensor = torch.from_numpy(pixels).permute(2, 0, 1).float().div(255)
        return (tensor - self._mean) / self._std, self._split.targets[index]


class PillowLoader:
    """Workers that stay: an epoch is measured without their start."""

    def __init__(self, split: ImageFolder, spec: Preprocessing, batch_size: int) -> None:
        self._loader = DataLoader(
            PillowDataset(split, spec), batch_size, shuffle=True, drop_last=True,
            num_workers=NUM_WORKERS, persistent_workers=True,
        )  # fmt: skip

    def rate(self) -> float:
        """Images a second of one epoch."""
        start, num = time.perf_counter(), 0
        for images, _ in self._loader:
            num += len(images)
        return num / (time.perf_counter() - start)

    def __enter__(self) -> PillowLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The workers of a DataLoader that stays go with its iterator.
        self._loader._iterator = None

"""The splits of a training and their loaders, as the settings ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from imgcls.contract.combinations import check_batch_size
from imgcls.contract.prepared import STREAMED_BYTES
from imgcls.contract.training_settings import TrainingSettings
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import ImageFolder, check_same_classes, open_dataset
from imgcls.data.loader import Dataset, Loader
from imgcls.data.shards import Shards, open_split
from imgcls.runtime import distributed
from imgcls.runtime.cores import num_cores
from imgcls.training.class_balance import loss_weights, sampling_weights


@dataclass(frozen=True)
class TrainingData:
    """`class_weights` is for the loss: float32, one per class, or None."""

    train_split: Dataset
    validation_split: Dataset
    train: Loader
    validation: Loader
    class_weights: npt.NDArray[np.float32] | None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.train_split.labels

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is in the folders and is not trained on."""
        splits = (self.train_split, self.validation_split)
        return tuple(note for split in splits if isinstance(split, ImageFolder) for note in split.notes)


def open_data(train: Path, validation: Path, settings: TrainingSettings) -> TrainingData:
    """Both splits, which must have the same classes. Raises DataError and HyperparameterError."""
    data, batch_size = settings.data, settings.optimization.batch_size
    train_split = open_split(train, data.labels)
    validation_split = open_dataset(validation, data.labels)
    check_same_classes(train_split, validation_split, "validation")
    parts = distributed.world_size() * settings.optimization.accumulation_steps
    check_batch_size(min(batch_size, len(train_split)), parts)
    place = _place(data.num_workers)
    targets, num_classes = train_split.targets, len(train_split.labels)
    return TrainingData(
        train_split,
        validation_split,
        Loader(
            train_split, data.preprocessing, batch_size,
            augmentation=AUGMENTATIONS[data.augmentation], seed=settings.optimization.seed,
            sampling_weights=sampling_weights(targets, num_classes) if data.class_weighting == "sampler" else None,
            files=_streamed_files(train_split), **place,
        ),
        Loader(validation_split, data.preprocessing, max(data.test_batch_size, distributed.world_size()), **place),
        loss_weights(targets, num_classes) if data.class_weighting == "loss" else None,
    )  # fmt: skip


class _Place(TypedDict):
    rank: int
    world_size: int
    num_workers: int


def _place(num_workers: int) -> _Place:
    """What a loader needs to know of this process: -1 workers are this process's share of the host's cores."""
    workers = num_workers if num_workers >= 0 else num_cores() // distributed.num_on_this_host()
    return {"rank": distributed.rank(), "world_size": distributed.world_size(), "num_workers": workers}


def _streamed_files(split: Dataset) -> npt.NDArray[np.int64] | None:
    """Each image's shard of a split that is too large to be copied before training; None for others."""
    return split.files if isinstance(split, Shards) and split.num_bytes > STREAMED_BYTES else None

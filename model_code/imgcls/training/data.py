"""The splits of a training and their loaders, as the hyperparameters ask for them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.contract.prepared import STREAMED_BYTES
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import check_same_classes, open_dataset
from imgcls.data.loader import Dataset, Loader
from imgcls.data.shards import Shards, open_split
from imgcls.runtime import distributed
from imgcls.runtime.cores import num_cores
from imgcls.training.class_balance import loss_weights, sampling_weights


@dataclass(frozen=True)
class TrainingData:
    """`class_weights` is for the loss: float32, one a class, or None."""

    train_split: Dataset
    validation_split: Dataset
    train: Loader
    validation: Loader
    class_weights: np.ndarray | None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.train_split.labels


def open_data(paths: argparse.Namespace, values: Mapping[str, Any], spec: Preprocessing) -> TrainingData:
    """Both splits, which must have the same classes. Raises DataError and HyperparameterError."""
    train_split = open_split(paths.train, values["labels"])
    validation_split = open_dataset(paths.validation, values["labels"])
    check_same_classes(train_split, validation_split, "validation")
    _check_batch_size(values, min(values["batch-size"], len(train_split)))
    workers = values["num-workers"] if values["num-workers"] >= 0 else num_cores() // distributed.num_on_this_host()
    place: dict[str, Any] = {"rank": distributed.rank(), "world_size": distributed.world_size(), "num_workers": workers}
    targets, num_classes, weighting = train_split.targets, len(train_split.labels), values["class-weighting"]
    return TrainingData(
        train_split,
        validation_split,
        Loader(
            train_split, spec, values["batch-size"],
            augmentation=AUGMENTATIONS[values["augmentation"]], seed=values["seed"],
            sampling_weights=sampling_weights(targets, num_classes) if weighting == "sampler" else None,
            files=_streamed_files(train_split), **place,
        ),
        Loader(validation_split, spec, max(values["test-batch-size"], distributed.world_size()), **place),
        loss_weights(targets, num_classes) if weighting == "loss" else None,
    )  # fmt: skip


def _streamed_files(split: Dataset) -> np.ndarray | None:
    """Each image's shard of a split that is too large to be copied before training; None for others."""
    return split.files if isinstance(split, Shards) and split.num_bytes > STREAMED_BYTES else None


def _check_batch_size(values: Mapping[str, Any], batch_size: int) -> None:
    """Raises HyperparameterError where a network would see one image at a time."""
    parts = distributed.world_size() * values["accumulation-steps"]
    if batch_size < 2 * parts:
        share = f" in {parts} parts (processes times accumulation-steps)" if parts > 1 else ""
        raise HyperparameterError(
            f"batch-size {batch_size}{share} gives batch normalisation nothing to average: use at least {2 * parts}"
        )

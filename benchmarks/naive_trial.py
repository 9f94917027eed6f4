"""One trial as the field writes it: Pillow, a DataLoader, fp32, the whole network over every image, every epoch."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

from benchmarks.pillow_loader import NUM_WORKERS, PillowDataset
from imgcls.contract.artifact import Preprocessing
from imgcls.data.folders import ImageFolder

LEARNING_RATE, MOMENTUM, BATCH_SIZE = 0.01, 0.9, 64


@dataclass(frozen=True)
class NaiveTrial:
    """`accuracy` is of the validation split after the last epoch."""

    seconds: float
    accuracy: float


def run(
    network: nn.Module, train: ImageFolder, validation: ImageFolder, spec: Preprocessing, epochs: int
) -> NaiveTrial:
    """Train the last layer of a copy of `network`, whose other layers are frozen, and validate after every epoch."""
    network = copy.deepcopy(network)
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], LEARNING_RATE, MOMENTUM)
    loaders = [
        DataLoader(PillowDataset(split, spec), BATCH_SIZE, shuffle=shuffle, num_workers=NUM_WORKERS)
        for split, shuffle in ((train, True), (validation, False))
    ]
    accuracy, begin = 0.0, time.perf_counter()
    for _ in range(epochs):
        for images, targets in loaders[0]:
            optimizer.zero_grad()
            cross_entropy(network(images), targets).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            right = sum((network(images).argmax(1) == targets).sum().item() for images, targets in loaders[1])
        accuracy = right / len(validation)
    return NaiveTrial(time.perf_counter() - begin, accuracy)

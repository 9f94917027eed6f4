"""Small networks and batches for tests of the trainer."""

import time
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.optimization import Optimization
from imgcls.data.loader import Batch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.training.trainer import Trainer

SPEC = Preprocessing(resize=36, crop=32)
STEPS, BATCH_SIZE = 6, 8


def fake_batches(num=STEPS, size=BATCH_SIZE, seed=0, start=0):
    """Bright pictures are class 1."""
    random = np.random.default_rng(seed)
    for number in range(num):
        targets = random.integers(0, 2, size)
        images = random.integers(0, 100, (size, 32, 32, 3)) + 120 * targets[:, None, None, None]
        if number >= start:
            yield Batch(images.astype(np.uint8), targets)


def plain_network():
    """Without batch normalisation: an image's gradient does not depend on the others in its batch."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 2))


@contextmanager
def trainers(folder):
    """Yields a function that makes trainers, which share one recorder."""
    with Recorder(folder / "records", started=time.time()) as recorder:

        def make(network=None, *, jitter=0.0, batch_size=BATCH_SIZE, class_weights=None, **changes):
            torch.manual_seed(0)
            return Trainer(
                network or architectures.build("simple_cnn", 2),
                SPEC,
                Optimization(**{"epochs": 3, **changes}),
                steps_per_epoch=STEPS,
                batch_size=batch_size,
                device=torch.device("cpu"),
                recorder=recorder,
                jitter=jitter,
                class_weights=class_weights,
            )

        yield make

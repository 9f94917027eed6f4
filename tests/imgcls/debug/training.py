"""Short real trainings on drawn stripes, sampled in every other step."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from imgcls.contract import records
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.optimization import Optimization
from imgcls.data.loader import Batch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.training.trainer import Trainer
from tests.imgcls.stripes import CLASSES, stripes

SIDE = 32


@dataclass
class Images:
    """All batches of an epoch, in a different order in every epoch, each after `delay` seconds."""

    images: np.ndarray
    targets: np.ndarray
    batch_size: int
    delay: float = 0.0

    def epoch(self, epoch):
        order = np.random.default_rng(epoch).permutation(len(self.targets))
        for rows in np.split(order, range(self.batch_size, len(order), self.batch_size)):
            time.sleep(self.delay)
            yield Batch(self.images[rows], self.targets[rows])

    def __len__(self):
        return -(-len(self.targets) // self.batch_size)


def draw(per_class, seed, *, batch_size=16, delay=0.0):
    """`per_class`: the number of images of each class."""
    random = np.random.default_rng(seed)
    pairs = [
        (np.asarray(stripes(direction, random, SIDE)), index)
        for index, (direction, num) in enumerate(zip(CLASSES.values(), per_class, strict=True))
        for _ in range(num)
    ]
    images, targets = zip(*pairs, strict=True)
    return Images(np.stack(images), np.array(targets), batch_size, delay)


def train(
    folder: Path,
    *,
    network=None,
    data=None,
    interval=2,
    rules=None,
    epochs=3,
    spec=None,
    break_trainer=lambda trainer: None,
    on_epoch=lambda epoch: None,
    sample_seconds=1.0,
    **optimization,
):
    """The findings of a training, by rule."""
    torch.manual_seed(0)
    data = data or draw((16, 16, 16), seed=1)
    validation = draw((6, 6, 6), seed=2)
    settings = Optimization(**{"epochs": epochs, "optimizer": "adamw", "lr": 0.003, **optimization})
    with Recorder(folder, started=time.time(), sample_seconds=sample_seconds) as recorder:
        trainer = Trainer(
            network or architectures.build("simple_cnn", len(CLASSES)),
            spec or Preprocessing(resize=SIDE, crop=SIDE),
            settings,
            steps_per_epoch=len(data),
            batch_size=data.batch_size,
            device=torch.device("cpu"),
            recorder=recorder,
            debug=DebugSettings.from_dict({"interval": interval, "rules": rules or {}}),
        )
        break_trainer(trainer)
        for epoch in range(1, epochs + 1):
            trained = trainer.train_epoch(data.epoch(epoch), epoch)
            trainer.refresh_statistics()
            validated = trainer.validate(validation.epoch(epoch))
            on_epoch(epoch)
            trainer.watch.end_epoch(trained.loss, validated.loss)
        findings = recorder.findings
    assert list(records.read_rows(folder / records.DEBUG_FILE))
    return {finding["name"]: finding for finding in findings}

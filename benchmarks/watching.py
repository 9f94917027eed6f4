"""`debug_overhead`: what looking at a training costs it, at the default interval."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.harness import ROUNDS, Row, make_row
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.debugging import DEFAULT_INTERVAL, DebugSettings
from imgcls.contract.optimization import Optimization
from imgcls.data.loader import Batch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.training.trainer import Trainer

SIDE, BATCH_SIZE, NUM_CLASSES = 96, 32, 10
STEPS = 8
ARCHITECTURES = ("resnet18", "mobilenet_v3_small", "simple_cnn")
"""The first one's figure is the row's; the others, whose steps are cheaper, are notes."""


def run(ids: Sequence[str]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        check_that_watching_changes_nothing(Path(folder) / "same")
        measured = {name: measure(name, Path(folder) / name) for name in ARCHITECTURES}
    first, *others = ARCHITECTURES
    shares = {name: median(r["watched"] / r["a step without"] for r in measured[name]) - 1 for name in others}
    yield make_row(
        "debug_overhead",
        f"watching {first} every {DEFAULT_INTERVAL} steps",
        "ms",
        "lower",
        measured[first],
        ours="watched",
        control="watched again",
        notes=[f"{name}: {share:+.2%}" for name, share in shares.items()],
    )


def measure(architecture: str, folder: Path) -> list[dict[str, float]]:
    """Milliseconds of a step. Every other step is sampled, so that drift of the machine hits both kinds alike."""
    with Recorder(folder, started=time.time()) as recorder:
        trainer = _trainer(architecture, recorder, interval=2)
        trainer.train_epoch(_batches(2), 1)
        return [_round(trainer, epoch) for epoch in range(2, ROUNDS + 2)]


def _round(trainer: Trainer, epoch: int) -> dict[str, float]:
    seconds: list[float] = []
    trainer.train_epoch(_timed(_batches(4 * STEPS), seconds), epoch)
    milliseconds = 1000 * np.array(seconds)
    plain, sampled = milliseconds[0::2], milliseconds[1::2]  # the warm-up epoch ended on a sampled step

    def mean_step(part: slice) -> float:
        base = float(np.median(plain[part]))
        return base + (float(np.median(sampled[part])) - base) / DEFAULT_INTERVAL

    return {
        "watched": mean_step(slice(0, None, 2)),
        "watched again": mean_step(slice(1, None, 2)),
        "a step without": float(np.median(plain[0::2])),
    }


def check_that_watching_changes_nothing(folder: Path) -> None:
    losses = []
    for interval in (0, 2):
        with Recorder(folder / str(interval), started=time.time()) as recorder:
            trainer = _trainer("simple_cnn", recorder, interval)
            losses.append([trainer.train_epoch(_batches(4), epoch).loss for epoch in (1, 2)])
    if losses[0] != losses[1]:
        raise AssertionError(f"watching changed the losses from {losses[0]} to {losses[1]}")


def _trainer(architecture: str, recorder: Recorder, interval: int) -> Trainer:
    torch.manual_seed(0)
    return Trainer(
        architectures.build(architecture, NUM_CLASSES),
        Preprocessing(resize=SIDE, crop=SIDE),
        Optimization(epochs=ROUNDS + 1, lr=1e-2),
        steps_per_epoch=4 * STEPS,
        batch_size=BATCH_SIZE,
        device=torch.device("cpu"),
        recorder=recorder,
        debug=DebugSettings.from_dict({"interval": interval}),
    )


def _batches(num: int) -> Iterator[Batch]:
    random = np.random.default_rng(0)
    for _ in range(num):
        images = random.integers(0, 256, (BATCH_SIZE, SIDE, SIDE, 3), dtype=np.uint8)
        yield Batch(images, random.integers(0, NUM_CLASSES, BATCH_SIZE))


def _timed(batches: Iterator[Batch], seconds: list[float]) -> Iterator[Batch]:
    for batch in batches:
        begin = time.perf_counter()
        yield batch
        seconds.append(time.perf_counter() - begin)

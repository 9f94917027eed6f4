"""`profiler_overhead`: what the default profile costs a short training, trace and samples of the machine included."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import Row, interleave, make_row
from imgcls.contract import records
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.optimization import Optimization
from imgcls.contract.profiling import ProfileSettings
from imgcls.data.loader import Batch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.training.trainer import Trainer

ARCHITECTURE, SIDE, BATCH_SIZE, NUM_CLASSES = "resnet18", 64, 16, 10
STEPS = 200
"""The profiler watches the first 50 of them; a training of that few steps is a short one, where it weighs most."""


def run(ids: Sequence[str]) -> Iterator[Row]:
    default, off = ProfileSettings(), ProfileSettings(enabled=False)
    losses: set[float] = set()
    rounds = interleave(
        {
            "profiled": lambda: _train(default, losses),
            "not profiled": lambda: _train(off, losses),
            "profiled again": lambda: _train(default, losses),
        }
    )
    if len(losses) != 1:
        raise AssertionError(f"profiling changed the loss: {sorted(losses)}")
    yield make_row(
        "profiler_overhead",
        f"{STEPS} steps of {ARCHITECTURE}, the first {default.steps} profiled",
        "s",
        "lower",
        rounds,
        ours="profiled",
        control="profiled again",
    )


def _train(settings: ProfileSettings, losses: set[float]) -> float:
    """Seconds of one training; its loss is added to `losses`."""
    torch.manual_seed(0)
    network = architectures.build(ARCHITECTURE, NUM_CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        with Recorder(Path(folder), started=time.time()) as recorder:
            recorder.profile(settings)
            trainer = Trainer(
                network,
                Preprocessing(resize=SIDE, crop=SIDE),
                Optimization(epochs=1, lr=1e-3),
                steps_per_epoch=STEPS,
                batch_size=BATCH_SIZE,
                device=torch.device("cpu"),
                recorder=recorder,
                debug=DebugSettings.from_dict({"interval": 0}),
            )
            losses.add(trainer.train_epoch(_batches(), 1).loss)
        seconds = time.perf_counter() - begin
        if (Path(folder) / records.TRACE_FILE).is_file() != settings.enabled:
            raise AssertionError("a trace was to be left by the profiled training alone")
    return seconds


def _batches() -> Iterator[Batch]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (BATCH_SIZE, SIDE, SIDE, 3), dtype=np.uint8)
    targets = random.integers(0, NUM_CLASSES, BATCH_SIZE)
    return (Batch(images, targets) for _ in range(STEPS))

"""A real training behind a slow loader: the profiler report names the delay that was put in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from imgcls import networks
from imgcls.contract.artifact import Preprocessing
from imgcls.data.loader import Batch
from imgcls.engine import Recipe, Trainer
from imgcls.recording import Recorder
from imgcls.reports.profiler import render_profiler_report

STEPS = 12
SPEC = Preprocessing(resize=32, crop=32)
RECIPE = Recipe(
    epochs=1,
    lr=0.01,
    optimizer="sgd",
    momentum=0.9,
    weight_decay=0.0,
    label_smoothing=0.0,
    warmup_epochs=0.0,
    bf16=False,
    jitter=0.0,
    seed=1,
)


def _batches(delay: float, slept: list[float]) -> Iterator[Batch]:
    """`slept` gets the real delays: a busy machine sleeps longer than it was told to."""
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        begin = time.perf_counter()
        time.sleep(delay)
        batch = Batch(rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), rng.integers(0, 2, 8))
        slept.append(time.perf_counter() - begin)
        yield batch


def test_the_wait_is_named_within_ten_percent(tmp_path: Path) -> None:
    slept: list[float] = []
    with Recorder(tmp_path, started=time.time()) as recorder:
        recorder.batch_size = 8
        recorder.environment(hyperparameters={"num-workers": 1}, device="cpu")
        trainer = Trainer(
            networks.build("simple_cnn", 2),
            SPEC,
            RECIPE,
            steps_per_epoch=STEPS,
            batch_size=8,
            device=torch.device("cpu"),
            recorder=recorder,
        )
        trainer.train_epoch(_batches(0.08, slept), 1)
    waited = re.search(r"The network waits ([\d.]+) ms of every", render_profiler_report(tmp_path))
    assert waited
    # The first step is left out of the profile's means.
    assert float(waited[1]) == pytest.approx(1000 * np.mean(slept[1:]), rel=0.1)

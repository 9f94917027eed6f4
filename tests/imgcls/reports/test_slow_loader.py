"""A real training with a slow loader: the profiler report names the planted delay."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.optimization import Optimization
from imgcls.contract.profiling import ProfileSettings
from imgcls.data.loader import Batch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.reports.profiler import render_profiler_report
from imgcls.training.trainer import Trainer

STEPS, BATCH = 24, 64
SETTINGS = ProfileSettings()
SPEC = Preprocessing(resize=32, crop=32)
OPTIMIZATION = Optimization(epochs=1, weight_decay=0.0, warmup_epochs=0.0)


def _batches(delay: float, slept: list[float]) -> Iterator[Batch]:
    """`slept` gets the real delays: on a busy machine a sleep takes longer."""
    rng = np.random.default_rng(0)
    batch = Batch(rng.integers(0, 256, (BATCH, 32, 32, 3), dtype=np.uint8), rng.integers(0, 2, BATCH))
    for _ in range(STEPS):
        begin = time.perf_counter()
        if delay:  # a sleep of 0 s would still give the core to another process
            time.sleep(delay)
        slept.append(time.perf_counter() - begin)
        yield batch


def _report(folder: Path, delay: float) -> tuple[str, list[float]]:
    """The profiler report of a training as train.py records it, and each step's delay in seconds."""
    slept: list[float] = []
    with Recorder(folder, started=time.time()) as recorder:
        recorder.profile(SETTINGS)
        recorder.batch_size = BATCH
        recorder.environment(hyperparameters={"num-workers": 1}, device="cpu")
        trainer = Trainer(
            architectures.build("simple_cnn", 2),
            SPEC,
            OPTIMIZATION,
            steps_per_epoch=STEPS,
            batch_size=BATCH,
            device=torch.device("cpu"),
            recorder=recorder,
        )
        trainer.train_epoch(_batches(delay, slept), 1)
    return render_profiler_report(folder), slept


def test_the_wait_is_named_within_ten_percent(tmp_path: Path) -> None:
    html, slept = _report(tmp_path, 0.08)
    found = re.search(r"The network waits ([\d.]+) ms of every ([\d.]+) ms step \((\d+)%\) for images.", html)
    assert found
    waited, step, share = map(float, found.groups())
    # The profiler's means leave out the first step and the profiled steps.
    cycle = SETTINGS.wait + SETTINGS.warmup + SETTINGS.active
    counted = [delay for number, delay in enumerate(slept) if number and number % cycle < SETTINGS.wait]
    assert waited == pytest.approx(1000 * np.mean(counted), rel=0.1)
    assert share == pytest.approx(100 * waited / step, abs=1)
    gain = re.search(r"Expected gain: up to ([\d.]+) times faster epochs", html)
    assert "num-workers 1" in html and gain
    assert float(gain[1]) == pytest.approx(step / (step - waited), rel=0.1)


def test_a_loader_that_keeps_up_is_not_blamed(tmp_path: Path) -> None:
    html, _ = _report(tmp_path, 0.0)
    assert "The network waits" not in html and "aten::" in html

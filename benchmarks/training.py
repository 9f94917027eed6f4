"""Training rows: our epochs from packed shards beside the bare step, and beside the usual script from JPEGs."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

import samples
from benchmarks.harness import Row, interleave, make_row, medians
from benchmarks.pillow_loader import NUM_WORKERS, PillowDataset
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.optimization import Optimization
from imgcls.contract.prepared import TRAIN
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import open_dataset
from imgcls.data.loader import Dataset, Loader
from imgcls.data.shards import open_split
from imgcls.networks import architectures
from imgcls.preparation.run import prepare
from imgcls.profiling.recording import Recorder
from imgcls.runtime import devices
from imgcls.runtime.cores import num_cores
from imgcls.training.trainer import Trainer

FOLDER, PREPARED = Path("out/bench/training"), Path("out/bench/training-prepared")
ARCHITECTURE, CLASSES, SIDE, BATCH, STEPS = "resnet18", 4, 224, 16, 4
SPEC = Preprocessing()
LOSS_EPOCHS, MAX_LOSS_ERROR = 4, 0.01
_BF16_FLAGS = ("avx512_bf16", "amx_bf16")

Measure = Callable[[], float]
Precision = Literal["fp32", "bf16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")


def run(ids: Sequence[str]) -> Iterator[Row]:
    if not FOLDER.exists():
        # The training split gets 70 % of the images: a little more than one epoch of STEPS batches.
        samples.draw(FOLDER, "breeds", CLASSES, per_class=24, size=(300, 500), workers=1)
    torch.set_num_threads(num_cores())
    with _engines() as make:
        contenders: dict[str, Measure] = {
            "fp32": make("fp32"), "bare step": _bare(channels_last=True), "eager fp32": _bare(channels_last=False),
            "Pillow + DataLoader, fp32": _usual(), "bf16": make("bf16"),
        }  # fmt: skip
        contenders["control"] = contenders["fp32"]
        interleave(contenders, rounds=1)
        rounds = interleave(contenders)
    middle = medians(rounds)
    noise = middle["control"] / middle["fp32"]
    title = f"{ARCHITECTURE} at {SIDE} pixels, batches of {BATCH} from packed shards"
    if "train_step" in ids:
        peers = ("bare step", "Pillow + DataLoader, fp32")
        row = make_row("train_step", f"{title}, fp32", "images/s", "higher", rounds, ours="fp32", only=peers)
        yield replace(row, control=noise)
    if "train_bf16" in ids:
        notes = [_compare_losses(), *_hardware_notes()]
        row = make_row(
            "train_bf16", f"{title}, bf16 and channels-last", "images/s", "higher", rounds,
            ours="bf16", only=("eager fp32", "Pillow + DataLoader, fp32"), notes=notes,
        )  # fmt: skip
        yield replace(row, control=noise)


@contextmanager
def _engines() -> Iterator[Callable[[Precision], Measure]]:
    """A function that makes the measurement of our engine: images per second of an epoch, everything included.

    Its setting of the allocator holds for the peers of this process too: an ordinary script is slower than they are.
    """
    devices.tune(torch.device("cpu"))
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder), started=time.time()) as recorder:

        def make(precision: Precision) -> Measure:
            trainer, loader = make_trainer(recorder, SPEC, Optimization(epochs=100, train_precision=precision))
            epochs = iter(range(1, 1000))

            def measure() -> float:
                epoch = next(epochs)
                return trainer.train_epoch(loader.epoch(epoch), epoch).images_per_second

            return measure

        yield make


def make_trainer(recorder: Recorder, spec: Preprocessing, settings: Optimization) -> tuple[Trainer, Loader]:
    """Our engine as train.py makes it, over the drawn data in batches of BATCH."""
    augmentation = AUGMENTATIONS["standard"]
    loader = Loader(_packed(), spec, BATCH, augmentation=augmentation, seed=settings.seed)
    torch.manual_seed(settings.seed)
    trainer = Trainer(
        architectures.build(ARCHITECTURE, CLASSES), spec, settings, steps_per_epoch=len(loader), batch_size=BATCH,
        device=torch.device("cpu"), recorder=recorder, jitter=augmentation.jitter,
    )  # fmt: skip
    return trainer, loader


@functools.cache
def _packed() -> Dataset:
    """The training split as the Prepare job packs it."""
    message = prepare(FOLDER, PREPARED, DatasetSettings(max_short_side=SPEC.resize))
    return open_split(PREPARED / message.manifest_id / TRAIN)


def _bare(*, channels_last: bool) -> Measure:
    """Forward, backward, step on one batch that lies in memory."""
    step = _step(channels_last=channels_last)
    images, targets = torch.randn(BATCH, 3, SIDE, SIDE), torch.randint(CLASSES, (BATCH,))
    images = images.contiguous(memory_format=torch.channels_last) if channels_last else images

    def measure() -> float:
        begin = time.perf_counter()
        for _ in range(STEPS):
            step(images, targets)
        return STEPS * BATCH / (time.perf_counter() - begin)

    return measure


def _usual() -> Measure:
    """The script that the field writes: Pillow in a DataLoader, NCHW floats, fp32."""
    step, split = _step(channels_last=False), open_dataset(FOLDER / "train")
    loader = DataLoader(PillowDataset(split, SPEC), BATCH, shuffle=True, drop_last=True, num_workers=NUM_WORKERS)

    def measure() -> float:
        num, batches = 0, iter(loader)
        first = next(batches)  # the workers' start is not measured
        begin = time.perf_counter()
        step(*first)
        for images, targets in batches:
            step(images, targets)
            num += len(targets)
        return (num + BATCH) / (time.perf_counter() - begin)

    return measure


def _step(*, channels_last: bool) -> Callable[[torch.Tensor, torch.Tensor], None]:
    network: nn.Module = architectures.build(ARCHITECTURE, CLASSES)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def step(images: torch.Tensor, targets: torch.Tensor) -> None:
        optimizer.zero_grad()
        cross_entropy(network(images), targets).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _compare_losses() -> str:
    """Raises RuntimeError unless bf16 ends with the loss of fp32, from the same start over the same small images."""
    spec, losses = Preprocessing(resize=73, crop=64), {}
    for precision in PRECISIONS:
        with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder), started=time.time()) as recorder:
            settings = Optimization(epochs=LOSS_EPOCHS, lr=0.002, train_precision=precision)
            trainer, loader = make_trainer(recorder, spec, settings)
            for epoch in range(1, LOSS_EPOCHS + 1):
                losses[precision] = trainer.train_epoch(loader.epoch(epoch), epoch).loss
    error = abs(losses["bf16"] / losses["fp32"] - 1)
    if error > MAX_LOSS_ERROR:
        raise RuntimeError(f"bf16 ends with another loss than fp32: {losses}")
    return (
        f"loss of epoch {LOSS_EPOCHS}: {losses['fp32']:.4f} in fp32, {losses['bf16']:.4f} in bf16 ({error:.2%} apart)"
    )


def _hardware_notes() -> list[str]:
    flags = set(Path("/proc/cpuinfo").read_text().split())
    found = [flag for flag in _BF16_FLAGS if flag in flags]
    return [] if found else [f"this CPU has neither {' nor '.join(_BF16_FLAGS)}: bf16 is emulated and cannot be faster"]

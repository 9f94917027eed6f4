"""GPU figures of whole trainings: an epoch from packed images beside one from memory, and time to an accuracy."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

import samples
from benchmarks.pillow_loader import NUM_WORKERS, PillowDataset
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.optimization import Optimization
from imgcls.data.augment import AUGMENTATIONS, resize
from imgcls.data.folders import ImageFolder, open_dataset
from imgcls.data.loader import Batch, Dataset, Loader
from imgcls.data.shards import Encoded, Shards, open_shards, write
from imgcls.images.preprocess import to_ppm
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.training.trainer import Trainer

SPEC = Preprocessing()
AUGMENTATION = AUGMENTATIONS["standard"]
CUDA = torch.device("cuda")
CLASSES, PER_CLASS = 8, 250
TARGET, LIMIT_SECONDS, EPOCHS = 0.95, 90.0, 20


@contextmanager
def recorder() -> Iterator[Recorder]:
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder), started=time.time()) as opened:
        yield opened


def make_trainer(
    opened: Recorder, architecture: str, steps_per_epoch: int, batch_size: int, settings: Optimization
) -> Trainer:
    """Our engine as train.py makes it on a GPU."""
    torch.manual_seed(1)
    return Trainer(
        architectures.build(architecture, CLASSES), SPEC, settings, steps_per_epoch=steps_per_epoch,
        batch_size=batch_size, device=CUDA, recorder=opened, jitter=AUGMENTATION.jitter,
    )  # fmt: skip


def from_memory(classes: int, batch_size: int, num: int) -> Iterator[Batch]:
    """One batch again and again: what the loader's work is measured against."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (batch_size, SPEC.crop, SPEC.crop, 3), dtype=np.uint8)
    targets = random.integers(0, classes, batch_size)
    for _ in range(num):
        yield Batch(images, targets)


class Repeated:
    """A split several times over, so that an epoch is long enough to measure."""

    def __init__(self, split: Dataset, times: int) -> None:
        self._split, self.labels, self.targets = split, split.labels, split.targets * times

    def __len__(self) -> int:
        return len(self.targets)

    def read(self, index: int) -> bytes:
        return self._split.read(index % len(self._split))

    def name(self, index: int) -> str:
        return self._split.name(index % len(self._split))


def draw(folder: Path) -> None:
    begin = time.perf_counter()
    drawn = samples.draw(folder / "images", "breeds", CLASSES, PER_CLASS, size=(300, 500))
    print(f"drew {drawn.num_images} images in {time.perf_counter() - begin:.0f} s", flush=True)


def pack(folder: Path, target: Path) -> Shards:
    """The training split as prepare.py packs it for speed, pixels resized once, in `target`."""

    def encoded(split: ImageFolder) -> Iterator[Encoded]:
        for index, path in enumerate(split.paths):
            pixels = np.asarray(Image.open(path).convert("RGB"))
            ratio = min(1.0, SPEC.resize / min(pixels.shape[:2]))
            small = resize(pixels, (round(pixels.shape[0] * ratio), round(pixels.shape[1] * ratio)))
            yield Encoded(path.name, f"{index:064x}", path.parent.name, to_ppm(small))

    if not target.exists():
        write(target, encoded(open_dataset(folder / "images" / "train")), 1)
    return open_shards(target)


def epochs(folder: Path, batch_size: int, num_batches: int, *, compiled: bool) -> dict[str, Callable[[], float]]:
    """Contenders, images per second of an epoch of our engine: "from memory" and "from packed images"."""
    packed = pack(folder, folder / "shards")
    split = Repeated(packed, math.ceil(num_batches * batch_size / len(packed)))
    loader = Loader(split, SPEC, batch_size, augmentation=AUGMENTATION, seed=1)
    opened = Recorder(Path(tempfile.mkdtemp(dir=folder)), started=time.time())
    settings = Optimization(epochs=1000, train_precision="bf16", compile=compiled)
    trainer = make_trainer(opened, "resnet50", len(loader), batch_size, settings)
    numbers = iter(range(1, 1000))

    def memory() -> float:
        return trainer.train_epoch(from_memory(CLASSES, batch_size, num_batches), next(numbers)).images_per_second

    def data() -> float:
        number = next(numbers)
        return trainer.train_epoch(loader.epoch(number), number).images_per_second

    return {"engine from memory": memory, "engine from packed images": data}


def time_to_accuracy(folder: Path) -> dict[str, float | None]:
    """Seconds until the validation split is `TARGET` right, set-up included; None where the limit came first."""
    return {"ours": _ours(folder), "plain script": _plain(folder)}


def _ours(folder: Path) -> float | None:
    begin = time.perf_counter()
    packed = pack(folder, folder / "shards-in-time")
    train = Loader(packed, SPEC, 64, augmentation=AUGMENTATION, seed=1)
    validation = Loader(open_dataset(folder / "images" / "valid"), SPEC, 128)
    with recorder() as opened:
        settings = Optimization(epochs=EPOCHS, lr=0.05, train_precision="bf16")
        trainer = make_trainer(opened, "resnet18", len(train), train.batch_size, settings)
        for epoch in range(1, EPOCHS + 1):
            trainer.train_epoch(train.epoch(epoch), epoch)
            trainer.refresh_statistics()
            accuracy, seconds = trainer.validate(validation.epoch(epoch)).accuracy, time.perf_counter() - begin
            print(f"ours: epoch {epoch}, {seconds:.1f} s, accuracy {accuracy:.3f}", flush=True)
            if accuracy >= TARGET:
                return seconds
            if seconds > LIMIT_SECONDS:
                break
    return None


def _plain(folder: Path) -> float | None:
    """As projects write it: Pillow in a DataLoader, NCHW floats, fp32, SGD at one rate."""
    begin = time.perf_counter()
    splits = [open_dataset(folder / "images" / name) for name in ("train", "valid")]
    train, validation = (
        DataLoader(PillowDataset(split, SPEC), 64, shuffle=shuffle, num_workers=NUM_WORKERS)
        for split, shuffle in zip(splits, (True, False), strict=True)
    )
    torch.manual_seed(1)
    network = architectures.build("resnet18", CLASSES).cuda()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    epoch = 0
    while time.perf_counter() - begin < LIMIT_SECONDS:
        epoch += 1
        network.train()
        for images, targets in train:
            optimizer.zero_grad()
            cross_entropy(network(images.cuda()), targets.cuda()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        network.eval()
        with torch.no_grad():
            answers = [(network(images.cuda()).argmax(1).cpu(), targets) for images, targets in validation]
        right = sum(int((answer == targets).sum()) for answer, targets in answers)
        accuracy, seconds = right / len(splits[1]), time.perf_counter() - begin
        print(f"plain script: epoch {epoch}, {seconds:.1f} s, accuracy {accuracy:.3f}", flush=True)
        if accuracy >= TARGET:
            return seconds
    return None

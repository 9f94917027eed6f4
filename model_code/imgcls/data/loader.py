"""Batches of images, decoded by threads into reused uint8 NHWC arrays while the network computes.

Threads, not processes: Pillow and libjpeg-turbo release the interpreter lock, so two threads keep two cores busy
without copying a batch between processes. Every image's random numbers follow from (seed, epoch, batch, row) alone, so
the batches do not depend on the number of threads, nor, taken together, on the number of processes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imgcls.contract.artifact import Preprocessing
from imgcls.data.augment import DRAWS, Augmentation, TrainingCrop
from imgcls.data.folders import DataError
from imgcls.data.sampling import Weights, epoch_order, share, streamed_order
from imgcls.images.preprocess import PACKED_FORMATS, ImageError, preprocess
from imgcls.runtime.cores import num_cores

_BUFFERS = 4
"""One batch in the network, one ready, two being filled."""


class Dataset(Protocol):
    """What the loader needs from a split, of class folders or of packed shards."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def targets(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def read(self, index: int) -> bytes: ...
    def name(self, index: int) -> str: ...


@dataclass(frozen=True)
class Batch:
    """`images` is uint8 (N, crop, crop, 3), or float32 for features; `targets` are class indices (N,).

    The loader overwrites `images` when the next batch but one is asked for.
    """

    images: npt.NDArray[np.uint8 | np.float32]
    targets: npt.NDArray[np.int64]


class Loader:
    """Batches of one split. `augmentation=None` gives the pixels of `preprocess`, in order, the last batch short.

    `batch_size` is that of all `world_size` processes together; process `rank` reads its rows, and the processes'
    batches in rank order make up the batch of a single process. `sampling_weights`, one per image, draw an epoch's
    training images with replacement in proportion to them. `shuffle=False` gives augmented images in order, the last
    batch short. `files` is the number of each image's file where files are to be read from beginning to end (see
    `sampling.streamed_order`); it has no effect with `sampling_weights`. Raises ValueError for a batch smaller than
    the number of processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        spec: Preprocessing,
        batch_size: int,
        *,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        num_workers: int = -1,
        rank: int = 0,
        world_size: int = 1,
        sampling_weights: Weights | None = None,
        shuffle: bool = True,
        files: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self._shuffled = shuffle and augmentation is not None
        self._dataset, self._spec, self._augmentation, self._seed = dataset, spec, augmentation, seed
        self._rank, self._world_size, self._weights, self._files = rank, world_size, sampling_weights, files
        self.batch_size = min(batch_size, len(dataset))
        if self.batch_size < world_size:
            raise ValueError(f"a batch of {self.batch_size} images cannot be shared by {world_size} processes")
        if sampling_weights is not None and augmentation is None:
            raise ValueError("sampling_weights are for training: without augmentation every image comes once, in order")
        self._targets = np.asarray(dataset.targets, dtype=np.int64)
        self._num_workers = max(1, num_workers if num_workers >= 0 else num_cores())
        self._threads = threading.local()
        rows = -(-self.batch_size // world_size)
        self._buffers = np.empty((_BUFFERS, rows, spec.crop, spec.crop, 3), dtype=np.uint8)

    def __len__(self) -> int:
        """Batches per epoch. A short last training batch is dropped: its batch statistics would weigh too much."""
        whole, rest = divmod(len(self._dataset), self.batch_size)
        return whole + (1 if rest and not self._shuffled else 0)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from batch number `start` on; those before it are not read.

        Without augmentation the last batch may be empty in some processes: where it has fewer rows than there are
        processes. Raises DataError naming the file that cannot be decoded.
        """
        order = self._order(epoch)
        pending: deque[tuple[list[Future[None]], Batch]] = deque()
        with ThreadPoolExecutor(self._num_workers, thread_name_prefix="loader") as pool:
            try:
                for number in range(start, len(self)):
                    pending.append(self._submit(pool, order, epoch, number))
                    if len(pending) == _BUFFERS - 1:
                        yield _finished(pending.popleft())
                while pending:
                    yield _finished(pending.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if self._files is not None and self._shuffled and self._weights is None:
            return streamed_order(self._files, self._seed, epoch)
        return epoch_order(len(self._dataset), self._seed, epoch, shuffled=self._shuffled, weights=self._weights)

    def _submit(
        self, pool: ThreadPoolExecutor, order: npt.NDArray[np.int64], epoch: int, number: int
    ) -> tuple[list[Future[None]], Batch]:
        """Start decoding this process's rows of batch `number`."""
        group = order[number * self.batch_size : (number + 1) * self.batch_size]
        mine = share(len(group), self._rank, self._world_size)
        indices = group[mine]
        # All rows' numbers at once: a generator per image would cost a twentieth of a small image's decoding.
        # Plus one, because (seed, epoch, 0) seeds the same generator as (seed, epoch), which draws the order.
        draws = np.random.default_rng((self._seed, epoch, number + 1)).random((len(group), DRAWS))[mine]
        images = self._buffers[number % _BUFFERS, : len(indices)]
        # A few images per task: with one task per image the locks cost more than decoding a small image.
        size = max(1, min(8, -(-len(indices) // self._num_workers)))
        futures = [
            pool.submit(self._fill, indices[i : i + size], images[i : i + size], draws[i : i + size])
            for i in range(0, len(indices), size)
        ]
        return futures, Batch(images, self._targets[indices])

    def _fill(
        self, indices: npt.NDArray[np.int64], images: npt.NDArray[np.uint8], draws: npt.NDArray[np.float64]
    ) -> None:
        for index, pixels, numbers in zip(indices.tolist(), images, draws, strict=True):
            try:
                data = self._dataset.read(index)
                if self._augmentation is None:
                    pixels[:] = preprocess(data, self._spec, formats=PACKED_FORMATS)
                else:
                    self._training_crop(self._augmentation)(data, numbers, pixels)
            except (ImageError, OSError) as error:
                raise DataError(
                    f"{self._dataset.name(index)}: {error}: remove it, or run prepare.py, which quarantines it"
                ) from error

    def _training_crop(self, augmentation: Augmentation) -> TrainingCrop:
        """One per thread: its buffers are reused."""
        crop: TrainingCrop | None = getattr(self._threads, "crop", None)
        if crop is None:
            crop = self._threads.crop = TrainingCrop(self._spec, augmentation)
        return crop


def _finished(item: tuple[list[Future[None]], Batch]) -> Batch:
    futures, batch = item
    for future in futures:
        future.result()
    return batch

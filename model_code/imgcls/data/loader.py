"""Batches from threads: decoded into recycled uint8 NHWC arrays while the network computes.

Threads and not processes: Pillow and libjpeg-turbo let go of the interpreter lock, so two threads keep two cores busy
without copying a batch between processes. Every image's random numbers come from (seed, epoch, index) alone, so any
number of threads makes the same batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from imgcls.augment import Augmentation, crop_for_training
from imgcls.contract.artifact import Preprocessing
from imgcls.data.folders import DataError
from imgcls.preprocess import ImageError, preprocess
from imgcls.serving.cores import num_cores

_BUFFERS = 4
"""One batch in the network, one ready, two being filled."""


class Dataset(Protocol):
    """What the loader needs of a split: image folders today, packed shards as well."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def targets(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def read(self, index: int) -> bytes: ...
    def name(self, index: int) -> str: ...


@dataclass(frozen=True)
class Batch:
    """`images` is uint8 (N, crop, crop, 3) and is overwritten once the next batch but one is asked for."""

    images: np.ndarray
    targets: np.ndarray


class Loader:
    """Batches of one split. `augmentation=None` gives the pixels of `preprocess`, in order, the last batch short."""

    def __init__(
        self,
        dataset: Dataset,
        spec: Preprocessing,
        batch_size: int,
        *,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        num_workers: int = -1,
    ) -> None:
        self._dataset, self._spec, self._augmentation, self._seed = dataset, spec, augmentation, seed
        self.batch_size = min(batch_size, len(dataset))
        self._targets = np.asarray(dataset.targets, dtype=np.int64)
        self._num_workers = max(1, num_workers if num_workers >= 0 else num_cores())
        shape = (_BUFFERS, self.batch_size, spec.crop, spec.crop, 3)
        self._buffers = np.empty(shape, dtype=np.uint8)

    def __len__(self) -> int:
        """Batches an epoch. A short last training batch is dropped: its statistics would count too much."""
        whole, rest = divmod(len(self._dataset), self.batch_size)
        return whole + (1 if rest and self._augmentation is None else 0)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of one pass. Raises DataError naming the file that cannot be decoded."""
        order = np.arange(len(self._dataset))
        if self._augmentation is not None:
            np.random.default_rng((self._seed, epoch)).shuffle(order)
        groups = [order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(len(self))]
        pending: deque[tuple[list[Future[None]], Batch]] = deque()
        with ThreadPoolExecutor(self._num_workers, thread_name_prefix="loader") as pool:
            try:
                for number, indices in enumerate(groups):
                    images = self._buffers[number % _BUFFERS, : len(indices)]
                    pending.append((self._submit(pool, indices, images, epoch), Batch(images, self._targets[indices])))
                    if len(pending) == _BUFFERS - 1:
                        yield _finished(pending.popleft())
                while pending:
                    yield _finished(pending.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self, pool: ThreadPoolExecutor, indices: np.ndarray, images: np.ndarray, epoch: int
    ) -> list[Future[None]]:
        # A few images a task: one task an image costs more in locks than a small image costs to decode.
        size = max(1, min(8, -(-len(indices) // self._num_workers)))
        return [
            pool.submit(self._fill, indices[i : i + size], images[i : i + size], epoch)
            for i in range(0, len(indices), size)
        ]

    def _fill(self, indices: np.ndarray, images: np.ndarray, epoch: int) -> None:
        for row, index in enumerate(indices):
            try:
                data = self._dataset.read(int(index))
                if self._augmentation is None:
                    images[row] = preprocess(data, self._spec)
                else:
                    random = np.random.default_rng((self._seed, epoch, int(index)))
                    images[row] = crop_for_training(data, self._spec, self._augmentation, random)
            except (ImageError, OSError) as error:
                raise DataError(
                    f"{self._dataset.name(int(index))}: {error}: remove it, or run prepare.py, which quarantines it"
                ) from error


def _finished(item: tuple[list[Future[None]], Batch]) -> Batch:
    futures, batch = item
    for future in futures:
        future.result()
    return batch

"""Batches of cached features, in the order in which `imgcls.data.loader` yields images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imgcls.data.loader import Batch
from imgcls.data.sampling import Weights, epoch_order


class FeatureLoader:
    """Yields a training's batches as `Loader` would: same seed, same images per batch, a short last one dropped.

    `views` are arrays (images, features). In epoch e image i is shown by its view (i + e) mod the number of views: an
    epoch mixes the views, and as many epochs as there are views show all of them.
    """

    def __init__(
        self,
        views: Sequence[npt.NDArray[np.float32]],
        targets: Sequence[int],
        batch_size: int,
        *,
        training: bool,
        seed: int = 0,
        sampling_weights: Weights | None = None,
    ) -> None:
        self._views, self._targets = views, np.asarray(targets, dtype=np.int64)
        self._training, self._seed, self._weights = training, seed, sampling_weights
        self.batch_size = min(batch_size, len(self._targets))

    def __len__(self) -> int:
        whole, rest = divmod(len(self._targets), self.batch_size)
        return whole + (1 if rest and not self._training else 0)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """`Batch.images` is float32 (N, 1, 1, features): images of one pixel, with the features as its channels."""
        num = len(self._targets)
        order = epoch_order(num, self._seed, epoch, shuffled=self._training, weights=self._weights)
        for number in range(start, len(self)):
            rows = order[number * self.batch_size : (number + 1) * self.batch_size]
            yield Batch(self._rows(rows, epoch), self._targets[rows])

    def _rows(self, rows: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.float32]:
        if len(self._views) == 1:
            return self._views[0][rows].reshape(len(rows), 1, 1, -1)
        shown = (rows + epoch) % len(self._views)
        batch = np.empty((len(rows), self._views[0].shape[1]), dtype=np.float32)
        for view in np.unique(shown):
            batch[shown == view] = self._views[view][rows[shown == view]]
        return batch.reshape(len(rows), 1, 1, -1)


@dataclass(frozen=True)
class Features:
    """The backbone's output for both splits, float32 (images, features); `train` has one array per view."""

    train: tuple[npt.NDArray[np.float32], ...]
    train_targets: Sequence[int]
    validation: npt.NDArray[np.float32]
    validation_targets: Sequence[int]
    seed: int
    sampling_weights: Weights | None = None

    def train_loader(self, batch_size: int) -> FeatureLoader:
        return FeatureLoader(
            self.train, self.train_targets, batch_size,
            training=True, seed=self.seed, sampling_weights=self.sampling_weights,
        )  # fmt: skip

    def validation_loader(self, batch_size: int) -> FeatureLoader:
        return FeatureLoader((self.validation,), self.validation_targets, batch_size, training=False)

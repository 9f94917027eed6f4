"""Which images each batch has, and which of them a process reads: functions of (seed, epoch) alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Weights = Sequence[float] | npt.NDArray[np.floating]
"""One per image: an image is drawn in proportion to its weight."""

_WINDOW_FILES = 16
"""Files of about 150 MB each that are read in parallel."""


def epoch_order(
    num: int,
    seed: int,
    epoch: int,
    *,
    shuffled: bool,
    weights: Weights | None = None,
) -> npt.NDArray[np.int64]:
    """Image indices of one epoch, int64 (num,): in order, shuffled, or drawn with replacement by `weights`.

    Raises ValueError unless there is one weight per image, none negative and not all zero.
    """
    random = np.random.default_rng((seed, epoch))
    if weights is not None:
        return random.choice(num, size=num, p=_probabilities(weights, num))
    return random.permutation(num) if shuffled else np.arange(num)


def streamed_order(groups: npt.NDArray[np.int64], seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Image indices of one epoch that reads every file from beginning to end, int64 (num,).

    `groups` is the number of each image's file; a file stores its images in the order of their indices. A window of
    random files is read in parallel, and the next image comes from a random one of them. So no read goes backwards,
    and the images are well mixed, because within a file they are in the order of a hash.
    """
    random = np.random.default_rng((seed, epoch))
    by_file = np.argsort(groups, kind="stable")
    files, starts, counts = np.unique(groups[by_file], return_index=True, return_counts=True)
    order = []
    shuffled = random.permutation(len(files))
    for window in np.split(shuffled, range(_WINDOW_FILES, len(files), _WINDOW_FILES)):
        turns = random.permutation(np.repeat(np.arange(len(window)), counts[window]))
        images = np.concatenate([by_file[starts[file] : starts[file] + counts[file]] for file in window])
        mixed = np.empty_like(images)
        mixed[np.argsort(turns, kind="stable")] = images
        order.append(mixed)
    return np.concatenate(order)


def share(num: int, rank: int, world_size: int) -> slice:
    """The rows of a batch of `num` that process `rank` reads; all shares in rank order make up the batch.

    Shares differ by at most one row; some are empty where `num < world_size`.
    """
    return slice(rank * num // world_size, (rank + 1) * num // world_size)


def _probabilities(weights: Weights, num: int) -> npt.NDArray[np.float64]:
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (num,):
        raise ValueError(f"sampling_weights has shape {values.shape}; {num} images need one weight each")
    if not np.isfinite(values).all() or values.min() < 0 or values.sum() == 0:
        raise ValueError("sampling_weights must be finite, at least 0 and not all 0")
    probabilities: npt.NDArray[np.float64] = values / values.sum()
    return probabilities

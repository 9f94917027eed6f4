"""Which images are in each batch, and which of them a process reads: functions of (seed, epoch) alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def epoch_order(
    num: int, seed: int, epoch: int, *, shuffled: bool, weights: Sequence[float] | np.ndarray | None = None
) -> np.ndarray:
    """Image indices of one pass, int64 (num,): in order, shuffled, or drawn with replacement by `weights`.

    Raises ValueError unless there is a weight for each image, none negative and not all zero.
    """
    random = np.random.default_rng((seed, epoch))
    if weights is not None:
        return random.choice(num, size=num, p=_probabilities(weights, num))
    return random.permutation(num) if shuffled else np.arange(num)


def share(num: int, rank: int, world_size: int) -> slice:
    """The rows of a batch of `num` that process `rank` reads; all shares in rank order are the batch.

    Shares differ by at most one row, and some are empty where `num < world_size`.
    """
    return slice(rank * num // world_size, (rank + 1) * num // world_size)


def _probabilities(weights: Sequence[float] | np.ndarray, num: int) -> np.ndarray:
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (num,):
        raise ValueError(f"sampling_weights has shape {values.shape}; {num} images need one weight each")
    if not np.isfinite(values).all() or values.min() < 0 or values.sum() == 0:
        raise ValueError("sampling_weights must be finite, at least 0 and not all 0")
    return values / values.sum()

"""Class-imbalance handling: weights for the loss, and for how often an image is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def loss_weights(targets: Sequence[int], num_classes: int) -> npt.NDArray[np.float32]:
    """A weight for each class, float32 (num_classes,): one over its share, so that the mean over the images is 1."""
    counts = np.bincount(targets, minlength=num_classes)
    weights: npt.NDArray[np.float64] = len(targets) / (num_classes * np.maximum(counts, 1))
    return weights.astype(np.float32)


def sampling_weights(targets: Sequence[int], num_classes: int) -> npt.NDArray[np.float32]:
    """A weight for each image, float32 (len(targets),), by which an epoch draws every class equally often."""
    return loss_weights(targets, num_classes)[np.asarray(targets, np.int64)]

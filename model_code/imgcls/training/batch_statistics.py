"""Recompute the averages of normalisation layers over recent training images, with the current weights.

The running averages lag: torchvision's MobileNetV3 keeps 99 % of the old value per step, and a small data set has ten
steps per epoch, so the averages would describe weights from long before, and validation would be near chance while
training goes well. A forward pass over 512 images costs little and makes evaluation exact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor, nn

from imgcls.networks.architectures import NORMS
from imgcls.runtime import distributed

_IMAGES = 512


class BatchStatistics:
    """The averages of one network. Keeps the last batches, as uint8 pixels, for `refresh`."""

    def __init__(self, network: nn.Module) -> None:
        self._norms = [module for module in network.modules() if isinstance(module, NORMS)]
        self._recent: deque[Tensor] = deque()
        self._fixed = False

    def __len__(self) -> int:
        """The number of batches that are kept."""
        return len(self._recent)

    def begin_epoch(self, *, fixed: bool) -> None:
        """`fixed` is for a backbone that is not trained: its averages belong to its weights and must not change."""
        self._recent.clear()
        self._fixed = fixed
        for norm in self._norms if fixed else ():
            norm.eval()

    def remember(self, images: Tensor) -> None:
        if self._norms and not self._fixed:
            self._recent.append(images.clone())
            if (len(self._recent) - 1) * len(images) >= _IMAGES:
                self._recent.popleft()

    def refresh(self, forward: Callable[[Tensor], object]) -> None:
        """Recompute the averages. `forward` runs the network in training mode on images as they were remembered."""
        if not self._recent:
            return
        momenta = [norm.momentum for norm in self._norms]
        for norm in self._norms:
            norm.reset_running_stats()
            norm.momentum = None  # the cumulative average over the batches that follow
        with torch.no_grad():
            for images in self._recent:
                forward(images)
        for norm, momentum in zip(self._norms, momenta, strict=True):
            norm.momentum = momentum
            for average in (norm.running_mean, norm.running_var):
                assert average is not None, "all networks keep running averages"
                distributed.all_reduce_sum(average).div_(distributed.world_size())

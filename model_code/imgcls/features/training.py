"""The trainer of a last layer on cached features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.optimization import Optimization
from imgcls.profiling.recording import Recorder
from imgcls.training.inputs import InputMaker
from imgcls.training.trainer import Trainer


class HeadTrainer(Trainer):
    """Trains the head that `backbone.split` gives, on the batches of `FeatureLoader`."""

    def __init__(
        self,
        head: nn.Sequential,
        settings: Optimization,
        *,
        steps_per_epoch: int,
        batch_size: int,
        device: torch.device,
        recorder: Recorder,
        class_weights: npt.NDArray[np.float32] | None = None,
        debug: DebugSettings | None = None,
    ) -> None:
        super().__init__(
            head, Preprocessing(), settings, steps_per_epoch=steps_per_epoch, batch_size=batch_size, device=device,
            recorder=recorder, class_weights=class_weights, debug=debug,
        )  # fmt: skip
        self._inputs = _AsTheyAre(Preprocessing(), device, jitter=0.0, seed=settings.seed, compiled=False)


class _AsTheyAre(InputMaker):
    """A head takes features as they are: their images were coloured and normalised before the backbone."""

    def plain(self, images: Tensor) -> Tensor:
        return images

"""The trainer of a last layer on kept features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from imgcls.contract.artifact import Preprocessing
from imgcls.training.inputs import InputMaker
from imgcls.training.recipe import Recipe
from imgcls.training.trainer import Trainer


class HeadTrainer(Trainer):
    """Trains the head that `backbone.split` gives, on the batches of `FeatureLoader`."""

    def __init__(self, head: nn.Sequential, recipe: Recipe, *, device: torch.device, **settings: Any) -> None:
        super().__init__(head, Preprocessing(), recipe, device=device, **settings)
        self._inputs = _AsTheyAre(Preprocessing(), device, jitter=0.0, seed=recipe.seed, compiled=False)


class _AsTheyAre(InputMaker):
    """Features are what a head takes: their images were coloured and normalised before the backbone."""

    def plain(self, images: Tensor) -> Tensor:
        return images

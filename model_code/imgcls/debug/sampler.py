"""Takes the figures of one training step, from its first forward pass to its update."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from statistics import mean

import torch
from torch import Tensor, nn

from imgcls.contract import records
from imgcls.debug.activations import ActivationProbe
from imgcls.debug.parameters import figures_around, read
from imgcls.debug.stream import Figures


class StepSampler:
    """Costs nothing until `start`; `finish` ends the step and gives what was seen."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._probe = ActivationProbe(network)
        self._stance = ExitStack()
        self._inputs: dict[str, dict[str, Tensor]] = {}
        self._targets: list[Tensor] = []
        self.losses: list[float] = []
        self.is_on = False

    def start(self) -> None:
        self.is_on = True
        self._inputs, self._targets, self.losses = {}, [], []
        # A compiled forward pass runs no hooks.
        self._stance.enter_context(torch.compiler.set_stance("force_eager"))
        self._probe.attach()

    def batch(self, images: Tensor, targets: Tensor) -> None:
        """`targets` are class indices (N). Of several batches the last is described; features are no images."""
        self._targets.append(targets.detach())
        if images.ndim < 4:
            return
        std, average = torch.std_mean(images.detach().float())
        self._inputs = {
            records.INPUT_MEAN: {records.INPUT: average},
            records.INPUT_STD: {records.INPUT: std},
            records.INPUT_MIN: {records.INPUT: images.detach().amin().float()},
        }

    def finish(self, optimizer_step: Callable[[], object], learning_rate: float) -> tuple[Figures, Counter[int]]:
        """Run the optimizer's step. Returns the figures by `contract.records` name, and images by class."""
        activations = self.stop()
        figures = figures_around(self._network, optimizer_step)
        figures |= read({**activations, **self._inputs})
        figures[records.LOSS] = {records.NETWORK: mean(self.losses) if self.losses else math.nan}
        figures[records.LEARNING_RATE] = {records.NETWORK: learning_rate}
        return figures, self._labels()

    def stop(self) -> Mapping[str, Mapping[str, Tensor]]:
        """Leave the network as it was before `start`. Returns the figures of the activations."""
        self.is_on = False
        self._stance.close()
        return self._probe.detach()

    def _labels(self) -> Counter[int]:
        return Counter(torch.cat(self._targets).tolist()) if self._targets else Counter()

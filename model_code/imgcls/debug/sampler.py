"""Takes the statistics of one training step, from its first forward pass to its update."""

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
from imgcls.debug.history import Statistics
from imgcls.debug.parameters import read, statistics_around


class StepSampler:
    """Costs nothing until `start`; `finish` ends the step and returns its statistics."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._probe = ActivationProbe(network)
        self._eager = ExitStack()
        self._inputs: dict[str, dict[str, Tensor]] = {}
        self._targets: list[Tensor] = []
        self.losses: list[float] = []
        self.is_on = False

    def start(self) -> None:
        self.is_on = True
        self._inputs, self._targets, self.losses = {}, [], []
        # A compiled forward pass does not run hooks.
        self._eager.enter_context(torch.compiler.set_stance("force_eager"))
        self._probe.attach()

    def batch(self, images: Tensor, targets: Tensor) -> None:
        """`targets` are class indices (N,). Input statistics are those of the last batch; features have none."""
        self._targets.append(targets.detach())
        if images.ndim < 4:
            return
        std, average = torch.std_mean(images.detach().float())
        self._inputs = {
            records.INPUT_MEAN: {records.INPUT: average},
            records.INPUT_STD: {records.INPUT: std},
            records.INPUT_MIN: {records.INPUT: images.detach().amin().float()},
        }

    def finish(self, optimizer_step: Callable[[], object], learning_rate: float) -> tuple[Statistics, Counter[int]]:
        """Run the optimizer's step. Returns the statistics, and the number of images by class index."""
        activations = self.stop()
        found = statistics_around(self._network, optimizer_step)
        found |= read({**activations, **self._inputs})
        found[records.LOSS] = {records.NETWORK: mean(self.losses) if self.losses else math.nan}
        found[records.LEARNING_RATE] = {records.NETWORK: learning_rate}
        return found, self._labels()

    def stop(self) -> Mapping[str, Mapping[str, Tensor]]:
        """Remove the hooks. Returns the statistics of the activations."""
        self.is_on = False
        self._eager.close()
        return self._probe.detach()

    def _labels(self) -> Counter[int]:
        return Counter(torch.cat(self._targets).tolist()) if self._targets else Counter()

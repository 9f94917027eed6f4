"""Watches one training: takes the tensors' figures on sampled steps, asks the rules, reports what they find."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from imgcls.contract import records
from imgcls.debug import rules
from imgcls.debug.norms import NormProbe
from imgcls.recording import Recorder

_INTERVAL = 25
"""Norms cost about half a step of a small batch: a sample every 25 steps keeps them below 3 %."""


class TrainingDiverged(RuntimeError):
    """The loss is no number any more; the message says where, and what to change."""


class Watch:
    """The engine calls `begin`, `batch`, `loss` and `update` in every step and `end_epoch` after every validation."""

    def __init__(self, network: nn.Module, recorder: Recorder) -> None:
        self._recorder = recorder
        self._probe = NormProbe(network)
        self._gradients: deque[dict[str, float]] = deque(maxlen=20)
        self._losses: list[rules.EpochLosses] = []
        self._fired: set[str] = set()
        self._step, self._epoch, self._learning_rate = 0, 0, 0.0

    def begin(self, step: int, epoch: int, learning_rate: float) -> None:
        """Before a step's first forward pass. Steps count from 1."""
        self._step, self._epoch, self._learning_rate = step, epoch, learning_rate

    def batch(self, images: Tensor, targets: Tensor) -> None:
        """Before each forward pass: normalised (N, 3, H, W) images and int64 targets, as the network gets them."""

    def loss(self, value: float) -> None:
        """A loss that was read: of a step, or an epoch's mean. Raises TrainingDiverged when it is no number."""
        finding = rules.non_finite(value, self._learning_rate)
        if finding is not None:
            self._report(finding)
            raise TrainingDiverged(f"the loss is {value} in epoch {self._epoch}, step {self._step}: {finding.action}")

    def update(self, optimizer_step: Callable[[], object]) -> None:
        """Run the optimizer's step, on sampled steps with norms taken around it."""
        if not (self._step == 1 or self._step % _INTERVAL == 0):
            optimizer_step()
            return
        norms = self._probe.around(optimizer_step)
        for name, values in norms.items():
            self._recorder.debug(name, values, step=self._step, epoch=self._epoch)
        self._gradients.append(norms[records.GRADIENT_NORM])
        self._report(rules.gradients(self._gradients))

    def end_epoch(self, train_loss: float, validation_loss: float) -> None:
        self._losses.append(rules.EpochLosses(train_loss, validation_loss))
        self._report(rules.losses(self._losses))

    def state(self) -> list[tuple[float, float]]:
        """What a resumed training needs to go on; `restore` takes it back."""
        return [(epoch.train, epoch.validation) for epoch in self._losses]

    def restore(self, state: Sequence[tuple[float, float]]) -> None:
        self._losses = [rules.EpochLosses(*losses) for losses in state]

    def _report(self, finding: rules.Finding | None) -> None:
        """Record and print a finding, once per rule."""
        if finding is None or finding.rule in self._fired:
            return
        self._fired.add(finding.rule)
        self._recorder.finding(
            finding.rule, finding.value, finding.severity, finding.action, step=self._step, epoch=self._epoch
        )
        print(f"{finding.severity}: {finding.rule} ({finding.value:.3g}): {finding.action}", flush=True)

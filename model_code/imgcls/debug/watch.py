"""Watches one training: takes figures on sampled steps, asks the rules, reports what they find."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from imgcls.contract import metrics, records
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.rules import BY_NAME, METRIC, STOP
from imgcls.debug.rules import Check, Evidence, make_checks
from imgcls.debug.rules.base import Moment
from imgcls.debug.sampler import StepSampler
from imgcls.debug.stream import EpochLosses, Figures, History, Sample
from imgcls.networks.architectures import head
from imgcls.profiling.recording import Recorder

_FULL_RATE = 100
"""So many samples are written whole, of the next as many every second one, and so on: a long run's file stays small."""


class TrainingDiverged(RuntimeError):
    """The loss is no number any more; the message says where, and what to change."""


class Watch:
    """The engine calls `begin`, `batch`, `loss` and `update` in every step and `end_epoch` after every validation.

    A step may have several batches, whose gradients are added up: each has its `batch` and its `loss`. Of several
    processes one samples; the others watch their losses only.
    """

    def __init__(
        self,
        network: nn.Module,
        recorder: Recorder,
        settings: DebugSettings | None = None,
        *,
        samples: bool = True,
        label_smoothing: float = 0.0,
    ) -> None:
        """`network` is the plain module, inside any wrapper. `samples`: whether this process is the one that does.

        `label_smoothing` is the training loss's.
        """
        self._recorder, self._settings, self._samples = recorder, settings or DebugSettings(), samples
        self._interval = self._settings.interval if samples else 0
        self._checks: dict[Moment, list[Check]] = {"loss": [], "sample": [], "epoch": []}
        for check in make_checks(self._settings.rules):
            self._checks[check.moment].append(check)
        self._sampler = StepSampler(network)
        device = next(network.parameters()).device.type
        self._history = History(
            num_classes=head(network)[1].out_features, device=device, label_smoothing=label_smoothing
        )
        self._num_samples = 0
        self._findings: dict[str, dict[str, Any]] = {}
        self._step, self._epoch, self._learning_rate = 0, 0, 0.0
        self.stopped_by: str | None = None
        """The rule that asks for the end of the training, after this epoch."""

    @property
    def is_sampling(self) -> bool:
        """Whether this step's loss is wanted, also where reading it waits for the device."""
        return self._sampler.is_on

    def begin(self, step: int, epoch: int, learning_rate: float) -> None:
        """Before a step's first forward pass. Steps count from 1."""
        self._step, self._epoch, self._learning_rate = step, epoch, learning_rate
        if self._interval and (step == 1 or step % self._interval == 0):
            self._sampler.start()

    def batch(self, images: Tensor, targets: Tensor) -> None:
        """Before each forward pass: normalised (N, 3, H, W) images and int64 targets, as the network gets them."""
        if self._sampler.is_on:
            self._sampler.batch(images, targets)

    def loss(self, value: Tensor | float) -> None:
        """A batch's loss, or an epoch's mean, where it costs nothing to read it. Raises TrainingDiverged."""
        number = float(value)
        if self._sampler.is_on:
            self._sampler.losses.append(number)
        self._history.loss = number
        self._look("loss")
        if not math.isfinite(number):
            self._sampler.stop()
            place = f"epoch {self._epoch}, step {self._step}, at lr {self._learning_rate:.3g}"
            raise TrainingDiverged(f"the loss is {number} in {place}: {BY_NAME['non-finite-loss'].advice}")

    def update(self, optimizer_step: Callable[[], object]) -> None:
        """Run the optimizer's step, clipping included; on a sampled step with figures taken around it."""
        if not self._sampler.is_on:
            optimizer_step()
            return
        figures, labels = self._sampler.finish(optimizer_step, self._learning_rate)
        loss = figures[records.LOSS][records.NETWORK]
        self._history.samples.append(Sample(self._step, loss, self._learning_rate, figures))
        self._history.labels.update(labels)
        self._write(figures)
        self._look("sample")

    def end_epoch(self, train_loss: float, validation_loss: float) -> None:
        """After the epoch's validation; mean losses in nats."""
        if not self._samples:
            return
        self._history.epochs.append(EpochLosses(train_loss, validation_loss))
        self._history.profile = self._recorder.summary()
        labels = {str(index): float(count) for index, count in sorted(self._history.labels.items())}
        self._recorder.debug(records.LABEL_COUNT, labels, step=self._step, epoch=self._epoch)
        self._look("epoch")

    def state(self) -> dict[str, Any]:
        """What a resumed training needs to go on; `restore` takes it back."""
        losses = [(epoch.train, epoch.validation) for epoch in self._history.epochs]
        return {
            "losses": losses, "labels": dict(self._history.labels), "findings": list(self._findings.values()),
            "stopped_by": self.stopped_by,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        self._history.epochs = [EpochLosses(*losses) for losses in state["losses"]]
        self._history.labels.update(state["labels"])
        self.stopped_by = state["stopped_by"]
        # The records of the interrupted process are elsewhere: these are to tell of the whole run.
        for finding in state["findings"]:
            self._findings[finding["rule"]] = finding
            self._recorder.finding(**finding)

    def _write(self, figures: Figures) -> None:
        if self._num_samples % (1 + self._num_samples // _FULL_RATE) == 0:
            for name, values in figures.items():
                short = {layer: float(f"{value:.5g}") for layer, value in values.items()}
                self._recorder.debug(name, short, step=self._step, epoch=self._epoch)
        self._num_samples += 1

    def _look(self, moment: Moment) -> None:
        """Ask the rules for which there is news, each until it has fired once."""
        for check in self._checks[moment]:
            evidence = None if check.name in self._findings else check.check(self._history)
            if evidence is not None:
                self._fire(check, evidence)

    def _fire(self, check: Check, evidence: Evidence) -> None:
        rule, action = BY_NAME[check.name], self._settings.rules[check.name].action
        advice = rule.advice
        if action == STOP and check.moment != "loss":
            self.stopped_by = rule.name
            advice = f"training stops after this epoch, as the debug setting asks; {advice}"
        where = f" in {evidence.layer}" if evidence.layer else ""
        finding: dict[str, Any] = {
            "rule": rule.name, "value": evidence.value, "severity": rule.severity, "action": advice,
            "step": self._step, "epoch": self._epoch, "layer": evidence.layer,
        }  # fmt: skip
        self._findings[rule.name] = finding
        self._recorder.finding(**finding)
        print(f"{rule.severity}: {rule.name}{where} ({evidence.value:.3g}): {advice}", flush=True)
        if action in (METRIC, STOP):
            print(metrics.line({rule.metric: 1}), flush=True)

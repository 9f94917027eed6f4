"""Watches one training: samples some steps, applies the rules, reports what they find."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from torch import Tensor, nn

from imgcls.contract import metrics, records
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.rules import BY_NAME, METRIC, STOP
from imgcls.debug.history import EpochLosses, History, Sample, Statistics
from imgcls.debug.rules import Check, Evidence, make_checks
from imgcls.debug.rules.base import Moment
from imgcls.debug.sampler import StepSampler
from imgcls.networks.architectures import head
from imgcls.profiling.recording import Recorder

_FULL_RATE = 100
"""This many samples are all written, then every second of as many more, then every third, so that files stay small."""


class TrainingDiverged(RuntimeError):
    """The loss is not finite; the message says in which step, and what to change."""


class Watch:
    """The trainer calls `begin`, `batch`, `loss` and `update` in every step and `end_epoch` after every validation.

    A step may have several batches, whose gradients are accumulated: `batch` is called for each. Of several processes
    one takes samples; the others only check their losses.
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
        """`network` is the plain module, without wrappers. `samples`: whether this process takes the samples.

        `label_smoothing` is that of the training loss.
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
        """The rule that asks for the end of the training after this epoch."""

    @property
    def is_sampling(self) -> bool:
        """Whether this step is sampled: its loss is needed even where reading it means waiting for the device."""
        return self._sampler.is_on

    def begin(self, step: int, epoch: int, learning_rate: float) -> None:
        """Before a step's first forward pass. Steps count from 1."""
        self._step, self._epoch, self._learning_rate = step, epoch, learning_rate
        if self._interval and (step == 1 or step % self._interval == 0):
            self._sampler.start()

    def batch(self, images: Tensor, targets: Tensor) -> None:
        """Before each forward pass, with the network's input (N, 3, H, W) and int64 targets (N,)."""
        if self._sampler.is_on:
            self._sampler.batch(images, targets)

    def loss(self, value: Tensor | float) -> None:
        """A step's mean loss, or an epoch's. Raises TrainingDiverged."""
        number = float(value)
        if self._sampler.is_on:
            self._sampler.losses.append(number)
        self._history.loss = number
        self._apply_rules("loss")
        if not math.isfinite(number):
            self._sampler.stop()
            place = f"epoch {self._epoch}, step {self._step}, at lr {self._learning_rate:.3g}"
            raise TrainingDiverged(f"the loss is {number} in {place}: {BY_NAME['non-finite-loss'].advice}")

    def update(self, optimizer_step: Callable[[], object]) -> None:
        """Run the optimizer's step, including clipping; on a sampled step take statistics before and after it."""
        if not self._sampler.is_on:
            optimizer_step()
            return
        statistics, labels = self._sampler.finish(optimizer_step, self._learning_rate)
        loss = statistics[records.LOSS][records.NETWORK]
        self._history.samples.append(Sample(self._step, loss, self._learning_rate, statistics))
        self._history.labels.update(labels)
        self._write(statistics)
        self._apply_rules("sample")

    def end_epoch(self, train_loss: float, validation_loss: float) -> None:
        """After the epoch's validation, with mean losses in nats."""
        if not self._samples:
            return
        self._history.epochs.append(EpochLosses(train_loss, validation_loss))
        self._history.profile = self._recorder.summary()
        labels = {str(index): float(count) for index, count in sorted(self._history.labels.items())}
        self._recorder.debug(records.LABEL_COUNT, labels, step=self._step, epoch=self._epoch)
        self._apply_rules("epoch")

    def state(self) -> dict[str, Any]:
        """What a resumed training needs; `restore` reads it."""
        losses = [(epoch.train, epoch.validation) for epoch in self._history.epochs]
        return {
            "losses": losses, "labels": dict(self._history.labels), "findings": list(self._findings.values()),
            "stopped_by": self.stopped_by,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        self._history.epochs = [EpochLosses(*losses) for losses in state["losses"]]
        self._history.labels.update(state["labels"])
        self.stopped_by = state["stopped_by"]
        # The interrupted process wrote its records elsewhere, and these must cover the whole run.
        for finding in state["findings"]:
            self._findings[finding["rule"]] = finding
            self._recorder.finding(**finding)

    def _write(self, statistics: Statistics) -> None:
        if self._num_samples % (1 + self._num_samples // _FULL_RATE) == 0:
            for name, values in statistics.items():
                short = {layer: float(f"{value:.5g}") for layer, value in values.items()}
                self._recorder.debug(name, short, step=self._step, epoch=self._epoch)
        self._num_samples += 1

    def _apply_rules(self, moment: Moment) -> None:
        """Check the rules that depend on what has just been added to the history, each until it has fired once."""
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
        # The signal that ends a job ends the reader of its output at once: the checkpoint is still to be saved.
        with suppress(BrokenPipeError):
            print(f"{rule.severity}: {rule.name}{where} ({evidence.value:.3g}): {advice}", flush=True)
            if action in (METRIC, STOP):
                print(metrics.line({rule.metric: 1}), flush=True)

"""Watches one training: takes figures on sampled steps, asks the rules, reports what they find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from imgcls.contract import metrics, records
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.rules import BY_NAME, METRIC, STOP
from imgcls.debug.rules import Check, Evidence, make_checks
from imgcls.debug.sampler import StepSampler
from imgcls.debug.stream import EpochLosses, Figures, History, Sample
from imgcls.networks import head
from imgcls.recording import Recorder

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
        self, network: nn.Module, recorder: Recorder, settings: DebugSettings | None = None, *, samples: bool = True
    ) -> None:
        """`network` is the plain module, inside any wrapper. `samples`: whether this process is the one that does."""
        self._recorder, self._settings = recorder, settings or DebugSettings()
        self._checks = make_checks(self._settings.rules)
        self._interval = self._settings.interval if samples else 0
        self._main = samples
        self._sampler = StepSampler(network)
        self._history = History(num_classes=head(network)[1].out_features)
        self._num_samples = 0
        self._fired: set[str] = set()
        self._step, self._epoch, self._learning_rate = 0, 0, 0.0
        self.stopped_by: str | None = None
        """The rule that asks for the end of the training, after this epoch."""

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
        if not self._main:
            return
        self._history.epochs.append(EpochLosses(train_loss, validation_loss))
        self._history.profile = self._recorder.summary()
        labels = {str(index): float(count) for index, count in sorted(self._history.labels.items())}
        self._recorder.debug(records.LABEL_COUNT, labels, step=self._step, epoch=self._epoch)
        self._look("epoch")

    def state(self) -> dict[str, Any]:
        """What a resumed training needs to go on; `restore` takes it back."""
        losses = [(epoch.train, epoch.validation) for epoch in self._history.epochs]
        return {"losses": losses, "fired": sorted(self._fired), "labels": dict(self._history.labels)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._history.epochs = [EpochLosses(*losses) for losses in state["losses"]]
        self._history.labels.update(state["labels"])
        self._fired = set(state["fired"])

    def _write(self, figures: Figures) -> None:
        if self._num_samples % (1 + self._num_samples // _FULL_RATE) == 0:
            for name, values in figures.items():
                self._recorder.debug(name, values, step=self._step, epoch=self._epoch)
        self._num_samples += 1

    def _look(self, moment: str) -> None:
        """Ask the rules for which there is news, each until it has fired once."""
        for check in self._checks:
            if check.moment == moment and check.name not in self._fired:
                evidence = check.check(self._history)
                if evidence is not None:
                    self._fire(check, evidence)

    def _fire(self, check: Check, evidence: Evidence) -> None:
        self._fired.add(check.name)
        rule, action = BY_NAME[check.name], self._settings.rules[check.name].action
        advice = rule.advice
        if rule.name == "non-finite-loss":
            advice = f"lr was {self._learning_rate:.3g}: {advice}"
        elif action == STOP:
            self.stopped_by = rule.name
            advice = f"training stops after this epoch, as the debug setting asks; {advice}"
        where = f" in {evidence.layer}" if evidence.layer else ""
        self._recorder.finding(
            rule.name, evidence.value, rule.severity, advice, step=self._step, epoch=self._epoch, layer=evidence.layer
        )
        print(f"{rule.severity}: {rule.name}{where} ({evidence.value:.3g}): {advice}", flush=True)
        if action in (METRIC, STOP):
            print(metrics.line({rule.metric: 1}), flush=True)
        if rule.name == "non-finite-loss":
            place = f"epoch {self._epoch}, step {self._step}"
            raise TrainingDiverged(f"the loss is {evidence.value} in {place}: {advice}")

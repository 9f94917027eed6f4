"""Rules over the losses: of a step, and of the epochs."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar

from imgcls.debug.rules.base import Evidence, Moment
from imgcls.debug.stream import History


@dataclass(frozen=True)
class NonFiniteLoss:
    name: ClassVar[str] = "non-finite-loss"
    moment: ClassVar[Moment] = "loss"

    def check(self, history: History) -> Evidence | None:
        return None if math.isfinite(history.loss) else Evidence(history.loss)


@dataclass(frozen=True)
class LossNotDecreasing:
    epochs: float
    share: float
    loss: float
    name: ClassVar[str] = "loss-not-decreasing"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        num = int(self.epochs)
        if len(history.epochs) <= num:
            return None
        best_before = min(epoch.train for epoch in history.epochs[:-num])
        best_now = min(epoch.train for epoch in history.epochs[-num:])
        if best_before > self.loss and best_now > (1 - self.share) * best_before:
            return Evidence(history.epochs[-1].train)
        return None


@dataclass(frozen=True)
class Overfitting:
    epochs: float
    ratio: float
    name: ClassVar[str] = "overfitting"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        recent = history.epochs[-int(self.epochs) :]
        if len(history.epochs) <= self.epochs:
            return None
        rising = all(later.validation > earlier.validation for earlier, later in itertools.pairwise(recent))
        best = min(epoch.validation for epoch in history.epochs)
        if rising and recent[-1].train < recent[0].train and recent[-1].validation > self.ratio * best:
            return Evidence(recent[-1].validation)
        return None


@dataclass(frozen=True)
class Overtraining:
    epochs: float
    ratio: float
    name: ClassVar[str] = "overtraining"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        if len(history.epochs) <= self.epochs:
            return None
        best = min(epoch.validation for epoch in history.epochs)
        recent = [epoch.validation for epoch in history.epochs[-int(self.epochs) :]]
        return Evidence(recent[-1]) if min(recent) > self.ratio * best else None

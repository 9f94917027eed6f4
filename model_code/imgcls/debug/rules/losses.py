"""Rules on the losses of steps and epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from imgcls.debug.history import EpochLosses, History
from imgcls.debug.rules.base import Evidence, Moment

_NEGLIGIBLE = 0.05
"""A validation loss, in nats, below which its ratio to other losses means nothing."""


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
    guessing: float
    name: ClassVar[str] = "loss-not-decreasing"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        num = int(self.epochs)
        if len(history.epochs) <= num:
            return None
        best_before = min(epoch.train for epoch in history.epochs[:-num])
        best_now = min(epoch.train for epoch in history.epochs[-num:])
        # A loss that stays at a low value has nothing left to learn.
        least = history.least_loss
        learned = best_now - least < self.guessing * (history.guessing_loss - least)
        return None if learned or best_now <= (1 - self.share) * best_before else Evidence(history.epochs[-1].train)


@dataclass(frozen=True)
class Overfitting:
    epochs: float
    ratio: float
    name: ClassVar[str] = "overfitting"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        worse = _worse_epochs(history, self.epochs, self.ratio)
        return Evidence(worse[-1].validation) if worse and worse[-1].train < worse[0].train else None


@dataclass(frozen=True)
class Overtraining:
    epochs: float
    ratio: float
    name: ClassVar[str] = "overtraining"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        worse = _worse_epochs(history, self.epochs, self.ratio)
        return Evidence(worse[-1].validation) if worse else None


def _worse_epochs(history: History, num: float, ratio: float) -> list[EpochLosses]:
    """The last `num` epochs if all have a higher validation loss than the best epoch and than their training loss.

    The validation loss alone fluctuates, because splits are small; below the training loss there is no overfitting.
    """
    recent = history.epochs[-int(num) :]
    if len(history.epochs) <= num:
        return []
    best = min(epoch.validation for epoch in history.epochs)
    worse = all(epoch.validation > max(ratio * best, ratio * epoch.train, _NEGLIGIBLE) for epoch in recent)
    return recent if worse else []

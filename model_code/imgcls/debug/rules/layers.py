"""Rules on single layers: their initial weights, whether they change, whether they pass anything on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from imgcls.contract import records
from imgcls.debug.history import History
from imgcls.debug.rules.base import Evidence, Moment


@dataclass(frozen=True)
class PoorInitialization:
    loss_ratio: float
    deviation: float
    name: ClassVar[str] = "poor-initialization"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        sample = history.samples[-1]
        if sample.step != 1:
            return None
        if sample.loss > self.loss_ratio * history.guessing_loss:
            return Evidence(sample.loss)
        for layer, deviation in sample.layers(records.WEIGHT_STD).items():
            if deviation < self.deviation:
                return Evidence(deviation, layer)
        return None


@dataclass(frozen=True)
class DeadReLU:
    threshold: float
    samples: float
    name: ClassVar[str] = "dead-relu"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        return _all_above(history, records.DEAD_FRACTION, self.threshold, self.samples)


@dataclass(frozen=True)
class SaturatedActivation:
    threshold: float
    samples: float
    name: ClassVar[str] = "saturated-activation"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        return _all_above(history, records.SATURATED_FRACTION, self.threshold, self.samples)


@dataclass(frozen=True)
class UnchangedLayer:
    ratio: float
    samples: float
    name: ClassVar[str] = "unchanged-layer"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        if any(sample.learning_rate == 0 for sample in history.last(self.samples)):
            return None  # the schedule's last step changes nothing
        for layer, ratios in history.in_a_row(records.UPDATE_RATIO, self.samples):
            if max(ratios) < self.ratio:
                return Evidence(ratios[-1], layer)
        return None


def _all_above(history: History, name: str, threshold: float, samples: float) -> Evidence | None:
    for layer, shares in history.in_a_row(name, samples):
        if min(shares) >= threshold:
            return Evidence(shares[-1], layer)
    return None

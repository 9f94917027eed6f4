"""Rules on the network's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from imgcls.contract import records
from imgcls.debug.history import History
from imgcls.debug.rules.base import Evidence, Moment


@dataclass(frozen=True)
class ClassImbalance:
    ratio: float
    images: float
    name: ClassVar[str] = "class-imbalance"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        counts = [history.labels[index] for index in range(history.num_classes)]
        if sum(counts) < self.images * history.num_classes:
            return None
        ratio = max(counts) / max(1, min(counts))
        return Evidence(ratio) if ratio >= self.ratio else None


@dataclass(frozen=True)
class UnnormalizedInput:
    mean: float
    deviation: float
    name: ClassVar[str] = "unnormalized-input"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        sample = history.samples[-1]
        if records.INPUT_MEAN not in sample.statistics:
            return None
        mean = sample.layers(records.INPUT_MEAN)[records.INPUT]
        deviation = sample.layers(records.INPUT_STD)[records.INPUT]
        never_negative = sample.layers(records.INPUT_MIN)[records.INPUT] >= 0
        if abs(mean) > self.mean or never_negative:
            return Evidence(mean)
        return Evidence(deviation) if deviation > self.deviation else None

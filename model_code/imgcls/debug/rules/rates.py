"""Rules on the learning rate, judged by how much a step changes the weights."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import ClassVar

from imgcls.contract import records
from imgcls.debug.history import History, Sample
from imgcls.debug.rules.base import Evidence, Moment

_NEAR_PEAK = 0.5


@dataclass(frozen=True)
class LearningRateTooHigh:
    ratio: float
    samples: float
    name: ClassVar[str] = "learning-rate-too-high"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        changes = [_median_change(sample) for sample in history.last(self.samples)]
        return Evidence(changes[-1]) if changes and min(changes) > self.ratio else None


@dataclass(frozen=True)
class LearningRateTooLow:
    ratio: float
    samples: float
    name: ClassVar[str] = "learning-rate-too-low"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        """Only samples near the peak rate and after it count: warm-up and the schedule's end are low by design."""
        kept = list(history.samples)
        peak = max(range(len(kept)), key=lambda index: kept[index].learning_rate)
        recent = history.last(self.samples)
        near = [sample for sample in recent if sample.learning_rate >= _NEAR_PEAK * kept[peak].learning_rate]
        if not recent or len(near) < len(recent) or peak > len(kept) - len(recent):
            return None
        changes = [_median_change(sample) for sample in recent]
        return Evidence(changes[-1]) if 0 < max(changes) < self.ratio else None


def _median_change(sample: Sample) -> float:
    """Over the layers that change at all; for the others there is `unchanged-layer`."""
    ratios = [ratio for ratio in sample.layers(records.UPDATE_RATIO).values() if ratio > 0]
    return statistics.median(ratios) if ratios else 0.0

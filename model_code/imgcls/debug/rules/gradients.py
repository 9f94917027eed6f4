"""Rules on gradients, and on values that grow without bound."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import ClassVar

from imgcls.contract import records
from imgcls.debug.history import History, Sample
from imgcls.debug.rules.base import Evidence, Moment

_SMALL_NORM = 0.01
"""A trained network has almost no gradient; a hundred times almost nothing is not an explosion."""


@dataclass(frozen=True)
class VanishingGradient:
    ratio: float
    samples: float
    name: ClassVar[str] = "vanishing-gradient"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        largest = [
            max(sample.layers(records.GRADIENT_NORM).values(), default=0.0) for sample in history.last(self.samples)
        ]
        for layer, norms in history.in_a_row(records.GRADIENT_NORM, self.samples):
            if all(norm < self.ratio * most for norm, most in zip(norms, largest, strict=True)):
                return Evidence(norms[-1], layer)
        return None


@dataclass(frozen=True)
class ExplodingGradient:
    ratio: float
    samples: float
    name: ClassVar[str] = "exploding-gradient"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        *before, last = (_total_norm(sample) for sample in history.samples)
        if len(before) < self.samples:
            return None
        usual = max(statistics.median(before), _SMALL_NORM)
        return Evidence(last) if last > self.ratio * usual else None


@dataclass(frozen=True)
class ExplodingTensor:
    limit: float
    name: ClassVar[str] = "exploding-tensor"
    moment: ClassVar[Moment] = "sample"

    def check(self, history: History) -> Evidence | None:
        watched = (records.GRADIENT_NORM, records.WEIGHT_NORM, records.ACTIVATION_MEAN, records.ACTIVATION_STD)
        for name in watched:
            for layer, value in history.samples[-1].layers(name).items():
                if not abs(value) <= self.limit:  # true for nan as well
                    return Evidence(value, layer)
        return None


def _total_norm(sample: Sample) -> float:
    return math.hypot(*sample.layers(records.GRADIENT_NORM).values())

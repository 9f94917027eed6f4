"""What the rules look at: samples of single steps, the epochs so far, the machine's profile."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Figures = dict[str, dict[str, float]]
"""Name of `contract.records` -> layer group -> value."""

_KEPT_SAMPLES = 20


@dataclass(frozen=True)
class Sample:
    """One step. `loss` is its mean over the batch, in nats."""

    step: int
    loss: float
    learning_rate: float
    figures: Figures

    def layers(self, name: str) -> Mapping[str, float]:
        """A figure by layer group; empty where it was not taken."""
        return self.figures.get(name, {})


@dataclass(frozen=True)
class EpochLosses:
    """Mean losses of one epoch, in nats."""

    train: float
    validation: float


@dataclass
class History:
    """A training up to now.

    `labels` counts the sampled images by class, `profile` is the dict of `contract.records`, `loss` is the last read.
    """

    num_classes: int
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=_KEPT_SAMPLES))
    epochs: list[EpochLosses] = field(default_factory=list)
    labels: Counter[int] = field(default_factory=Counter)
    profile: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    loss: float = 0.0
    label_smoothing: float = 0.0

    @property
    def guessing_loss(self) -> float:
        """The loss of giving every class the same probability, in nats."""
        return math.log(max(2, self.num_classes))

    @property
    def least_loss(self) -> float:
        """The training loss of a network that is always right and as sure as smoothed labels ask for, in nats."""
        num_others = max(2, self.num_classes) - 1
        others = self.label_smoothing / (num_others + 1)
        right = 1 - others * num_others
        wrong = num_others * others * math.log(others) if others else 0.0
        return -right * math.log(right) - wrong

    def last(self, num: float) -> list[Sample]:
        """The last `num` samples, oldest first; none while there are fewer."""
        kept = list(self.samples)[-int(num) :] if num else []
        return kept if len(kept) == int(num) else []

    def in_a_row(self, name: str, num: float) -> Iterator[tuple[str, list[float]]]:
        """(layer group, its figure `name` in the last `num` samples, oldest first), of groups that have them all."""
        samples = self.last(num)
        for layer in samples[-1].layers(name) if samples else ():
            values = [sample.layers(name)[layer] for sample in samples if layer in sample.layers(name)]
            if len(values) == len(samples):
                yield layer, values

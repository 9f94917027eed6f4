"""What the rules decide on: samples of single steps, the epochs so far, the machine's profile."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Statistics = dict[str, dict[str, float]]
"""Name in `contract.records` -> layer group -> value."""

_KEPT_SAMPLES = 20


@dataclass(frozen=True)
class Sample:
    """One step. `loss` is its mean over the batch, in nats."""

    step: int
    loss: float
    learning_rate: float
    statistics: Statistics

    def layers(self, name: str) -> Mapping[str, float]:
        """One statistic by layer group; empty where it was not taken."""
        return self.statistics.get(name, {})


@dataclass(frozen=True)
class EpochLosses:
    """Mean losses of one epoch, in nats."""

    train: float
    validation: float


@dataclass
class History:
    """A training so far.

    `labels` counts the sampled images by class index, `profile` is as in `contract.records`, `loss` is the last one.
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
        """The loss of a network that gives every class the same probability, in nats."""
        return math.log(max(2, self.num_classes))

    @property
    def least_loss(self) -> float:
        """The least possible training loss with smoothed labels, in nats."""
        num_others = max(2, self.num_classes) - 1
        others = self.label_smoothing / (num_others + 1)
        right = 1 - others * num_others
        wrong = num_others * others * math.log(others) if others else 0.0
        return -right * math.log(right) - wrong

    def last(self, num: float) -> list[Sample]:
        """The last `num` samples, oldest first; empty while there are fewer."""
        kept = list(self.samples)[-int(num) :] if num else []
        return kept if len(kept) == int(num) else []

    def in_a_row(self, name: str, num: float) -> Iterator[tuple[str, list[float]]]:
        """(layer group, its values of `name` in the last `num` samples, oldest first), for groups with all values."""
        samples = self.last(num)
        for layer in samples[-1].layers(name) if samples else ():
            values = [sample.layers(name)[layer] for sample in samples if layer in sample.layers(name)]
            if len(values) == len(samples):
                yield layer, values

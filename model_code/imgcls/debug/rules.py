"""Rules that watch a training run: what went wrong, how badly, and what to change. Pure functions over its history."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imgcls.contract.records import ERROR, WARNING

EXPLODING_RATIO = 100.0
VANISHING_NORM = 1e-7
_EPOCHS = 3


@dataclass(frozen=True)
class Finding:
    rule: str
    value: float
    severity: str
    action: str


@dataclass(frozen=True)
class EpochLosses:
    train: float
    validation: float


def non_finite(loss: float, learning_rate: float) -> Finding | None:
    """The loss is nan or infinite: the weights are lost, so training must stop."""
    if math.isfinite(loss):
        return None
    action = f"lower lr (it was {learning_rate:.3g}), lengthen warmup-epochs, or train with train-precision fp32"
    return Finding("non-finite-loss", loss, ERROR, action)


def gradients(history: Sequence[Mapping[str, float]]) -> Finding | None:
    """`history` is the gradient norm by layer group, one mapping a sample, oldest first."""
    *before, last = history
    total = math.sqrt(sum(value * value for value in last.values()))
    if not math.isfinite(total):
        return Finding("exploding-gradient", total, ERROR, "lower lr or lengthen warmup-epochs")
    if len(before) >= _EPOCHS:
        usual = statistics.median(math.sqrt(sum(v * v for v in sample.values())) for sample in before)
        if total > EXPLODING_RATIO * max(usual, 1e-6):
            return Finding("exploding-gradient", total, WARNING, "lower lr or lengthen warmup-epochs")
        for layer, value in last.items():
            if value < VANISHING_NORM and all(sample.get(layer, 1) < VANISHING_NORM for sample in before[-2:]):
                action = f"layer group {layer} no longer learns: check its initial weights, or lower lr"
                return Finding("vanishing-gradient", value, WARNING, action)
    return None


def losses(history: Sequence[EpochLosses]) -> Finding | None:
    """`history` is one entry per epoch, oldest first."""
    if len(history) <= _EPOCHS:
        return None
    recent, before = history[-_EPOCHS:], history[:-_EPOCHS]
    best_train = min(losses.train for losses in before)
    if min(losses.train for losses in recent) > 0.99 * best_train and best_train > 0.1:
        action = "change lr (lower it when the loss jumps, raise it when it is flat), or weaken augmentation"
        return Finding("loss-not-decreasing", recent[-1].train, WARNING, action)
    best_validation = min(losses.validation for losses in history)
    rising = all(later.validation > earlier.validation for earlier, later in itertools.pairwise(recent))
    falling = recent[-1].train < recent[0].train
    if rising and falling and recent[-1].validation > 1.1 * best_validation:
        action = "train fewer epochs, strengthen augmentation or weight-decay, or add images"
        return Finding("overfitting", recent[-1].validation, WARNING, action)
    return None

"""The rules of `contract.rules`, each a small class that decides on a training's history."""

from __future__ import annotations

from collections.abc import Mapping

from imgcls.contract.debugging import RuleSettings
from imgcls.contract.rules import OFF
from imgcls.debug.rules.base import Check, Evidence
from imgcls.debug.rules.batches import ClassImbalance, UnnormalizedInput
from imgcls.debug.rules.gradients import ExplodingGradient, ExplodingTensor, VanishingGradient
from imgcls.debug.rules.layers import DeadReLU, PoorInitialization, SaturatedActivation, UnchangedLayer
from imgcls.debug.rules.losses import LossNotDecreasing, NonFiniteLoss, Overfitting, Overtraining
from imgcls.debug.rules.rates import LearningRateTooHigh, LearningRateTooLow
from imgcls.debug.rules.system import (
    DataLoadingBound,
    LowCPUUtilization,
    LowGPUUtilization,
    MemoryClimbing,
    SmallBatch,
)

__all__ = ["CHECKS", "Check", "Evidence", "make_checks"]

CHECKS: tuple[type[Check], ...] = (
    VanishingGradient,
    ExplodingGradient,
    ExplodingTensor,
    NonFiniteLoss,
    LossNotDecreasing,
    Overfitting,
    Overtraining,
    PoorInitialization,
    DeadReLU,
    SaturatedActivation,
    UnchangedLayer,
    ClassImbalance,
    LearningRateTooHigh,
    LearningRateTooLow,
    UnnormalizedInput,
    LowGPUUtilization,
    LowCPUUtilization,
    DataLoadingBound,
    MemoryClimbing,
    SmallBatch,
)


def make_checks(settings: Mapping[str, RuleSettings]) -> list[Check]:
    """Every rule that is not off, with its thresholds. `settings` has every rule."""
    return [kind(**settings[kind.name].thresholds) for kind in CHECKS if settings[kind.name].action != OFF]

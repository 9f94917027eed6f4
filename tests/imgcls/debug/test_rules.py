"""Each rule: a history on which it must speak, and one on which it must not."""

import pytest

from imgcls.debug import rules
from imgcls.debug.rules import EpochLosses


def epochs(*pairs):
    return [EpochLosses(*pair) for pair in pairs]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_non_finite(loss):
    assert rules.non_finite(loss, 0.1).severity == "error"
    assert rules.non_finite(3.0, 0.1) is None


def test_gradients():
    steady = [{"conv": 1.0, "head": 2.0}] * 4
    assert rules.gradients(steady) is None
    assert rules.gradients([*steady, {"conv": 900.0, "head": 2.0}]).rule == "exploding-gradient"
    assert rules.gradients([{"conv": float("nan")}]).severity == "error"
    dead = [{"conv": 1e-9, "head": 1.0}] * 4
    assert rules.gradients(dead).rule == "vanishing-gradient" and "conv" in rules.gradients(dead).action
    assert rules.gradients(dead[:2]) is None


def test_losses():
    assert rules.losses(epochs((2, 2), (1.5, 1.6), (1.0, 1.2), (0.8, 1.1), (0.6, 1.0))) is None
    flat = epochs((1.4, 1.4), (1.39, 1.4), (1.4, 1.4), (1.39, 1.4), (1.4, 1.4))
    assert rules.losses(flat).rule == "loss-not-decreasing"
    learned = epochs((0.05, 0.1), (0.05, 0.1), (0.05, 0.1), (0.05, 0.1), (0.05, 0.1))
    assert rules.losses(learned) is None
    over = epochs((1.0, 1.0), (0.7, 0.8), (0.5, 0.9), (0.3, 1.0), (0.2, 1.1))
    assert rules.losses(over).rule == "overfitting"

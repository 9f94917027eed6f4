"""Successive halving: all trials get few epochs, the best of them more, and the best of those all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

Trial = TypeVar("Trial")


def rungs(epochs: int, trials: int, eta: int) -> list[int]:
    """After how many epochs of a trial to choose, the last one being `epochs`: [4, 10, 30] for 30, 20 trials, eta 3.

    As many rungs as leave at least one epoch for the first and one trial for the last.
    """
    steps = math.floor(math.log(min(epochs, trials), eta) + 1e-9)
    return sorted({math.ceil(epochs / eta**step) for step in range(steps + 1)})


def survivors(values: Mapping[Trial, Any], eta: int) -> list[Trial]:
    """The best 1 / `eta` of the trials, best first; at least one. At equal values the earlier trial goes first."""
    ordered = sorted(values, key=lambda trial: values[trial], reverse=True)
    return ordered[: math.ceil(len(ordered) / eta)]

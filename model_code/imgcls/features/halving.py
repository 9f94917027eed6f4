"""Successive halving: all trials get few epochs, the best of them more, and the best of those all epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

Trial = TypeVar("Trial")
Score = TypeVar("Score", float, tuple[float, float])


def rungs(epochs: int, trials: int, eta: int) -> list[int]:
    """The epochs after which survivors are chosen; the last is `epochs`. [4, 10, 30] for 30 epochs, 20 trials, eta 3.

    As many rungs as possible with at least one epoch before the first and one trial left for the last.
    """
    steps = math.floor(math.log(min(epochs, trials), eta) + 1e-9)
    return sorted({math.ceil(epochs / eta**step) for step in range(steps + 1)})


def survivors(scores: Mapping[Trial, Score], eta: int) -> list[Trial]:
    """The best 1 / `eta` of the trials, best first; at least one. At equal scores the earlier trial comes first."""
    ordered = sorted(scores, key=lambda trial: scores[trial], reverse=True)
    return ordered[: math.ceil(len(ordered) / eta)]

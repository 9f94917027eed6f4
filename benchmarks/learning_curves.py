"""How many epochs successive halving needs to find what random search finds, on a recorded table of learning curves.

The table holds the validation accuracy of many last layers after every epoch; `record_curves` says how it was made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from imgcls.features import halving

TABLE = Path(__file__).with_name("learning_curves.json")
CURVES, EPOCHS = 240, 27
TRIALS, ETA = 20, 3
MAX_SHARE = 0.33
"""The goal: at most this share of random search's epochs, in the median over seeds."""

Curve = Sequence[float]


def median_share(seeds: int) -> float:
    """Epochs that halving took over those of random search, which trains the same trials to their ends."""
    curves = json.loads(TABLE.read_text())["accuracy"]
    return median(share(curves, seed) for seed in range(seeds))


def share(curves: Sequence[Curve], seed: int) -> float:
    """For one draw of trials. Halving goes on with brackets of further trials until it has random search's best."""
    order = np.random.default_rng(seed).permutation(len(curves)).tolist()
    target = max(curves[trial][-1] for trial in order[:TRIALS])
    spent = 0
    for begin in range(0, len(order), TRIALS):
        for value in bracket([curves[trial] for trial in order[begin : begin + TRIALS]]):
            spent += 1
            if value >= target:
                return spent / (TRIALS * EPOCHS)
    return math.inf


def bracket(curves: Sequence[Curve]) -> Iterator[float]:
    """What is known after each epoch that is trained: a trial's accuracy at a rung, minus infinity between rungs."""
    going, done = list(range(len(curves))), 0
    for epoch in halving.rungs(EPOCHS, len(curves), ETA):
        for trial in going:
            yield from [-math.inf] * (epoch - done - 1)
            yield curves[trial][epoch - 1]
        going = halving.survivors({trial: curves[trial][epoch - 1] for trial in going}, ETA)
        done = epoch

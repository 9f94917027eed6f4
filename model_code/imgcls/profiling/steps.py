"""The time of training steps, by their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

STEP_PARTS = ("data-wait", "host-to-device", "forward", "backward", "optimizer")
CHECKPOINT = "checkpoint"
"""Not a part of every step: its time is divided by the number of all steps."""
_MAX_ROWS = 1000
Row = TypeVar("Row")


@dataclass(frozen=True)
class Step:
    """`seconds` is in the order of STEP_PARTS; a step is `watched` when the profiler slows it down."""

    step: int
    epoch: int
    seconds: tuple[float, ...]
    watched: bool = False


def summarise(steps: list[Step], num_steps: int, checkpoint_seconds: float) -> dict[str, Any]:
    """The steps' keys of `contract.records.PROFILE_EXAMPLE`. `num_steps` includes steps that were not timed."""
    parts = 1000 * np.array([item.seconds for item in steps]).reshape(-1, len(STEP_PARTS))
    summary: dict[str, Any] = {
        "num_steps": num_steps,
        "step_parts": STEP_PARTS,
        "steps": [
            {"step": item.step, "epoch": item.epoch, "ms": np.round(row, 3).tolist()}
            for item, row in thinned(list(zip(steps, parts, strict=True)))
        ],
    }
    if steps:
        steady = parts[_steady(steps)]
        summary["mean_ms"] = dict(zip(STEP_PARTS, np.round(steady.mean(0), 3).tolist(), strict=True))
        summary["mean_ms"][CHECKPOINT] = round(1000 * checkpoint_seconds / max(1, num_steps), 3)
        p95 = np.percentile(steady, 95, axis=0)
        summary["p95_ms"] = dict(zip(STEP_PARTS, np.round(p95, 3).tolist(), strict=True))
    return summary


def _steady(steps: list[Step]) -> npt.NDArray[np.bool_]:
    """Which steps are typical, bool (steps,): the first pays for allocations and autotuning, watched ones for that."""
    for chosen in ([i > 0 and not item.watched for i, item in enumerate(steps)], [i > 0 for i in range(len(steps))]):
        if any(chosen):
            return np.array(chosen)
    return np.array([True])


def thinned(rows: Sequence[Row]) -> Sequence[Row]:
    """At most 1,000 rows, evenly spread."""
    return rows[:: max(1, -(-len(rows) // _MAX_ROWS))]

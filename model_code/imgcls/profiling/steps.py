"""The time of every training step, by its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

STEP_PARTS = ("data-wait", "host-to-device", "forward", "backward", "optimizer")
CHECKPOINT = "checkpoint"
"""Not a part of every step: its time is spread over all of them."""
_MAX_ROWS = 1000


@dataclass(frozen=True)
class Step:
    """`seconds` follows STEP_PARTS; a step is `watched` while the profiler slows it down."""

    step: int
    epoch: int
    seconds: tuple[float, ...]
    watched: bool = False


def summarise(steps: list[Step], num_steps: int, checkpoint_seconds: float) -> dict[str, Any]:
    """The keys of `contract.records.PROFILE_EXAMPLE` about steps. `num_steps` counts those that were not timed too."""
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


def _steady(steps: list[Step]) -> np.ndarray:
    """Which steps are typical: the first pays for allocations and autotuning, watched ones for being watched."""
    for chosen in ([i > 0 and not item.watched for i, item in enumerate(steps)], [i > 0 for i in range(len(steps))]):
        if any(chosen):
            return np.array(chosen)
    return np.array([True])


def thinned(rows: list[Any]) -> list[Any]:
    """At most 1,000 of them, evenly spread."""
    return rows[:: max(1, -(-len(rows) // _MAX_ROWS))]

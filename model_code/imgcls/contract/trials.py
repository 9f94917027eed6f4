"""`trials.jsonl`: the trials of a head search, one line each, in the output data directory of its training job.

    {"trial": 1, "state": "stopped", "values": {"lr": 0.01, ...}, "objective": "validation:accuracy",
     "rungs": [{"epochs": 4, "value": 0.61, "loss": 1.2}, ...], "value": 0.61, "seconds": 0.8, "time": 1795190400.0}

`rungs` are in order, few where halving stopped the trial early; before its last rung a trial is scored with the mean of
its weights over the epoch. `value` is that of the last rung, null for a trial that diverged before the first. `seconds`
is the trial's share of the time of all trials that were trained together; `time` is that of its last evaluation, in
seconds since the epoch. The file is rewritten at each rung, so a job that is killed leaves the earlier rungs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FILE = "trials.jsonl"
OBJECTIVE = "validation:accuracy"

RUNNING, STOPPED, COMPLETED, DIVERGED = "running", "stopped", "completed", "diverged"
"""Stopped: others were better at a rung. Completed: it got all its epochs. Diverged: its loss is no longer finite."""


def row(
    trial: int,
    state: str,
    values: Mapping[str, Any],
    rungs: Sequence[tuple[int, float, float]],
    *,
    seconds: float,
    time: float,
) -> dict[str, Any]:
    """One line of the file. `rungs` are (epochs, objective, validation loss)."""
    return {
        "trial": trial,
        "state": state,
        "values": dict(values),
        "objective": OBJECTIVE,
        "rungs": [{"epochs": epochs, "value": value, "loss": loss} for epochs, value, loss in rungs],
        "value": rungs[-1][1] if rungs else None,
        "seconds": round(seconds, 4),
        "time": round(time, 3),
    }

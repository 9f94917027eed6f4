"""What a training job leaves in its output data directory, for reports, alarms and `kennel open report`.

metrics.jsonl      rows of every epoch: the metrics of `contract.metrics`
debug.jsonl        rows of every few steps: norms per layer group; and the findings of the rules
profile.json       where the time went (`PROFILE_EXAMPLE` shows every field)
environment.json   versions, device, hyperparameters, data set, outcome

A row is `{"step", "epoch", "time", "name", "value"}`; `layer` where it belongs to one; a finding has `severity` and
`action` too. `time` is seconds since the epoch; a value that is not finite is null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

METRICS_FILE = "metrics.jsonl"
DEBUG_FILE = "debug.jsonl"
PROFILE_FILE = "profile.json"
ENVIRONMENT_FILE = "environment.json"

GRADIENT_NORM = "gradient-norm"
WEIGHT_NORM = "weight-norm"
UPDATE_RATIO = "update-ratio"
"""Names of the debug rows: the norm of a step's change of the weights over the norm of the weights."""

ERROR, WARNING = "error", "warning"
"""Severities of a finding: an error ended the training."""

PROFILE_EXAMPLE = {
    "format": 1,
    "seconds": 61.5,
    "phases": [{"name": "imports", "seconds": 1.9}, {"name": "first-batch", "seconds": 0.1}],
    "num_steps": 120,
    "batch_size": 32,
    "step_parts": ["data-wait", "forward", "backward", "optimizer"],
    "mean_ms": {"data-wait": 0.4, "forward": 20.1, "backward": 38.0, "optimizer": 2.2},
    "p95_ms": {"data-wait": 1.1, "forward": 24.0, "backward": 44.1, "optimizer": 2.9},
    "steps": [{"step": 1, "epoch": 1, "ms": [30.0, 41.0, 60.2, 4.0]}],
    "system": [{"seconds": 1.0, "cpu_percent": 186.0, "memory_bytes": 812000000, "read_bytes": 52000000}],
}
"""`phases` are in order; `steps` and `system` are thinned out to at most 1,000 rows; `ms` follows `step_parts`;
`cpu_percent` is of the process, 100 for one busy core; a job on a GPU adds `gpu_memory_bytes`."""


def row(step: int, epoch: int, time: float, name: str, value: float, layer: str | None = None) -> dict[str, Any]:
    """One row without a finding's fields."""
    made: dict[str, Any] = {"step": step, "epoch": epoch, "time": round(time, 3), "name": name}
    if layer is not None:
        made["layer"] = layer
    made["value"] = value if math.isfinite(value) else None
    return made


def finding(row: dict[str, Any], severity: str, action: str) -> dict[str, Any]:
    """The row as a rule's finding: `name` is the rule's, `action` a sentence that says what to change."""
    return {**row, "severity": severity, "action": action}


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a .jsonl file. A last line that a killed job left unfinished is skipped."""
    lines = path.read_text().split("\n")
    for text in lines[:-1]:
        yield json.loads(text)

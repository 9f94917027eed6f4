"""What a training job leaves in its output data directory, for reports, alarms and `kennel open report`.

metrics.jsonl      rows of every epoch: the metrics of `contract.metrics`
debug.jsonl        rows of every few steps: figures per layer group; and the findings of the rules
profile.json       where the time went (`PROFILE_EXAMPLE` shows every field)
environment.json   versions, device, hyperparameters, data set, outcome
trials.jsonl       the trials of a head search, where one ran: see `contract.trials`

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
OUTPUT_ARCHIVE = "output.tar.gz"
"""The service packs the directory into this, beside the job's model.tar.gz."""
TRACE_FILE = "profiler/train.pt.trace.json.gz"
"""The profiled steps in Chrome's trace format, under the name that TensorBoard's profile plugin looks for."""

GRADIENT_NORM, GRADIENT_RATIO = "gradient-norm", "gradient-ratio"
WEIGHT_NORM, WEIGHT_STD, UPDATE_RATIO = "weight-norm", "weight-std", "update-ratio"
"""Debug rows of a layer group's trainable weights, before a step. The ratios are relative to the norm of the weights:
GRADIENT_RATIO is that of the gradient before clipping, UPDATE_RATIO that of the step's change. WEIGHT_STD is the
smallest standard deviation among the group's weight tensors."""
ACTIVATION_MEAN, ACTIVATION_STD = "activation-mean", "activation-std"
ZERO_FRACTION, DEAD_FRACTION, SATURATED_FRACTION = "zero-fraction", "dead-fraction", "saturated-fraction"
"""Debug rows of a layer group's activations; fractions are those of its worst layer, from 0 to 1. Zero: the outputs of
a ReLU that are zero. Dead: the channels that are zero for every image. Saturated: the outputs of a bounded activation
that are at its limits."""
LOSS, LEARNING_RATE = "loss", "learning-rate"
"""Debug rows of a step; `layer` is `NETWORK`."""
INPUT_MEAN, INPUT_STD, INPUT_MIN = "input-mean", "input-std", "input-min"
"""Debug rows of a step's normalised images; `layer` is `INPUT`."""
LABEL_COUNT = "label-count"
"""Number of images of a class in the sampled batches up to the end of an epoch; `layer` is the class index."""
NETWORK, INPUT = "network", "input"

ERROR, WARNING = "error", "warning"
"""Severities of a finding. After an error the weights are useless, or nearly so."""

PROFILE_EXAMPLE = {
    "format": 1,
    "seconds": 61.5,
    "phases": [
        {"name": "launch", "seconds": 4.0},
        {"name": "imports", "seconds": 1.9},
        {"name": "first-batch", "seconds": 0.1},
    ],
    "num_steps": 120,
    "batch_size": 32,
    "step_parts": ["data-wait", "host-to-device", "forward", "backward", "optimizer"],
    "mean_ms": {
        "data-wait": 0.4, "host-to-device": 0.1, "forward": 20.1, "backward": 38.0, "optimizer": 2.2, "checkpoint": 0.3,
    },
    "p95_ms": {"data-wait": 1.1, "host-to-device": 0.2, "forward": 24.0, "backward": 44.1, "optimizer": 2.9},
    "steps": [{"step": 1, "epoch": 1, "ms": [30.0, 0.4, 41.0, 60.2, 4.0]}],
    "operator_steps": 20,
    "operators": [
        {"name": "aten::mkldnn_convolution", "calls": 400, "cpu_ms": 402.0, "gpu_ms": 0.0, "share": 0.34},
    ],
    "profiling_seconds": 0.6,
    "trace": TRACE_FILE,
    "trace_bytes": 410000,
    "system": [
        {
            "seconds": 1.0, "cpu_percent": 186.0, "machine_cpu_percent": 97.0, "memory_bytes": 812000000,
            "machine_memory_percent": 41.0, "disk_percent": 12.0, "read_bytes": 52000000, "written_bytes": 900000,
            "received_bytes": 1200, "sent_bytes": 800,
        },
    ],
}  # fmt: skip
"""`phases` are in order; `launch`, from the job's request to the start of its process, is not a part of `seconds`.
`steps` and `system` are thinned out to at most 1,000 rows; a step's `ms` has the order of `step_parts`. The means leave
out the first step and the profiled steps; `checkpoint` is spread over all steps. `operators` are the most expensive by
self time (without the operators they call) over `operator_steps` steps; `share` is relative to all operators. `trace`
is null if the file was larger than the limit. `cpu_percent` is that of the process, 100 for one busy core.
`read_bytes`, `written_bytes`, `received_bytes` and `sent_bytes` are counters; the last two are absent without a
network. A GPU adds `gpu_memory_bytes` (of tensors) and, where NVML answers, `gpu_percent` and `gpu_used_bytes`."""


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
        row: dict[str, Any] = json.loads(text)
        yield row

"""Charts of a machine over a job's time: CPU, memory, GPU, disk and network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from imgcls.reports import charts
from imgcls.reports.page import paragraph, side_by_side
from imgcls.reports.scales import Series

Samples = Sequence[Mapping[str, float]]


def render_machine(samples: Samples, environment: Mapping[str, Any]) -> str:
    """`samples` are the `system` rows of profile.json. Charts without values are left out."""
    cores = environment.get("num_cpus") or 1
    percent = [
        ("CPU utilization", f"% of {cores} cores", {
            "this job": _levels(samples, "cpu_percent", 1 / cores),
            "the machine": _levels(samples, "machine_cpu_percent"),
        }),
        ("GPU utilization", "%", {"GPU": _levels(samples, "gpu_percent")}),
    ]  # fmt: skip
    sizes = [
        ("Memory", "MB", {"this job": _levels(samples, "memory_bytes", 1e-6)}),
        ("GPU memory", "MB", {
            "tensors": _levels(samples, "gpu_memory_bytes", 1e-6), "in use": _levels(samples, "gpu_used_bytes", 1e-6),
        }),
        ("Files", "MB/s", {"read": _rates(samples, "read_bytes"), "written": _rates(samples, "written_bytes")}),
        ("Network of the machine", "MB/s", {
            "received": _rates(samples, "received_bytes"), "sent": _rates(samples, "sent_bytes"),
        }),
    ]  # fmt: skip
    drawn = [_chart(samples, *item, high=100.0) for item in percent] + [_chart(samples, *item) for item in sizes]
    return side_by_side(chart for chart in drawn if chart) + paragraph(_ends(samples), soft=True)


def _chart(
    samples: Samples, label: str, unit: str, lines: Mapping[str, Sequence[float | None]], high: float | None = None
) -> str:
    seconds = [sample["seconds"] for sample in samples]
    series = [Series(name, seconds, ys) for name, ys in lines.items() if any(y is not None for y in ys)]
    if not series:
        return ""
    return charts.lines(series, label=label, x_label="seconds", y_label=unit, low=0.0, high=high)


def _levels(samples: Samples, key: str, factor: float = 1.0) -> list[float | None]:
    return [sample[key] * factor if key in sample else None for sample in samples]


def _rates(samples: Samples, key: str) -> list[float | None]:
    """MB per second between two samples of a counter; None for the first sample."""
    rates: list[float | None] = [None] * bool(samples)
    for before, after in pairwise(samples):
        seconds = max(after["seconds"] - before["seconds"], 1e-3)
        known = key in before and key in after
        rates.append(max(0.0, (after[key] - before[key]) / 1e6 / seconds) if known else None)
    return rates


def _ends(samples: Samples) -> str:
    """The maxima of values that do not need a chart."""
    shown = {"machine_memory_percent": "memory of the machine", "disk_percent": "disk of the records"}
    highest = {
        name: max(levels)
        for key, name in shown.items()
        if (levels := [sample[key] for sample in samples if key in sample])
    }
    listed = ", ".join(f"{name} {value:.0f}%" for name, value in highest.items())
    return f"Highest use: {listed}." if listed else ""

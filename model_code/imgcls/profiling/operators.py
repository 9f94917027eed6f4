"""Records the operators of a few training steps with torch.profiler: a table of the dearest, and one trace."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# Kineto, the library below torch.profiler, logs "STAGE:" and "USDT:" lines for its own tools to stderr whenever a
# recording starts or stops. 6 is above its highest severity; it reads the variable when the first recording begins.
os.environ.setdefault("KINETO_LOG_LEVEL", "6")

from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile, record_function, supported_activities

from imgcls.contract import records
from imgcls.profiling.settings import ProfileSettings

_STEP = "ProfilerStep#"
"""What TensorBoard's profile plugin takes for the beginning of a step."""
DATA_WAIT = "data-wait"
_OURS = (_STEP, DATA_WAIT)
_MAX_ROWS = 25


class OperatorProfiler:
    """Call `begin` before each step's batch is asked for, `end` after the step, `pause` when no step follows at once.

    A pause (validation, the end of an epoch) closes the recording, so that only training is in the table; the cycle
    goes on where it was.
    """

    def __init__(self, settings: ProfileSettings, folder: Path) -> None:
        """The trace is written below `folder`."""
        self._settings, self._folder = settings, folder
        self._cycle = settings.wait + settings.warmup + settings.active
        # What a cycle cannot finish within the window would be overhead without a row in the table.
        self._last = settings.steps // self._cycle * self._cycle if settings.enabled else 0
        self._done = 0
        self._profile: profile | None = None
        self._marks = ExitStack()
        self._recording = False
        self._totals: dict[str, dict[str, float]] = {}
        self._trace: dict[str, Any] = {}
        self.num_steps = 0
        self.seconds = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the step of now pays for being watched."""
        return self._profile is not None

    def begin(self) -> None:
        if self._done >= self._last:
            return
        place = self._done % self._cycle
        begin = time.perf_counter()
        if place >= self._settings.wait and self._profile is None:
            self._profile = profile(activities=_activities())
            self._profile.prepare_trace()
        if place >= self._settings.wait + self._settings.warmup and not self._recording:
            assert self._profile is not None
            self._profile.start_trace()
            self._recording = True
        self.seconds += time.perf_counter() - begin
        if self._recording:
            self._marks.enter_context(record_function(f"{_STEP}{self._done + 1}"))

    def data_wait(self) -> record_function | ExitStack:
        """A context that names the wait for a batch in the trace."""
        return record_function(DATA_WAIT) if self._recording else ExitStack()

    def end(self) -> None:
        self._marks.close()
        self._done += 1
        if self._recording:
            self.num_steps += 1
            if self._done % self._cycle == 0:
                self.pause()

    def pause(self) -> None:
        """Close what is being recorded and add it to the table."""
        self._marks.close()
        if self._profile is None:
            return
        begin, stopped, self._profile = time.perf_counter(), self._profile, None
        if not self._recording:
            # torch's own order for a warm-up without a recording: it has no call that only cancels.
            stopped.start_trace()
        stopped.stop_trace()
        if self._recording:
            self._recording = False
            self._add(stopped)
        self.seconds += time.perf_counter() - begin

    def summary(self) -> dict[str, Any]:
        """The keys of `contract.records.PROFILE_EXAMPLE` that are about operators; empty when none was recorded."""
        if not self.num_steps:
            return {}
        return {
            "operator_steps": self.num_steps,
            "operators": _dearest(self._totals),
            "profiling_seconds": round(self.seconds, 4),
            **self._trace,
        }

    def _add(self, recorded: profile) -> None:
        for item in recorded.key_averages():
            if item.key.startswith(_OURS):
                continue
            total = self._totals.setdefault(item.key, {"calls": 0, "cpu_ms": 0.0, "gpu_ms": 0.0})
            total["calls"] += item.count
            # A GPU's kernels are listed beside the operators that started them: each counts on its own device.
            if item.device_type == DeviceType.CPU:
                total["cpu_ms"] += item.self_cpu_time_total / 1000
            else:
                total["gpu_ms"] += item.self_device_time_total / 1000
        if not self._trace:
            self._keep_trace(recorded)

    def _keep_trace(self, recorded: profile) -> None:
        path = self._folder / records.TRACE_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        recorded.export_chrome_trace(str(path))
        size = path.stat().st_size
        self._trace = {"trace": records.TRACE_FILE, "trace_bytes": size}
        if size > self._settings.trace_mb * 1_000_000:
            path.unlink()
            self._trace["trace"] = None


def _activities() -> Iterable[ProfilerActivity]:
    return supported_activities() & {ProfilerActivity.CPU, ProfilerActivity.CUDA}


def _dearest(totals: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """Rows by descending time; `share` is of the time on the device that does the work: the GPU where there is one."""
    clock = "gpu_ms" if any(total["gpu_ms"] for total in totals.values()) else "cpu_ms"
    whole = sum(total[clock] for total in totals.values()) or 1.0
    ranked = sorted(totals.items(), key=lambda item: (-item[1][clock], -item[1]["cpu_ms"], item[0]))
    return [
        {
            "name": name,
            "calls": int(total["calls"]),
            "cpu_ms": round(total["cpu_ms"], 3),
            "gpu_ms": round(total["gpu_ms"], 3),
            "share": round(total[clock] / whole, 4),
        }
        for name, total in ranked[:_MAX_ROWS]
    ]

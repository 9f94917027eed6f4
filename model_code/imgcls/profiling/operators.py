"""Records the operators of a few training steps with torch.profiler: a table of the slowest, and one trace."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# Kineto, the library below torch.profiler, logs "STAGE:" and "USDT:" lines for its own tools to stderr whenever a
# recording starts or stops. 6 is above its highest severity; it reads the variable when the first recording begins.
os.environ.setdefault("KINETO_LOG_LEVEL", "6")

from torch.profiler import ProfilerActivity, profile, record_function, supported_activities

from imgcls.contract import records
from imgcls.contract.profiling import ProfileSettings
from imgcls.profiling.operator_table import OperatorTable

_STEP = "ProfilerStep#"
"""TensorBoard's profile plugin recognises the beginning of a step by this name."""
_DATA_WAIT = "data-wait"


class OperatorProfiler:
    """Call `begin` before each step's batch is requested, `end` after the step, `pause` before anything else.

    A pause (validation, the end of an epoch) closes the recording, so that the table contains training only; the cycle
    continues where it was.
    """

    def __init__(self, settings: ProfileSettings, folder: Path) -> None:
        """The trace is written below `folder`."""
        self._settings, self._folder = settings, folder
        self._cycle = settings.wait + settings.warmup + settings.active
        # Whole cycles only: an unfinished one would cost time and record nothing.
        self._last = settings.steps // self._cycle * self._cycle if settings.enabled else 0
        self._done = 0
        self._profile: profile | None = None
        self._marks = ExitStack()
        self._recording = False
        self._table = OperatorTable()
        self._trace: dict[str, Any] = {}
        self.num_steps = 0
        self.seconds = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the current step is slowed down by the profiler."""
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
        return record_function(_DATA_WAIT) if self._recording else ExitStack()

    def end(self) -> None:
        self._marks.close()
        self._done += 1
        if self._recording:
            self.num_steps += 1
            if self._done % self._cycle == 0:
                self.pause()

    def pause(self) -> None:
        """Close the current recording and add it to the table."""
        self._marks.close()
        if self._profile is None:
            return
        begin, stopped, self._profile = time.perf_counter(), self._profile, None
        if not self._recording:
            # torch has no call that only cancels a warm-up; this is the order that it uses itself.
            stopped.start_trace()
        stopped.stop_trace()
        if self._recording:
            self._recording = False
            self._add(stopped)
        self.seconds += time.perf_counter() - begin

    def summary(self) -> dict[str, Any]:
        """The operators' keys of `contract.records.PROFILE_EXAMPLE`; empty when nothing was recorded."""
        if not self.num_steps:
            return {}
        return {
            "operator_steps": self.num_steps,
            "operators": self._table.rows(),
            "profiling_seconds": round(self.seconds, 4),
            **self._trace,
        }

    def _add(self, recorded: profile) -> None:
        # Not `key_averages`: it first makes an object per event, which took 1.2 s (and 0.6 s of garbage collection) for
        # five steps of ResNet18; summing the raw events takes 0.02 s.
        assert recorded.profiler is not None and recorded.profiler.kineto_results is not None
        self._table.add(recorded.profiler.kineto_results.events())
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


def _activities() -> set[ProfilerActivity]:
    supported: set[ProfilerActivity] = supported_activities()  # type: ignore[no-untyped-call]
    return supported & {ProfilerActivity.CPU, ProfilerActivity.CUDA}

"""Measures the parts of a training step."""

from __future__ import annotations

import time

import torch

from imgcls.profiling.steps import STEP_PARTS


class StepClock:
    """Sums the seconds between laps by part of the step. A part may have several laps.

    A GPU works asynchronously: timing a part means waiting for it, so a clock that is not `exact` measures nothing
    there.
    """

    def __init__(self, device: torch.device, *, exact: bool, data_wait: float) -> None:
        self._device, self._exact = device, exact
        self._seconds = dict.fromkeys(STEP_PARTS, 0.0) | {"data-wait": data_wait}
        self._last = self._now()

    def lap(self, part: str) -> None:
        now = self._now()
        self._seconds[part] += now - self._last
        self._last = now

    @property
    def seconds(self) -> tuple[float, ...] | None:
        """By part, in the order of STEP_PARTS; None where nothing was measured."""
        return tuple(self._seconds.values()) if self._exact else None

    def _now(self) -> float:
        if self._exact and self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

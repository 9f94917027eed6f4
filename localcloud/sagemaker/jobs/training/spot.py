"""The capacity of one managed spot training job: scheduled interruptions, the wait for capacity, MaxWaitTime."""

from __future__ import annotations

import threading
import time

from localcloud.faults import Faults, Interruption
from localcloud.sagemaker.api.answers import now
from localcloud.sagemaker.jobs.container import Termination
from localcloud.sagemaker.jobs.training.record import TrainingJob

_POLL_SECONDS = 0.02


class SpotCapacity:
    """Decides whether a job may continue. MaxWaitTimeInSeconds counts from the start of the first attempt."""

    def __init__(self, job: TrainingJob, faults: Faults, closing: threading.Event, stop_grace_seconds: float) -> None:
        self._job = job
        self._faults = faults
        self._closing = closing
        self._stop_grace_seconds = stop_grace_seconds
        self._max_wait_seconds: int = job.request["StoppingCondition"]["MaxWaitTimeInSeconds"]
        self._started = 0.0
        self._interruption: Interruption | None = None

    def start_attempt(self) -> None:
        """Note that the containers of an attempt start now."""
        self._started = time.monotonic()
        self._interruption = None

    def scan(self, line: str) -> None:
        """Check a line of the job's log for a scheduled interruption."""
        if self._interruption is None:
            self._interruption = self._faults.take(self._job.name, time.monotonic() - self._started, line)

    def termination(self) -> Termination | None:
        """Why the attempt must end; None if it may continue."""
        if self._waited_too_long():
            return Termination("max_wait", self._stop_grace_seconds)
        if self._interruption is None:
            self._interruption = self._faults.take(self._job.name, time.monotonic() - self._started)
        return Termination("interrupted", self._interruption.notice_seconds) if self._interruption else None

    @property
    def gave_notice(self) -> bool:
        """Whether an interrupted attempt had time to save its work."""
        return self._interruption is None or self._interruption.notice_seconds > 0

    def wait_for_capacity(self) -> str | None:
        """Wait until the interruption is over; returns the job's final status if it ends before that."""
        assert self._interruption is not None
        until = time.monotonic() + self._interruption.wait_seconds
        while time.monotonic() < until:
            if self._waited_too_long():
                return "MaxWaitTimeExceeded"
            if self._closing.is_set() or self._job.stop_requested.wait(_POLL_SECONDS):
                return "Stopped"
        return None

    def _waited_too_long(self) -> bool:
        assert self._job.started is not None
        return (now() - self._job.started).total_seconds() >= self._max_wait_seconds

"""The capacity of one managed spot training job: taken away by order, given back after a while, until MaxWait."""

from __future__ import annotations

import threading
import time

from localcloud.faults import Faults, Interruption
from localcloud.sagemaker.jobs.container import EarlyEnd
from localcloud.sagemaker.jobs.records import now
from localcloud.sagemaker.jobs.training.record import TrainingJob

_POLL_SECONDS = 0.02


class SpotCapacity:
    """Whether a job may go on. The clock of MaxWaitTimeInSeconds runs from the first attempt on."""

    def __init__(self, job: TrainingJob, faults: Faults, closing: threading.Event, stop_grace_seconds: float) -> None:
        self._job = job
        self._faults = faults
        self._closing = closing
        self._stop_grace_seconds = stop_grace_seconds
        self._max_wait_seconds: int = job.request["StoppingCondition"]["MaxWaitTimeInSeconds"]
        self._started = 0.0
        self._order: Interruption | None = None

    def begin(self) -> None:
        """An attempt's containers start now."""
        self._started = time.monotonic()
        self._order = None

    def saw(self, line: str) -> None:
        """A line of the job's log."""
        if self._order is None:
            self._order = self._faults.take(self._job.name, time.monotonic() - self._started, line)

    def early_end(self) -> EarlyEnd | None:
        """Why the attempt is to end, if it is."""
        if self._waited_too_long():
            return EarlyEnd("max_wait", self._stop_grace_seconds)
        if self._order is None:
            self._order = self._faults.take(self._job.name, time.monotonic() - self._started)
        return EarlyEnd("interrupted", self._order.notice_seconds) if self._order else None

    @property
    def gave_notice(self) -> bool:
        """Whether the interrupted attempt had time to save what it had."""
        return self._order is None or self._order.notice_seconds > 0

    def come_back(self) -> str | None:
        """Wait until there is capacity again; the status in which the job ends when it does not get there."""
        assert self._order is not None
        until = time.monotonic() + self._order.wait_seconds
        while time.monotonic() < until:
            if self._waited_too_long():
                return "MaxWaitTimeExceeded"
            if self._closing.is_set() or self._job.stop_requested.wait(_POLL_SECONDS):
                return "Stopped"
        return None

    def _waited_too_long(self) -> bool:
        assert self._job.started is not None
        return (now() - self._job.started).total_seconds() >= self._max_wait_seconds

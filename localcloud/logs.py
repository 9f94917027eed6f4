"""Writing lines into CloudWatch Logs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable

from botocore.client import BaseClient

from localcloud.context import Cloud

_BATCH = 5_000  # PutLogEvents takes 10,000 events and 1 MB


class LogWriter:
    """One log stream, created on first use together with its group."""

    def __init__(self, cloud: Cloud, group: str, stream: str, role: str | None = None) -> None:
        self._logs = cloud.client("logs", role)
        self._group, self._stream = group, stream
        self._made = False

    def write(self, text: str) -> None:
        """Append each line of `text` as an event at the current time."""
        self.write_lines(text.splitlines())

    def write_lines(self, lines: Iterable[str]) -> None:
        """Append `lines`; empty ones are left out, because the service refuses them."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line]
        if not events:
            return
        self._make()
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)

    def _make(self) -> None:
        if not self._made:
            make_stream(self._logs, self._group, self._stream)
            self._made = True


def make_stream(logs: BaseClient, group: str, stream: str) -> None:
    """Create a log stream, and its group if there is none; what exists already stays."""
    names = {"logGroupName": group, "logStreamName": stream}
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        try:
            logs.create_log_stream(**names)
        except logs.exceptions.ResourceNotFoundException:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):  # another thread created it first
                logs.create_log_group(logGroupName=group)
            logs.create_log_stream(**names)

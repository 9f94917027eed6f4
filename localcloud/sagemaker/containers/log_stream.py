"""A container's output as a CloudWatch Logs stream, sent in batches while it runs."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from localcloud.logs import make_stream
from localcloud.sagemaker.clients import LogEvent, LogsClient
from localcloud.text import cut

_MAX_BATCH_EVENTS = 10_000
_MAX_BATCH_BYTES = 1_048_576
_EVENT_OVERHEAD_BYTES = 26  # what the service adds to the size of each event
_MAX_EVENT_BYTES = 262_144 - _EVENT_OVERHEAD_BYTES


class LogStream:
    """One stream and a file with the same lines. write() is safe from any thread; ship() sends what is waiting."""

    def __init__(self, logs: LogsClient, group: str, stream: str, file: Path) -> None:
        self._logs = logs
        self._group, self._stream = group, stream
        self._lock = threading.Lock()
        self._waiting: list[LogEvent] = []
        self._file = file.open("a", encoding="utf-8", buffering=1)
        make_stream(logs, group, stream)  # it exists already if a job resumes within the second of its interruption

    def write(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a full disk cuts the file short; the stream has every line
            self._file.write(line + "\n")
        message = cut(line, _MAX_EVENT_BYTES)
        if message:  # the service refuses empty messages
            with self._lock:
                self._waiting.append({"timestamp": int(time.time() * 1000), "message": message})

    def ship(self) -> None:
        """Send the lines written since the last call."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        batch: list[LogEvent] = []
        size = 0
        for event in waiting:
            event_size = len(event["message"].encode()) + _EVENT_OVERHEAD_BYTES
            if len(batch) == _MAX_BATCH_EVENTS or size + event_size > _MAX_BATCH_BYTES:
                self._put(batch)
                batch, size = [], 0
            batch.append(event)
            size += event_size
        if batch:
            self._put(batch)

    def _put(self, batch: list[LogEvent]) -> None:
        self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)

    def close(self) -> None:
        self.ship()
        with contextlib.suppress(OSError):
            self._file.close()

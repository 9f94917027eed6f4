"""A container's output as a CloudWatch Logs stream, shipped in batches while it runs."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from localcloud.logs import make_stream

_MAX_BATCH_EVENTS = 10_000
_MAX_BATCH_BYTES = 1_048_576
_MAX_EVENT_BYTES = 262_144 - 26  # the service counts 26 bytes of overhead for each event


class LogStream:
    """One stream and, beside it, a file with the same lines. write() from any thread; ship() sends what waits."""

    def __init__(self, logs: Any, group: str, stream: str, file: Path) -> None:
        self._logs = logs
        self._target = {"logGroupName": group, "logStreamName": stream}
        self._lock = threading.Lock()
        self._waiting: list[dict[str, Any]] = []
        self._file = file.open("a", encoding="utf-8", buffering=1)
        make_stream(logs, group, stream)  # which a job has already that goes on within the second of an interruption

    def write(self, line: str) -> None:
        self._file.write(line + "\n")
        message = line.encode()[:_MAX_EVENT_BYTES].decode(errors="ignore")
        if message:  # the service takes no empty message
            with self._lock:
                self._waiting.append({"timestamp": int(time.time() * 1000), "message": message})

    def ship(self) -> None:
        """Send the lines written since the last call."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        batch: list[dict[str, Any]] = []
        size = 0
        for event in waiting:
            event_size = len(event["message"].encode()) + 26
            if len(batch) == _MAX_BATCH_EVENTS or size + event_size > _MAX_BATCH_BYTES:
                self._logs.put_log_events(**self._target, logEvents=batch)
                batch, size = [], 0
            batch.append(event)
            size += event_size
        if batch:
            self._logs.put_log_events(**self._target, logEvents=batch)

    def close(self) -> None:
        self.ship()
        self._file.close()

"""JSON lines to a stream, written by a separate thread so that a slow reader does not delay answers."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import IO, Any

MAX_WAITING = 10_000
_GATHER_SECONDS = 0.05


class LineLog:
    """Lines beyond MAX_WAITING are dropped and counted: it is better to lose log lines than to block the server."""

    def __init__(self, stream: IO[str] = sys.stdout) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def write(self, record: dict[str, Any]) -> None:
        if self._waiting.qsize() >= MAX_WAITING:
            self._dropped += 1
        else:
            self._waiting.put(record)

    def close(self) -> None:
        """Write the lines that are still waiting."""
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _write_all(self) -> None:
        while True:
            records = [self._waiting.get()]
            # Collecting lines for a moment avoids a thread switch per request.
            time.sleep(_GATHER_SECONDS)
            while not self._waiting.empty():
                records.append(self._waiting.get())
            if self._dropped:
                records.insert(0, {"type": "log", "dropped_lines": self._dropped})
                self._dropped = 0
            self._stream.write("".join(f"{json.dumps(record)}\n" for record in records if record is not None))
            self._stream.flush()
            if None in records:
                return

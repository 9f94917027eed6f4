"""The execution environments that wait for their function's next event."""

from __future__ import annotations

import threading

from localcloud.functions.environment import ExecutionEnvironment

MAX_IDLE = 8
"""Of all functions together: each takes the memory of a Python process with what its function imported."""


class WarmEnvironments:
    """Environments by what they were made of. Beyond MAX_IDLE, the one that has waited longest is ended."""

    def __init__(self) -> None:
        self._idle: list[tuple[str, ExecutionEnvironment]] = []
        self._lock = threading.Lock()

    def take(self, key: str) -> ExecutionEnvironment | None:
        """The one that was used last, which is waiting no longer."""
        with self._lock:
            for index in range(len(self._idle) - 1, -1, -1):
                if self._idle[index][0] == key:
                    return self._idle.pop(index)[1]
        return None

    def give_back(self, key: str, environment: ExecutionEnvironment) -> None:
        """Keep an environment, unless it is unusable."""
        ended = [] if environment.usable else [environment]
        with self._lock:
            if environment.usable:
                self._idle.append((key, environment))
            while len(self._idle) > MAX_IDLE:
                ended.append(self._idle.pop(0)[1])
        for each in ended:
            each.end()

    def end(self) -> None:
        """End all."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, environment in idle:
            environment.end()

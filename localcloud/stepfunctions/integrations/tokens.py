"""Task tokens: where a waiting task and SendTaskSuccess meet."""

from __future__ import annotations

import secrets
import threading
import time

from localcloud.errors import AwsError
from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import HEARTBEAT_TIMEOUT, StatesError


class WaitingTask:
    """One task that waits for its token."""

    def __init__(self) -> None:
        self.text = secrets.token_urlsafe(96)
        self.closed = False
        self._outcome: tuple[JSON] | StatesError | None = None
        self._last_heartbeat = time.monotonic()

    def poll(self, heartbeat_seconds: float | None) -> tuple[JSON] | None:
        """The output once there is one; StatesError when the task failed or a heartbeat is overdue."""
        if isinstance(self._outcome, StatesError):
            raise self._outcome
        late = heartbeat_seconds is not None and time.monotonic() - self._last_heartbeat > heartbeat_seconds
        if self._outcome is None and late:
            raise StatesError(HEARTBEAT_TIMEOUT)
        return self._outcome

    def heartbeat(self) -> None:
        self._last_heartbeat = time.monotonic()

    def finish(self, outcome: tuple[JSON] | StatesError) -> None:
        """Set the outcome; only the first one counts."""
        self._outcome = self._outcome or outcome
        self.closed = True

    def close(self) -> None:
        self.closed = True


class TaskTokens:
    """All tokens that were issued."""

    def __init__(self) -> None:
        self._tasks: dict[str, WaitingTask] = {}
        self._lock = threading.Lock()

    def new(self) -> WaitingTask:
        task = WaitingTask()
        with self._lock:
            self._tasks[task.text] = task
        return task

    def waiting(self, text: str) -> WaitingTask:
        """The task that waits for a token; AwsError InvalidToken or TaskTimedOut otherwise."""
        with self._lock:
            task = self._tasks.get(text)
        if task is None:
            raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
        if task.closed:
            raise AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return task

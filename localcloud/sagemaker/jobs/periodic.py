"""Actions that repeat while a container runs: sending logs and metrics, copying checkpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

PeriodicAction = tuple[float, Callable[[], None]]  # period in seconds, action


class PeriodicRunner:
    """Repeats each action on a background thread while the `with` block runs.

    An action that raises ends the repetition; its error is raised when the block is left.
    """

    def __init__(self, *actions: PeriodicAction) -> None:
        self._actions = actions
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="job-periodic", daemon=True)

    def _run(self) -> None:
        due = [time.monotonic() + period for period, _ in self._actions]
        while not self._stop.wait(max(0.0, min(due) - time.monotonic())):
            for index, (period, action) in enumerate(self._actions):
                if time.monotonic() >= due[index]:
                    try:
                        action()
                    except Exception as error:
                        self._error = error
                        return
                    due[index] = time.monotonic() + period

    def __enter__(self) -> PeriodicRunner:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

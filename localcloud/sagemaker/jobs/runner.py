"""Threads of running jobs, and the slots that limit how many containers run at a time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


class JobRunner:
    """Runs each job on a thread of its own; `slots()` admits them in the order of arrival."""

    def __init__(self, max_jobs: int) -> None:
        self.closing = threading.Event()
        self._all = self._free = max_jobs
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()

    def start(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("%s ended with an error of the local cloud's own", name)
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    @contextmanager
    def slots(self, count: int, stop_requested: threading.Event) -> Iterator[bool]:
        """Wait for `count` slots, one per instance of a job, and hold them; for all slots if there are fewer.

        Yields False, and holds none, if the job is stopped first. No job overtakes one that waits for several slots.
        """
        ticket = object()
        count = min(count, self._all)
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(
                lambda: stop_requested.is_set() or self.closing.is_set() or self._is_next(ticket, count)
            )
            self._waiting.remove(ticket)
            admitted = not (stop_requested.is_set() or self.closing.is_set())
            self._free -= count * admitted
            self._changed.notify_all()
        try:
            yield admitted
        finally:
            with self._changed:
                self._free += count * admitted
                self._changed.notify_all()

    def _is_next(self, ticket: object, count: int) -> bool:
        return self._free >= count and self._waiting[0] is ticket

    def wake(self) -> None:
        """Let the jobs that wait for a slot check whether they were stopped."""
        with self._changed:
            self._changed.notify_all()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """End all jobs: kill their containers and join their threads."""
        self.closing.set()
        self.wake()
        for thread in list(self._threads):
            thread.join(timeout_seconds)

"""The threads that decode and infer, one per core, and their bounded queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, TypeVar

from imgcls.serving.errors import RequestError

T = TypeVar("T")


class Workers:
    """Used from the event loop only."""

    def __init__(self, threads: int, max_queue: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="worker")
        self._max_pending = threads + max_queue
        self._pending = 0

    def admit(self, jobs: int = 1) -> None:
        """Raises RequestError 503 if the queue is full. A batch larger than the queue needs an empty queue."""
        if self._pending and self._pending + jobs > self._max_pending:
            raise overloaded()

    async def submit(self, function: Callable[..., T], *args: Any) -> tuple[T, float]:
        """(the function's result, seconds of waiting for a thread)."""
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _timed, perf_counter(), function, args)
        finally:
            self._pending -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def overloaded() -> RequestError:
    """The answer to a request that would have to wait too long, or take too much memory while it waits."""
    return RequestError(503, "overloaded", "the server is at its limit: try again", {"Retry-After": "1"})


def _timed(submitted: float, function: Callable[..., T], args: tuple[Any, ...]) -> tuple[T, float]:
    waited = perf_counter() - submitted
    return function(*args), waited

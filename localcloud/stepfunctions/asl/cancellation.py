"""Cancellation of a branch and of every branch below it, also while it waits for a call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from localcloud.stepfunctions.asl.errors import Abandoned, Cancelled

T = TypeVar("T")


class Cancellation:
    """A cancellation signal, which also reaches every child."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._leaves_jobs = False
        self._children: list[Cancellation] = []
        self._lock = threading.Lock()

    def child(self) -> Cancellation:
        """A cancellation for part of the work; cancelling it does not affect the rest."""
        with self._lock:
            child = Cancellation()
            self._children.append(child)
        if self._event.is_set():
            child.cancel(leave_jobs=self._leaves_jobs)
        return child

    def cancel(self, *, leave_jobs: bool = False) -> None:
        """Give the signal. leave_jobs: what waits for a job ends without stopping it, as Abandoned."""
        if self._event.is_set():
            return  # the first signal decides about the jobs
        self._leaves_jobs = leave_jobs
        self._event.set()
        with self._lock:
            children = list(self._children)
        for child in children:
            child.cancel(leave_jobs=leave_jobs)

    def check(self) -> None:
        """Raise Cancelled when the signal was given."""
        if self._event.is_set():
            raise Abandoned if self._leaves_jobs else Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep; Cancelled as soon as the signal is given."""
        self._event.wait(max(0.0, seconds))
        self.check()

    def run(self, function: Callable[[], T], deadline: float | None = None) -> T:
        """Call `function` in a thread; Cancelled at the signal, TimeoutError at `deadline` (time.monotonic)."""
        call = _Call(function)
        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        while not call.done.wait(0.002 if call.young() else 0.05):
            self.check()
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError
        return call.outcome()


class _Call(Generic[T]):
    """A function's outcome, kept for another thread."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._started = time.monotonic()
        self._results: list[T] = []
        self._error: BaseException | None = None
        self.done = threading.Event()

    def __call__(self) -> None:
        try:
            self._results.append(self._function())
        except BaseException as error:
            self._error = error
        self.done.set()

    def young(self) -> bool:
        return time.monotonic() - self._started < 0.1

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._results[0]

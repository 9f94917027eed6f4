"""One line of states being run: where it stands in the history, what it may see, and how it is told to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from localcloud.stepfunctions.asl.errors import Cancelled
from localcloud.stepfunctions.asl.history import History

T = TypeVar("T")


class Cancellation:
    """A signal to end that reaches every line below it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._children: list[Cancellation] = []
        self._lock = threading.Lock()

    def child(self) -> Cancellation:
        """A cancellation for part of the work; cancelling it leaves the rest alone."""
        with self._lock:
            child = Cancellation()
            self._children.append(child)
        if self._event.is_set():
            child.cancel()
        return child

    def cancel(self) -> None:
        self._event.set()
        with self._lock:
            children = list(self._children)
        for child in children:
            child.cancel()

    def check(self) -> None:
        """Raise Cancelled when the signal was given."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep; Cancelled as soon as the signal is given."""
        if self._event.wait(max(0.0, seconds)):
            raise Cancelled

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


class _Call:
    """A function's outcome, kept for another thread."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._started = time.monotonic()
        self._result: Any = None
        self._error: BaseException | None = None
        self.done = threading.Event()

    def __call__(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:
            self._error = error
        self.done.set()

    def young(self) -> bool:
        return time.monotonic() - self._started < 0.1

    def outcome(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


@dataclass
class Line:
    """What the states of one flow share while it runs."""

    history: History
    cancellation: Cancellation
    context: dict[str, Any]
    last_event: int = 0
    entered: int = field(default=0, init=False)

    def record(self, event_type: str, details: Mapping[str, Any] | None = None) -> int:
        """Add an event that follows this line's last one."""
        self.last_event = self.history.append(event_type, self.last_event, details)
        return self.last_event

    def branch(self, cancellation: Cancellation) -> Line:
        """A line that starts here and runs on its own."""
        return Line(self.history, cancellation, dict(self.context), self.last_event)

"""Adds up the events of recordings by operator: calls, and the time that is an operator's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol

_MAX_ROWS = 25
_GPU_ACTIVITIES = ("kernel", "gpu_memcpy", "gpu_memset")


class Event(Protocol):
    """What is read of an event of Kineto's. Times are nanoseconds."""

    def name(self) -> str: ...
    def activity_type(self) -> str: ...
    def start_thread_id(self) -> int: ...
    def start_ns(self) -> int: ...
    def duration_ns(self) -> int: ...
    def is_user_annotation(self) -> bool: ...


class OperatorTable:
    """Totals over all recordings that were added."""

    def __init__(self) -> None:
        self._calls: dict[str, int] = defaultdict(int)
        self._cpu_ns: dict[str, int] = defaultdict(int)
        self._gpu_ns: dict[str, int] = defaultdict(int)

    def add(self, events: Iterable[Event]) -> None:
        """The events of one recording, in any order. Annotations are no operators; their children are."""
        threads: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        for event in events:
            activity, start, duration = event.activity_type(), event.start_ns(), event.duration_ns()
            if activity in _GPU_ACTIVITIES:
                self._calls[event.name()] += 1
                self._gpu_ns[event.name()] += duration
            elif not activity.startswith("gpu_"):  # annotations once more, as the GPU saw them
                name = "" if event.is_user_annotation() else event.name()
                # Longest first where two start at once: the caller before the called.
                threads[event.start_thread_id()].append((start, -duration, name))
        for rows in threads.values():
            self._add_thread(sorted(rows))

    def _add_thread(self, rows: list[tuple[int, int, str]]) -> None:
        """`rows` is (start, -duration, name) in the order of the calls; what a call encloses, it called."""
        open_calls: list[tuple[int, str]] = []
        for start, negative, name in rows:
            duration = -negative
            while open_calls and open_calls[-1][0] <= start:
                open_calls.pop()
            if open_calls and open_calls[-1][1]:
                self._cpu_ns[open_calls[-1][1]] -= duration
            open_calls.append((start + duration, name))
            if name:
                self._calls[name] += 1
                self._cpu_ns[name] += duration

    def rows(self) -> list[dict[str, Any]]:
        """The dearest operators first; `share` is of the device that does the work, the GPU where there is one."""
        decisive = self._gpu_ns if self._gpu_ns else self._cpu_ns
        whole = sum(decisive.values()) or 1
        names = sorted(self._calls, key=lambda name: (-decisive.get(name, 0), -self._cpu_ns.get(name, 0), name))
        return [
            {
                "name": name,
                "calls": self._calls[name],
                "cpu_ms": round(self._cpu_ns.get(name, 0) / 1e6, 3),
                "gpu_ms": round(self._gpu_ns.get(name, 0) / 1e6, 3),
                "share": round(decisive.get(name, 0) / whole, 4),
            }
            for name in names[:_MAX_ROWS]
        ]

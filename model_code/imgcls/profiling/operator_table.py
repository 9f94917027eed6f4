"""Sums the events of recordings by operator: calls, and self time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol

_MAX_ROWS = 25
_GPU_ACTIVITIES = ("kernel", "gpu_memcpy", "gpu_memset")


class Event(Protocol):
    """What is read of a Kineto event. Times are in nanoseconds."""

    def name(self) -> str: ...
    def activity_type(self) -> str: ...
    def start_thread_id(self) -> int: ...
    def start_ns(self) -> int: ...
    def duration_ns(self) -> int: ...
    def is_user_annotation(self) -> bool: ...


class OperatorTable:
    """Totals over all added recordings."""

    def __init__(self) -> None:
        self._calls: dict[str, int] = defaultdict(int)
        self._cpu_ns: dict[str, int] = defaultdict(int)
        self._gpu_ns: dict[str, int] = defaultdict(int)

    def add(self, events: Iterable[Event]) -> None:
        """Add the events of one recording, in any order. Annotations are not operators, but their children are."""
        threads: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        for event in events:
            activity, start, duration = event.activity_type(), event.start_ns(), event.duration_ns()
            if activity in _GPU_ACTIVITIES:
                self._calls[event.name()] += 1
                self._gpu_ns[event.name()] += duration
            elif not activity.startswith("gpu_"):  # these repeat the annotations on the GPU's timeline
                name = "" if event.is_user_annotation() else event.name()
                # Longest first where two start at the same time: the caller before the callee.
                threads[event.start_thread_id()].append((start, -duration, name))
        for rows in threads.values():
            self._add_thread(sorted(rows))

    def _add_thread(self, rows: list[tuple[int, int, str]]) -> None:
        """`rows` is (start, -duration, name) in the order of the calls; a call made the calls that it encloses."""
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
        """The slowest operators first; `share` is of the time on the GPU where there is one, else on the CPU."""
        main_ns = self._gpu_ns if self._gpu_ns else self._cpu_ns
        total = sum(main_ns.values()) or 1
        names = sorted(self._calls, key=lambda name: (-main_ns.get(name, 0), -self._cpu_ns.get(name, 0), name))
        return [
            {
                "name": name,
                "calls": self._calls[name],
                "cpu_ms": round(self._cpu_ns.get(name, 0) / 1e6, 3),
                "gpu_ms": round(self._gpu_ns.get(name, 0) / 1e6, 3),
                "share": round(main_ns.get(name, 0) / total, 4),
            }
            for name in names[:_MAX_ROWS]
        ]

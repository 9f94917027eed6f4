"""The events of one execution, readable while it runs."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import HistoryFull
from localcloud.stepfunctions.asl.json_text import to_json

MAX_EVENTS = 25_000
"""Of one execution: a fixed limit of Standard workflows."""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class HistoryEvent:
    """One event. `previous`: the id of the event that it follows, 0 for the first. details: None where it has none."""

    id: int
    type: str
    previous: int
    details: Mapping[str, object] | None
    timestamp: datetime.datetime = field(default_factory=_now)


def data_details(name: str, value: JSON) -> dict[str, object]:
    """`input` or `output` as event details carry it."""
    return {name: to_json(value), f"{name}Details": {"truncated": False}}


class History:
    """An append-only list of events; safe for several branches at once."""

    def __init__(self, max_events: int = MAX_EVENTS) -> None:
        self._events: list[HistoryEvent] = []
        self._max_events = max_events
        self._lock = threading.Lock()

    def append(
        self, event_type: str, previous: int, details: Mapping[str, object] | None = None, *, last: bool = False
    ) -> int:
        """Add an event; returns its id, counted from 1. HistoryFull when only the execution's `last` one has room."""
        if details is not None:
            details = {key: value for key, value in details.items() if value is not None}
        with self._lock:
            if not last and len(self._events) >= self._max_events - 1:
                raise HistoryFull(self._max_events)
            event = HistoryEvent(len(self._events) + 1, event_type, previous, details)
            self._events.append(event)
        return event.id

    def events(self) -> list[HistoryEvent]:
        """The events so far, oldest first."""
        with self._lock:
            return list(self._events)

"""The events of one execution, readable while it runs."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.json_text import to_json


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

    def __init__(self) -> None:
        self._events: list[HistoryEvent] = []
        self._lock = threading.Lock()

    def append(self, event_type: str, previous: int, details: Mapping[str, object] | None = None) -> int:
        """Add an event; returns its id, counted from 1."""
        if details is not None:
            details = {key: value for key, value in details.items() if value is not None}
        with self._lock:
            event = HistoryEvent(len(self._events) + 1, event_type, previous, details)
            self._events.append(event)
        return event.id

    def events(self) -> list[HistoryEvent]:
        """The events so far, oldest first."""
        with self._lock:
            return list(self._events)

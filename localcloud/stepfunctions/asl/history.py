"""The events of one execution, readable while it runs."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from typing import Any

from localcloud.stepfunctions.asl.json_text import to_json

_DATA = ("input", "output", "inputDetails", "outputDetails", "parameters")
# Events whose details stand under a name that is not simply the event's own.
_SHARED_DETAILS = (("StateEntered", "stateEnteredEventDetails"), ("StateExited", "stateExitedEventDetails"))


def details_name(event_type: str) -> str:
    """The member of HistoryEvent that holds an event's details: TaskFailed -> taskFailedEventDetails."""
    for ending, name in _SHARED_DETAILS:
        if event_type.endswith(ending):
            return name
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def data(name: str, value: Any) -> dict[str, Any]:
    """`input` or `output` as event details carry it."""
    return {name: to_json(value), f"{name}Details": {"truncated": False}}


class History:
    """An append-only list of events; safe for several branches at once."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def append(self, event_type: str, previous: int, details: Mapping[str, Any] | None = None) -> int:
        """Add an event; gives its id, counted from 1."""
        with self._lock:
            event: dict[str, Any] = {
                "timestamp": datetime.datetime.now(datetime.UTC),
                "type": event_type,
                "id": len(self._events) + 1,
                "previousEventId": previous,
            }
            if details is not None:
                event[details_name(event_type)] = {key: value for key, value in details.items() if value is not None}
            self._events.append(event)
            return event["id"]

    def events(self, *, with_data: bool = True) -> list[dict[str, Any]]:
        """The events so far, oldest first."""
        with self._lock:
            events = list(self._events)
        return events if with_data else [_without_data(event) for event in events]


def _without_data(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {key: each for key, each in value.items() if key not in _DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }

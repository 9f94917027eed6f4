"""Execution context of one branch: history position, context object, cancellation."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.json_types import JsonObject
from localcloud.stepfunctions.asl.cancellation import Cancellation
from localcloud.stepfunctions.asl.history import History


@dataclass
class Branch:
    """What the states of one flow share while it runs: the whole execution, a Parallel branch or a Map iteration.

    context: the context object, `$$` in expressions.
    last_event: id of the event that this branch's next one follows.
    entered: id of the StateEntered event of the current state.
    """

    history: History
    cancellation: Cancellation
    context: JsonObject
    last_event: int = 0
    entered: int = field(default=0, init=False)
    _state: JsonObject = field(default_factory=dict, init=False)

    def record(self, event_type: str, details: Mapping[str, object] | None = None, *, last: bool = False) -> int:
        """Add an event that follows this branch's last one. `last`: it ends the execution."""
        self.last_event = self.history.append(event_type, self.last_event, details, last=last)
        return self.last_event

    def enter(self, name: str, event: int) -> None:
        """Make `name` the current state; `event` is the id of its StateEntered event."""
        self.entered = event
        self._state = {"EnteredTime": utc_now(), "Name": name}
        self.set_retry_count(0)
        self.context.pop("Task", None)

    def set_retry_count(self, number: int) -> None:
        """How often the current state was tried again."""
        self.context["State"] = {**self._state, "RetryCount": number}

    def fork(self, cancellation: Cancellation) -> Branch:
        """A branch that starts here and runs on its own."""
        return Branch(self.history, cancellation, dict(self.context), self.last_event)


def utc_now() -> str:
    """Now, as the context object writes times: 2026-11-20T13:20:00.123Z."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

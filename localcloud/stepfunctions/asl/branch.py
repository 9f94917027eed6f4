"""Execution context of one branch: history position, context object, cancellation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.stepfunctions.asl.cancellation import Cancellation
from localcloud.stepfunctions.asl.history import History


@dataclass
class Branch:
    """What the states of one flow share while it runs: the whole execution, a Parallel branch or a Map iteration.

    last_event: id of the event that its next one follows. entered: id of the StateEntered event of its current state.
    """

    history: History
    cancellation: Cancellation
    context: dict[str, Any]
    last_event: int = 0
    entered: int = field(default=0, init=False)

    def record(self, event_type: str, details: Mapping[str, Any] | None = None) -> int:
        """Add an event that follows this branch's last one."""
        self.last_event = self.history.append(event_type, self.last_event, details)
        return self.last_event

    def fork(self, cancellation: Cancellation) -> Branch:
        """A branch that starts here and runs on its own."""
        return Branch(self.history, cancellation, dict(self.context), self.last_event)

"""Reads the events of an execution's history as visits to states.

Events of a Map's iterations interleave; each event names its previous event, and that chain leads back to the
iteration that it belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from imgcls.contract.failures import job_kinds

Event = Mapping[str, Any]
_FAILURES = ("Failed", "TimedOut", "StartFailed", "ScheduleFailed", "SubmitFailed")


@dataclass(frozen=True)
class Job:
    """A SageMaker job that a state created. `kind` is a name in `job_kinds.BY_NAME`."""

    kind: str
    name: str


@dataclass
class Visit:
    """One visit to a state of type `kind` (Task, Choice, Map, ...), in an `iteration` of the Map or outside (None).

    `is_poll`: it only described a job that an earlier state had created. That state's visit lasts as long as the job.
    """

    state: str
    kind: str
    iteration: int | None
    entered: datetime
    exited: datetime | None = None
    status: Literal["running", "succeeded", "failed"] = "running"
    attempts: int = 0
    job: Job | None = None
    is_poll: bool = False
    error: str | None = None
    cause: str | None = None
    input: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def seconds(self) -> float | None:
        return (self.exited - self.entered).total_seconds() if self.exited else None


def read_visits(events: Iterable[Event]) -> list[Visit]:
    """The visits in the order of their start."""
    reader = _Reader()
    for event in sorted(events, key=lambda event: event["id"]):
        reader.read(event)
    return reader.visits


class _Reader:
    """Reads the events of one execution, oldest first."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self._visit_of: dict[int, Visit | None] = {}
        self._iteration_of: dict[int, int | None] = {}
        self._polled: dict[Job | None, Visit] = {}
        """Jobs that the state machine polls itself -> the visits that created them."""

    def read(self, event: Event) -> None:
        previous = event.get("previousEventId", 0)
        self._iteration_of[event["id"]] = _iteration(event, self._iteration_of.get(previous))
        if event["type"].endswith("StateEntered"):
            visit: Visit | None = self._enter(event)
        else:
            visit = self._owner(event)
            if visit is not None:
                self._apply(event, visit)
        self._visit_of[event["id"]] = visit

    def _enter(self, event: Event) -> Visit:
        details = event["stateEnteredEventDetails"]
        kind = event["type"].removesuffix("StateEntered")
        iteration, given = self._iteration_of[event["id"]], _json(details.get("input"))
        self.visits.append(Visit(details["name"], kind, iteration, event["timestamp"], input=given))
        return self.visits[-1]

    def _owner(self, event: Event) -> Visit | None:
        previous = self._visit_of.get(event.get("previousEventId", 0))
        if event["type"].endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            if previous is None or previous.state != name:
                return next((v for v in reversed(self.visits) if v.state == name and v.exited is None), None)
        return previous

    def _apply(self, event: Event, visit: Visit) -> None:
        kind = event["type"]
        if kind in ("TaskScheduled", "LambdaFunctionScheduled"):
            visit.attempts += 1
            self._schedule(event.get("taskScheduledEventDetails", {}), visit, event["timestamp"])
        elif kind.endswith(_FAILURES) and kind not in ("ExecutionFailed", "MapIterationFailed"):
            failure: Event = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
            visit.status, visit.error, visit.cause = "failed", failure.get("error"), failure.get("cause")
        elif kind.endswith("StateExited"):
            if visit.status == "failed" or visit is not self._polled.get(visit.job):
                _end(visit, event["timestamp"])
        elif kind in ("TaskSucceeded", "LambdaFunctionSucceeded"):
            visit.status, visit.error, visit.cause = "running", None, None
            if visit.is_poll:
                self._describe(event.get("taskSucceededEventDetails", {}).get("output"), event["timestamp"])

    def _schedule(self, details: Event, visit: Visit, time: datetime) -> None:
        found = job_kinds.find(_json(details.get("parameters")))
        resource = details.get("resource", "")
        visit.is_poll = resource.startswith("describe")
        if found is None or visit.is_poll:
            return
        visit.job = Job(found[0].name, found[1])
        if resource.startswith("create") and not resource.endswith(".sync"):
            self._polled[visit.job] = visit
        elif resource.startswith("stop") and (creator := self._polled.get(visit.job)):
            _end(creator, time, error="States.Timeout", cause="")

    def _describe(self, output: str | None, time: datetime) -> None:
        """A poll's answer: when the job has ended, the visit that created it ends."""
        description = _json(output)
        found = job_kinds.find(description)
        creator = self._polled.get(Job(found[0].name, found[1])) if found else None
        if found is None or creator is None:
            return
        status = description.get(found[0].status_field)
        if status == "Completed":
            _end(creator, time)
        elif status in ("Failed", "Stopped"):
            _end(creator, time, error="States.TaskFailed", cause=output)


def _end(visit: Visit, time: datetime, *, error: str | None = None, cause: str | None = None) -> None:
    if error is not None:
        visit.status, visit.error, visit.cause = "failed", error, cause
    elif visit.status == "running":
        visit.status = "succeeded"
    # Else it stays failed: a caught error exits its state too.
    visit.exited = time


def _iteration(event: Event, inherited: int | None) -> int | None:
    if event["type"] == "MapIterationStarted":
        return int(event["mapIterationStartedEventDetails"]["index"])
    return None if event["type"] in ("MapStateSucceeded", "MapStateFailed", "MapStateExited") else inherited


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}

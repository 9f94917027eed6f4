"""An execution's history, event by event, read as visits to states.

Events of a Map's iterations interleave; each event names the one before it, and that chain leads back to the
iteration it belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

JOB_NAMES = {
    "TrainingJobName": "training",
    "ProcessingJobName": "processing",
    "HyperParameterTuningJobName": "tuning",
}
_FAILURES = ("Failed", "TimedOut", "StartFailed", "ScheduleFailed", "SubmitFailed")


@dataclass(frozen=True)
class Job:
    """A SageMaker job that a state started. `kind`: training, processing or tuning."""

    kind: str
    name: str


@dataclass
class Visit:
    """One entry into a state of type `kind` (Task, Choice, Map, ...); `iteration` of the Map, None outside of it.

    `is_poll`: it only asked how far a job is, that an earlier state created.
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


def read_visits(events: Iterable[dict]) -> list[Visit]:
    """The visits in the order in which they began."""
    ordered = sorted(events, key=lambda event: event["id"])
    by_id = {event["id"]: event for event in ordered}
    visits: list[Visit] = []
    visit_of: dict[int, Visit | None] = {}
    iteration_of: dict[int, int | None] = {}
    for event in ordered:
        previous = event.get("previousEventId", 0)
        iteration_of[event["id"]] = _iteration(event, iteration_of.get(previous))
        if event["type"].endswith("StateEntered"):
            details = event["stateEnteredEventDetails"]
            visit = Visit(
                details["name"],
                event["type"].removesuffix("StateEntered"),
                iteration_of[event["id"]],
                event["timestamp"],
                input=_json(details.get("input")),
            )
            visits.append(visit)
            visit_of[event["id"]] = visit
        else:
            visit_of[event["id"]] = _owner(event, visit_of, by_id, visits)
            _apply(event, visit_of[event["id"]])
    return visits


def _iteration(event: dict, inherited: int | None) -> int | None:
    if event["type"] == "MapIterationStarted":
        return event["mapIterationStartedEventDetails"]["index"]
    return None if event["type"] in ("MapStateSucceeded", "MapStateFailed", "MapStateExited") else inherited


def _owner(event: dict, visit_of: dict[int, Visit | None], by_id: dict[int, dict], visits: list[Visit]) -> Visit | None:
    if event["type"].endswith("StateExited"):
        name = event["stateExitedEventDetails"]["name"]
        start = visit_of.get(event.get("previousEventId", 0))
        if start is not None and start.state == name:
            return start
        return next((v for v in reversed(visits) if v.state == name and v.exited is None), None)
    return visit_of.get(event.get("previousEventId", 0))


def _apply(event: dict, visit: Visit | None) -> None:
    if visit is None:
        return
    kind = event["type"]
    if kind in ("TaskScheduled", "LambdaFunctionScheduled"):
        visit.attempts += 1
        details = event.get("taskScheduledEventDetails", {})
        visit.is_poll = details.get("resource", "").startswith("describe")
        parameters = {} if visit.is_poll else _json(details.get("parameters"))
        for key, job_kind in JOB_NAMES.items():
            if key in parameters:
                visit.job = Job(job_kind, parameters[key])
    elif kind.endswith(_FAILURES) and kind not in ("ExecutionFailed", "MapIterationFailed"):
        failure: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        visit.error, visit.cause = failure.get("error"), failure.get("cause")
        visit.status = "failed"
    elif kind.endswith("StateExited"):
        visit.exited = event["timestamp"]
        # A caught error exits its state too: it stays failed, the handler's state tells the rest.
        visit.status = "failed" if visit.status == "failed" and visit.error else "succeeded"
    elif kind in ("TaskSucceeded", "LambdaFunctionSucceeded"):
        visit.status, visit.error, visit.cause = "running", None, None


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}

"""Executions, their events and diagnostics as API answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TypeVar

from localcloud.errors import AwsError
from localcloud.stepfunctions.asl.history import HistoryEvent
from localcloud.stepfunctions.execution import Execution
from localcloud.stepfunctions.requests import Page

T = TypeVar("T")
DEFAULT_PAGE, MAX_PAGE = 100, 1000
_DATA = ("input", "output", "inputDetails", "outputDetails", "parameters")
# Events whose details are not named after the event itself.
_SHARED_DETAILS = (("StateEntered", "stateEnteredEventDetails"), ("StateExited", "stateExitedEventDetails"))


def list_item(execution: Execution) -> dict[str, object]:
    """A row of ListExecutions."""
    item = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started,
        "stopDate": execution.stopped,
        "redriveCount": 0,
    }
    return {name: value for name, value in item.items() if value is not None}


def description(execution: Execution) -> dict[str, object]:
    """DescribeExecution's answer."""
    included = {"included": True}
    more = {
        "input": execution.input_text,
        "inputDetails": included,
        "output": execution.output,
        "outputDetails": included if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
        "redriveStatus": "NOT_REDRIVABLE",
    }
    return {**list_item(execution), **{name: value for name, value in more.items() if value is not None}}


def machine(execution: Execution) -> dict[str, object]:
    """The state machine as it was when the execution started."""
    return {
        "stateMachineArn": execution.machine.arn,
        "name": execution.machine.name,
        "definition": execution.machine.definition_text,
        "roleArn": execution.machine.role_arn,
        "updateDate": execution.started,
    }


def history_event(event: HistoryEvent, *, with_data: bool = True) -> dict[str, object]:
    """An event of GetExecutionHistory; without data its input, output and parameters are left out."""
    answer: dict[str, object] = {
        "timestamp": event.timestamp,
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous,
    }
    if event.details is not None:
        answer[_details_name(event.type)] = event_details(event, with_data=with_data)
    return answer


def event_details(event: HistoryEvent, *, with_data: bool) -> Mapping[str, object]:
    details = event.details or {}
    return details if with_data else {name: value for name, value in details.items() if name not in _DATA}


def _details_name(event_type: str) -> str:
    """The member of HistoryEvent that carries an event's details: TaskFailed -> taskFailedEventDetails."""
    for ending, name in _SHARED_DETAILS:
        if event_type.endswith(ending):
            return name
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def diagnostic(problem: str) -> dict[str, str]:
    """A problem of a definition: `CODE: message at /place`."""
    code, _, rest = problem.partition(": ")
    message, _, place = rest.rpartition(" at ")
    return {"severity": "ERROR", "code": code, "message": message, "location": place}


def page(items: Sequence[T], request: Page) -> tuple[Sequence[T], dict[str, str]]:
    """The page that maxResults and nextToken ask for, and the token of the next one."""
    size = min(request.get("maxResults") or DEFAULT_PAGE, MAX_PAGE)
    start = 0
    if token := request.get("nextToken"):
        try:
            start = int(base64.b64decode(token, validate=True))
        except ValueError as error:
            raise AwsError("InvalidToken", f"Invalid Token: '{token}'") from error
    end = start + size
    following = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return items[start:end], following

"""Executions, their events and diagnostics as API answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from localcloud.errors import AwsError
from localcloud.stepfunctions.execution import Execution

T = TypeVar("T")
DEFAULT_PAGE, MAX_PAGE = 100, 1000


def list_item(execution: Execution) -> dict[str, Any]:
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


def description(execution: Execution) -> dict[str, Any]:
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


def machine(execution: Execution) -> dict[str, Any]:
    """The state machine as it was when the execution started."""
    return {
        "stateMachineArn": execution.machine.arn,
        "name": execution.machine.name,
        "definition": execution.machine.definition_text,
        "roleArn": execution.machine.role_arn,
        "updateDate": execution.started,
    }


def diagnostic(problem: str) -> dict[str, str]:
    """A problem of a definition: `CODE: message at /place`."""
    code, _, rest = problem.partition(": ")
    message, _, place = rest.rpartition(" at ")
    return {"severity": "ERROR", "code": code, "message": message, "location": place}


def page(items: Sequence[T], parameters: Mapping[str, Any]) -> tuple[Sequence[T], dict[str, str]]:
    """The page that maxResults and nextToken ask for, and the token of the one after it."""
    size = min(parameters.get("maxResults") or DEFAULT_PAGE, MAX_PAGE)
    start = 0
    if token := parameters.get("nextToken"):
        try:
            start = int(base64.b64decode(token, validate=True))
        except ValueError as error:
            raise AwsError("InvalidToken", f"Invalid Token: '{token}'") from error
    end = start + size
    following = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return items[start:end], following

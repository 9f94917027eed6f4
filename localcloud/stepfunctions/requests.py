"""The requests of the Step Functions API that this package answers."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Page(TypedDict, total=False):
    """The part of a list that is asked for: how many items, and after which token."""

    maxResults: int
    nextToken: str


class CreateStateMachine(TypedDict):
    name: str
    definition: str
    roleArn: str
    type: NotRequired[str]


class UpdateStateMachine(TypedDict, total=False):
    definition: str | None


class ValidateDefinition(TypedDict):
    definition: str


class StartExecution(TypedDict):
    stateMachineArn: str
    name: NotRequired[str]
    input: NotRequired[str]


class ExecutionRequest(TypedDict):
    """Any operation on one execution."""

    executionArn: str


class StopExecution(ExecutionRequest):
    error: NotRequired[str]
    cause: NotRequired[str]


class ListExecutions(Page, total=False):
    stateMachineArn: str
    statusFilter: str


class GetHistory(ExecutionRequest, Page):
    includeExecutionData: NotRequired[bool]
    reverseOrder: NotRequired[bool]


class TokenRequest(TypedDict):
    """Any operation on a task that waits for its token."""

    taskToken: str


class TaskSuccess(TokenRequest):
    output: str


class TaskFailure(TokenRequest):
    error: NotRequired[str]
    cause: NotRequired[str]

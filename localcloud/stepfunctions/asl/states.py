"""The shape of a checked definition: flows, states, and the parts of states."""

from __future__ import annotations

from typing import Literal, NotRequired, Required, TypeAlias, TypedDict

from localcloud.json_types import JSON


class Retrier(TypedDict, total=False):
    """One entry of Retry. Durations are in seconds."""

    ErrorEquals: Required[list[str]]
    IntervalSeconds: int
    MaxAttempts: int
    BackoffRate: float
    MaxDelaySeconds: int
    JitterStrategy: str


class Catcher(TypedDict):
    """One entry of Catch."""

    ErrorEquals: list[str]
    Next: str
    ResultPath: NotRequired[str | None]


class ChoiceRule(TypedDict, total=False):
    """And, Or or Not; otherwise a Variable and one comparison, whose name is one of `choice.COMPARISONS`."""

    And: list[ChoiceRule]
    Or: list[ChoiceRule]
    Not: ChoiceRule
    Variable: str
    Next: str


class _Input(TypedDict, total=False):
    InputPath: str | None
    OutputPath: str | None


class _Transition(_Input, total=False):
    Next: str
    End: bool


class _Work(_Transition, total=False):
    Parameters: JSON
    ResultSelector: JSON
    ResultPath: str | None
    Retry: list[Retrier]
    Catch: list[Catcher]


class TaskState(_Work, total=False):
    """Calls a service; see `task_state`."""

    Type: Required[Literal["Task"]]
    Resource: Required[str]
    TimeoutSeconds: int
    TimeoutSecondsPath: str
    HeartbeatSeconds: int
    HeartbeatSecondsPath: str


class ParallelState(_Work, total=False):
    """Runs every branch on the same input."""

    Type: Required[Literal["Parallel"]]
    Branches: Required[list[Flow]]


class MapState(_Work, total=False):
    """Runs one flow for each item of a list. Iterator and Parameters are the older names of ItemProcessor and
    ItemSelector."""

    Type: Required[Literal["Map"]]
    ItemsPath: str
    ItemSelector: JSON
    ItemProcessor: Flow
    Iterator: Flow
    MaxConcurrency: int
    MaxConcurrencyPath: str


class PassState(_Transition, total=False):
    """Gives its Result, its Parameters or its input."""

    Type: Required[Literal["Pass"]]
    Parameters: JSON
    Result: JSON
    ResultPath: str | None


class WaitState(_Transition, total=False):
    """Has exactly one of its four fields."""

    Type: Required[Literal["Wait"]]
    Seconds: JSON
    SecondsPath: str
    Timestamp: str
    TimestampPath: str


class ChoiceState(_Input, total=False):
    """Goes on with the first rule that is true."""

    Type: Required[Literal["Choice"]]
    Choices: Required[list[ChoiceRule]]
    Default: str


class SucceedState(_Input, total=False):
    """Ends its flow."""

    Type: Required[Literal["Succeed"]]


class FailState(TypedDict, total=False):
    """Ends its flow with an error."""

    Type: Required[Literal["Fail"]]
    Error: str
    ErrorPath: str
    Cause: str
    CausePath: str


WorkState: TypeAlias = TaskState | ParallelState | MapState  # those that may fail and be retried
StateWithOutput: TypeAlias = WorkState | PassState | WaitState | ChoiceState | SucceedState
State: TypeAlias = StateWithOutput | FailState


class Flow(TypedDict):
    """States from StartAt to an end: a whole definition, a branch of Parallel, the processor of Map."""

    StartAt: str
    States: dict[str, State]


class Definition(Flow):
    """A state machine."""

    TimeoutSeconds: NotRequired[int]

"""Task states: time limits, history events, and the three ways to wait for an answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.branch import Branch
from localcloud.stepfunctions.asl.data_limit import check_size
from localcloud.stepfunctions.asl.errors import HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, Abandoned, Cancelled, StatesError
from localcloud.stepfunctions.asl.history import data_details
from localcloud.stepfunctions.asl.json_text import to_json
from localcloud.stepfunctions.asl.scope import Scope
from localcloud.stepfunctions.asl.states import TaskState

POLL_SECONDS = 0.2


class Token(Protocol):
    """A task token, for which a task waits until SendTaskSuccess or SendTaskFailure."""

    text: str

    def poll(self, heartbeat_seconds: float | None) -> tuple[JSON] | None:
        """The output in a 1-tuple once there is one; StatesError on failure or a missed heartbeat."""

    def close(self) -> None:
        """Answer later calls with TaskTimedOut."""


class Task(Protocol):
    """What a Task state calls: one Resource."""

    resource_type: str
    resource: str
    waits: str  # "" for the answer itself, "sync" for a job's end, "token" for SendTask*

    def check(self, parameters: JSON) -> None:
        """StatesError States.Runtime when the parameters cannot be sent."""

    def start(self, parameters: JSON) -> JSON:
        """Make the call; StatesError when the service refuses it."""

    def poll(self, answer: JSON, parameters: JSON) -> tuple[JSON] | None:
        """For a job: its result in a 1-tuple once it has ended well; StatesError when it ended badly."""

    def stop(self, answer: JSON, parameters: JSON) -> None:
        """For a job: stop it if it still runs."""


class Tasks(Protocol):
    """Everything that Task states can call."""

    @property
    def region(self) -> str: ...

    def find(self, resource: str) -> Task:
        """The task behind a Resource."""

    def token(self) -> Token:
        """A new task token."""


@dataclass(frozen=True)
class _Limits:
    timeout: int | None
    heartbeat: int | None

    @classmethod
    def of(cls, state: TaskState, scope: Scope) -> _Limits:
        return cls(
            _seconds_at(state["TimeoutSecondsPath"], "TimeoutSecondsPath", scope)
            if "TimeoutSecondsPath" in state
            else state.get("TimeoutSeconds"),
            _seconds_at(state["HeartbeatSecondsPath"], "HeartbeatSecondsPath", scope)
            if "HeartbeatSecondsPath" in state
            else state.get("HeartbeatSeconds"),
        )


def run(name: str, state: TaskState, scope: Scope, branch: Branch, tasks: Tasks) -> JSON:
    """One attempt at a Task state; gives its raw result."""
    task = tasks.find(state["Resource"])
    limits = _Limits.of(state, scope)
    token = tasks.token() if task.waits == "token" else None
    if token is not None:
        branch.context["Task"] = {"Token": token.text}
        scope = Scope(scope.input, branch.context)
    parameters = scope.fill(state["Parameters"]) if "Parameters" in state else scope.input
    check_size(parameters, name)
    task.check(parameters)
    attempt = _Attempt(task, parameters, limits, branch, token)
    try:
        return attempt.run(name, tasks.region)
    finally:
        if token is not None:
            token.close()


@dataclass
class _Attempt:
    task: Task
    parameters: JSON
    limits: _Limits
    branch: Branch
    token: Token | None
    submitted: bool = False

    def run(self, name: str, region: str) -> JSON:
        self._record_start(region)
        deadline = time.monotonic() + self.limits.timeout if self.limits.timeout is not None else None
        try:
            result = self._result(deadline)
            check_size(result, name)
        except TimeoutError as error:
            self._record("TimedOut", error=TIMEOUT)
            raise StatesError(TIMEOUT) from error
        except StatesError as failure:
            self._record(self._ending(failure), error=failure.error, cause=failure.cause)
            raise
        self._record("Succeeded", **data_details("output", result))
        return result

    def _ending(self, failure: StatesError) -> str:
        if failure.error in (TIMEOUT, HEARTBEAT_TIMEOUT):
            return "TimedOut"
        return "SubmitFailed" if self.task.waits and not self.submitted else "Failed"

    def _result(self, deadline: float | None) -> JSON:
        answer = self.branch.cancellation.run(lambda: self.task.start(self.parameters), deadline)
        if not self.task.waits:
            return answer
        self.submitted = True
        self._record("Submitted", **data_details("output", answer))
        try:
            return self._wait(answer, deadline)
        except Abandoned:
            raise
        except Cancelled:
            # StopExecution and the failure of a sibling stop the job; AWS says nothing of a state's time limit.
            if self.task.waits == "sync":
                self.task.stop(answer, self.parameters)
            raise

    def _wait(self, answer: JSON, deadline: float | None) -> JSON:
        while True:
            if self.token is not None:
                done = self.token.poll(self.limits.heartbeat)
            else:
                done = self.task.poll(answer, self.parameters)
            if done is not None:
                return done[0]
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError
            self.branch.cancellation.wait(POLL_SECONDS)

    def _record_start(self, region: str) -> None:
        limits = {"timeoutInSeconds": self.limits.timeout, "heartbeatInSeconds": self.limits.heartbeat}
        if self.task.resource_type == "lambda:function":
            details: dict[str, object] = {
                "resource": self.task.resource,
                **data_details("input", self.parameters),
                **limits,
            }
            self.branch.record("LambdaFunctionScheduled", details)
            self.branch.record("LambdaFunctionStarted")
            return
        self._record("Scheduled", region=region, parameters=to_json(self.parameters), **limits)
        self._record("Started")

    def _record(self, ending: str, **details: object) -> None:
        if self.task.resource_type == "lambda:function":
            self.branch.record(f"LambdaFunction{ending}", details)
        else:
            named = {"resourceType": self.task.resource_type, "resource": self.task.resource, **details}
            self.branch.record(f"Task{ending}", named)


def _seconds_at(path: str, field: str, scope: Scope) -> int:
    value = scope.find(path, field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise StatesError(RUNTIME, f"The field '{field}' must select a positive integer, found {value!r}")
    return value

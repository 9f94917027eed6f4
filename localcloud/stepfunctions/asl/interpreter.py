"""Runs a flow of states from StartAt to its end."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.stepfunctions.asl import fan_out, simple_states, task_state
from localcloud.stepfunctions.asl.branch import Branch
from localcloud.stepfunctions.asl.data_limit import check_size
from localcloud.stepfunctions.asl.errors import RUNTIME, PathNotFound, StatesError
from localcloud.stepfunctions.asl.history import data as event_data
from localcloud.stepfunctions.asl.json_path import parse_reference, put
from localcloud.stepfunctions.asl.retry_catch import Retries, catcher
from localcloud.stepfunctions.asl.scope import Scope
from localcloud.stepfunctions.asl.task_state import Tasks

State = Mapping[str, Any]


@dataclass(frozen=True)
class Interpreter:
    """Runs flows; `tasks` performs what Task states ask for."""

    tasks: Tasks

    def run(self, flow: State, value: Any, branch: Branch) -> Any:
        """The flow's output. StatesError when a state fails uncaught, Cancelled when the branch is told to end."""
        name: str | None = flow["StartAt"]
        while name is not None:
            branch.cancellation.check()
            value, name = self._state(name, flow["States"][name], value, branch)
        return value

    def _state(self, name: str, state: State, value: Any, branch: Branch) -> tuple[Any, str | None]:
        branch.entered = branch.record(f"{state['Type']}StateEntered", {"name": name, **event_data("input", value)})
        branch.context["State"] = {"EnteredTime": utc_now(), "Name": name, "RetryCount": 0}
        branch.context.pop("Task", None)
        try:
            output, following = self._outcome(name, state, value, branch)
            check_size(output, name)
        except StatesError as failure:
            raise _located(failure, name, branch) from failure
        branch.record(f"{state['Type']}StateExited", {"name": name, **event_data("output", output)})
        return output, following

    def _outcome(self, name: str, state: State, value: Any, branch: Branch) -> tuple[Any, str | None]:
        effective = select(state, "InputPath", value, branch)
        scope = Scope(effective, branch.context)
        following = None if state.get("End") else state.get("Next")
        match state["Type"]:
            case "Choice":
                return select(state, "OutputPath", effective, branch), simple_states.choose(state, scope)
            case "Succeed":
                return select(state, "OutputPath", effective, branch), None
            case "Fail":
                raise simple_states.failure(state, scope)
            case "Wait":
                branch.cancellation.wait(simple_states.wait_seconds(state, scope))
                return select(state, "OutputPath", effective, branch), following
            case "Pass":
                result = simple_states.result(state, scope)
                return self._output(state, value, result, branch), following
        return self._attempt(name, state, value, effective, branch, following)

    def _attempt(
        self, name: str, state: State, value: Any, effective: Any, branch: Branch, following: str | None
    ) -> tuple[Any, str | None]:
        retries = Retries(state.get("Retry", ()))
        while True:
            try:
                result = self._work(name, state, Scope(effective, branch.context), branch)
                if "ResultSelector" in state:
                    result = Scope(result, branch.context).fill(state["ResultSelector"])
                return self._output(state, value, result, branch), following
            except StatesError as failure:
                failure = _located(failure, name, branch)
                seconds = retries.delay(failure)
                if seconds is None:
                    return self._caught(state, value, failure)
                branch.cancellation.wait(seconds)
                branch.context["State"] = {
                    **branch.context["State"],
                    "RetryCount": branch.context["State"]["RetryCount"] + 1,
                }

    def _work(self, name: str, state: State, scope: Scope, branch: Branch) -> Any:
        if state["Type"] == "Task":
            return task_state.run(name, state, scope, branch, self.tasks)
        if state["Type"] == "Parallel":
            return fan_out.run_parallel(state, scope, branch, self.run)
        return fan_out.run_map(name, state, scope, branch, self.run)

    def _caught(self, state: State, value: Any, failure: StatesError) -> tuple[Any, str]:
        found = catcher(state.get("Catch", ()), failure)
        if found is None:
            raise failure
        return place(found, value, {"Error": failure.error, "Cause": failure.cause}), found["Next"]

    @staticmethod
    def _output(state: State, value: Any, result: Any, branch: Branch) -> Any:
        return select(state, "OutputPath", place(state, value, result), branch)


def utc_now() -> str:
    """Now, as the context object writes times: 2026-11-20T13:20:00.123Z."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def select(state: State, field: str, value: Any, branch: Branch) -> Any:
    """Apply InputPath or OutputPath; null gives an empty object."""
    text = state.get(field, "$")
    return {} if text is None else Scope(value, branch.context).find(text, field)


def place(holder: State, value: Any, result: Any) -> Any:
    """Combine a result with the state's input by ResultPath; null discards the result."""
    text = holder.get("ResultPath", "$")
    if text is None:
        return value
    try:
        return put(value, parse_reference(text), result)
    except PathNotFound as error:
        raise StatesError("States.ResultPathMatchFailure", f"Unable to apply step to ResultPath {text}") from error


def _located(failure: StatesError, name: str, branch: Branch) -> StatesError:
    prefix = "An error occurred while executing the state "
    if failure.error != RUNTIME or failure.cause.startswith(prefix):
        return failure
    return StatesError(RUNTIME, f"{prefix}'{name}' (entered at the event id #{branch.entered}). {failure.cause}")

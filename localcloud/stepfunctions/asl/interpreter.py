"""Runs a flow of states from StartAt to its end."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.stepfunctions.asl import fan_out, simple_states, task_state
from localcloud.stepfunctions.asl.data import Data, check_size
from localcloud.stepfunctions.asl.errors import RUNTIME, PathNotFound, StatesError
from localcloud.stepfunctions.asl.history import data as event_data
from localcloud.stepfunctions.asl.line import Line
from localcloud.stepfunctions.asl.path import parse_reference, put
from localcloud.stepfunctions.asl.resilience import Retries, catcher
from localcloud.stepfunctions.asl.task_state import Tasks

State = Mapping[str, Any]


@dataclass(frozen=True)
class Interpreter:
    """Runs flows; `tasks` performs what Task states ask for."""

    tasks: Tasks

    def run(self, flow: State, value: Any, line: Line) -> Any:
        """The flow's output. StatesError when a state fails uncaught, Cancelled when the line is told to end."""
        name: str | None = flow["StartAt"]
        while name is not None:
            line.cancellation.check()
            value, name = self._state(name, flow["States"][name], value, line)
        return value

    def _state(self, name: str, state: State, value: Any, line: Line) -> tuple[Any, str | None]:
        line.entered = line.record(f"{state['Type']}StateEntered", {"name": name, **event_data("input", value)})
        line.context["State"] = {"EnteredTime": utc_now(), "Name": name, "RetryCount": 0}
        line.context.pop("Task", None)
        try:
            output, following = self._outcome(name, state, value, line)
            check_size(output, name)
        except StatesError as failure:
            raise _located(failure, name, line) from failure
        line.record(f"{state['Type']}StateExited", {"name": name, **event_data("output", output)})
        return output, following

    def _outcome(self, name: str, state: State, value: Any, line: Line) -> tuple[Any, str | None]:
        effective = select(state, "InputPath", value, line)
        view = Data(effective, line.context)
        following = None if state.get("End") else state.get("Next")
        match state["Type"]:
            case "Choice":
                return select(state, "OutputPath", effective, line), simple_states.choose(state, view)
            case "Succeed":
                return select(state, "OutputPath", effective, line), None
            case "Fail":
                raise simple_states.failure(state, view)
            case "Wait":
                line.cancellation.wait(simple_states.wait_seconds(state, view))
                return select(state, "OutputPath", effective, line), following
            case "Pass":
                result = simple_states.result(state, view)
                return self._output(state, value, result, line), following
        return self._attempt(name, state, value, effective, line, following)

    def _attempt(
        self, name: str, state: State, value: Any, effective: Any, line: Line, following: str | None
    ) -> tuple[Any, str | None]:
        retries = Retries(state.get("Retry", ()))
        while True:
            try:
                result = self._work(name, state, Data(effective, line.context), line)
                if "ResultSelector" in state:
                    result = Data(result, line.context).fill(state["ResultSelector"])
                return self._output(state, value, result, line), following
            except StatesError as failure:
                failure = _located(failure, name, line)
                seconds = retries.delay(failure)
                if seconds is None:
                    return self._caught(state, value, failure)
                line.cancellation.wait(seconds)
                line.context["State"] = {
                    **line.context["State"],
                    "RetryCount": line.context["State"]["RetryCount"] + 1,
                }

    def _work(self, name: str, state: State, view: Data, line: Line) -> Any:
        if state["Type"] == "Task":
            return task_state.run(name, state, view, line, self.tasks)
        if state["Type"] == "Parallel":
            return fan_out.run_parallel(state, view, line, self.run)
        return fan_out.run_map(name, state, view, line, self.run)

    def _caught(self, state: State, value: Any, failure: StatesError) -> tuple[Any, str]:
        found = catcher(state.get("Catch", ()), failure)
        if found is None:
            raise failure
        return place(found, value, {"Error": failure.error, "Cause": failure.cause}), found["Next"]

    @staticmethod
    def _output(state: State, value: Any, result: Any, line: Line) -> Any:
        return select(state, "OutputPath", place(state, value, result), line)


def utc_now() -> str:
    """Now, as the context object writes times: 2026-11-20T13:20:00.123Z."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def select(state: State, field: str, value: Any, line: Line) -> Any:
    """Apply InputPath or OutputPath; null gives an empty object."""
    text = state.get(field, "$")
    return {} if text is None else Data(value, line.context).find(text, field)


def place(holder: State, value: Any, result: Any) -> Any:
    """Combine a result with the state's input by ResultPath; null discards the result."""
    text = holder.get("ResultPath", "$")
    if text is None:
        return value
    try:
        return put(value, parse_reference(text), result)
    except PathNotFound as error:
        raise StatesError("States.ResultPathMatchFailure", f"Unable to apply step to ResultPath {text}") from error


def _located(failure: StatesError, name: str, line: Line) -> StatesError:
    prefix = "An error occurred while executing the state "
    if failure.error != RUNTIME or failure.cause.startswith(prefix):
        return failure
    return StatesError(RUNTIME, f"{prefix}'{name}' (entered at the event id #{line.entered}). {failure.cause}")

"""Runs a flow of states from StartAt to its end."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl import fan_out, simple_states, task_state
from localcloud.stepfunctions.asl.branch import Branch
from localcloud.stepfunctions.asl.data_limit import check_size
from localcloud.stepfunctions.asl.errors import RUNTIME, HistoryFull, PathNotFound, StatesError
from localcloud.stepfunctions.asl.history import data_details
from localcloud.stepfunctions.asl.json_path import parse_reference, put
from localcloud.stepfunctions.asl.retry_catch import Retries, catcher
from localcloud.stepfunctions.asl.scope import Scope
from localcloud.stepfunctions.asl.states import Catcher, Flow, PassState, State, StateWithOutput, WorkState
from localcloud.stepfunctions.asl.task_state import Tasks


@dataclass(frozen=True)
class Interpreter:
    """Runs flows; `tasks` performs what Task states ask for."""

    tasks: Tasks

    def run(self, flow: Flow, value: JSON, branch: Branch) -> JSON:
        """The flow's output. StatesError when a state fails uncaught, Cancelled when the branch is told to end."""
        name: str | None = flow["StartAt"]
        while name is not None:
            branch.cancellation.check()
            value, name = self._state(name, flow["States"][name], value, branch)
        return value

    def _state(self, name: str, state: State, value: JSON, branch: Branch) -> tuple[JSON, str | None]:
        details = {"name": name, **data_details("input", value)}
        branch.enter(name, branch.record(f"{state['Type']}StateEntered", details))
        try:
            output, following = self._outcome(name, state, value, branch)
            check_size(output, name)
        except StatesError as failure:
            raise _located(failure, name, branch) from failure
        branch.record(f"{state['Type']}StateExited", {"name": name, **data_details("output", output)})
        return output, following

    def _outcome(self, name: str, state: State, value: JSON, branch: Branch) -> tuple[JSON, str | None]:
        if state["Type"] == "Fail":
            raise simple_states.failure(state, Scope(value, branch.context))
        effective = select(state.get("InputPath", "$"), "InputPath", value, branch)
        scope = Scope(effective, branch.context)
        if state["Type"] == "Choice":
            return self._output(state, effective, branch), simple_states.choose(state, scope)
        if state["Type"] == "Succeed":
            return self._output(state, effective, branch), None
        following = None if state.get("End") else state.get("Next")
        if state["Type"] == "Wait":
            branch.cancellation.wait(simple_states.wait_seconds(state, scope))
            return self._output(state, effective, branch), following
        if state["Type"] == "Pass":
            result = simple_states.result(state, scope)
            return self._output(state, place(state, value, result), branch), following
        return self._attempts(name, state, value, scope, branch, following)

    def _attempts(
        self, name: str, state: WorkState, value: JSON, scope: Scope, branch: Branch, following: str | None
    ) -> tuple[JSON, str | None]:
        retries = Retries(state.get("Retry", ()))
        count = 0
        while True:
            try:
                result = self._work(name, state, scope, branch)
                if "ResultSelector" in state:
                    result = Scope(result, branch.context).fill(state["ResultSelector"])
                return self._output(state, place(state, value, result), branch), following
            except StatesError as error:
                failure = _located(error, name, branch)
                seconds = retries.delay(failure)
                if seconds is None:
                    return self._caught(state, value, failure)
                branch.cancellation.wait(seconds)
                count += 1
                branch.set_retry_count(count)

    def _work(self, name: str, state: WorkState, scope: Scope, branch: Branch) -> JSON:
        if state["Type"] == "Task":
            return task_state.run(name, state, scope, branch, self.tasks)
        if state["Type"] == "Parallel":
            return fan_out.run_parallel(state, scope, branch, self.run)
        return fan_out.run_map(name, state, scope, branch, self.run)

    def _caught(self, state: WorkState, value: JSON, failure: StatesError) -> tuple[JSON, str]:
        found = catcher(state.get("Catch", ()), failure)
        if found is None:
            raise failure
        return place(found, value, {"Error": failure.error, "Cause": failure.cause}), found["Next"]

    @staticmethod
    def _output(state: StateWithOutput, value: JSON, branch: Branch) -> JSON:
        return select(state.get("OutputPath", "$"), "OutputPath", value, branch)


def select(path: str | None, field: str, value: JSON, branch: Branch) -> JSON:
    """Apply InputPath or OutputPath; null gives an empty object."""
    return {} if path is None else Scope(value, branch.context).find(path, field)


def place(holder: WorkState | PassState | Catcher, value: JSON, result: JSON) -> JSON:
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
    if failure.error != RUNTIME or isinstance(failure, HistoryFull) or failure.cause.startswith(prefix):
        return failure
    return StatesError(RUNTIME, f"{prefix}'{name}' (entered at the event id #{branch.entered}). {failure.cause}")

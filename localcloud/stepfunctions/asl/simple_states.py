"""What Pass, Wait, Choice and Fail compute."""

from __future__ import annotations

import datetime

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.choice import holds, is_number, timestamp
from localcloud.stepfunctions.asl.errors import RUNTIME, StatesError
from localcloud.stepfunctions.asl.scope import Scope
from localcloud.stepfunctions.asl.states import ChoiceState, FailState, PassState, WaitState


def result(state: PassState, scope: Scope) -> JSON:
    """The result of a Pass state: its Result, or its Parameters, or its input."""
    if "Result" in state:
        return state["Result"]
    return scope.fill(state["Parameters"]) if "Parameters" in state else scope.input


def choose(state: ChoiceState, scope: Scope) -> str:
    """The state that a Choice leads to."""
    for rule in state["Choices"]:
        if holds(rule, scope):
            return rule["Next"]
    if "Default" not in state:
        raise StatesError("States.NoChoiceMatched", "No choice rule matched the input and there is no Default")
    return state["Default"]


def wait_seconds(state: WaitState, scope: Scope) -> float:
    """How long a Wait state lasts from now, in seconds; at least 0."""
    if "Seconds" in state or "SecondsPath" in state:
        seconds = state["Seconds"] if "Seconds" in state else scope.find(state["SecondsPath"], "SecondsPath")
        if not is_number(seconds) or seconds < 0:
            raise StatesError(RUNTIME, f"Expected a number of seconds of at least 0, found {seconds!r}")
        return float(seconds)
    text = state["Timestamp"] if "Timestamp" in state else scope.find(state["TimestampPath"], "TimestampPath")
    until = timestamp(text)
    if until is None:
        raise StatesError(RUNTIME, f"Expected a timestamp as in 2026-11-20T13:20:00Z, found {text!r}")
    return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())


def failure(state: FailState, scope: Scope) -> StatesError:
    """The error of a Fail state."""
    error = _text_at(state["ErrorPath"], "ErrorPath", scope) if "ErrorPath" in state else state.get("Error", "")
    cause = _text_at(state["CausePath"], "CausePath", scope) if "CausePath" in state else state.get("Cause", "")
    return StatesError(error, cause)


def _text_at(expression: str, field: str, scope: Scope) -> str:
    value = scope.evaluate(expression, field)
    if not isinstance(value, str):
        raise StatesError(RUNTIME, f"The field '{field}' must select a string, found {value!r}")
    return value

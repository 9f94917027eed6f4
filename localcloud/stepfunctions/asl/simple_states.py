"""What Pass, Wait, Choice and Fail compute."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from localcloud.stepfunctions.asl.choice import holds, is_number, timestamp
from localcloud.stepfunctions.asl.errors import RUNTIME, StatesError
from localcloud.stepfunctions.asl.scope import Scope


def result(state: Mapping[str, Any], scope: Scope) -> Any:
    """The result of a Pass state: its Result, or its Parameters, or its input."""
    if "Result" in state:
        return state["Result"]
    return scope.fill(state["Parameters"]) if "Parameters" in state else scope.input


def choose(state: Mapping[str, Any], scope: Scope) -> str:
    """The state that a Choice leads to."""
    for rule in state["Choices"]:
        if holds(rule, scope):
            return rule["Next"]
    if "Default" not in state:
        raise StatesError("States.NoChoiceMatched", "No choice rule matched the input and there is no Default")
    return state["Default"]


def wait_seconds(state: Mapping[str, Any], scope: Scope) -> float:
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


def failure(state: Mapping[str, Any], scope: Scope) -> StatesError:
    """The error of a Fail state."""
    return StatesError(_text(state, "Error", scope), _text(state, "Cause", scope))


def _text(state: Mapping[str, Any], field: str, scope: Scope) -> str:
    if f"{field}Path" not in state:
        return state.get(field, "")
    value = scope.evaluate(state[f"{field}Path"], f"{field}Path")
    if not isinstance(value, str):
        raise StatesError(RUNTIME, f"The field '{field}Path' must select a string, found {value!r}")
    return value

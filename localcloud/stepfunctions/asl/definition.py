"""Checks of a state machine's definition, with AWS's diagnostics."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from localcloud.json_types import JSON, JsonObject
from localcloud.stepfunctions.asl import field_checks
from localcloud.stepfunctions.asl.errors import InvalidDefinition
from localcloud.stepfunctions.asl.states import Definition

CheckTask = Callable[[str, JsonObject], list[str]]  # (resource, state) -> problems
MAX_BYTES = 1024 * 1024
_TERMINAL = ("Succeed", "Fail")


def parse(text: str, check_task: CheckTask) -> Definition:
    """The definition; InvalidDefinition with every problem found.

    check_task: says what is wrong with a Task's Resource and Parameters.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidDefinition([f"SCHEMA_VALIDATION_FAILED: a definition has at most {MAX_BYTES} bytes at /"])
    try:
        loaded = json.loads(text)
    except ValueError as error:
        raise InvalidDefinition([f"INVALID_JSON_DESCRIPTION: {error} at /"]) from error
    if problems := list(_check(loaded, check_task)):
        raise InvalidDefinition(problems)
    definition: Definition = loaded
    return definition


def _check(definition: JSON, check_task: CheckTask) -> Iterator[str]:
    if isinstance(definition, dict):
        yield from field_checks.check_machine(definition)
        yield from _check_flow(definition, "", check_task, set())
    else:
        yield "SCHEMA_VALIDATION_FAILED: a definition is a JSON object at /"


def _check_flow(flow: JsonObject, at: str, check_task: CheckTask, names: set[str]) -> Iterator[str]:
    states = flow.get("States")
    missing = [name for name in ("StartAt", "States") if name not in flow]
    if missing or not isinstance(states, dict) or not states:
        names_missing = ", ".join(missing or ["States"])
        yield f"SCHEMA_VALIDATION_FAILED: These fields are required: [{names_missing}] at {at or '/'}"
        return
    for name, state in states.items():
        where = f"{at}/States/{name}"
        if name in names:
            yield f"DUPLICATE_STATE_NAME: The state name {name} is used more than once at {where}"
        names.add(name)
        if not isinstance(state, dict):
            yield f"SCHEMA_VALIDATION_FAILED: a state is a JSON object at {where}"
            continue
        yield from field_checks.check_state(name, state, where)
        resource = state.get("Resource")
        if state.get("Type") == "Task" and isinstance(resource, str):
            yield from (f"{problem} at {where}" for problem in check_task(resource, state))
        for inner, inner_at in nested_flows(state):
            yield from _check_flow(inner, f"{where}{inner_at}", check_task, names)
    yield from _check_transitions(str(flow["StartAt"]), states, at)


def nested_flows(state: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """The flows inside a Parallel or Map state, each with its place."""
    branches = state.get("Branches")
    if state.get("Type") == "Parallel" and isinstance(branches, list):
        for index, branch in enumerate(branches):
            yield (branch if isinstance(branch, dict) else {}), f"/Branches[{index}]"
    if state.get("Type") == "Map":
        for name in ("ItemProcessor", "Iterator"):
            processor = state.get(name)
            if isinstance(processor, dict):
                yield processor, f"/{name}"


def _check_transitions(start: str, states: JsonObject, at: str) -> Iterator[str]:
    if start not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {start} at {at}/StartAt"
        return
    reached, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        for target, place in transitions(states[name]):
            if target not in states:
                yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {at}/States/{name}{place}"
            elif target not in reached:
                reached.add(target)
                waiting.append(target)
    for name in states:
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {at}/States/{name}'
    if not any(_is_terminal(state) for state in states.values()):
        yield f"MISSING_TERMINAL_STATE: no state ends this flow at {at or '/'}"


def _is_terminal(state: JSON) -> bool:
    return isinstance(state, dict) and (state.get("End") is True or state.get("Type") in _TERMINAL)


def transitions(state: JSON) -> Iterator[tuple[str, str]]:
    """The names of the states that may follow, each with its place in the state."""
    if not isinstance(state, dict):
        return
    for field in ("Next", "Default"):
        target = state.get(field)
        if isinstance(target, str):
            yield target, f"/{field}"
    for field in ("Choices", "Catch"):
        items = state.get(field)
        for index, each in enumerate(items if isinstance(items, list) else []):
            target = each.get("Next") if isinstance(each, dict) else None
            if isinstance(target, str):
                yield target, f"/{field}[{index}]/Next"

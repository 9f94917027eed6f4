"""A flow of Amazon States Language as a Mermaid flow chart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

State = Mapping[str, Any]

FAILED = "a state failed"
"""One node for all states that only note which state failed."""

_SHAPES = {
    "Choice": '{"%s"}',
    "Fail": '(["%s"])',
    "Map": '[["%s, per model"]]',
    "Pass": '("%s")',
    "Succeed": '(["%s"])',
    "Wait": '{{"%s"}}',
}
_JOB, _CALL = '[["%s"]]', '["%s"]'
_COMPARISONS = {"StringEquals": "=", "NumericEquals": "=", "NumericGreaterThan": ">"}


def flow_chart(flow: State, *, start: str | None = None, stop: Collection[str] = ()) -> str:
    """The states that `start` leads to. Those in `stop` are drawn, but not what follows them.

    The Catch of a Task that leads to its own note of failure is left out, because every Task has one; so are the states
    that look at a polled job until it has ended, and those that stop a job whose state timed out.
    """
    states = flow["States"]
    lines, drawn, waiting = ["flowchart TD"], set(), [start or flow["StartAt"]]
    while waiting:
        name = waiting.pop(0)
        if name in drawn:
            continue
        drawn.add(name)
        lines.append(f"  {_id(name)}{_shape(name, states)}")
        if name in stop:
            continue
        for arrow, label, target in _transitions(name, states):
            lines.append(f"  {_id(name)} {arrow}{_label(label)} {_id(target)}")
            waiting.append(target)
    return "\n".join(lines)


def reached(flow: State, *, stop: Collection[str] = ()) -> set[str]:
    """The states in the chart of `flow` up to `stop`."""
    found: set[str] = set()
    waiting = [flow["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [target for _, _, target in _transitions(name, flow["States"])] if name not in stop else []
    return found


def _transitions(name: str, states: State) -> Iterator[tuple[str, str, str]]:
    """(arrow, label, target) of every way out of a state."""
    if name == FAILED:
        notes = [state for state in states.values() if _notes_failure(state)]
        yield from sorted({("-->", "", state["Next"]) for state in notes})
        return
    state = states[name]
    if _is_polled(state):
        yield "-->", "", next(choice["Next"] for choice in _check(state, states)["Choices"])
        return
    for choice in state.get("Choices", ()):
        yield "-->", _condition(choice), _merged(choice["Next"], states)
    for key, label in (("Default", "otherwise"), ("Next", "")):
        if key in state:
            yield "-->", label, _merged(state[key], states)
    for catcher in state.get("Catch", ()):
        target = _merged(catcher["Next"], states)
        if catcher["ErrorEquals"] != ["States.Timeout"] and target not in (FAILED, state.get("Next")):
            yield "-.->", "on error", target


def _is_polled(state: State) -> bool:
    """Whether it creates a job by the SDK integration, at which other states look until it has ended."""
    return ":aws-sdk:sagemaker:create" in state.get("Resource", "")


def _check(state: State, states: State) -> State:
    """The choice behind a look at the job; its first way out is that of success."""
    check: State = states[state["Next"].removesuffix("Count") + "Check"]
    return check


def _merged(name: str, states: State) -> str:
    return FAILED if _notes_failure(states[name]) else name


def _notes_failure(state: State) -> bool:
    return state["Type"] == "Pass" and set(state.get("Result") or ()) == {"state"}


def _condition(choice: State) -> str:
    if "And" in choice:
        return " and ".join(_condition(part) for part in choice["And"])
    path = choice["Variable"].removeprefix("$.")
    for name, sign in _COMPARISONS.items():
        if name in choice:
            return f"{path} {sign} {choice[name]}"
    expected = choice.get("BooleanEquals", choice.get("IsPresent", not choice.get("IsNull", True)))
    return path if expected else f"not {path}"


def _shape(name: str, states: State) -> str:
    if name == FAILED:
        return f'("{name}")'
    state = states[name]
    if state.get("End"):
        return f'(["{name}"])'
    task = _JOB if ".sync" in state.get("Resource", "") or _is_polled(state) else _CALL
    return _SHAPES.get(state["Type"], task) % name


def _id(name: str) -> str:
    return name.replace(" ", "_")


def _label(text: str) -> str:
    return f'|"{text}"|' if text else ""

"""How many events a run may leave in the history of its execution, counted from the definition.

An execution ends, and cannot be caught, at its 25,000th event. PlanRun spaces the looks at polled jobs so that a run
stays below BUDGET, whatever fails: with forty searches that take all their time, and nothing that fails, below half of
the limit. The rest is for calls that are throttled and repeated, 3 events each: every call may be repeated once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from imgcls.contract.run_plan import MAX_FLEET_LOOKS, MAX_RECOVERIES
from pipeline.recovery import failed

MAX_EVENTS = 25_000
BUDGET = 16_500
EVENTS = {"Pass": 2, "Choice": 2, "Wait": 2, "Succeed": 2, "Fail": 1, "Map": 4, "Task": 5, "Task.sync": 6}
"""By type of state, when it runs once; those of a Map without its iterations."""
EXECUTION, ITERATION = 2, 2
"""The start and the end of each."""

States = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Events:
    """`run`: outside the models. `model`: one model, tried again as often as it may be; one look at each polled job.

    `round`: each further look at a polled job.
    """

    run: int
    model: int
    round: int


def count(definition: Mapping[str, Any]) -> Events:
    """The most that a run can leave. Raises ValueError for a loop of states that is not known to be bounded."""
    states: States = definition["States"]
    models = next(state["ItemProcessor"] for state in states.values() if state["Type"] == "Map")
    run = EXECUTION + _longest(states, definition["StartAt"]) + _recoveries(states, "ResumeRun") + _fleet(states)
    model = ITERATION + _longest(models["States"], models["StartAt"]) + _recoveries(models["States"], "ResumeModel")
    return Events(run, model, _round(models["States"]))


def _recoveries(states: States, resume: str) -> int:
    """The most expensive job, failing as often as it is tried again: from where it goes on to where it goes back."""
    entries = {choice["StringEquals"]: choice["Next"] for choice in states[resume]["Choices"]}
    # A timeout is not tried again.
    states = {name: state for name, state in states.items() if not name.endswith(("TimedOut", "Stop"))}
    ways = [
        _longest(states, entry, failed(job)) + _longest(states, failed(job), resume) for job, entry in entries.items()
    ]
    return MAX_RECOVERIES * max(ways)


def _round(states: States) -> int:
    return next(_longest(states, name, name[:-5] + "Check") for name in states if name.endswith("Count"))


def _fleet(states: States) -> int:
    """The looks at an endpoint whose instances are being replaced."""
    if "WaitForFleet" not in states:
        return 0
    return MAX_FLEET_LOOKS * _longest(states, states["WaitForFleet"]["Next"], "WaitForFleet")


def _longest(states: States, start: str, end: str | None = None) -> int:
    """Events of the longest way from `start` to `end`, both included; without `end` to any end of the flow."""
    known: dict[str, int | None] = {}

    def walk(name: str, path: tuple[str, ...]) -> int | None:
        if name in path:
            raise ValueError(f"{name} is in a loop of states that history_events.py does not know: bound it there")
        if name not in known:
            known[name] = step(name, (*path, name))
        return known[name]

    def step(name: str, path: tuple[str, ...]) -> int | None:
        own = EVENTS[_kind(states[name])]
        if name == end:
            return own
        targets = (target for target in _following(name, states[name]) if target in states)
        rest = [found for target in targets if (found := walk(target, path)) is not None]
        if rest:
            return own + max(rest)
        return own if end is None else None

    found = walk(start, ())
    if found is None:
        raise ValueError(f"no way leads from {start} to {end}")
    return found


def _kind(state: Mapping[str, Any]) -> str:
    return "Task.sync" if str(state.get("Resource", "")).endswith(".sync") else str(state["Type"])


def _following(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    """The states that may come next, but for the ways back, which are counted by themselves."""
    if name == "WaitForFleet":
        return
    steps = [*state.get("Catch", ()), state]
    if not name.startswith("Resume"):
        steps += state.get("Choices", ())
    for step in steps:
        for field in ("Next", "Default"):
            target = step.get(field)
            if target is not None and not (name.endswith("Check") and target.endswith("Count")):
                yield target

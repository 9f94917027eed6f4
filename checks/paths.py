"""All paths through a state machine, with what each has proved when it arrives at a state.

A fact is proved by a Choice that reads the answer of the function that gives it, and is lost with the place where the
answer stands. Branches and maps begin without facts: what another branch proved says nothing of this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

State = Mapping[str, Any]
Machine = Mapping[str, Any]
Fact = tuple[str, str]
"""(what is known, JSONPath that it is about); about nothing if the path is empty."""
Facts = frozenset[Fact]
Learn = Callable[[State], set[Fact]]
"""The facts that a state's normal end brings."""


@dataclass(frozen=True)
class Arrival:
    name: str
    state: State
    facts: Facts


def arrivals(machine: Machine, learn: Learn, prove: Mapping[str, str]) -> Iterator[Arrival]:
    """Every state with every set of facts that it can be reached with, in nested machines too.

    `prove`: fact that stands at a place (`answer-passed`) -> the fact that a Choice on it proves (`passed`).
    """
    yield from _walk(machine, learn, prove)
    for state in machine.get("States", {}).values():
        for inner in nested(state):
            yield from arrivals(inner, learn, prove)


def nested(state: State) -> list[Machine]:
    return [part for part in (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", [])) if part]


def _walk(machine: Machine, learn: Learn, prove: Mapping[str, str]) -> Iterator[Arrival]:
    states = machine.get("States", {})
    waiting: list[tuple[str, Facts]] = [(str(machine.get("StartAt")), frozenset())]
    seen: set[tuple[str, Facts]] = set()
    while waiting:
        name, facts = waiting.pop()
        if (name, facts) in seen or name not in states:
            continue
        seen.add((name, facts))
        yield Arrival(name, states[name], facts)
        waiting += list(_after(states[name], facts, learn, prove))


def _after(state: State, facts: Facts, learn: Learn, prove: Mapping[str, str]) -> Iterator[tuple[str, Facts]]:
    for catch in state.get("Catch", []):
        yield str(catch.get("Next")), _without(facts, catch.get("ResultPath", "$"))
    if state.get("Type") == "Choice":
        for rule in state.get("Choices", []):
            proved = {(prove[what], "") for what, path in facts if what in prove and requires(rule, what, path)}
            yield str(rule.get("Next")), facts | proved
        yield str(state.get("Default")), facts
    elif "Next" in state:
        kept = _without(facts, written(state))
        kept = frozenset() | {fact for fact in kept if not fact[1]} if state.get("OutputPath", "$") != "$" else kept
        yield str(state["Next"]), kept | learn(state)


def written(state: State) -> str | None:
    """The path that a state writes when it ends; None where nothing is written."""
    kind = state.get("Type")
    if kind in ("Task", "Map", "Parallel"):
        found: str | None = state.get("ResultPath", "$")
        return found
    changes = any(name in state for name in ("Result", "Parameters", "InputPath", "Arguments", "Output"))
    return state.get("ResultPath", "$") if kind == "Pass" and changes else None


def requires(rule: Mapping[str, Any], what: str, path: str) -> bool:
    """Whether a Choice rule holds only if the value at `path` is true, or is there for a fact `...-there`."""
    if "And" in rule:
        return any(requires(part, what, path) for part in rule["And"])
    if "Or" in rule:
        return all(requires(part, what, path) for part in rule["Or"])
    test = "IsPresent" if what.endswith("-there") else "BooleanEquals"
    return rule.get("Variable") == path and rule.get(test) is True


def _dotted(path: str) -> str:
    """`$.a.b` of `$['a']['b']`; an index is dropped, so that it is all of its list."""
    return re.sub(r"\[[^\]]*\]", "", re.sub(r"\[['\"]([^'\"]*)['\"]\]", r".\1", path)).replace("\\", "")


def _without(facts: Facts, path: str | None) -> Facts:
    """The facts that are left when something is written at `path`."""
    if path is None:
        return facts
    return frozenset(fact for fact in facts if not (fact[1] and _touch(fact[1], path)))


def _touch(one: str, other: str) -> bool:
    one, other = _dotted(one), _dotted(other)
    return other == "$" or one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")

"""State machines: the definition with its placeholders substituted, and every Task in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from checks.assembly import Assembly, Resource, dig

KIND = "AWS::StepFunctions::StateMachine"


@dataclass(frozen=True)
class Task:
    """One Task state. In `parameters`, members that are paths keep their `.$` suffix."""

    machine: Resource
    name: str
    state: Mapping[str, Any]

    @property
    def label(self) -> str:
        return f"{self.machine.label}:{self.name}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        parameters = self.state.get("Parameters", {})
        return parameters if isinstance(parameters, dict) else {}

    @property
    def operation(self) -> str:
        """`createTrainingJob` of `arn:aws:states:::sagemaker:createTrainingJob.sync`."""
        return str(self.state.get("Resource", "")).rsplit(":", 1)[-1].split(".")[0]


def definition(machine: Resource) -> dict[str, Any]:
    """The definition, with each `${Name}` replaced by its value in DefinitionSubstitutions.

    Empty if it is not written into the template, which the control `machine.readable` finds.
    """
    values = machine.get("DefinitionSubstitutions", {})
    text = machine.get("DefinitionString", "{}")
    pairs = tuple((name, str(value)) for name, value in values.items()) if isinstance(values, dict) else ()
    return _filled(text, pairs) if isinstance(text, str) else {}


@lru_cache(maxsize=16)
def _filled(text: str, values: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    known = dict(values)

    def fill(found: re.Match[str]) -> str:
        return json.dumps(known.get(found[1], found[0]))[1:-1]

    try:
        filled = json.loads(re.sub(r"\$\{([^}]*)\}", fill, text))
    except ValueError:
        return {}
    return filled if isinstance(filled, dict) else {}


def tasks(assembly: Assembly) -> Iterator[Task]:
    for machine in assembly.of(KIND):
        for name, state in states(definition(machine)):
            if state.get("Type") == "Task":
                yield Task(machine, name, state)


def handler_of(function: Resource | None) -> str:
    """`publish_model` of a function whose handler is `lambdas.publish_model.handler.handler`; empty for none."""
    found = re.fullmatch(r"lambdas\.(\w+)\.handler\.handler", str(function.get("Handler")) if function else "")
    return found[1] if found else ""


def invoked(state: Mapping[str, Any], assembly: Assembly) -> Resource | None:
    """The function of ours that a Task invokes."""
    return assembly.exactly(dig(state, "Parameters.FunctionName"), "AWS::Lambda::Function")


def states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, state) of every state, including those inside Map and Parallel."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        inner = [state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", [])]
        for part in inner:
            if part:
                yield from states(part)


def either(parameters: Mapping[str, Any], path: str) -> Any:
    """The value at `path`, literal or as a path (`Name` or `Name.$`)."""
    literal = dig(parameters, path)
    return literal if literal is not None else _path_at(parameters, path)


def _path_at(parameters: Mapping[str, Any], path: str) -> Any:
    parent, _, name = path.rpartition(".")
    container = dig(parameters, parent) if parent else parameters
    return container.get(f"{name}.$") if isinstance(container, Mapping) else None

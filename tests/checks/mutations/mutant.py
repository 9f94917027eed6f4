"""Templates that a mutation may change, and the register of mutations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

JOBS = ("createTrainingJob", "createHyperParameterTuningJob", "createProcessingJob")


@dataclass
class Mutant:
    """Templates that a mutation may change."""

    templates: dict[str, dict[str, Any]]

    def all(self, kind: str) -> list[dict[str, Any]]:
        found = [
            resource
            for template in self.templates.values()
            for resource in template["Resources"].values()
            if resource["Type"] == kind
        ]
        assert found, f"prod does not have a {kind}"
        return found

    def first(self, kind: str) -> dict[str, Any]:
        return self.all(kind)[0]

    def properties(self, kind: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.first(kind)["Properties"]
        return properties

    def with_property(self, kind: str, name: str) -> dict[str, Any]:
        return next(item["Properties"] for item in self.all(kind) if name in item["Properties"])

    def add(self, kind: str, properties: dict[str, Any], **attributes: Any) -> None:
        template = next(iter(self.templates.values()))
        template["Resources"]["Added"] = {"Type": kind, "Properties": properties, **attributes}

    def edit_machine(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """`edit` gets the definition."""
        properties = self.properties("AWS::StepFunctions::StateMachine")
        definition = json.loads(properties["DefinitionString"])
        edit(definition)
        properties["DefinitionString"] = json.dumps(definition)

    def edit_jobs(self, edit: Callable[[dict[str, Any]], object], *operations: str) -> None:
        """`edit` gets the parameters of each job; for a tuning job, those of its trials."""
        for operation in operations or JOBS:
            self.edit_tasks(operation, lambda parameters: edit(parameters.get("TrainingJobDefinition", parameters)))

    def edit_tasks(self, operation: str, edit: Callable[[dict[str, Any]], object]) -> None:
        """`edit` gets the parameters of each task that calls `operation`."""

        def visit(definition: dict[str, Any]) -> None:
            for state in walk(definition):
                if state.get("Resource", "").removesuffix(".sync").endswith(f":{operation}"):
                    edit(state["Parameters"])

        self.edit_machine(visit)

    def policies(self) -> Iterator[dict[str, Any]]:
        for policy in self.all("AWS::IAM::Policy"):
            yield from policy["Properties"]["PolicyDocument"]["Statement"]


def walk(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in definition["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from walk(state["ItemProcessor"])
        for branch in state.get("Branches", []):
            yield from walk(branch)


MUTATIONS: list[tuple[str, Callable[[Mutant], Any]]] = []
"""(id of the control that must find it, the mutation)."""


def breaks(control: str) -> Callable[[Callable[[Mutant], Any]], Callable[[Mutant], Any]]:
    def register(mutate: Callable[[Mutant], Any]) -> Callable[[Mutant], Any]:
        MUTATIONS.append((control, mutate))
        return mutate

    return register


def drop(control: str, kind: str, *path: str) -> None:
    """The mutation that removes the property at `path` from the first resource of `kind` that has it."""

    def removed(mutant: Mutant) -> None:
        holder = mutant.with_property(kind, path[0])
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]

    removed.__name__ = f"without-{path[-1]}"
    MUTATIONS.append((control, removed))


def put(control: str, kind: str, value: Any, *path: str) -> None:
    """The mutation that writes `value` at `path` of the first resource of `kind` that has its beginning."""

    def written(mutant: Mutant) -> None:
        holder = mutant.with_property(kind, path[0]) if len(path) > 1 else mutant.properties(kind)
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = value

    written.__name__ = f"{path[-1]}-{value}"
    MUTATIONS.append((control, written))

"""What a deploy would fail with half-way.

An export in use that goes or changes, a domain that moves to another VPC, another instance type under scaling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kennel.cloud.assembly import Stack
from kennel.cloud.change_sets import Plan, Planner
from kennel.cloud.endpoint import PARAMETER
from kennel.cloud.session import ROLES

ENDPOINT, ENDPOINT_CONFIG = "AWS::SageMaker::Endpoint", "AWS::SageMaker::EndpointConfig"
SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
DOMAIN = "AWS::SageMaker::Domain"
"""CloudFormation's schema lets its VpcId change in place; SageMaker takes the field only for a domain that has none."""


@dataclass(frozen=True)
class Conflict:
    """`users` import `exports` of `stack` now. `order`: it is enough to deploy them first, as they stop importing.

    `moved`: domains of `stack` that would get another VPC. `retyped`: endpoints of `stack` that are on and scale, and
    would get another instance type.
    """

    stack: str
    exports: tuple[str, ...]
    users: tuple[str, ...]
    order: bool
    moved: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Its kind, for programs."""
        return "domain_moved" if self.moved else "instance_type_under_scaling" if self.retyped else "export_in_use"

    def sentence(self, environment: str) -> str:
        """What would happen, and the way out."""
        if self.moved:
            return (
                f"{self.stack} would move {_words(self.moved)} to another VPC, which SageMaker refuses half-way: run "
                f"`kennel destroy --env {environment} --stack {self.stack.rpartition('-')[2]}`, which deletes it with "
                "its spaces, then deploy"
            )
        if self.retyped:
            return (
                f"{self.stack} would change the instance type of {_words(self.retyped)} while its scaling is "
                f"registered, which SageMaker refuses half-way: run `kennel endpoint off --env {environment}`, deploy, "
                f"then `kennel endpoint on --env {environment}`"
            )
        users = _words(self.users)
        said = (
            f"{self.stack} would take away or change what {users} import from it ({_words(self.exports)}), which "
            "CloudFormation refuses half-way: "
        )
        prefix = self.stack.rpartition("-")[0]
        roles = [name.removeprefix(f"{prefix}-") for name in self.users]
        if not set(roles) <= set(ROLES):
            return f"{said}delete {users} first, or end their imports"
        chosen = " ".join(f"--stack {role}" for role in sorted(roles, key=ROLES.index))
        if self.order:
            return (
                f"{said}run `kennel deploy --env {environment} {chosen}`, which ends the imports, then deploy the rest"
            )
        return f"{said}run `kennel destroy --env {environment} {chosen}`, then deploy"


def conflicts(planner: Planner, stacks: Sequence[Stack], plans: Iterable[Plan] = ()) -> list[Conflict]:
    """Of the deployed `stacks`. Where one of `plans` is missing and a replacement is possible, it is made."""
    planned = {plan.stack.name: plan for plan in plans}
    return [found for stack in stacks if (found := _of(planner, stack, stacks, planned))]


def _of(planner: Planner, stack: Stack, stacks: Sequence[Stack], planned: Mapping[str, Plan]) -> Conflict | None:
    names = planner.exported_by(stack)
    before = planner.deployed_template(stack)
    if before is None or before == stack.template:
        return None
    if _is_on(planner.deployed(stack)) and (retyped := _retyped(before, stack)):
        return Conflict(stack.name, (), (), order=False, retyped=retyped)
    if not (names or _domains(before)):
        return None
    gone = names - stack.exports
    plan = planned.get(stack.name) or planner.plan(stack, stacks)
    if moved := _moved(before, stack, plan):
        return Conflict(stack.name, (), (), order=False, moved=moved)
    touched = gone | (_changed(before, stack, plan) & names)
    used = {name: users for name in sorted(touched) if (users := planner.importers(stack, name))}
    if not used:
        return None
    importing = sorted(set().union(*used.values()))
    order = set(used) <= gone and _can_go_first(planner, importing, stacks, used)
    return Conflict(stack.name, tuple(used), tuple(importing), order)


def _changed(before: Any, stack: Stack, plan: Plan) -> set[str]:
    """The exports whose value is another one afterwards: of another resource, or of one that is replaced."""
    old, new, replaced = _values(before), _values(stack.template), _replaced(plan)
    return {
        name
        for name, value in new.items()
        if name in old and (old[name] != value or replaced & set(_references(value)))
    }


def _replaced(plan: Plan) -> set[str]:
    return {item.resource for item in plan.changes if item.action == "Modify" and item.replacement == "True"}


def _moved(before: Any, stack: Stack, plan: Plan) -> tuple[str, ...]:
    old, new, replaced = _domains(before), _domains(stack.template), _replaced(plan)
    return tuple(
        sorted(
            name for name, vpc in old.items() if name in new and (new[name] != vpc or replaced & set(_references(vpc)))
        )
    )


def _domains(template: Any) -> dict[str, Any]:
    """Logical id -> VPC."""
    return {name: item.get("VpcId") for name, item in _properties(template, DOMAIN).items()}


def _is_on(deployed: Mapping[str, Any] | None) -> bool:
    """Whether the switch of the endpoint is on; a stack without one has no endpoint that could be off."""
    values = {item["ParameterKey"]: item["ParameterValue"] for item in (deployed or {}).get("Parameters", ())}
    return bool(values.get(PARAMETER) != "false")


def _retyped(before: Any, stack: Stack) -> tuple[str, ...]:
    """The names of the endpoints that scale now and keep their name, but not the instance type of every variant."""
    scaled = {str(item["ResourceId"]).split("/")[1] for item in _properties(before, SCALABLE_TARGET).values()}
    old, new = _variants(before), _variants(stack.template)
    return tuple(sorted(name for name in scaled & old.keys() & new.keys() if not old[name] <= new[name]))


def _variants(template: Any) -> dict[str, set[tuple[str, str]]]:
    """Endpoint name -> name and instance type of each variant."""
    configs = _properties(template, ENDPOINT_CONFIG)
    return {
        item["EndpointName"]: {
            (variant["VariantName"], variant["InstanceType"])
            for config in _references(item["EndpointConfigName"])
            for variant in configs[config]["ProductionVariants"]
        }
        for item in _properties(template, ENDPOINT).values()
    }


def _properties(template: Any, kind: str) -> dict[str, Any]:
    """Logical id -> properties, of the resources of one type."""
    resources = (template or {}).get("Resources", {}).items()
    return {name: item.get("Properties", {}) for name, item in resources if item["Type"] == kind}


def _values(template: Any) -> dict[str, Any]:
    outputs = (template or {}).get("Outputs", {}).values()
    return {
        item["Export"]["Name"]: item["Value"] for item in outputs if isinstance(item.get("Export", {}).get("Name"), str)
    }


def _references(value: Any) -> Iterator[str]:
    """The logical ids in a value."""
    yield from re.findall(r'"Ref": "(\w+)"', json.dumps(value))
    yield from re.findall(r'"Fn::GetAtt": \["(\w+)"', json.dumps(value))


def _can_go_first(planner: Planner, users: Iterable[str], stacks: Sequence[Stack], used: Iterable[str]) -> bool:
    """Whether the users' new templates import none of it, and nothing that is not there yet."""
    known = {stack.name: stack for stack in stacks}
    there = set().union(*(planner.exported_by(stack) for stack in stacks))
    return all(name in known and not known[name].imports & set(used) and known[name].imports <= there for name in users)


def _words(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
